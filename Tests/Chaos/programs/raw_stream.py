"""A client made of plain sockets that sends a stream of tasks until a file appears, then waits for what is left.

It writes down every message, so a second answer is seen.
Usage: raw_stream.py CONNECTION_FILE JOURNAL MARKS STOP_FILE NAME SEED PATIENCE
"""

import json
import os
import sys
from pathlib import Path

import zmq

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Conformance"))

from ipyparallel.serialize import deserialize_object, pack_apply_message  # noqa: E402
from simulated import RawClient, Wire  # noqa: E402
from stream import Journal, Plan, digest, failure, now  # noqa: E402

#: Tasks under way at a time, and sent in one go.
WINDOW, BURST = 48, 16

CHANNELS = ("task", "mux", "broadcast")


class Stream:
    def __init__(self, connection, journal, marks, name, seed):
        self.journal = Journal(journal)
        self.client = RawClient(json.loads(Path(connection).read_text()))
        self.plan = Plan(name, seed, marks)
        self.engines, self.gone = {}, set()
        self.under_way = {}
        self.recent = []
        self.poller = zmq.Poller()
        for channel in (*CHANNELS, "registration"):
            self.poller.register(self.client.socket(channel), zmq.POLLIN)
        self.poller.register(self.client.socket("notification", zmq.SUB), zmq.POLLIN)
        self.client.send("registration", "connection_request")

    def submit(self):
        call = self.plan.next()
        started = now()
        buffers = pack_apply_message(call.function, call.arguments, {})
        targets = [None]
        metadata, to, after = {}, (), []
        if call.via == "task":
            after = [self.plan.numbers.choice(self.recent)] if call.depends and self.recent else []
            metadata = {"retries": call.retries, "after": after}
        elif call.via == "mux":
            targets = [self.plan.numbers.choice(sorted(self.engines))]
            to = [self.engines[targets[0]].encode()]
        else:
            targets = sorted(self.engines)
            pairs = [[self.engines[target], target] for target in targets]
            metadata = {"is_broadcast": True, "is_coalescing": False, "targets": pairs}
        name = self.client.send(call.via, "apply_request", metadata=metadata, to=to, buffers=buffers)
        for target in targets:
            uuid = self.engines.get(target)
            task = f"{name}_{uuid}" if call.via == "broadcast" else name
            self.journal.write("submitted", task=task, **call.record(started, target, after))
            self.under_way[task] = call, uuid
        if call.via == "task":
            self.recent = [*self.recent[-20:], name]

    def replied(self, reply):
        task = reply.parent["msg_id"]
        self.journal.write("replied", task=task)
        if task not in self.under_way:
            return
        call, _ = self.under_way.pop(task)
        content = reply.content
        if content["status"] == "ok":
            value = deserialize_object([bytes(buffer) for buffer in reply.buffers])[0]
            self.journal.write("ended", task=task, at=now(), value=digest(value))
        elif failure(content.get("ename"), content.get("evalue")) == call.expected:
            self.journal.write("ended", task=task, at=now(), value=call.expected)
        else:
            error = {"ename": content.get("ename", content["status"]), "evalue": content.get("evalue", "")}
            self.journal.write("ended", task=task, at=now(), error={**error, "engine": reply.metadata.get("engine")})

    def receive(self, channel):
        """All that waits on a channel."""
        socket = self.client.socket(channel)
        while socket.poll(0):
            frames = socket.recv_multipart()
            start = frames.index(b"<IDS|MSG>")
            assert frames[start + 1] == self.client.wire.sign(*frames[start + 2 : start + 6]), "a wrong signature"
            yield Wire.read(frames)

    def receive_all(self):
        for channel in CHANNELS:
            for reply in self.receive(channel):
                self.replied(reply)
        for reply in self.receive("registration"):
            found = {int(name): uuid for name, uuid in reply.content.get("engines", {}).items()}
            self.engines.update({name: uuid for name, uuid in found.items() if uuid not in self.gone})
        for notification in self.receive("notification"):
            kind, content = notification.header["msg_type"], notification.content
            if kind == "registration_notification" and content["uuid"] not in self.gone:
                self.engines[content["id"]] = content["uuid"]
            elif kind == "unregistration_notification":
                self.engine_gone(content["id"], content["uuid"])

    def engine_gone(self, name, uuid):
        """Ends the direct requests that nobody will answer any more, after the answers that wait to be read."""
        self.gone.add(uuid)
        if self.engines.get(name) == uuid:
            del self.engines[name]
        for reply in self.receive("mux"):
            self.replied(reply)
        for task in [task for task, (call, engine) in self.under_way.items() if engine == uuid and call.via == "mux"]:
            del self.under_way[task]
            error = {"ename": "EngineError", "evalue": f"Engine {name} left", "engine": uuid}
            self.journal.write("ended", task=task, at=now(), error=error)

    def run(self, stop, patience):
        while not os.path.exists(stop):
            self.poller.poll(50)
            self.receive_all()
            if self.engines and len(self.under_way) < WINDOW:
                for _ in range(self.plan.numbers.randrange(1, BURST)):
                    self.submit()
        deadline = now() + patience
        while self.under_way and now() < deadline:
            self.poller.poll(50)
            self.receive_all()
        # A second answer to any task would be on its way.
        self.poller.poll(200)
        self.receive_all()
        self.journal.write("closed")


if __name__ == "__main__":
    connection, journal, marks, stop, name, seed, patience = sys.argv[1:]
    Stream(connection, journal, marks, name, seed).run(stop, float(patience))
    os._exit(0)
