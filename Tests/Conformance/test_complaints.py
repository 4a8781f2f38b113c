"""Known problems of ipyparallel's controller that Martlet must not share: memory growth, hangs and lost messages."""

import json
import time
from collections import Counter

import psutil
import pytest
import zmq
from harness import TIMEOUT, wait_until
from ipyparallel import error, interactive
from simulated import DELIMITER, RawClient, engine_ids, raw_client, reply_ok, swarm_of, wait_for_engines

MEGABYTE = 1 << 20


def resident_memory(cluster):
    return psutil.Process(cluster.processes[0].child.pid).memory_info().rss


def controller_log(cluster):
    return cluster.processes[0].log(10**7)


@interactive
def pause(seconds):
    import time

    time.sleep(seconds)


def reply_failed(engine, frames):
    content = {"status": "error", "ename": "OSError", "evalue": f"{engine.uuid} is broken", "traceback": []}
    return [engine.wire.reply(frames, content, status="error", engine=engine.uuid)]


def never(engine, frames):
    return []


class TestMemory:
    TASKS = 200_000
    WINDOW = 2_000
    #: Number of tasks between queries to the hub. It answers a query only after its backlog of reports.
    PACE = 1_000

    @pytest.mark.timeout(600)
    def test_two_hundred_thousand_tasks_of_one_client(self, cluster):
        """A single loop plays the client and the engines, with frames assembled from prepared parts."""
        cluster.verbosity = ["--log-level=30"]
        cluster.start_controller(arguments=["--TaskScheduler.hwm=0"])
        with swarm_of(cluster) as swarm, raw_client(cluster) as client:
            engines = swarm.add(4)
            wait_for_engines(client, 4)
            context = zmq.Context()
            sockets = [self.task_socket(context, cluster, engine) for engine in engines]
            try:
                # Run a thousand tasks first to measure only growth.
                self.run(client, sockets, 1000)
                before = resident_memory(cluster)
                started = time.monotonic()
                self.run(client, sockets, self.TASKS)
                rate = self.TASKS / (time.monotonic() - started)
                after = resident_memory(cluster)
            finally:
                for socket, _ in sockets:
                    socket.close()
                context.term()
            print(f"{self.TASKS} tasks, {rate:.0f}/s, {before / MEGABYTE:.0f} MB before, {after / MEGABYTE:.0f} MB after")
            assert after < 150 * MEGABYTE
            # The controller still answers, and its task store is at capacity.
            assert len(client.ask("history_request").content["history"]) <= 1024

            def completed():
                status = client.ask("queue_request").content
                done = sum(status[str(engine.id)]["completed"] for engine in engines)
                return done == self.TASKS + 1000 and status["unassigned"] == 0

            wait_until(completed, "the records of all tasks")

    @staticmethod
    def task_socket(context, cluster, engine):
        socket = context.socket(zmq.DEALER)
        socket.linger, socket.sndhwm, socket.rcvhwm = 0, 0, 0
        socket.identity = engine.uuid.encode()
        socket.connect("tcp://127.0.0.1:%d" % cluster.connection_info("engine")["task"])
        metadata = {"status": "ok", "engine": engine.uuid, "started": "2026-01-01T00:00:00Z", "dependencies_met": True}
        return socket, json.dumps(metadata).encode()

    def run(self, client, engine_sockets, count):
        wire = client.wire
        tasks = client.socket("task")
        poller = zmq.Poller()
        for socket in [tasks, *(socket for socket, _ in engine_sockets)]:
            poller.register(socket, zmq.POLLIN)
        request = json.loads(wire.header("apply_request", "NAME"))
        request_header = json.dumps(request).encode().split(b"NAME")
        reply_header = json.dumps(request | {"msg_type": "apply_reply"}).encode().split(b"NAME")
        sent = received = 0
        prefix = b"%s_%d_" % (wire.session.encode(), next(wire.numbers))
        asked = 0
        while received < sent or sent < count:
            if sent - asked >= self.PACE:
                asked = sent
                assert client.ask("queue_request").content["status"] == "ok"
            while sent < count and sent - received < self.WINDOW:
                parts = (request_header[0] + prefix + b"%d" % sent + request_header[1], b"{}", b"{}", b"{}")
                tasks.send_multipart([DELIMITER, wire.sign(*parts), *parts, b"buffer"], copy=True)
                sent += 1
            ready = dict(poller.poll(TIMEOUT * 1000))
            assert ready, f"{received} of {sent} answers, and no more"
            for socket, metadata in engine_sockets:
                if socket in ready:
                    self.answer(wire, socket, metadata, reply_header)
            if tasks in ready:
                while tasks.getsockopt(zmq.EVENTS) & zmq.POLLIN:
                    tasks.recv_multipart()
                    received += 1

    @staticmethod
    def answer(wire, socket, metadata, reply_header):
        for _ in range(200):
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            # A reply needs its own id: the request's id plus a letter.
            identifier = frames[3][12 : frames[3].index(b'"', 12)] + b"r"
            parts = (reply_header[0] + identifier + reply_header[1], frames[3], metadata, b'{"status": "ok"}')
            socket.send_multipart([frames[0], DELIMITER, wire.sign(*parts), *parts, b"result"])


class TestAbort:
    def test_queued_tasks_end_at_once(self, controller):
        """The engine sleeps. None of the tasks queued behind the running one reach it."""
        controller.start_python_engines(1)
        client = controller.client(engines=1)
        view = client.load_balanced_view()
        client[0].push({"seen": []}, block=True)
        running = view.apply_async(pause, 3)
        wait_until(lambda: client.queue_status()[0]["tasks"] == 1, "the task on the engine")
        queued = [view.apply_async(interactive(lambda i: seen.append(i)), i) for i in range(200)]  # noqa: F821
        wait_until(lambda: client.queue_status()["unassigned"] == 200, "the queued tasks")
        view.abort(queued[:150], block=False)
        for result in queued[:150]:
            with pytest.raises(error.TaskAborted):
                result.get(timeout=TIMEOUT)
        assert not running.ready()
        assert client.queue_status()["unassigned"] == 50
        for result in queued[150:]:
            result.get(timeout=TIMEOUT)
        assert client[0]["seen"] == list(range(150, 200))
        [record] = client.db_query({"msg_id": queued[0].msg_ids[0]}, keys=["msg_id", "result_content", "completed"])
        assert record["result_content"]["status"] == "aborted" and record["completed"]

    def test_nothing_reaches_the_engine(self, controller):
        with swarm_of(controller) as swarm, raw_client(controller) as client:
            [engine] = swarm.add(channels=["task", "control"], answer=never)
            wait_for_engines(client, 1)
            ids = [client.send("task", "apply_request") for _ in range(1000)]
            # An abort uses another channel and may overtake its tasks. The engine must then remember it.
            wait_until(lambda: client.ask("queue_request").content["unassigned"] == 999, "the queue")
            client.send("control", "abort_request", {"msg_ids": ids[1:]}, to=[engine.uuid.encode()])
            answers = [client.receive("task") for _ in ids[1:]]
            assert {answer.parent["msg_id"] for answer in answers} == set(ids[1:])
            assert {answer.content["status"] for answer in answers} == {"aborted"}
            seen = [request.header["msg_id"] for request in engine.requests]
            assert [identifier for identifier in seen if identifier in ids] == ids[:1]


class TestFailures:
    def test_a_task_that_every_engine_fails(self, controller):
        """Retries count attempts: those that failed it get it again, in turns. The last error counts."""
        with swarm_of(controller) as swarm, raw_client(controller) as client:
            engines = swarm.add(3, channels=["task"], answer=reply_failed)
            wait_for_engines(client, 3)
            identifier = client.send("task", "apply_request", metadata={"retries": 10})
            answer = client.receive("task", 5)
            assert answer.parent["msg_id"] == identifier
            assert answer.content["ename"] == "OSError"
            assert answer.content["evalue"].removesuffix(" is broken") in {engine.uuid for engine in engines}
            assert sorted(len(engine.requests) for engine in engines) == [3, 4, 4]

    def test_with_python_engines(self, python_engines):
        client = python_engines(2)
        view = client.load_balanced_view()
        with view.temp_flags(retries=10):
            result = view.apply_async(interactive(lambda: 1 / 0))
        with pytest.raises(error.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == "ZeroDivisionError"

    def test_targets_that_all_fail(self, controller):
        with swarm_of(controller) as swarm, raw_client(controller) as client:
            engines = swarm.add(3, channels=["task"], answer=reply_failed)
            wait_for_engines(client, 3)
            targets = [engine.uuid for engine in engines[:2]]
            client.send("task", "apply_request", metadata={"retries": 10, "targets": targets})
            assert client.receive("task", 5).content["status"] == "error"
            assert sorted(len(engine.requests) for engine in engines[:2]) == [5, 6] and not engines[2].requests


class TestRecords:
    @pytest.mark.parametrize("channel", ["mux", "task"])
    def test_a_fast_reply_is_not_lost(self, channel, controller):
        """A fast engine's reply is recorded. ipyparallel drops it if the reply's report overtakes the request's."""
        with swarm_of(controller) as swarm, raw_client(controller) as client:
            swarm.add(channels=[channel])
            [uuid] = wait_for_engines(client, 1).values()
            to = [uuid.encode()] if channel == "mux" else []
            ids = [client.send(channel, "apply_request", to=to) for _ in range(500)]
            for _ in ids:
                client.receive(channel)
            reply = client.ask("result_request", {"msg_ids": ids, "status_only": True}).content
            assert sorted(reply["completed"]) == sorted(ids)
            assert reply["pending"] == []

    def test_unsolicited_replies(self, controller):
        """An engine's duplicate and unsolicited replies are ignored and logged."""

        def stutter(engine, frames):
            stray = engine.wire.frames("apply_request", identities=frames[:1])
            return [engine.wire.reply(message, engine=engine.uuid) for message in (frames, frames, stray)]

        with swarm_of(controller) as swarm, raw_client(controller) as client:
            swarm.add(channels=["task"], answer=stutter)
            wait_for_engines(client, 1)
            ids = [client.send("task", "apply_request") for _ in range(5)]
            assert [client.receive("task").parent["msg_id"] for _ in ids] == ids
            wait_until(lambda: controller_log(controller).count("not on that engine") == 10, "10 lines in the log")
            assert client.receive("task", 0.1) is None


def test_late_heartbeats_are_not_reported(cluster):
    """An engine's heart may beat once more after the engine leaves. This is logged only at debug level."""
    cluster.verbosity = ["--log-level=20"]
    cluster.start_controller()
    with swarm_of(cluster) as swarm, raw_client(cluster) as client:
        engines = swarm.add(10)
        wait_for_engines(client, 10)
        for engine in engines:
            client.send("registration", "unregistration_request", {"id": engine.id})
        wait_until(lambda: engine_ids(client) == {}, "the end of all engines")
        time.sleep(1)
        assert engine_ids(client) == {}
    assert "heart" not in controller_log(cluster)


class TestClientThatVanishes:
    METADATA = {"abort_on_disconnect": True}

    @pytest.fixture
    def swarm(self, controller):
        with swarm_of(controller) as swarm:
            yield swarm

    @pytest.fixture
    def observer(self, controller):
        with raw_client(controller) as client:
            yield client

    def unassigned(self, client):
        return client.ask("queue_request").content["unassigned"]

    def test_its_queued_tasks_are_aborted(self, controller, swarm, observer):
        """Only tasks that request it are aborted. The others still produce records in the hub."""
        [engine] = swarm.add(channels=["task"], answer=never)
        wait_for_engines(observer, 1)
        leaving = RawClient(controller.connection_info("client"))
        [first, *_] = [leaving.send("task", "apply_request", metadata=self.METADATA) for _ in range(100)]
        lasting = [leaving.send("task", "apply_request") for _ in range(10)]
        others = [observer.send("task", "apply_request", metadata=self.METADATA) for _ in range(10)]
        wait_until(lambda: self.unassigned(observer) == 119, "the queue")
        leaving.close()
        wait_until(lambda: self.unassigned(observer) == 20, "the end of the tasks of the client that left")

        # The engine continues with the other client's tasks and never sees the aborted ones.
        def finish():
            request = engine.requests[0]
            engine.answer = reply_ok
            engine.sockets["task"].send_multipart(engine.wire.reply(request.frames, engine=engine.uuid))

        swarm.do(finish)
        assert [observer.receive("task").parent["msg_id"] for _ in others] == others
        wait_until(lambda: len(engine.requests) == 21, "the tasks that last")
        seen = [request.header["msg_id"] for request in engine.requests]
        assert seen[0] == first and sorted(seen[1:]) == sorted(lasting + others)

    def test_its_failed_tasks_are_not_retried(self, controller, swarm, observer):
        engines = swarm.add(2, channels=["task"], answer=never)
        wait_for_engines(observer, 2)
        leaving = RawClient(controller.connection_info("client"))
        leaving.send("task", "apply_request", metadata=self.METADATA | {"retries": 5})
        wait_until(lambda: any(engine.requests for engine in engines), "the task on an engine")
        # The queued tasks show when the controller notices the disconnection.
        blocked = [leaving.send("task", "apply_request", metadata=self.METADATA) for _ in range(3)]
        wait_until(lambda: self.unassigned(observer) == 2, "the queue")
        leaving.close()
        wait_until(lambda: self.unassigned(observer) == 0, "the end of the queue")
        assert blocked

        def fail():
            for engine in engines:
                for request in engine.requests:
                    [answer] = reply_failed(engine, request.frames)
                    engine.sockets["task"].send_multipart(answer)

        swarm.do(fail)
        observer.send("task", "apply_request")
        wait_until(lambda: sum(len(engine.requests) for engine in engines) >= 3, "a task after it")
        sessions = Counter(request.header["session"] for engine in engines for request in engine.requests)
        assert sessions == {leaving.wire.session: 2, observer.wire.session: 1}

    def test_a_client_that_reconnects(self, controller, swarm, observer):
        """A session that reconnects is served again, and its new tasks run."""
        [engine] = swarm.add(channels=["task"], answer=never)
        wait_for_engines(observer, 1)
        client = RawClient(controller.connection_info("client"))
        running, _ = [client.send("task", "apply_request", metadata=self.METADATA) for _ in range(2)]
        wait_until(lambda: self.unassigned(observer) == 1, "the queue")
        client.sockets.pop("task").close()
        wait_until(lambda: self.unassigned(observer) == 0, "the end of the queued task")
        message_id = client.send("task", "apply_request", metadata=self.METADATA)
        wait_until(lambda: self.unassigned(observer) == 1, "the new task")

        def finish():
            engine.answer = reply_ok
            engine.sockets["task"].send_multipart(engine.wire.reply(engine.requests[0].frames, engine=engine.uuid))

        swarm.do(finish)
        # The engine's running task continues, and its reply reaches the new connection.
        assert [client.receive("task").parent["msg_id"] for _ in range(2)] == [running, message_id]
        client.close()
