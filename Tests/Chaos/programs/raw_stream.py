"""A client made of plain sockets that sends a stream of tasks until a file appears, then waits for what is left.

It writes down every message, so a second answer is seen. What it sent to a controller that was killed it fetches from the next
one; started again after it was killed itself, it fetches what was open.
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
from stream import UNKNOWN_LIMIT, Call, Journal, Outages, Plan, digest, failure, now, open_requests  # noqa: E402

#: Tasks under way at a time, and sent in one go.
WINDOW, BURST = 48, 16

#: Seconds between two questions about the same tasks.
INTERVAL = 0.5

CHANNELS = ("task", "mux", "broadcast")


class Stream:
    def __init__(self, connection, journal, marks, stop, name, seed):
        earlier = open_requests(journal)
        self.journal = Journal(journal)
        self.outages = Outages(stop)
        self.client = RawClient(json.loads(Path(connection).read_text()))
        self.plan = Plan(name, seed, marks)
        self.engines, self.gone = {}, set()
        self.under_way = {}
        #: The tasks to be fetched, and since when they may have been unknown.
        self.doubtful = {}
        self.asked = 0.0
        self.recent = []
        for event in earlier:
            self.go_on(event)
        self.poller = zmq.Poller()
        for channel in (*CHANNELS, "registration"):
            self.poller.register(self.client.socket(channel), zmq.POLLIN)
        self.poller.register(self.client.socket("notification", zmq.SUB), zmq.POLLIN)
        self.client.send("registration", "connection_request")

    def go_on(self, event):
        """Takes over a request of an earlier process."""
        if event["via"] != "task":
            return self.journal.write("abandoned", task=event["task"])
        self.under_way[event["task"]] = Call("task", None, (), event["expected"]), None, event["at"]
        self.doubtful[event["task"]] = now()

    def controller_is_back(self):
        """Nobody answers what was sent before."""
        for task, (call, _, at) in list(self.under_way.items()):
            if at > self.outages.until:
                continue
            if call.via == "task":
                self.doubtful[task] = now()
            else:
                del self.under_way[task]
                error = {"ename": "ControllerLost", "evalue": "the controller was killed"}
                self.journal.write("ended", task=task, at=now(), error=error)
        self.client.send("registration", "connection_request")

    def ask(self):
        """Asks for the tasks that are to be fetched, one by one because their buffers come without a count."""
        self.asked = now()
        for task in self.doubtful:
            self.client.send("registration", "result_request", {"msg_ids": [task], "allow_unknown": True})

    def told(self, reply):
        """The hub has answered such a question."""
        for task in reply.content.get("pending", ()):
            if task in self.doubtful:
                self.doubtful[task] = now()
        for task in reply.content.get("completed", ()):
            if self.doubtful.pop(task, None):
                record = reply.content[task]
                self.end(task, record["result_content"], record["result_metadata"], reply.buffers)
        for task in reply.content.get("unknown", ()):
            if task in self.doubtful and now() - self.doubtful[task] > UNKNOWN_LIMIT:
                del self.doubtful[task], self.under_way[task]
                error = {"ename": "Unknown", "evalue": "the controller does not know it"}
                self.journal.write("ended", task=task, at=now(), error=error)

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
        records = []
        for target in targets:
            uuid = self.engines.get(target)
            task = f"{name}_{uuid}" if call.via == "broadcast" else name
            records.append({"task": task, **call.record(started, target, after)})
            self.under_way[task] = call, uuid, started
        self.journal.write_all("submitted", records)
        if call.via == "task":
            self.recent = [*self.recent[-20:], name]

    def replied(self, reply):
        task = reply.parent["msg_id"]
        self.journal.write("replied", task=task)
        if task in self.under_way:
            self.end(task, reply.content, reply.metadata, reply.buffers)

    def end(self, task, content, metadata, buffers):
        self.doubtful.pop(task, None)
        call, *_ = self.under_way.pop(task)
        if content["status"] == "ok":
            value = deserialize_object([bytes(buffer) for buffer in buffers])[0]
            self.journal.write("ended", task=task, at=now(), value=digest(value))
        elif failure(content.get("ename"), content.get("evalue")) == call.expected:
            self.journal.write("ended", task=task, at=now(), value=call.expected)
        else:
            error = {"ename": content.get("ename", content["status"]), "evalue": content.get("evalue", "")}
            self.journal.write("ended", task=task, at=now(), error={**error, "engine": metadata.get("engine")})

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
            if reply.header["msg_type"] == "result_reply":
                self.told(reply)
                continue
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
        for task in [task for task, (call, engine, _) in self.under_way.items() if engine == uuid and call.via == "mux"]:
            del self.under_way[task]
            error = {"ename": "EngineError", "evalue": f"Engine {name} left", "engine": uuid}
            self.journal.write("ended", task=task, at=now(), error=error)

    def look(self, timeout):
        self.poller.poll(timeout)
        self.receive_all()
        if self.outages.ended():
            self.controller_is_back()
        if self.doubtful and now() > self.asked + INTERVAL:
            self.ask()

    def run(self, stop, patience):
        self.journal.write("started")
        while not os.path.exists(stop):
            self.look(50)
            if self.engines and len(self.under_way) < WINDOW:
                for _ in range(self.plan.numbers.randrange(1, BURST)):
                    self.submit()
        deadline = now() + patience
        while self.under_way and now() < deadline:
            self.look(50)
        # A second answer to any task would be on its way.
        self.look(200)
        self.journal.write("closed")


if __name__ == "__main__":
    connection, journal, marks, stop, name, seed, patience = sys.argv[1:]
    Stream(connection, journal, marks, stop, name, seed).run(stop, float(patience))
    os._exit(0)
