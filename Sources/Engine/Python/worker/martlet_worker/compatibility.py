"""Functions of ipyparallel and ipykernel that look for their applications' objects find the worker's."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from .lazy import when_imported
from .shell import WorkerShell


#: ipykernel's magics, which are loaded when one of them is used.
_KERNEL_MAGICS = ("autosave", "clear", "connect_info", "edit", "less", "man", "more", "qtconsole", "subshell")


def adapt(shell: WorkerShell) -> None:
    """Have classes give the worker's objects, as soon as they are imported, and offer the magics of ipykernel's shell."""

    # They are asked also by the code of functions that a client sends, as of `view.apply(bind_kernel)`.
    def adapt_shell(module: ModuleType) -> None:
        _let_be(module.ZMQInteractiveShell, lambda: shell)

    def adapt_engine(module: ModuleType) -> None:
        engine = SimpleNamespace(bind_kernel=lambda **keywords: _bind_kernel(shell))
        _let_be(module.IPEngine, lambda: engine)

    def adapt_kernel(module: ModuleType) -> None:
        def application() -> Any:
            console = shell.kernel.console
            if console is None:
                return None
            path = console.path
            return SimpleNamespace(connection_file=str(path), connection_dir=str(path.parent), kernel=shell.kernel)

        _let_be(module.IPKernelApp, application)

    when_imported("ipykernel.zmqshell", adapt_shell)
    when_imported("ipyparallel.engine.app", adapt_engine)
    when_imported("ipykernel.kernelapp", adapt_kernel)
    magics = shell.magics_manager
    # IPython's own would start an editor on the engine.
    magics.magics["line"].pop("edit", None)
    for name in _KERNEL_MAGICS:
        magics.register_lazy(name, __name__)
    magics.register_lazy("store", "IPython.extensions.storemagic")


def load_ipython_extension(shell: WorkerShell) -> None:
    """Called by IPython when one of ipykernel's magics is used for the first time."""
    from ipykernel.zmqshell import KernelMagics

    shell.register_magics(KernelMagics)


def _let_be(singleton: Any, instance: Callable[[], Any]) -> None:
    singleton.initialized = lambda: instance() is not None
    singleton.instance = lambda *arguments, **keywords: instance()


def _bind_kernel(shell: WorkerShell) -> None:
    from .console import bind_kernel

    bind_kernel(shell.kernel)
