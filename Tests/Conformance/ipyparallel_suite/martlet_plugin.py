"""Makes ipyparallel's own test suite start another controller.

Use with ``pytest --pyargs ipyparallel.tests -p martlet_plugin``. The command comes from the environment variable
``MARTLET_CONTROLLER_CMD`` (split as by a shell). Without it, the suite runs with its own controller.
"""

import os
import shlex

COMMAND_VARIABLE = "MARTLET_CONTROLLER_CMD"


def controller_command():
    """The controller command from the environment as a list of arguments; empty if not set."""
    return shlex.split(os.environ.get(COMMAND_VARIABLE, ""))


def replace_controller(command):
    """Make every local launcher of this process start ``command`` instead of ``python -m ipyparallel.controller``."""
    from ipyparallel.cluster import launcher

    # Modify the list in place: the suite's setup has imported this very object by name.
    launcher.ipcontroller_cmd_argv[:] = command
    # The trait keeps a copy of the list from when the class was created.
    launcher.ControllerLauncher.controller_cmd.default_args = (list(command),)


def pytest_configure(config):
    command = controller_command()
    if not command:
        return
    replace_controller(command)
    # Some tests run `python -m ipyparallel.cluster` in a child process, where sitecustomize.py does the same.
    here = os.path.dirname(os.path.abspath(__file__))
    path = [os.path.join(here, "subprocess"), here, os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))


def pytest_report_header(config):
    return f"controller: {shlex.join(controller_command()) or 'ipyparallel'}"
