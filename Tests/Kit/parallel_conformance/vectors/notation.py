"""Values as unambiguous JSON, and how Python builds them.

===================================  ==========================================================
``null``, ``true``, ``false``        themselves
``{"int": "-5"}``                    an integer of any size, in decimal digits
``{"float": "3ff8000000000000"}``    the eight bytes of a double, highest first
``{"complex": ["…", "…"]}``          real and imaginary part, as above
``{"str": "text"}``                  text
``{"bytes": "00ff"}``                bytes; ``bytearray`` and ``memoryview`` likewise
``{"list": […]}``                    a list; ``tuple``, ``set`` and ``frozenset`` likewise
``{"dict": [[key, value], …]}``      a dict, in order
``{"array": {…}}``                   a numpy array: ``dtype``, ``shape``, and ``data`` in C order;
                                     a reader may turn its elements to its own byte order
``{"reference": "name"}``            ipyparallel's reference to what has this name
``{"global": ["module", "name"]}``   a class or function
``{"call": [[module, name], […]]}``  what the class or function returns for these arguments
===================================  ==========================================================
"""

import importlib
import struct
from collections.abc import Callable
from typing import Any


def integer(value: int) -> dict[str, str]:
    return {"int": str(value)}


def double(value: float) -> dict[str, str]:
    return {"float": struct.pack(">d", value).hex()}


def text(value: str) -> dict[str, str]:
    return {"str": value}


def data(value: bytes) -> dict[str, str]:
    return {"bytes": value.hex()}


def items(kind: str, *values: Any) -> dict[str, Any]:
    """A ``list``, ``tuple``, ``set`` or ``frozenset``."""
    return {kind: list(values)}


def mapping(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    return {"dict": [list(pair) for pair in pairs]}


def array(dtype: str, shape: tuple[int, ...], content: bytes) -> dict[str, Any]:
    return {"array": {"dtype": dtype, "shape": list(shape), "data": content.hex()}}


def call(module: str, name: str, *arguments: Any) -> dict[str, Any]:
    return {"call": [[module, name], list(arguments)]}


def build(value: Any, name_value: Callable[[str], Any] | None = None) -> Any:
    """The Python object that a value stands for; ``name_value`` gives the objects of references."""
    if value is None or isinstance(value, bool):
        return value
    [(kind, content)] = value.items()
    sequences = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
    if kind in sequences:
        return sequences[kind](build(item, name_value) for item in content)
    match kind:
        case "int":
            return int(content)
        case "float":
            return _double(content)
        case "complex":
            return complex(_double(content[0]), _double(content[1]))
        case "str":
            return content
        case "bytes":
            return bytes.fromhex(content)
        case "bytearray":
            return bytearray.fromhex(content)
        case "memoryview":
            return memoryview(bytes.fromhex(content))
        case "dict":
            return {build(key, name_value): build(item, name_value) for key, item in content}
        case "array":
            import numpy

            flat = numpy.frombuffer(bytes.fromhex(content["data"]), dtype=content["dtype"])
            return flat.reshape(content["shape"])
        case "reference":
            if name_value is None:
                return getattr(importlib.import_module("ipyparallel"), "Reference")(content)
            return name_value(content)
        case "global":
            return _find(*content)
        case "call":
            return _find(*content[0])(*[build(item, name_value) for item in content[1]])
    raise ValueError(f"unknown kind of value: {kind}")


def _double(digits: str) -> float:
    return struct.unpack(">d", bytes.fromhex(digits))[0]


def _find(module: str, name: str) -> Any:
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def same(left: Any, right: Any) -> bool:
    """Whether two Python objects are equal, with their types, the bits of their doubles, and the order of dicts."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right)
    if isinstance(left, complex):
        return same(left.real, right.real) and same(left.imag, right.imag)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items()))
    if type(left).__name__ == "ndarray":
        native = left.dtype.newbyteorder("=")
        if (left.shape, native) != (right.shape, right.dtype.newbyteorder("=")):
            return False
        return bool(left.astype(native).tobytes() == right.astype(native).tobytes())
    if type(left).__name__ == "Reference":
        return left.name == right.name
    return bool(left == right)
