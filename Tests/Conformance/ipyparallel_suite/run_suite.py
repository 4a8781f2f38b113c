"""Runs ipyparallel's own test suite with Martlet's controller and compares it with the committed baseline.

    run_suite.py                run with Martlet's controller; fails if a test passes only with theirs
    run_suite.py --engines      the same with Martlet's engines, too
    run_suite.py --baseline     run with ipyparallel's own parts, write baseline.json; run again to find varying tests
    run_suite.py -- -k label    arguments after `--` go to pytest; only the tests that ran are compared, or renewed in the baseline
"""

import argparse
import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
import tempfile
import uuid
import xml.etree.ElementTree as ElementTree
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import psutil
import surroundings
from martlet_plugin import LEFT_OUT, VARIABLES

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
BASELINE = HERE / "baseline.json"
PACKAGES = ("ipyparallel", "ipykernel", "ipython", "jupyter_client", "pyzmq", "tornado", "numpy", "pytest")
GOOD = {"passed", "xfailed"}


def outcome_of(case):
    """The outcome of a junit ``testcase`` element as one word."""
    for child in case:
        if child.tag == "skipped":
            return "xfailed" if child.get("type") == "pytest.xfail" else "skipped"
        if child.tag in ("failure", "error"):
            return "failed"
    return "passed"


def read_junit(path):
    """Test id → outcome. A test that fails and then errors in its teardown appears twice; the worse one counts."""
    outcomes = {}
    for case in ElementTree.parse(path).iter("testcase"):
        identifier = f"{case.get('classname')}::{case.get('name')}"
        if outcomes.get(identifier) != "failed":
            outcomes[identifier] = outcome_of(case)
    return outcomes


def end_leftovers(marker):
    """End the processes that inherited ``marker`` (launchers start new sessions). Returns their number."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MARTLET_SUITE_RUN") == marker:
                left.append(process)
                process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(left, timeout=5)
    return len(left)


def run(commands, pytest_arguments, timeout):
    """Run the suite and return (outcomes, pytest's status).

    ``commands`` maps "controller" and "engine" to commands; without one the suite uses ipyparallel's own.
    """
    marker = uuid.uuid4().hex
    environment = dict(os.environ, MARTLET_SUITE_RUN=marker)
    for role, variable in VARIABLES.items():
        environment.pop(variable, None)
        if role in commands:
            environment[variable] = commands[role]
    if commands:
        # As with ipyparallel's own parts, tasks and Dask's scheduler run in this interpreter.
        environment["MARTLET_PYTHON"] = sys.executable
    with surroundings.surroundings(commands) if surroundings.can_be_had() else nullcontext({}) as more:
        environment |= more
        return run_pytest(environment, marker, pytest_arguments, timeout)


def run_pytest(environment, marker, pytest_arguments, timeout):
    # Beside the interpreter is the mpiexec of its MPI. What another one starts fails, or waits until the test's time is over.
    environment["PATH"] = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), environment.get("PATH")]))
    # Open MPI refuses to run for root, as in containers, and more processes than there are cores.
    environment |= dict.fromkeys(("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"), "1")
    environment["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), environment.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory(prefix="suite-") as scratch:
        junit = Path(scratch) / "junit.xml"
        # auto mode, because the suite marks its coroutine tests after pytest-asyncio has looked for the mark.
        # An empty ini and a scratch directory keep this repository's configuration away from their tests.
        ini = Path(scratch) / "pytest.ini"
        settings = ["[pytest]", "asyncio_mode = auto", "asyncio_default_fixture_loop_scope = function"]
        ini.write_text("\n".join(settings) + "\n")
        arguments = [sys.executable, "-m", "pytest", "--pyargs", "ipyparallel.tests", "-c", str(ini), "-q", "-ra"]
        arguments += ["-p", "martlet_plugin", "-p", "no:cacheprovider", f"--timeout={timeout}", f"--junitxml={junit}"]
        # Two modules at a time: they mostly wait. Each of pytest's processes has a cluster of its own.
        arguments += ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        status = subprocess.run(arguments + pytest_arguments, cwd=scratch, env=environment).returncode
        print(f"processes left behind by the suite: {end_leftovers(marker)}")
        if not junit.exists():
            sys.exit(f"pytest ended with status {status} and wrote no report")
        return read_junit(junit), status


def leave_out(names):
    """Run the suite without these tests, which say nothing and wait for their time limits of minutes."""
    for name in names:
        print(f"left out, it fails with ipyparallel's own parts: {name}")
    os.environ[LEFT_OUT] = "\n".join(names)


def confirm(outcomes, theirs, commands, timeout):
    """Run the failed tests again that pass with their parts, and return their outcomes. Some have deadlines of tenths of a
    second, which a busy machine misses with any controller. The output names the tests that failed once."""
    failed = [n for n, outcome in outcomes.items() if outcome == "failed" and theirs.get(n, "passed") in GOOD]
    if not failed or len(failed) > 10:
        return {}
    for name in failed:
        print(f"failed, runs again: {name}")
    modules = sorted({name.split("::")[0].split(".")[0] for name in failed})
    names = " or ".join(sorted({name.split("::")[1].split("[")[0] for name in failed}))
    again, _ = run(commands, ["-n", "0", "-k", f"({' or '.join(modules)}) and ({names})"], timeout)
    return {name: again[name] for name in failed if name in again}


def summary(outcomes):
    count = Counter(outcomes.values())
    text = f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped"
    return text + (f", {count['xfailed']} expected failures" if count["xfailed"] else "")


def write_baseline(outcomes, complete):
    """Write the baseline, or merge it with an earlier run of the same package versions.

    Tests whose outcomes differ are listed under ``varying``. An incomplete run replaces the outcomes of its tests alone.
    """
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    earlier = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    runs, varying = 1, {}
    if not complete:
        if earlier.get("versions") != versions:
            sys.exit("the baseline is of other versions: renew all of it")
        runs, varying = earlier["runs"], {n: seen for n, seen in earlier["varying"].items() if n not in outcomes}
        outcomes = earlier["tests"] | outcomes
    elif earlier.get("versions") == versions:
        runs = earlier["runs"] + 1
        varying = {name: set(seen) for name, seen in earlier["varying"].items()}
        for name, before in earlier["tests"].items():
            seen = {before, outcomes.get(name, "missing")} | varying.get(name, set())
            if len(seen) > 1:
                varying[name] = seen
    document = {
        "versions": versions,
        "runs": runs,
        "varying": {name: sorted(seen) for name, seen in sorted(varying.items())},
        "tests": dict(sorted(outcomes.items())),
    }
    BASELINE.write_text(json.dumps(document, indent=1) + "\n")
    print(f"baseline after {runs} run(s): {summary(outcomes)}; varying: {len(varying)}")


def compare(outcomes, baseline, complete, ours):
    """Print both counts and each regression; return the number of regressions."""
    theirs, varying = baseline["tests"], baseline["varying"]
    if not complete:
        theirs = {name: outcome for name, outcome in theirs.items() if name in outcomes}
    regressions, unstable = [], []
    for name, before in theirs.items():
        now = outcomes.get(name, "missing")
        if before in GOOD and now not in GOOD:
            (unstable if name in varying else regressions).append(f"{name}: {before} → {now}")
    # A test that is not in the baseline (from another version of the suite) has to pass.
    regressions += [f"{n}: new → failed" for n, now in outcomes.items() if n not in theirs and now == "failed"]
    print(f"martlet's {' and '.join(ours)}: {summary(outcomes)}")
    print(f"ipyparallel's own parts: {summary(theirs)}")
    for line in unstable:
        print(f"varies with theirs too  {line}")
    for line in regressions:
        print(f"REGRESSION  {line}")
    return len(regressions)


def main():
    binaries = Path(os.environ.get("MARTLET_BIN_DIR", REPOSITORY / ".build" / "debug")).resolve()
    ours = {
        "controller": shlex.join([str(binaries / "martlet"), "controller"]),
        # As with ipyparallel's engine, start-up code runs before the first task, and its failure ends the engine.
        "engine": shlex.join([str(binaries / "martlet"), "engine", "--python-start=eager"]),
    }
    controller, engine = (os.environ.get(VARIABLES[role]) or command for role, command in ours.items())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", action="store_true", help="use ipyparallel's own parts, write baseline.json")
    parser.add_argument("--controller", default=controller, help="controller command (default: %(default)s)")
    parser.add_argument("--engines", action="store_true", help="replace the engines, too")
    parser.add_argument("--engine", default=engine, help="engine command (default: %(default)s)")
    parser.add_argument("--timeout", type=int, default=180, help="seconds a single test may take")
    parser.add_argument("pytest_arguments", nargs="*", help="arguments for pytest, after --")
    options = parser.parse_args()

    if options.baseline and options.engines:
        parser.error("a baseline is a run with ipyparallel's own parts")
    if surroundings.can_be_had():
        surroundings.enter_namespaces()
    commands = {} if options.baseline else {"controller": options.controller}
    if options.engines:
        commands["engine"] = options.engine
    baseline = {} if options.baseline else json.loads(BASELINE.read_text())
    leave_out([name for name, outcome in baseline.get("tests", {}).items() if outcome == "failed"])
    outcomes, status = run(commands, options.pytest_arguments, options.timeout)
    if baseline:
        outcomes.update(confirm(outcomes, baseline["tests"], commands, options.timeout))
    # 0: all passed, 1: some failed; anything else means that the suite did not finish.
    if status not in (0, 1):
        sys.exit(f"pytest ended with status {status}")
    if options.baseline:
        write_baseline(outcomes, complete=not options.pytest_arguments)
        return
    regressions = compare(outcomes, baseline, complete=not options.pytest_arguments, ours=commands)
    sys.exit(1 if regressions else 0)


if __name__ == "__main__":
    main()
