"""Language-neutral examples of what is on the wire: JSON files, with bytes in hexadecimal, and what a reader must get.

``python -m parallel_conformance.vectors`` writes the files; README.md beside them describes their form. Only the
standard library is used to make them, so they are independent of what they are later compared with.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

#: The files, by the function that makes them.
NAMES = ("messages", "pickles", "calls", "results", "connections", "exchanges")


def load(name: str) -> list[dict[str, Any]]:
    """The vectors of a file, for example ``messages``."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
