"""Imports that wait until user code needs them."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _ImportHook(importlib.abc.MetaPathFinder):
    """Calls a function when a module has been imported."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Callable[[ModuleType], None]] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        callback = self.callbacks.pop(name, None)
        if callback is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_call(module: ModuleType) -> None:
            execute(module)
            callback(module)

        spec.loader.exec_module = execute_and_call  # type: ignore[method-assign]
        return spec


_hook = _ImportHook()


def when_imported(name: str, callback: Callable[[ModuleType], None]) -> None:
    """Call ``callback(module)`` at the end of the import of ``name``, or now if it is imported already."""
    module = sys.modules.get(name)
    if module is not None:
        callback(module)
        return
    if _hook not in sys.meta_path:
        sys.meta_path.insert(0, _hook)
    _hook.callbacks[name] = callback


class LazyPackage(ModuleType):
    """A package whose ``__init__`` runs when one of the names it defines is asked for.

    Until then its submodules can be imported by themselves.
    """

    def __init__(self, spec: ModuleSpec, callback: Callable[[ModuleType], None]) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__loader__ = spec.loader
        self.__package__ = spec.name
        self.__file__ = spec.origin
        self.__path__ = list(spec.submodule_search_locations or ())
        self.__dict__["_martlet_callback"] = callback

    def __getattr__(self, name: str) -> Any:
        # The import system looks at modules that are being loaded; `__path__` and its like are there already.
        if name.startswith("__") and name != "__all__" and name != "__version__":
            raise AttributeError(name)
        callback = self.__dict__.pop("_martlet_callback", None)
        if callback is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        # From here on an ordinary module, also for what is imported meanwhile.
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]
        callback(self)
        return getattr(self, name)


class ResolvingMap(dict):
    """ipyparallel's table of canned types, with names of types whose modules may not be imported yet.

    The original imports them all at its first use, which brings numpy. An object can't be of a type whose module nobody has
    imported, so this one leaves such names out until then.
    """

    def __init__(self, table: dict) -> None:
        super().__init__(table)
        self._named = any(isinstance(key, str) for key in table)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._named = self._named or isinstance(key, str)
        super().__setitem__(key, value)

    def items(self) -> Any:
        """Items whose keys are types."""
        if self._named:
            self._resolve()
            if self._named:
                return [(key, value) for key, value in super().items() if not isinstance(key, str)]
        return super().items()

    def _resolve(self) -> None:
        for key in [key for key in self if isinstance(key, str)]:
            module, _, name = key.rpartition(".")
            # Not with getattr on a lazy package, which would import all of it.
            found = vars(sys.modules[module]).get(name) if module in sys.modules else None
            if found is not None:
                super().__setitem__(found, self.pop(key))
        self._named = any(isinstance(key, str) for key in self)


def import_serialize(loaded: Callable[[ModuleType], None]) -> ModuleType:
    """Import ``ipyparallel.serialize`` without the rest of ipyparallel, and call ``loaded`` when the rest is imported."""
    if "ipyparallel" not in sys.modules:
        spec = importlib.util.find_spec("ipyparallel")
        if spec is None:
            raise ModuleNotFoundError("No module named 'ipyparallel'", name="ipyparallel")
        sys.modules["ipyparallel"] = LazyPackage(spec, loaded)
    stand_in = None
    if "jupyter_client.session" not in sys.modules:
        # Wanted for two numbers; the real one imports pyzmq and tornado.
        stand_in = ModuleType("jupyter_client.session")
        stand_in.MAX_BYTES = 1024  # type: ignore[attr-defined]
        stand_in.MAX_ITEMS = 64  # type: ignore[attr-defined]
        sys.modules["jupyter_client.session"] = stand_in
    try:
        import ipyparallel.serialize.canning
        import ipyparallel.serialize.serialize
    finally:
        if stand_in is not None:
            del sys.modules["jupyter_client.session"]
    package = sys.modules["ipyparallel.serialize"]
    canning = ipyparallel.serialize.canning
    # The table is filled for `dependent` by the module that defines it, which needs no import of the package.
    table = ResolvingMap(canning.can_map)
    if "ipyparallel.dependent" in table:
        table["ipyparallel.controller.dependency.dependent"] = table.pop("ipyparallel.dependent")
    canning.can_map = package.can_map = table  # type: ignore[attr-defined]
    return package
