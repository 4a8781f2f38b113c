"""A client of ipyparallel that sends a stream of tasks until a file appears, then waits for what is left.

It gets no replies to what it sent to a controller that was killed: another client fetches the results. Started again after it was
killed itself, it fetches what was open.

Usage: ipyparallel_stream.py CONNECTION_FILE JOURNAL MARKS STOP_FILE NAME SEED PATIENCE
"""

import os
import queue
import sys
import threading
import time

import ipyparallel as ipp
from stream import UNKNOWN_LIMIT, Call, Journal, Outages, Plan, digest, failure, now, open_requests

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


class Fetcher(threading.Thread):
    """Another client that fetches the results of tasks.

    It hangs if its controller is killed, too, since ipyparallel's clients wait forever. So it has a thread of its own, which is
    forgotten then.
    """

    def __init__(self, connection, tasks):
        super().__init__(daemon=True)
        self.connection = connection
        self.tasks = tasks
        self.found = queue.SimpleQueue()
        self.start()

    def run(self):
        client = connect(ipp.Client, self.connection)
        results = {task: client.get_result(task, owner=False, block=False) for task in self.tasks}
        known = dict.fromkeys(results, now())
        while results:
            for task, result in list(results.items()):
                try:
                    is_there = result.wait(0)
                    known[task] = now()
                except ipp.RemoteError:
                    # Unknown, as yet.
                    is_there = now() - known[task] > UNKNOWN_LIMIT
                if is_there:
                    self.found.put((task, client.results.get(task, Unknown()), client.metadata[task].get("engine_uuid")))
                    del results[task]
            time.sleep(0.2)
        client.close()


class Unknown(Exception):
    def __str__(self):
        return "the controller does not know it"


class ControllerLost(Exception):
    def __str__(self):
        return "the controller was killed"


def connect(kind, connection):
    """A client, even if the controller is killed meanwhile."""
    while True:
        try:
            return kind(connection_info=connection, timeout=15)
        except TimeoutError:
            continue


class Stream:
    def __init__(self, connection, journal, marks, stop, name, seed):
        earlier = open_requests(journal)
        self.journal = Journal(journal)
        self.connection = connection
        self.outages = Outages(stop)
        WatchedClient.journal = self.journal
        self.client = connect(WatchedClient, connection)
        self.plan = Plan(name, seed, marks)
        self.balanced = self.client.load_balanced_view()
        self.under_way = {}
        self.recent = []
        #: The calls whose results are fetched.
        self.fetched = {}
        self.fetcher = None
        for event in earlier:
            self.go_on(event)
        self.fetch()

    def go_on(self, event):
        """Takes over a request of an earlier process."""
        if event["via"] == "task":
            self.fetched[event["task"]] = Call("task", None, (), event["expected"])
        else:
            self.journal.write("abandoned", task=event["task"])

    def controller_is_back(self):
        """Nobody answers what was sent before."""
        for name in [name for name, (_, _, at) in self.under_way.items() if at <= self.outages.until]:
            _, call, _ = self.under_way.pop(name)
            if call.via == "task":
                self.fetched[name] = call
            else:
                self.end(name, call, ControllerLost(), None)
        self.fetch()

    def fetch(self):
        self.fetcher = Fetcher(self.connection, list(self.fetched)) if self.fetched else None

    def submit(self):
        call = self.plan.next()
        started = now()
        ids = self.client.ids
        if not ids:
            return
        after = [self.plan.numbers.choice(self.recent)] if call.depends and self.recent else []
        targets = ids
        if call.via == "task":
            targets = [None]
            with self.balanced.temp_flags(retries=call.retries, after=after or None):
                result = self.balanced.apply_async(call.function, *call.arguments)
        elif call.via == "mux":
            targets = [self.plan.numbers.choice(ids)]
            result = self.client[targets[0]].apply_async(call.function, *call.arguments)
        else:
            result = self.client.broadcast_view(ids).apply_async(call.function, *call.arguments)
        records = [
            {"task": name, **call.record(started, target, after)} for name, target in zip(result.msg_ids, targets)
        ]
        self.journal.write_all("submitted", records)
        for name, child in zip(result.msg_ids, result._children):
            self.under_way[name] = child, call, started
        if call.via == "task":
            self.recent = [*self.recent[-20:], *result.msg_ids]

    def collect(self):
        """Records what has ended."""
        for name in [name for name, (child, _, _) in self.under_way.items() if child.done()]:
            child, call, _ = self.under_way.pop(name)
            self.end(name, call, child.result(), self.client.metadata[name].get("engine_uuid"))
        while self.fetcher and not self.fetcher.found.empty():
            name, outcome, engine = self.fetcher.found.get()
            self.end(name, self.fetched.pop(name), outcome, engine)
        if self.outages.ended():
            self.controller_is_back()

    def end(self, name, call, outcome, engine):
        if not isinstance(outcome, Exception):
            self.journal.write("ended", task=name, at=now(), value=digest(outcome))
        elif isinstance(outcome, ipp.RemoteError) and failure(outcome.ename, outcome.evalue) == call.expected:
            self.journal.write("ended", task=name, at=now(), value=call.expected)
        else:
            self.journal.write("ended", task=name, at=now(), error=self.describe(outcome, engine))

    @staticmethod
    def describe(outcome, engine):
        if not isinstance(outcome, ipp.RemoteError):
            return {"ename": type(outcome).__name__, "evalue": str(outcome)}
        return {"ename": outcome.ename, "evalue": outcome.evalue, "engine": engine}

    def run(self, stop, patience):
        self.journal.write("started")
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
        while (self.under_way or self.fetched) and now() < deadline:
            time.sleep(0.01)
            self.collect()
        # A second answer to any task would be on its way.
        time.sleep(0.2)
        self.journal.write("closed")


if __name__ == "__main__":
    connection, journal, marks, stop, name, seed, patience = sys.argv[1:]
    Stream(connection, journal, marks, stop, name, seed).run(stop, float(patience))
    os._exit(0)
