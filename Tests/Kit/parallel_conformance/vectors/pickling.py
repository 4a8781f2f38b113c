"""Writes pickles that name classes and functions this program need not have."""

import io
import pickle
import struct
from typing import Any

from .notation import build

#: ipyparallel's module of canned objects.
CANNING = "ipyparallel.serialize.canning"


class Global:
    """A class or function, by its module and name."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Call:
    """What a class or function returns for some arguments, with a state that is set afterwards."""

    def __init__(self, function: Global, *arguments: Any, state: Any = None) -> None:
        self.function, self.arguments, self.state = function, arguments, state


class Canned:
    """An instance of one of ipyparallel's canned classes: made without arguments, then given its attributes."""

    def __init__(self, kind: str, /, **attributes: Any) -> None:
        self.type, self.attributes = Global(CANNING, kind), attributes


class _Pickler(pickle._Pickler):  # type: ignore[name-defined]  # The one in Python can be told what to write.
    """Writes globals without looking them up."""

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Global):
            self.save_named(obj)
        elif isinstance(obj, Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
            self.save_state(obj.state)
        elif isinstance(obj, Canned):
            self.save_new(obj)
        else:
            super().save(obj, save_persistent_id)

    def save_named(self, named: Global) -> None:
        if self.proto >= 4:
            self.save(named.module)
            self.save(named.name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{named.module}\n{named.name}\n".encode())

    def save_new(self, canned: Canned) -> None:
        """`__newobj__` in all protocols that have an opcode for it; ``copyreg._reconstructor`` in older ones."""
        if self.proto >= 2:
            self.save(canned.type)
            self.save(())
            self.write(pickle.NEWOBJ)
        else:
            self.save(Call(Global("copy_reg", "_reconstructor"), canned.type, Global("__builtin__", "object"), None))
        self.save_state(canned.attributes)

    def save_state(self, state: Any) -> None:
        if state is not None:
            self.save(state)
            self.write(pickle.BUILD)


def dumps(value: Any, protocol: int = 4) -> bytes:
    """The pickle of an object."""
    file = io.BytesIO()
    _Pickler(file, protocol).dump(value)
    return file.getvalue()


def pickled(value: Any, protocol: int) -> bytes:
    """The pickle of a value in the notation of `notation`."""
    return dumps(stand_in(value), protocol)


def array(dtype: str, shape: tuple[int, ...], content: bytes, module: str = "numpy._core.multiarray") -> Call:
    """An array as numpy pickles it in protocols up to 4."""
    made = Call(
        Global(module, "_reconstruct"), Global("numpy", "ndarray"), (0,), b"b",
        state=(1, shape, numpy_type(dtype), False, content),
    )
    return made


def numpy_type(dtype: str) -> Call:
    """numpy's dtype of a text such as ``<f8``."""
    order = dtype[0] if dtype[0] in "<>|" else "|"
    size = int(dtype[2:]) if dtype[1] in "SV" else -1
    width = 4 * int(dtype[2:]) if dtype[1] == "U" else size
    alignment = {"S": 1, "V": 1, "U": 4}.get(dtype[1], -1)
    return Call(
        Global("numpy", "dtype"), dtype[1:], False, True,
        state=(3, order, None, None, None, width, alignment, 0),
    )


def stand_in(value: Any) -> Any:
    """What `dumps` writes for a value: containers with stand-ins for what is not built in."""
    if value is None or isinstance(value, bool):
        return value
    [(kind, content)] = value.items()
    match kind:
        case "list":
            return [stand_in(item) for item in content]
        case "tuple":
            return tuple(stand_in(item) for item in content)
        case "dict":
            return {build(key): stand_in(item) for key, item in content}
        case "array":
            return array(content["dtype"], tuple(content["shape"]), bytes.fromhex(content["data"]))
        case "reference":
            return Canned("Reference", name=content, buffers=[])
        case "global":
            return Global(*content)
        case "call":
            return Call(Global(*content[0]), *[stand_in(item) for item in content[1]])
    return build(value)


def scalar(dtype: str, content: bytes) -> Call:
    """A numpy scalar."""
    return Call(Global("numpy._core.multiarray", "scalar"), numpy_type(dtype), content)


def frombuffer(dtype: str, shape: tuple[int, ...], content: bytes) -> Call:
    """An array as numpy pickles it in protocol 5."""
    return Call(
        Global("numpy._core.numeric", "_frombuffer"), bytearray(content), numpy_type(dtype), shape, "C"
    )


def doubles(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)
