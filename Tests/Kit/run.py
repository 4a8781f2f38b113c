"""Runs the kit's own tests, and the kit against Martlet's parts and, as reference, ipyparallel's, and makes the tables.

Logs, results, JUnit files and the page ``table.html`` stay in ``.build/kit``. ``--publish`` renews RESULTS.md.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

KIT = Path(__file__).parent
REPOSITORY = KIT.parents[1]
OUTPUT = REPOSITORY / ".build" / "kit"
BINARIES = Path(os.environ.get("MARTLET_BIN_DIR") or REPOSITORY / ".build" / "debug").resolve()
PYTHON = sys.executable

CONTROLLER = "--profile-dir={dir} --ip={ip} --transport={transport} --ping={ping}"
TEMPLATES = {
    ("ipyparallel 9.2", "controller"): f"{PYTHON} -m ipyparallel.controller {CONTROLLER}",
    ("ipyparallel 9.2", "engine"): f"{PYTHON} -m ipyparallel.engine --file={{file}}",
    ("ipyparallel 9.2", "client"): f"{PYTHON} -m parallel_conformance.drivers.ipyparallel_client {{file}}",
    ("Martlet", "controller"): f"{BINARIES}/martlet controller {CONTROLLER} --python={PYTHON}",
    ("Martlet", "engine"): f"{BINARIES}/martlet engine --file={{file}} --python={PYTHON}",
    ("Martlet", "client"): f"{BINARIES}/client-driver {{file}}",
    ("Martlet", "engine with functions"): f"{BINARIES}/martlet-test-engine engine --file={{file}} --python={PYTHON}",
}


@dataclass(frozen=True)
class Run:
    """One implementation in one role over one transport.

    ``only`` selects some of the tests, as pytest's ``-k`` does, and ``variant`` the program that is started.
    """

    implementation: str
    role: str
    transport: str
    only: str = ""
    variant: str = ""

    @property
    def name(self) -> str:
        """What its files are called."""
        return "-".join([self.implementation.split()[0].lower(), self.role, *self.variant.split(), self.transport])

    def command(self) -> list[str]:
        """How the kit is called."""
        template = TEMPLATES[self.implementation, " ".join([self.role, *self.variant.split()])]
        command = [PYTHON, "-m", "parallel_conformance", f"--{self.role}", template, "--transport", self.transport]
        command += ["--implementation", self.implementation, "-q", "--tb=short"]
        command += ["--results", str(OUTPUT / f"{self.name}.json"), f"--junitxml={OUTPUT / self.name}.xml"]
        command += ["-k", self.only] if self.only else []
        return command + (["--extensions"] if self.implementation == "Martlet" else [])


def perform(name: str, command: list[str]) -> bool:
    """Run a command; prints a line, or the whole output if something failed."""
    begin = time.monotonic()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(KIT)}
    with (OUTPUT / f"{name}.log").open("w+") as log:
        status = subprocess.run(
            command, cwd=KIT, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False
        ).returncode
        log.seek(0)
        output = log.read()
    took = time.monotonic() - begin
    last = output.strip().splitlines()[-1] if output.strip() else "no output"
    print(output if status else f"kit: {name}: {last}", f"({took:.0f} s)", flush=True)
    return status == 0


def own(name: str, *arguments: str) -> tuple[str, list[str]]:
    """Tests of the kit itself: their name and command."""
    return name, [PYTHON, "-m", "pytest", "-c", "own_tests/pytest.ini", "--rootdir=.", "-q", *arguments]


OWN = [
    *[
        own(f"kit-mutants-{role}", "parallel_conformance/tests/mutants", "-k", role)
        for role in ("engine", "controller")
    ],
    own("kit-mutants-others", "parallel_conformance/tests/mutants", "-k", "not engine and not controller"),
    own("kit-itself", "own_tests", "parallel_conformance/tests/vectors"),
]

#: The slow ones first. The reference does over ipc and with CURVE what differs there; `--all` has it do everything.
RUNS = [
    Run("ipyparallel 9.2", "controller", "tcp"),
    Run("Martlet", "controller", "tcp"),
    Run("Martlet", "controller", "ipc"),
    Run("Martlet", "controller", "curve"),
    Run("ipyparallel 9.2", "engine", "tcp"),
    Run("ipyparallel 9.2", "client", "tcp"),
    Run("Martlet", "engine", "tcp"),
    Run("Martlet", "engine", "ipc"),
    Run("Martlet", "engine", "curve"),
    Run("Martlet", "engine", "tcp", "test_functions", "with functions"),
    Run("ipyparallel 9.2", "controller", "ipc", "test_files or test_routing or test_registration"),
    Run("ipyparallel 9.2", "controller", "curve", "test_files or test_signatures or test_registration"),
    Run("ipyparallel 9.2", "engine", "ipc", "test_registration"),
    Run("ipyparallel 9.2", "engine", "curve", "test_registration or test_messages"),
    Run("ipyparallel 9.2", "client", "ipc", "test_connection"),
    Run("ipyparallel 9.2", "client", "curve", "test_connection or test_signatures"),
    Run("Martlet", "client", "tcp"),
    Run("Martlet", "client", "ipc"),
    Run("Martlet", "client", "curve"),
]


def main() -> int:
    """Perform the runs whose names contain a given text, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="run those with this text in their names")
    parser.add_argument("--jobs", type=int, default=5, help="runs at the same time")
    parser.add_argument("--all", action="store_true", help="run all tests of the reference over all transports")
    parser.add_argument("--publish", action="store_true", help="renew RESULTS.md")
    options = parser.parse_args()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    runs = [replace(run, only="") if options.all else run for run in RUNS if options.only in run.name]
    jobs = [job for job in OWN if options.only in job[0]] + [(run.name, run.command()) for run in runs]
    with ThreadPoolExecutor(options.jobs) as pool:
        passed = list(pool.map(lambda job: perform(*job), jobs))
    if not runs:
        return 0 if all(passed) else 1
    results = [
        str(OUTPUT / f"{run.name}.json") for run in sorted(runs, key=lambda run: run.implementation != "Martlet")
    ]
    command = [PYTHON, "-m", "parallel_conformance", "report", *results, "--html", str(OUTPUT / "table.html")]
    command += ["--markdown", str(KIT / "RESULTS.md")] if options.publish else []
    subprocess.run(command, cwd=KIT, check=True)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
