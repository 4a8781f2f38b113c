"""What an engine does with each request."""

from collections.abc import Callable

import pytest

from parallel_conformance import values
from parallel_conformance.engines import Engine
from parallel_conformance.processes import Patience
from parallel_conformance.wire import Message

NewEngine = Callable[..., Engine]

SHELL = ("mux_out", "task_out", "broadcast")


def socket_of(engine: Engine, name: str) -> str:
    return engine.leaf if name == "broadcast" else name


@pytest.mark.requirement("R-12.1", "R-16.4", "R-12.9")
@pytest.mark.parametrize("name", SHELL)
def test_apply(engine: Engine, name: str) -> None:
    reply = engine.call("add", 2, 3, name=socket_of(engine, name))
    assert reply.kind == "apply_reply" and reply.content["status"] == "ok"
    assert values.result(reply.buffers) == 5


@pytest.mark.requirement("R-12.2")
@pytest.mark.parametrize("name", SHELL)
def test_execute(engine: Engine, name: str) -> None:
    content = {"code": "executed = 7", "silent": False, "user_expressions": {}}
    reply = engine.ask(socket_of(engine, name), "execute_request", content)
    assert reply.kind == "execute_reply" and reply.content["status"] == "ok"
    assert isinstance(reply.content["execution_count"], int)
    assert reply.content["payload"] == [] and reply.content["user_expressions"] == {}
    assert engine.pull("executed") == 7


@pytest.mark.requirement("R-12.3")
@pytest.mark.parametrize("name", ["mux_out", "task_out", "control_out"])
def test_kernel_info(engine: Engine, name: str) -> None:
    content = engine.ask(name, "kernel_info_request").content
    assert content["status"] == "ok" and content["protocol_version"].startswith("5.")
    assert isinstance(content["implementation"], str) and isinstance(content["implementation_version"], str)
    assert isinstance(content["language_info"]["name"], str) and isinstance(content["banner"], str)


@pytest.mark.requirement("R-12.4", "R-7.6")
def test_an_error_has_no_buffers(engine: Engine) -> None:
    reply = engine.call("fail", "on purpose")
    assert reply.content["status"] == "error" and reply.buffers == []
    assert reply.metadata["status"] == "error"


@pytest.mark.requirement("R-12.4", "R-12.2")
def test_an_error_of_code(engine: Engine) -> None:
    reply = engine.execute("there_is_no_such_name")
    assert reply.content["status"] == "error" and reply.content["ename"] == "NameError"
    assert isinstance(reply.content["execution_count"], int)
    assert engine.execute("1").content["status"] == "ok"


@pytest.mark.requirement("R-12.4")
@pytest.mark.parametrize("buffers", [[], [b""], [b"no pickle", b"at all"], [b"\x80\x04N.", b"\x80\x04N."]])
def test_what_is_no_call_is_an_error(engine: Engine, buffers: list[bytes]) -> None:
    reply = engine.ask("mux_out", "apply_request", buffers=buffers)
    assert reply.content["status"] == "error" and reply.buffers == []


@pytest.mark.requirement("R-12.5")
def test_metadata_are_copied(engine: Engine) -> None:
    metadata = {"label": "a label", "is_broadcast": True, "is_coalescing": True, "original_msg_id": "original"}
    reply = engine.call("echo", 1, metadata=metadata)
    assert {key: reply.metadata[key] for key in metadata} == metadata


@pytest.mark.requirement("R-12.7")
@pytest.mark.parametrize("kind", ["apply", "execute"])
def test_metadata_of_replies(engine: Engine, kind: str) -> None:
    reply = engine.call("echo", 1) if kind == "apply" else engine.execute("1")
    expected = {
        "engine": engine.uuid,
        "status": "ok",
        "dependencies_met": True,
        "is_broadcast": False,
        "is_coalescing": False,
        "original_msg_id": "",
        "label": None,
    }
    assert {key: reply.metadata.get(key, "missing") for key in expected} == expected
    assert isinstance(reply.metadata["started"], str)


@pytest.mark.requirement("R-12.7")
@pytest.mark.parametrize("kind", ["apply", "execute"])
def test_metadata_of_errors(engine: Engine, kind: str) -> None:
    reply = engine.call("fail", "on purpose") if kind == "apply" else engine.execute("no_such_name")
    assert reply.metadata["status"] == "error" and reply.metadata["engine"] == engine.uuid
    info = reply.metadata["engine_info"]
    assert (info["engine_uuid"], info["engine_id"]) == (engine.uuid, engine.id)


@pytest.mark.requirement("R-12.7")
def test_unmet_dependencies(engine: Engine) -> None:
    reply = engine.call("unmet", name="task_out")
    assert reply.content["ename"] == "UnmetDependency"
    assert reply.metadata["dependencies_met"] is False and reply.metadata["status"] == "error"


@pytest.mark.requirement("R-12.8")
def test_other_messages_name_the_engine(engine: Engine) -> None:
    reply = engine.execute("1 + 1")
    messages = [*engine.output(reply.parent["msg_id"]), engine.ask("control_out", "kernel_info_request")]
    messages.append(engine.ask("control_out", "abort_request", {"msg_ids": ["unknown"]}))
    named = {message.kind: message.metadata.get("engine") for message in messages if message.kind != "execute_result"}
    assert named == dict.fromkeys(named, engine.uuid) and len(named) == 4


@pytest.mark.requirement("R-12.8")
@pytest.mark.parametrize(
    ("kind", "code"),
    [("execute_result", "1 + 1"), ("stream", "print(1)"), ("error", "no_such_name")],
)
def test_output_names_the_engine(engine: Engine, kind: str, code: str) -> None:
    output = engine.output(engine.execute(code).parent["msg_id"])
    assert [message.metadata.get("engine") for message in output if message.kind == kind] == [engine.uuid]


@pytest.mark.requirement("R-12.10")
def test_execution_is_counted_and_published(engine: Engine) -> None:
    first = engine.execute("20 + 1")
    second = engine.execute("20 + 2")
    assert second.content["execution_count"] == first.content["execution_count"] + 1
    output = engine.output(second.parent["msg_id"])
    [entered] = [message.content for message in output if message.kind == "execute_input"]
    assert entered == {"code": "20 + 2", "execution_count": second.content["execution_count"]}
    [result] = [message.content for message in output if message.kind == "execute_result"]
    assert result["data"]["text/plain"] == "22"
    assert result["execution_count"] == second.content["execution_count"] and result["metadata"] == {}


@pytest.mark.requirement("R-12.10")
def test_silent_code_is_not(engine: Engine) -> None:
    before = engine.execute("1").content["execution_count"]
    reply = engine.execute("2", silent=True)
    kinds = {message.kind for message in engine.output(reply.parent["msg_id"])}
    assert not kinds & {"execute_input", "execute_result"}
    assert engine.execute("3").content["execution_count"] == before + 1


def kinds_and_states(messages: list[Message]) -> list[str]:
    return [message.content.get("execution_state", message.kind) for message in messages]


@pytest.mark.requirement("R-12.18")
@pytest.mark.parametrize("name", ["mux_out", "task_out", "broadcast"])
def test_busy_and_idle(engine: Engine, name: str) -> None:
    identifier = engine.send_call("say", "hello", name=socket_of(engine, name))
    output = engine.output(identifier)
    states = kinds_and_states(output)
    assert states[0] == "busy" and states[-1] == "idle" and "stream" in states
    assert [state for state in states if state in ("busy", "idle")] == ["busy", "idle"]
    assert all(message.parent["msg_id"] == identifier for message in output)


@pytest.mark.requirement("R-12.18")
def test_an_engine_is_busy_before_it_answers(engine: Engine) -> None:
    identifier = engine.send_call("pause", 1.0)
    engine.controller.expect("iopub_in", "status", identifier, execution_state="busy")
    assert engine.controller.frames("mux_out", 0) is None
    assert engine.answer("mux_out", identifier).content["status"] == "ok"


@pytest.mark.requirement("R-12.19", "R-15.2")
def test_output_belongs_to_its_request(engine: Engine) -> None:
    identifiers = {engine.send_call("say", f"text {number}"): f"text {number}\n" for number in range(5)}
    for identifier, text in identifiers.items():
        streams = [message for message in engine.output(identifier) if message.kind == "stream"]
        assert "".join(message.content["text"] for message in streams) == text
        assert {message.content["name"] for message in streams} == {"stdout"}


@pytest.mark.requirement("R-15.2")
def test_topics(engine: Engine) -> None:
    identifiers = [engine.send_call("say", "hello"), engine.send_call("fail", "on purpose")]
    identifiers.append(engine.execute("1 + 1").parent["msg_id"])
    topics = {(message.kind, *message.identities) for one in identifiers for message in engine.output(one)}
    ends = {"status": "status", "stream": "stdout", "error": "error", "execute_input": "execute_input", "execute_result": "execute_result"}
    assert topics == {(kind, f"engine.{engine.id}.{end}".encode()) for kind, end in ends.items()}


@pytest.mark.timeout(150)
@pytest.mark.requirement("R-6.5")
def test_bursts_of_output_are_not_cut(new_engine: NewEngine) -> None:
    """Although they are read later than they are published, and the network takes only a part of them meanwhile."""
    engine = new_engine(narrow=["iopub_in"]).start().register().prepare()
    count = 2_500
    publish = "get_ipython().display_pub.publish({'text/plain': f'{number:>10000}'})"
    # On a busy machine the loop takes long.
    reply = engine.execute(f"for number in range({count}): {publish}", timeout=3 * Patience.seconds)
    assert reply.content["status"] == "ok", reply.content
    shown = [message for message in engine.output(reply.parent["msg_id"]) if message.kind == "display_data"]
    assert [int(message.content["data"]["text/plain"]) for message in shown] == list(range(count))


@pytest.mark.requirement("R-9.2")
@pytest.mark.parametrize("name", ["mux_out", "task_out", "broadcast", "control_out"])
@pytest.mark.parametrize("clients", [[b"c"], [b"\x00\x01\x02\x03\x04"], [b"x" * 255], [b"a", b"b", b"c" * 100]])
def test_identities_come_back_unchanged(engine: Engine, name: str, clients: list[bytes]) -> None:
    socket = socket_of(engine, name)
    reply = engine.answer(socket, engine.send(socket, "kernel_info_request", clients=clients))
    assert reply.identities == [engine.uuid.encode(), *clients]


@pytest.mark.requirement("R-9.2")
def test_replies_come_on_the_socket_of_the_request(engine: Engine) -> None:
    sent = {(name, engine.send_call("echo", name, name=name)) for name in ("mux_out", "task_out", engine.leaf) for _ in range(5)}
    for name, identifier in sent:
        assert values.result(engine.answer(name, identifier).buffers) == name


@pytest.mark.requirement("R-12.1")
def test_requests_of_one_socket_run_in_order(engine: Engine) -> None:
    engine.push(order=[])
    sent = [engine.send_call("(lambda number: order.append(number))", number) for number in range(30)]
    replies = [engine.controller.expect("mux_out", "apply_reply").parent["msg_id"] for _ in sent]
    assert replies == sent
    assert engine.pull("order") == list(range(30))


@pytest.mark.requirement("R-12.15")
def test_clear(new_engine: NewEngine) -> None:
    engine = new_engine().start().register().prepare()
    engine.push(a=1)
    assert engine.ask("control_out", "clear_request").content["status"] == "ok"
    reply = engine.call("(lambda: a)")
    assert reply.content["status"] == "error" and reply.content["ename"] == "NameError"


@pytest.mark.requirement("R-12.17")
def test_shutdown(new_engine: NewEngine) -> None:
    engine = new_engine().start().register().prepare()
    identifier = engine.send("control_out", "shutdown_request", {"restart": False})
    reply = engine.answer("control_out", identifier)
    assert reply.kind == "shutdown_reply" and reply.content["status"] == "ok" and reply.content["restart"] is False
    published = engine.controller.expect("iopub_in", "shutdown_reply")
    assert published.identities == [f"engine.{engine.id}.shutdown".encode()]
    assert published.content == reply.content and published.header["session"] == engine.uuid
    assert engine.process and isinstance(engine.process.wait(), int)


@pytest.mark.requirement("R-12.16")
def test_an_interrupt_ends_running_code(engine: Engine) -> None:
    identifier = engine.send_call("announce_pause", 60)
    # An engine is busy before its code runs, and may ignore a signal that comes in between.
    engine.controller.expect("iopub_in", "stream", identifier)
    assert engine.ask("control_out", "signal_request", {"sig": 2}).content["status"] == "ok"
    reply = engine.answer("mux_out", identifier)
    assert reply.content["status"] == "error" and reply.content["ename"] == "KeyboardInterrupt"
    assert engine.value("add", 1, 1) == 2


@pytest.mark.requirement("R-12.6")
def test_no_status(engine: Engine) -> None:
    identifier = engine.send_call("say", "hello", metadata={"no_status": True})
    reply = engine.answer("mux_out", identifier)
    if "outputs" not in reply.metadata:
        pytest.skip("the engine does not know no_status")
    found = [engine.controller.expect("iopub_in", parent=identifier) for _ in range(reply.metadata["outputs"])]
    assert "".join(message.content.get("text", "") for message in found) == "hello\n"
    assert "status" not in {message.kind for message in found}


@pytest.mark.requirement("R-1.4")
def test_unknown_requests(engine: Engine) -> None:
    identifier = engine.send("mux_out", "unheard_of_request")
    engine.send("mux_out", "unheard_of")
    engine.ask("mux_out", "kernel_info_request")
    replies = [message for message in engine.controller.waiting("mux_out") if message.parent.get("msg_id") == identifier]
    if not replies:
        pytest.skip("the engine does not answer requests that it does not know")
    assert [(reply.kind, reply.content["status"]) for reply in replies] == [("unheard_of_reply", "error")]


@pytest.mark.requirement("R-13.23")
def test_waiting_tasks_are_returned(new_engine: NewEngine) -> None:
    """The latest first, when the one before them runs for longer than was agreed; they may come again."""
    engine = new_engine().start()
    request = engine.registration_request()
    if not request.content.get("returns_tasks"):
        pytest.skip("the engine does not return tasks")
    engine.register(request, return_after=10).prepare()
    running = engine.send_call("pause", 1.0, name="task_out")
    waiting = [engine.send_call("echo", number, name="task_out") for number in range(3)]
    direct = engine.send_call("echo", "direct")
    for identifier in reversed(waiting):
        reply = engine.controller.expect("task_out")
        assert reply.parent["msg_id"] == identifier and reply.buffers == []
        assert reply.content["status"] == reply.metadata["status"] == "returned"
    assert engine.answer("task_out", running).content["status"] == "ok"
    assert engine.answer("mux_out", direct).content["status"] == "ok"
    engine.output(direct)
    published = {message.parent.get("msg_id") for message in engine.controller.waiting("iopub_in")}
    assert running in published and not published & set(waiting)
    again = engine.value("echo", "again", name="task_out")
    assert again == "again"
