"""A client made of plain sockets that keeps the task scheduler busy until a file appears, and checks each answer.

It prints how many answers came. Usage: load.py CONNECTION_FILE STOP_FILE
"""

import json
import os
import sys
import time
from pathlib import Path

import zmq

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Conformance"))

from ipyparallel import Reference  # noqa: E402
from ipyparallel.serialize import deserialize_object, pack_apply_message  # noqa: E402
from simulated import RawClient, Wire  # noqa: E402

#: Tasks under way at a time.
WINDOW = 200

#: Seconds to wait for the last answers.
PATIENCE = 60


class Load:
    def __init__(self, connection):
        self.client = RawClient(json.loads(Path(connection).read_text()))
        self.socket = self.client.socket("task")
        self.under_way = {}
        self.answers = 0

    def submit(self):
        number = self.answers + len(self.under_way)
        buffers = pack_apply_message(Reference("add"), (number, 1), {})
        name = self.client.send("task", "apply_request", metadata={"retries": 20}, buffers=buffers)
        self.under_way[name] = number + 1

    def receive(self, timeout):
        while self.socket.poll(timeout):
            timeout = 0
            reply = Wire.read(self.socket.recv_multipart())
            expected = self.under_way.pop(reply.parent["msg_id"])
            assert reply.content["status"] == "ok", reply.content
            assert deserialize_object([bytes(buffer) for buffer in reply.buffers])[0] == expected
            self.answers += 1

    def run(self, stop):
        while not os.path.exists(stop):
            while len(self.under_way) < WINDOW:
                self.submit()
            self.receive(100)
        deadline = time.monotonic() + PATIENCE
        while self.under_way and time.monotonic() < deadline:
            self.receive(100)
        assert not self.under_way, f"{len(self.under_way)} tasks without an answer"
        print(self.answers, flush=True)


if __name__ == "__main__":
    Load(sys.argv[1]).run(sys.argv[2])
