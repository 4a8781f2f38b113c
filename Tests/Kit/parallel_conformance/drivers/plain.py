"""Values as commands and answers contain them: JSON, with bytes as ``{"$bytes": "hexadecimal"}``."""

from typing import Any


def encoded(value: Any) -> Any:
    """A value as answers write it."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": bytes(value).hex()}
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encoded(item) for key, item in value.items()}
    return value if isinstance(value, (int, float, str, bool, type(None))) else repr(value)


def decoded(value: Any) -> Any:
    """A value that a command contains."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return bytes.fromhex(value["$bytes"])
        return {key: decoded(item) for key, item in value.items()}
    return value
