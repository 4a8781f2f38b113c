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
        parent = sys.modules.get(name.partition(".")[0])
        if isinstance(parent, LazyPackage) and not parent.allows(name):
            parent.load()
            if name in sys.modules:
                return ModuleSpec(name, _Imported(sys.modules[name]))
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
sys.meta_path.insert(0, _hook)


def when_imported(name: str, callback: Callable[[ModuleType], None]) -> None:
    """Call ``callback(module)`` at the end of the import of ``name``, or now if it is imported already."""
    module = sys.modules.get(name)
    if module is not None:
        callback(module)
    else:
        _hook.callbacks[name] = callback


class LazyPackage(ModuleType):
    """A package whose ``__init__`` runs when one of the names it defines is asked for, or most of its submodules.

    A few submodules can be imported by themselves before that. The others import each other in circles, in an order
    that works only from the package's ``__init__``.
    """

    def __init__(self, spec: ModuleSpec, independent: tuple[str, ...]) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__loader__ = spec.loader
        self.__package__ = spec.name
        self.__file__ = spec.origin
        self.__path__ = list(spec.submodule_search_locations or ())
        self.__dict__["_martlet"] = independent

    def allows(self, name: str) -> bool:
        """Whether a submodule can be imported without the package."""
        return name in self.__dict__["_martlet"] or name.startswith(self.__name__ + ".serialize")

    def load(self) -> None:
        """Run the package's own code, as an ordinary import does."""
        independent = self.__dict__.pop("_martlet")
        # Code that is imported meanwhile sees an ordinary module.
        self.__class__ = ModuleType  # type: ignore[assignment]
        try:
            self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]
        except BaseException:
            # The next access tries again, and fails with the same error.
            self.__dict__["_martlet"] = independent
            self.__class__ = LazyPackage  # type: ignore[assignment]
            raise

    def __getattr__(self, name: str) -> Any:
        # Many look through all modules for such names, without wanting to import anything.
        if name.startswith("__") and name not in ("__all__", "__version__"):
            raise AttributeError(name)
        self.load()
        return getattr(self, name)


class _Imported(importlib.abc.Loader):
    """Loads a module that has been imported in the meantime."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class ResolvingMap(dict):
    """ipyparallel's table of canned types, with names of types whose modules may not be imported yet.

    The original imports them all at its first use, which brings numpy. An object can't be of a type whose module nobody
    has imported, so this one leaves such names out until then.
    """

    def __init__(self, table: dict) -> None:
        super().__init__(table)
        self._named = True
        self._modules = 0

    def __setitem__(self, key: Any, value: Any) -> None:
        self._named = self._named or isinstance(key, str)
        self._modules = 0
        super().__setitem__(key, value)

    def items(self) -> Any:
        """Items whose keys are types."""
        if not self._named:
            return super().items()
        if self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            self._resolve()
        return [item for item in super().items() if not isinstance(item[0], str)]

    def _resolve(self) -> None:
        for key in [key for key in self if isinstance(key, str)]:
            module, _, name = key.rpartition(".")
            # Not with getattr on a lazy package, which would import all of it.
            found = vars(sys.modules[module]).get(name) if module in sys.modules else None
            if found is not None:
                super().__setitem__(found, super().pop(key))
        self._named = any(isinstance(key, str) for key in self)


#: Modules of ipyparallel that import nothing, or only each other; what clients use to push, pull and publish data.
_INDEPENDENT = (
    "ipyparallel._version",
    "ipyparallel.datapub",
    "ipyparallel.engine",
    "ipyparallel.engine.datapub",
    "ipyparallel.error",
    "ipyparallel.util",
)


def import_serialize() -> ModuleType:
    """Import ``ipyparallel.serialize`` without the rest of ipyparallel."""
    if "ipyparallel" not in sys.modules:
        spec = importlib.util.find_spec("ipyparallel")
        if spec is None:
            raise ModuleNotFoundError("No module named 'ipyparallel'", name="ipyparallel")
        sys.modules["ipyparallel"] = LazyPackage(spec, _INDEPENDENT)
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
