"""What happens between the first message and ``ready``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .shell import WorkerShell


def missing_packages() -> str | None:
    """Say what to install if IPython or ipyparallel is missing, without importing them."""
    from importlib.util import find_spec

    missing = [name for name in ("IPython", "ipyparallel") if find_spec(name) is None]
    if not missing:
        return None
    # ipyparallel brings IPython.
    return (
        f"{sys.executable} has no {' and no '.join(missing)}\n"
        f"install it with: {sys.executable} -m pip install ipyparallel"
    )


def versions() -> dict[str, str]:
    """Versions of the packages that the worker depends on. importlib.metadata would take longer than all the rest."""
    # Not `from ipyparallel import _version`, which would look into the package and so import all of it.
    import ipyparallel._version  # noqa: F401
    from IPython.core import release

    return {"ipyparallel": sys.modules["ipyparallel._version"].__version__, "IPython": release.version}


def run_startup(shell: WorkerShell, startup: dict) -> None:
    """Run start-up code in the user's namespace. Errors are shown, and keep nothing from starting.

    The order is that of IPython's applications: extensions, ``PYTHONSTARTUP`` and the profile's files, lines, files.
    """
    for name in startup.get("extensions", ()):
        try:
            shell.extension_manager.load_extension(name)
        except BaseException:
            shell.showtraceback()
    python_startup = os.environ.get("PYTHONSTARTUP")
    for path in ([python_startup] if python_startup else []) + startup.get("profile_files", []):
        _run_file(shell, path)
    for line in startup.get("lines", ()):
        shell.run_cell(line, store_history=False)
    for path in startup.get("files", ()):
        _run_file(shell, path)


def _run_file(shell: WorkerShell, given: str) -> None:
    path = os.path.expanduser(given)
    try:
        if path.endswith((".ipy", ".ipynb")):
            shell.safe_execfile_ipy(path, shell_futures=True)
        else:
            shell.safe_execfile(path, shell.user_ns, shell_futures=True)
    except BaseException:
        shell.showtraceback()
