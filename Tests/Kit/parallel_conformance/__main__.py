"""The command ``parallel-conformance``: runs the tests of the roles that are under test, or makes reports of runs."""

import argparse
import os
import sys
from pathlib import Path

import pytest

from . import report, requirements

HERE = Path(__file__).parent
USAGE = """Examples:
  parallel-conformance --controller "ipcontroller --profile-dir={dir} --ip={ip} --transport={transport} --ping={ping}"
  parallel-conformance --controller-files client.json engine.json --transport tcp
  parallel-conformance --engine "ipengine --file={file}" --implementation "ipyparallel 9.2"
  parallel-conformance report run.json other.json --html table.html --markdown RESULTS.md
  parallel-conformance coverage

All of pytest's options work, such as -k registration, -x or --junitxml=junit.xml. --help also lists this kit's own."""


def run(arguments: list[str]) -> int:
    """Run the tests of each role for which a command or files are given. Returns pytest's exit status."""
    roles = [
        role
        for role in requirements.ROLES
        if any(word.split("=")[0] in (f"--{role}", f"--{role}-files") for word in arguments)
    ]
    if not roles and "--help" not in arguments and "-h" not in arguments:
        print(f"Nothing is under test.\n{USAGE}", file=sys.stderr)
        return 2
    # A command finds what is installed beside this kit, whether or not its environment is activated.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    folders = [str(HERE / "tests" / role) for role in roles or requirements.ROLES]
    return int(pytest.main(["-c", str(HERE / "pytest.ini"), f"--rootdir={HERE}", *folders, *arguments]))


def make_reports(arguments: list[str]) -> int:
    """Merge the results of runs into tables."""
    parser = argparse.ArgumentParser(prog="parallel-conformance report", description=make_reports.__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="files written with --results")
    parser.add_argument("--html", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--protocol", type=Path, help="a Protocol.md other than the packaged requirements")
    options = parser.parse_args(arguments)
    rules = requirements.load(options.protocol)
    runs = report.read_runs(options.runs)
    if options.html:
        options.html.write_text(report.page(rules, runs))
    if options.markdown:
        options.markdown.write_text(report.markdown(rules, runs))
    return 0


def main() -> int:
    """The command's entry."""
    arguments = sys.argv[1:]
    match arguments[:1]:
        case ["report"]:
            return make_reports(arguments[1:])
        case ["coverage"]:
            # The plugin that it imports has to be imported by pytest first elsewhere, for its assertions.
            from . import coverage

            return coverage.check(Path(arguments[1]) if arguments[1:] else None)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
