"""Every task that the scheduler has accepted ends: also one that is lost, refused, or takes its engine with it."""

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, wait_until
from hostile import memory
from ipyparallel import Reference
from ipyparallel.serialize import deserialize_object, pack_apply_message
from simulated import raw_client, swarm_of, wait_for_engines

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"


@pytest.mark.parametrize("kind", ["python", "martlet"])
def test_retries_count_attempts(kind, request):
    view = request.getfixturevalue(f"{kind}_engines")(1).load_balanced_view()

    def attempt():
        import builtins

        builtins.attempts = getattr(builtins, "attempts", 0) + 1
        if builtins.attempts < 4:
            raise ValueError(builtins.attempts)
        return builtins.attempts

    with view.temp_flags(retries=3):
        assert view.apply_async(attempt).get(timeout=TIMEOUT) == 4


@pytest.mark.parametrize("anywhere", [False, True])
def test_a_task_with_a_timeout_waits_for_another_engine_unless_it_says_otherwise(anywhere, martlet_engines):
    """As ipyparallel's own tests expect; and the last failure tells of those before."""
    client = martlet_engines(1)

    def attempt():
        raise ValueError("again")

    view = client.load_balanced_view()
    metadata = {"retries": 2, "timeout": TIMEOUT if anywhere else 0.2, "retry_anywhere": anywhere}
    future = client.send_apply_request(view._socket, attempt, metadata=metadata)
    with pytest.raises(ipp.RemoteError) as caught:
        ipp.AsyncResult(client, future, fname="attempt").get(timeout=TIMEOUT)
    assert caught.value.ename == ("ValueError" if anywhere else "TaskTimeout")
    record = client.db_query({"msg_id": future.msg_id}, ["result_metadata"])[0]
    earlier = record["result_metadata"]["earlier"]
    assert [(one["attempt"], one["ename"], one["evalue"]) for one in earlier] == [
        (number, "ValueError", "again") for number in range(1, 3 if anywhere else 2)
    ]


@pytest.mark.parametrize("metadata", [{"retries": 9}, {"idempotent": True}])
def test_a_task_takes_no_more_engines_than_the_limit(controller, metadata):
    with raw_client(controller) as client, swarm_of(controller) as swarm:
        engines = swarm.add(4, channels=["task"], answer=lambda engine, frames: [])
        wait_for_engines(client, 4)
        client.send("task", "apply_request", metadata=metadata)
        taken = []
        for count in range(1, 4):
            wait_until(lambda: sum(bool(engine.requests) for engine in engines) == count, "an engine to get the task")
            (engine,) = [engine for engine in engines if engine.requests and engine not in taken]
            taken.append(engine)
            swarm.do(engine.vanish)
        reply = client.receive("task")
        assert reply.content["ename"] == "EngineError"
        assert "3 engines died" in reply.content["evalue"] and "crash_limit" in reply.content["evalue"]
        assert f"Engine {taken[-1].id} died" in reply.content["evalue"] and "heart" in reply.content["evalue"]


def test_a_broadcast_to_a_dying_engine_is_answered_once_for_each_target(controller):
    with raw_client(controller) as client, swarm_of(controller) as swarm:
        quick, doomed = swarm.add(2, channels=["broadcast"], answer=lambda engine, frames: [])
        wait_for_engines(client, 2)
        targets = [[engine.uuid, engine.id] for engine in (quick, doomed)]
        task = client.send(
            "broadcast",
            "apply_request",
            metadata={"is_broadcast": True, "is_coalescing": False, "targets": targets},
        )
        swarm.do(doomed.vanish)
        swarm.do(quick.vanish)
        replies = [client.receive("broadcast") for _ in range(2)]
        assert {reply.parent["msg_id"] for reply in replies} == {f"{task}_{uuid}" for uuid, _ in targets}
        for reply, (_, number) in zip(
            sorted(replies, key=lambda reply: reply.content["evalue"]), sorted(targets, key=lambda target: target[1])
        ):
            assert f"Engine {number} died" in reply.content["evalue"]
        assert client.receive("broadcast", timeout=2) is None


@pytest.mark.parametrize("kind", ["python", "swift"])
def test_a_direct_request_that_is_replayed_as_a_task_ends(kind, controller):
    """The scheduler has not seen its signature, and the engine drops it without a word: nothing waits for it for long."""
    getattr(controller, f"start_{kind}_engines")(1)
    function, arguments = (Reference("len"), ("four",)) if kind == "python" else (Reference("add"), (1, 3))
    with raw_client(controller) as client:
        [uuid] = wait_for_engines(client, 1).values()
        buffers = pack_apply_message(function, arguments, {})
        frames = client.wire.frames("apply_request", identities=[uuid.encode()], buffers=buffers)
        client.socket("mux").send_multipart(frames)
        direct = client.receive("mux")
        assert direct.content["status"] == "ok", direct
        client.socket("task").send_multipart(frames[1:])
        reply = client.receive("task")
        assert reply.parent["msg_id"] == direct.parent["msg_id"] and reply.content["status"] == "error"
        honest = client.send("task", "apply_request", buffers=buffers)
        reply = client.receive("task")
        assert reply.parent["msg_id"] == honest and reply.content["status"] == "ok", reply
        assert deserialize_object([bytes(buffer) for buffer in reply.buffers])[0] == 4


def test_the_memory_of_a_backlog_is_given_back(controller):
    count, size = 4_000, 100_000
    process = controller.processes[0]
    with raw_client(controller) as client, swarm_of(controller) as swarm:
        before = memory(process)[0]
        for _ in range(count):
            client.send("task", "apply_request", buffers=[bytes(size)])
        wait_until(lambda: client.ask("queue_request").content["unassigned"] == count, "the backlog")
        assert memory(process)[0] > before + 0.9 * count * size
        swarm.add(channels=["task"])
        for _ in range(count):
            assert client.receive("task").content["status"] == "ok"
        # It keeps 64 MiB for the next backlog, and its last 1,024 tasks.
        kept = 64 * 2**20 + 1024 * size + 60e6
        wait_until(lambda: memory(process)[0] < before + kept, "the memory to be given back")
