"""Writes the vectors: ``python -m parallel_conformance.vectors [--seed N] [--folder PATH]``."""

import argparse
import json
from pathlib import Path
from typing import Any

from . import FOLDER, bad_messages, calls, connections, exchanges, messages, pickles

#: The seed of the files that are committed.
SEED = 17

ABOUT = {
    "messages": "Messages as they are on the wire, and what a reader gets or why it refuses them.",
    "pickles": "Pickles of all protocols, and the values they stand for.",
    "calls": "Buffers of apply_request messages, and the calls they stand for.",
    "results": "Buffers of apply_reply messages, and the values they stand for.",
    "connections": "Connection files, and the endpoints they name.",
    "exchanges": "Messages in the order in which peers exchange them.",
}


def make(seed: int) -> dict[str, list[dict[str, Any]]]:
    """All vectors, by file."""
    return {
        "messages": messages.make(seed) + bad_messages.make(seed),
        "pickles": pickles.make(),
        "calls": calls.make_calls(seed),
        "results": calls.make_results(seed),
        "connections": connections.make(seed),
        "exchanges": exchanges.make(seed),
    }


def text(name: str, vectors: list[dict[str, Any]], seed: int) -> str:
    """The text of a file: one vector per line, so that changes are readable."""
    names = [vector["name"] for vector in vectors]
    assert len(set(names)) == len(names), f"two vectors of {name} have the same name"
    lines = ",\n".join("  " + json.dumps(vector, ensure_ascii=True) for vector in vectors)
    return f'{{"about": {json.dumps(ABOUT[name])}, "seed": {seed}, "vectors": [\n{lines}\n]}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the vectors.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    for name, vectors in make(options.seed).items():
        (options.folder / f"{name}.json").write_text(text(name, vectors, options.seed), encoding="utf-8")


if __name__ == "__main__":
    main()
