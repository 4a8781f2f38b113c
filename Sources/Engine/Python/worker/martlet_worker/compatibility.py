"""Functions of ipyparallel that look for its engine's objects, replaced by ones that find the worker's."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .lazy import when_imported
from .shell import WorkerShell


def adapt(shell: WorkerShell) -> None:
    """Replace ``publish_data`` as soon as its module is imported. ``bind_kernel`` is in the package itself."""

    def adapt_datapub(module: ModuleType) -> None:
        # Theirs looks for ipykernel's shell, and would create one.
        module.publish_data = shell.data_pub.publish_data  # type: ignore[attr-defined]

    when_imported("ipyparallel.engine.datapub", adapt_datapub)


def adapt_package(shell: WorkerShell, package: ModuleType) -> None:
    """Replace ``ipyparallel.bind_kernel``, which looks for the object of ``ipengine``."""

    def bind_kernel(**keywords: Any) -> None:
        """Make this engine a Jupyter kernel as well, so that a console can connect to its namespace."""
        from .console import bind_kernel

        bind_kernel(shell.kernel)

    package.bind_kernel = bind_kernel  # type: ignore[attr-defined]
