"""The hand-off between an engine and its Python worker; prints one JSON object.

A small engine in Python takes the place of Martlet's, so that only the way to the worker and back is measured: a no-op
call is written to the socket as it would come from a client, the worker decodes it, runs it and answers.
"""

import json
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Worker"))

import workload  # noqa: E402
from fake_engine import FakeEngine  # noqa: E402
from ipyparallel.serialize import pack_apply_message  # noqa: E402


def noop():
    return None


# As in a notebook, the function travels by value.
noop.__module__ = "__main__"


def request():
    """The bytes of a call of `noop`, from the number of parts on."""
    parts = [json.dumps({"type": "request", "msg_type": "apply_request", "interrupts": 0}).encode()]
    parts += [json.dumps({"msg_id": "id", "msg_type": "apply_request"}).encode(), b"{}", b"{}"]
    parts += [bytes(buffer) for buffer in pack_apply_message(noop, (), {})]
    return struct.pack(f"<I{len(parts)}Q", len(parts), *map(len, parts)) + b"".join(parts)


def exchange(connection, message):
    """Send a message and read the answer to its end."""
    connection.sendall(message)
    data = connection.recv(65_536)
    while True:
        if len(data) >= 4:
            (count,) = struct.unpack_from("<I", data)
            table = 4 + 8 * count
            if len(data) >= table and len(data) >= table + sum(struct.unpack_from(f"<{count}Q", data, 4)):
                return
        more = connection.recv(65_536)
        assert more, "the worker has ended"
        data += more


def main():
    chosen = workload.options(__doc__, 5_000, 0)
    engine = FakeEngine()
    try:
        message = request()
        found = workload.latency("worker", lambda: exchange(engine.socket, message), chosen.latency_count)
    finally:
        engine.close()
    workload.print_metrics({"python_handoff_p50_ms": found["latency_worker_p50_ms"]})


if __name__ == "__main__":
    main()
