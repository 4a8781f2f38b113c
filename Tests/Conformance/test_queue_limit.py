"""The limit of the task scheduler's queue: who is refused, how they learn of it, and who still has room."""

import ipyparallel as ipp
import pytest
from harness import wait_until
from simulated import raw_client, swarm_of, wait_for_engines

BUFFER = bytes(100_000)


def refused(client, channel="task"):
    """The refusals among the replies that have arrived, by the id of the task."""
    replies = {}
    while reply := client.receive(channel, timeout=0):
        assert reply.header["msg_type"] == "apply_reply"
        assert reply.content["status"] == "error" and reply.content["ename"] == "QueueFull"
        replies[reply.parent["msg_id"]] = reply.content["evalue"]
    return replies


def unassigned(client):
    return client.ask("queue_request").content["unassigned"]


def submit(client, count, **more):
    """Submits tasks and returns their ids once the controller has taken all of them."""
    ids = [client.send("task", "apply_request", **more) for _ in range(count)]
    found = {}

    def all_answered():
        found.update(refused(client))
        status = client.ask("result_request", {"msg_ids": ids, "status_only": True}).content
        return status["status"] == "ok" and len(status["completed"]) == len(found)

    wait_until(all_answered, "the controller to take the tasks")
    return ids, found


@pytest.mark.parametrize(
    "option, buffers",
    [("queue_tasks=12", []), ("queue_bytes=1250000", [BUFFER])],
    ids=["tasks", "bytes"],
)
def test_tasks_beyond_the_limit_are_refused(option, buffers, cluster):
    cluster.start_controller(arguments=[f"--TaskScheduler.{option}"])
    with raw_client(cluster) as greedy, raw_client(cluster) as other, swarm_of(cluster) as swarm:
        ids, refusals = submit(greedy, 30, buffers=buffers)
        accepted = [task for task in ids if task not in refusals]
        # Alone a client gets half of the whole: 6 tasks, or as many of some 100,400 bytes as fit into 625,000.
        assert accepted == ids[: len(accepted)]
        assert len(accepted) == 6
        name = "TaskScheduler." + option.partition("=")[0]
        assert all(name in text and "wait for results" in text for text in refusals.values())
        # Another client has room, as much as it leaves for a third.
        others, refusals = submit(other, 30, buffers=buffers)
        assert len(others) - len(refusals) == 3
        assert unassigned(greedy) == 9

        # What was accepted runs, and then there is room again.
        swarm.add(channels=["task"])
        done = [greedy.receive("task") for _ in accepted]
        assert [reply.parent["msg_id"] for reply in done] == accepted
        assert {reply.content["status"] for reply in done} == {"ok"}
        wait_until(lambda: unassigned(greedy) == 0, "the other client's tasks")
        again = greedy.send("task", "apply_request", buffers=buffers)
        reply = greedy.receive("task")
        assert reply.parent["msg_id"] == again and reply.content["status"] == "ok"


@pytest.mark.parametrize(
    "option, buffers",
    [("queue_tasks=4", []), ("queue_bytes=400000", [BUFFER])],
    ids=["tasks", "bytes"],
)
def test_direct_requests_beyond_the_limit_are_refused(option, buffers, cluster):
    """The hub counts them, so the relay notices a moment later than the limit is reached."""
    cluster.start_controller(arguments=[f"--TaskScheduler.{option}"])
    with raw_client(cluster) as client, swarm_of(cluster) as swarm:
        (engine,) = swarm.add(channels=["mux"], answer=lambda engine, frames: [])
        wait_for_engines(client, 1)
        address = [engine.uuid.encode()]
        sent = refused_count = 0
        while not refused_count:
            sent += 1
            client.send("mux", "apply_request", to=address, buffers=buffers)
            replies = {}
            wait_until(
                lambda: replies.update(refused(client, "mux")) or len(engine.requests) + len(replies) == sent,
                "the request to arrive or to be refused",
            )
            # The hub has read all reports when it answers.
            client.ask("queue_request")
            refused_count = len(replies)
        assert sent == 5
        assert all("wait for results" in text for text in replies.values())

        # An answer makes room.
        request = engine.requests[0]
        swarm.do(lambda: engine.sockets["mux"].send_multipart(engine.wire.reply(request.frames, engine=engine.uuid)))
        assert client.receive("mux").content == {"status": "ok"}
        client.ask("queue_request")
        client.send("mux", "apply_request", to=address)
        wait_until(lambda: len(engine.requests) == sent, "the next request")


def test_broadcasts_beyond_the_limit_are_refused(cluster):
    cluster.start_controller(arguments=["--TaskScheduler.queue_tasks=4"])
    with raw_client(cluster) as client, swarm_of(cluster) as swarm:
        engines = swarm.add(3, channels=[], answer=lambda engine, frames: [])
        wait_for_engines(client, 3)
        targets = [[engine.uuid, engine.id] for engine in engines]
        for coalescing, answers in ((False, 3), (True, 1)):
            metadata = {"targets": targets, "is_broadcast": True, "is_coalescing": coalescing}
            client.send("broadcast", "apply_request", metadata=metadata)
            replies = [client.receive("broadcast") for _ in range(answers)]
            assert {reply.content["ename"] for reply in replies} == {"QueueFull"}
            assert {reply.metadata["is_coalescing"] for reply in replies} == {coalescing}


def test_a_python_client_sees_the_error(cluster):
    cluster.start_controller(arguments=["--TaskScheduler.queue_tasks=2"])

    with swarm_of(cluster) as swarm, raw_client(cluster) as raw:
        swarm.add(channels=["task"], answer=lambda engine, frames: [])
        wait_for_engines(raw, 1)
        view = cluster.client(engines=1).load_balanced_view()
        running = view.apply_async(print)
        wait_until(lambda: unassigned(raw) == 0, "the first task to run")
        with pytest.raises(ipp.error.RemoteError, match="(?s)QueueFull.*wait for results before submitting more"):
            view.apply_async(print).get(timeout=10)
        assert not running.ready()


def test_no_limit(cluster):
    cluster.start_controller(arguments=["--TaskScheduler.queue_tasks=0", "--TaskScheduler.queue_bytes=0"])
    with raw_client(cluster) as client:
        ids = [client.send("task", "apply_request", buffers=[BUFFER]) for _ in range(200)]
        wait_until(lambda: unassigned(client) == len(ids), "all tasks to queue")
        assert refused(client) == {}
