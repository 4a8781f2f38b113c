"""Every task that the scheduler has accepted ends: also one that is lost, refused, or takes its engine with it."""

import json

import pytest
from harness import TIMEOUT, wait_until
from simulated import raw_client, swarm_of, wait_for_engines

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"


def drops(*labels):
    """An engine that never answers tasks with these labels, but everything else, in order."""

    def answer(engine, frames):
        metadata = json.loads(frames[frames.index(b"<IDS|MSG>") + 4])
        if metadata.get("label") in labels:
            return []
        # What a broadcast's reply is known by.
        kept = {key: metadata[key] for key in ("original_msg_id",) if key in metadata}
        return [engine.wire.reply(frames, engine=engine.uuid, metadata=kept)]

    return answer


def test_a_task_that_is_refused_silently_ends_and_frees_its_engine(controller):
    with raw_client(controller) as client, swarm_of(controller) as swarm:
        (engine,) = swarm.add(channels=["task"], answer=drops("bad"))
        wait_for_engines(client, 1)
        bad = client.send("task", "apply_request", metadata={"label": "bad"})
        good = client.send("task", "apply_request")
        lost, answered = client.receive("task"), client.receive("task")
        assert lost.parent["msg_id"] == bad and lost.content["ename"] == "TaskLost"
        assert f"engine {engine.id} " in lost.content["evalue"]
        assert answered.parent["msg_id"] == good and answered.content["status"] == "ok"
        # The probe's own reply has reached nobody.
        assert client.receive("task", timeout=0) is None


def test_a_lost_task_is_tried_again_with_another_signature(controller):
    with raw_client(controller) as client, swarm_of(controller) as swarm:
        (engine,) = swarm.add(channels=["task"], answer=drops("bad"))
        wait_for_engines(client, 1)
        bad = client.send("task", "apply_request", metadata={"label": "bad", "retries": 1})
        lost = client.receive("task")
        assert lost.parent["msg_id"] == bad and lost.content["ename"] == "TaskLost"
        attempts = [request for request in engine.requests if request.header["msg_id"] == bad]
        assert [request.metadata.get("attempt") for request in attempts] == [None, 2]
        assert len({request.frames[request.frames.index(b"<IDS|MSG>") + 1] for request in attempts}) == 2


def test_tasks_an_engine_had_not_begun_survive_it(cluster):
    cluster.start_controller(arguments=["--hwm=10"])
    with raw_client(cluster) as client, swarm_of(cluster) as swarm:
        (doomed,) = swarm.add(channels=["task"], answer=lambda engine, frames: [])
        wait_for_engines(client, 1)
        tasks = [client.send("task", "apply_request") for _ in range(10)]
        wait_until(lambda: len(doomed.requests) == 10, "ten tasks on one engine")
        swarm.do(doomed.vanish)
        wait_until(lambda: client.ask("queue_request").content["unassigned"] == 9, "nine tasks to be queued again")
        lost = client.receive("task")
        assert lost.parent["msg_id"] == tasks[0] and lost.content["ename"] == "EngineError"
        assert f"Engine {doomed.id} died" in lost.content["evalue"] and "heart" in lost.content["evalue"]
        swarm.add(channels=["task"])
        replies = [client.receive("task") for _ in tasks[1:]]
        assert [reply.parent["msg_id"] for reply in replies] == tasks[1:]
        assert {reply.content["status"] for reply in replies} == {"ok"}


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


def test_a_task_takes_no_more_engines_than_the_limit(controller):
    with raw_client(controller) as client, swarm_of(controller) as swarm:
        engines = swarm.add(4, channels=["task"], answer=lambda engine, frames: [])
        wait_for_engines(client, 4)
        client.send("task", "apply_request", metadata={"retries": 9})
        taken = []
        for count in range(1, 4):
            wait_until(lambda: sum(bool(engine.requests) for engine in engines) == count, "an engine to get the task")
            (engine,) = [engine for engine in engines if engine.requests and engine not in taken]
            taken.append(engine)
            swarm.do(engine.vanish)
        reply = client.receive("task")
        assert reply.content["ename"] == "EngineError"
        assert "3 engines died" in reply.content["evalue"] and "crash_limit" in reply.content["evalue"]


@pytest.mark.parametrize(
    "kind, content, metadata",
    [
        ("apply_request", {}, {"original_msg_id": 5}),
        ("apply_request", {}, {"retries": "many"}),
        ("apply_request", {}, {"targets": 5}),
        ("execute_request", {}, {}),
        ("execute_request", {"code": 5}, {}),
        ("complete_request", {}, {}),
    ],
)
def test_malformed_tasks_are_answered(kind, content, metadata, controller):
    with raw_client(controller) as client:
        task = client.send("task", kind, content, metadata=metadata)
        reply = client.receive("task")
        assert reply.parent["msg_id"] == task
        assert reply.content["status"] == "error" and reply.content["ename"] == "ValueError"


@pytest.mark.parametrize(
    "text",
    [b'{"label": ' + b"[" * 129 + b"]" * 129 + b"}", b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"label": "\xff"}'],
    ids=["label", "depth", "utf8"],
)
def test_what_an_engine_could_not_read_is_answered(text, controller):
    with raw_client(controller) as client:
        wire = client.wire
        parts = [wire.header("apply_request", "odd"), b"{}", text, b"{}"]
        client.socket("task").send_multipart([b"<IDS|MSG>", wire.sign(*parts), *parts])
        assert client.receive("task").content["ename"] == "ValueError"


@pytest.mark.parametrize("identities, buffers", [([b"x"] * 14, []), ([], [b""] * 65_530)], ids=["identities", "buffers"])
def test_messages_with_too_many_frames_are_answered(identities, buffers, controller):
    with raw_client(controller) as client:
        client.send("task", "apply_request", to=identities, buffers=buffers)
        assert client.receive("task").content["ename"] == "ValueError"


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
