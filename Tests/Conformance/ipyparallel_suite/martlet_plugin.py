"""Makes ipyparallel's own test suite start another controller, and other engines.

Use with ``pytest --pyargs ipyparallel.tests -p martlet_plugin``. The commands come from the environment variables
``MARTLET_CONTROLLER_CMD`` and ``MARTLET_ENGINE_CMD`` (split as by a shell). Without one, the suite uses its own part.
"""

import os
import shlex

VARIABLES = {"controller": "MARTLET_CONTROLLER_CMD", "engine": "MARTLET_ENGINE_CMD"}

#: The variable with the tests that are not run, one in each line: module, class if any, and name as in `baseline.json`.
LEFT_OUT = "MARTLET_SUITE_LEFT_OUT"


#: The modules that take half of the time begin first.
LONG = ("test_ssh", "test_shellcmd", "test_cluster")


def pytest_collection_modifyitems(items):
    left_out = set(os.environ.get(LEFT_OUT, "").splitlines())
    items[:] = [item for item in items if identifier(item) not in left_out]
    items.sort(key=lambda item: next((rank for rank, name in enumerate(LONG) if name in item.module.__name__), len(LONG)))


def identifier(item):
    place = item.module.__name__.removeprefix("ipyparallel.tests.")
    return f"{f'{place}.{item.cls.__name__}' if item.cls else place}::{item.name}"


def commands():
    """The command of each role that is to be replaced, as a list of arguments."""
    given = {role: shlex.split(os.environ.get(variable, "")) for role, variable in VARIABLES.items()}
    return {role: command for role, command in given.items() if command}


def replace_parts():
    """Make every local launcher of this process start these commands instead of ``python -m ipyparallel.<role>``."""
    from ipyparallel.cluster import launcher

    for role, command in commands().items():
        # Modify the list in place: the suite's setup has imported this very object by name.
        getattr(launcher, f"ip{role}_cmd_argv")[:] = command
        # The trait keeps a copy of the list from when the class was created.
        trait = getattr(getattr(launcher, f"{role.title()}Launcher"), f"{role}_cmd")
        trait.default_args = (list(command),)


def mend_race():
    """Make ipyparallel's launcher join the output of its engines again if one of them has ended meanwhile.

    ``get_output`` goes through the engines of a set while the thread that watches them removes those that end, which is an
    error of its own at the end of a test in which engines crash. Each launcher keeps what it has read, so nothing is lost.
    """
    from ipyparallel.cluster.launcher import LocalEngineSetLauncher

    join = LocalEngineSetLauncher.get_output

    def get_output(self, remove=False):
        while True:
            try:
                return join(self, remove=remove)
            except RuntimeError as error:
                if "changed size during iteration" not in str(error):
                    raise

    LocalEngineSetLauncher.get_output = get_output


def pytest_configure(config):
    if not commands():
        return
    replace_parts()
    mend_race()
    # Some tests run `python -m ipyparallel.cluster` in a child process, where sitecustomize.py does the same.
    here = os.path.dirname(os.path.abspath(__file__))
    path = [os.path.join(here, "subprocess"), here, os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))


def pytest_report_header(config):
    given = commands()
    return [f"{role}: {shlex.join(given.get(role, ['ipyparallel']))}" for role in VARIABLES]
