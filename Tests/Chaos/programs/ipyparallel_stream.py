"""A client of ipyparallel that sends a stream of tasks until a file appears, then waits for what is left.

Usage: ipyparallel_stream.py CONNECTION_FILE JOURNAL MARKS STOP_FILE NAME SEED PATIENCE
"""

import os
import sys
import time

import ipyparallel as ipp
from stream import Journal, Plan, digest, failure, now

#: Tasks under way at a time.
WINDOW = 12


class WatchedClient(ipp.Client):
    """Reports each reply from the wire. Ends that the client makes up itself are none."""

    journal = None
    making_up = False

    def _handle_stranded_msgs(self, eid, uuid):
        self.making_up = True
        try:
            super()._handle_stranded_msgs(eid, uuid)
        finally:
            self.making_up = False

    def _handle_apply_reply(self, msg):
        name = msg["parent_header"]["msg_id"]
        if not self.making_up:
            self.journal.write("replied", task=name)
            if (future := self._futures.get(name)) and future.done():
                # ipyparallel raises an InvalidStateError here, after which its stream may stall.
                return self.journal.write("answered_late", task=name)
        super()._handle_apply_reply(msg)


class Stream:
    def __init__(self, connection, journal, marks, name, seed):
        self.journal = Journal(journal)
        WatchedClient.journal = self.journal
        self.client = WatchedClient(connection_info=connection, timeout=60)
        self.plan = Plan(name, seed, marks)
        self.balanced = self.client.load_balanced_view()
        self.under_way = {}
        self.recent = []

    def submit(self):
        call = self.plan.next()
        started = now()
        ids = self.client.ids
        if not ids:
            return
        after = [self.plan.numbers.choice(self.recent)] if call.depends and self.recent else []
        if call.via == "task":
            with self.balanced.temp_flags(retries=call.retries, after=after or None):
                result = self.balanced.apply_async(call.function, *call.arguments)
        elif call.via == "mux":
            result = self.client[self.plan.numbers.choice(ids)].apply_async(call.function, *call.arguments)
        else:
            result = self.client.broadcast_view(ids).apply_async(call.function, *call.arguments)
        targets = [None] * len(result.msg_ids) if call.via == "task" else ids
        for name, child, target in zip(result.msg_ids, result._children, targets):
            self.journal.write("submitted", task=name, **call.record(started, target, after))
            self.under_way[name] = child, call
        if call.via == "task":
            self.recent = [*self.recent[-20:], *result.msg_ids]

    def collect(self):
        """Records what has ended."""
        for name in [name for name, (child, _) in self.under_way.items() if child.done()]:
            child, call = self.under_way.pop(name)
            outcome = child.result()
            if not isinstance(outcome, Exception):
                self.journal.write("ended", task=name, at=now(), value=digest(outcome))
            elif failure(outcome.ename, outcome.evalue) == call.expected:
                self.journal.write("ended", task=name, at=now(), value=call.expected)
            else:
                self.journal.write("ended", task=name, at=now(), error=self.describe(name, outcome))

    def describe(self, name, outcome):
        if not isinstance(outcome, ipp.RemoteError):
            return {"ename": type(outcome).__name__, "evalue": str(outcome)}
        engine = self.client.metadata[name].get("engine_uuid")
        return {"ename": outcome.ename, "evalue": outcome.evalue, "engine": engine}

    def run(self, stop, patience):
        while not os.path.exists(stop):
            if len(self.under_way) < WINDOW:
                try:
                    self.submit()
                except (ipp.NoEnginesRegistered, IndexError):
                    pass
            else:
                time.sleep(0.002)
            self.collect()
        deadline = now() + patience
        while self.under_way and now() < deadline:
            time.sleep(0.01)
            self.collect()
        # A second answer to any task would be on its way.
        time.sleep(0.2)
        self.journal.write("closed")


if __name__ == "__main__":
    connection, journal, marks, stop, name, seed, patience = sys.argv[1:]
    Stream(connection, journal, marks, name, seed).run(stop, float(patience))
    os._exit(0)
