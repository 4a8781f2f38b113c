"""Reads the values that peers send, without importing or calling anything that a pickle names."""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Containers of as many items are not looked into, see section 16 of Protocol.md.
ITEMS = 64

_CANNING = "ipyparallel.serialize.canning"


class UnreadableValue(ValueError):
    """The frames are not values."""


@dataclass(frozen=True)
class Reference:
    """What has this name on the engine."""

    name: str


@dataclass(frozen=True)
class Array:
    """A numpy array's description and its elements in C order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


@dataclass
class Thing:
    """An object that is not plain data: what would make it."""

    module: str
    name: str
    args: tuple[Any, ...] = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """The call in the buffers of an ``apply_request``."""

    function: Any
    args: list[Any]
    kwargs: dict[str, Any]


#: What may be called: it makes plain data.
_PLAIN: dict[tuple[str, str], Callable[..., Any]] = {
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "bytearray"): bytearray,
    ("builtins", "bytes"): bytes,
    ("builtins", "complex"): complex,
    ("builtins", "range"): range,
    ("builtins", "slice"): slice,
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): lambda text, codec: str(text).encode("latin-1"),
}


def _stand_in(module: str, name: str) -> type:
    """A class whose instances record how they were made."""

    class StandIn(Thing):
        def __new__(cls, *args: Any, **kwargs: Any) -> "StandIn":
            made = object.__new__(cls)
            Thing.__init__(made, module, name, args)
            return made

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            """The work is done already."""

        def __setstate__(self, state: Any) -> None:
            self.state = state

        def append(self, item: Any) -> None:
            self.items.append(item)

        def __setitem__(self, key: Any, value: Any) -> None:
            self.items.append((key, value))

    StandIn.__module__, StandIn.__qualname__ = module, name
    return StandIn


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _PLAIN.get((module, name)) or _stand_in(module, name)


def loads(data: bytes) -> Any:
    """The value of a pickle; `UnreadableValue` if it can't be read."""
    try:
        return _Reader(io.BytesIO(data)).load()
    except Exception as error:
        raise UnreadableValue(f"no pickle: {error!r}; {data[:60]!r}") from error


def take(frames: Sequence[bytes]) -> tuple[Any, list[bytes]]:
    """The value at the front of the frames, and the frames that remain."""
    if not frames:
        raise UnreadableValue("no frame left")
    rest = list(frames[1:])
    value = loads(frames[0])
    if type(value) in (list, tuple, set) and len(value) < ITEMS:
        return type(value)([_restore(item, rest) for item in value]), rest
    if type(value) is dict and len(value) < ITEMS:
        found = {key: _restore(value[key], rest) for key in sorted(value)}
        return found, rest
    return _restore(value, rest), rest


def result(frames: Sequence[bytes]) -> Any:
    """The only value in the frames."""
    value, rest = take(frames)
    if rest:
        raise UnreadableValue(f"{len(rest)} frames are left over")
    return value


def _restore(value: Any, rest: list[bytes]) -> Any:
    """What a canned object stands for; takes its buffers from the frames."""
    if not isinstance(value, Thing) or value.module != _CANNING:
        return value
    state = value.state if isinstance(value.state, dict) else {}
    buffers = state.get("buffers") or []
    for index, buffer in enumerate(buffers):
        if buffer is None:
            if not rest:
                raise UnreadableValue(f"a buffer of a {value.name} is missing")
            buffers[index] = rest.pop(0)
    match value.name:
        case "Reference":
            return Reference(state["name"])
        case "CannedBytes" | "CannedMemoryView" | "CannedBuffer":
            return bytes(buffers[0])
        case "CannedArray" if not state["pickled"]:
            return Array(state["dtype"], tuple(state["shape"]), bytes(buffers[0]))
    return value


def read_call(buffers: Sequence[bytes]) -> Call:
    """The call in the buffers of an ``apply_request``; `UnreadableValue` if they are none."""
    function, rest = take(buffers)
    if not rest:
        raise UnreadableValue("the counts are missing")
    counts = loads(rest.pop(0))
    if not isinstance(counts, dict) or set(counts) != {"nargs", "narg_bufs", "kw_keys"}:
        raise UnreadableValue(f"these are not counts: {counts}")
    positional, rest = rest[: counts["narg_bufs"]], rest[counts["narg_bufs"] :]
    args = []
    for _ in range(counts["nargs"]):
        value, positional = take(positional)
        args.append(value)
    kwargs = {}
    for key in counts["kw_keys"]:
        kwargs[key], rest = take(rest)
    if positional or rest:
        raise UnreadableValue("frames are left over")
    if list(counts["kw_keys"]) != sorted(counts["kw_keys"]):
        raise UnreadableValue(f"the keys are not in ascending order: {counts['kw_keys']}")
    return Call(function, args, kwargs)


def function_name(function: Any) -> str:
    """The name by which a call's function is known: of a reference, or of a canned or pickled function."""
    if isinstance(function, Reference):
        return function.name
    if isinstance(function, Thing) and function.name == "CannedFunction":
        return str(function.state["__name__"])
    if isinstance(function, type):
        return function.__qualname__
    return repr(function)
