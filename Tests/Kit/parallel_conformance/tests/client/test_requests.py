"""The requests of a client, and how it takes replies."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from parallel_conformance import values
from parallel_conformance.clients import ENGINES, Client
from parallel_conformance.vectors.calls import MAP, PULL, PUSH
from parallel_conformance.wire import HEADER_FIELDS, Message

NewClient = Callable[..., Client]
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

#: The helpers that clients of ipyparallel send for the built-in calls.
HELPERS = {PUSH: "_push", PULL: "_pull", MAP: "_map"}


def is_builtin(call: values.Call, text: str) -> bool:
    """Whether a call is of a built-in function."""
    return values.function_name(call.function) in (text, HELPERS[text])


def finish(client: Client, name: str, request: Message, *result: Any, engine: int = 0, **more: Any) -> None:
    """Answer a request, and announce that the engine is idle."""
    client.reply(name, request, *result, engine=engine, **more)
    client.state("idle", request.parts[0], engine)


@pytest.mark.requirement("R-7.1", "R-7.2", "R-7.3", "R-7.4", "R-8.1")
def test_messages(client: Client) -> None:
    requests = []
    for to, name in ((0, "mux_in"), ("any", "task_in"), ({"broadcast": [0, 1]}, "broadcast_in")):
        client.start("apply", to=to, function="add", args=[1, 2])
        requests.append(client.request(name, "apply_request"))
    client.start("execute", to=0, code="1")
    requests.append(client.request("mux_in", "execute_request"))
    for request in requests:
        assert {field: type(request.header.get(field)) for field in HEADER_FIELDS} == dict.fromkeys(HEADER_FIELDS, str)
        assert DATE.fullmatch(request.header["date"]) and request.parent == {}
        if client.controller.session.key:
            assert re.fullmatch(rb"[0-9a-f]{64}", request.signature)
    assert len({request.id for request in requests}) == len(requests)
    assert len({request.header["session"] for request in requests}) == 1


@pytest.mark.requirement("R-12.1", "R-9.4", "R-16.2")
def test_a_direct_call(client: Client) -> None:
    number = client.start("apply", to=1, function="add", args=[2], kwargs={"b": 3})
    request = client.request("mux_in", "apply_request")
    assert request.identities[1:] == [ENGINES[1].encode()] and request.content == {}
    assert values.read_call(request.buffers) == values.Call(values.Reference("add"), [2], {"b": 3})
    finish(client, "mux_in", request, 5, engine=1)
    assert client.ok(number) == 5


@pytest.mark.requirement("R-12.1", "R-9.5")
def test_a_task(client: Client) -> None:
    number = client.start("apply", to="any", function="add", args=[2, 3])
    request = client.request("task_in", "apply_request")
    assert len(request.identities) == 1
    finish(client, "task_in", request, 5, engine=2)
    assert client.ok(number) == 5


@pytest.mark.requirement("R-9.5")
def test_a_reply_that_the_scheduler_made(client: Client) -> None:
    number = client.start("apply", to="any", function="add", args=[2, 3])
    request = client.request("task_in", "apply_request")
    content = {"ename": "TaskTimeout", "evalue": "no engine", "traceback": [], "engine_info": {}}
    identities = request.identities
    client.reply("task_in", request, status="error", content=content, identities=identities)
    assert client.error(number)["ename"] == "TaskTimeout"


@pytest.mark.requirement("R-12.1", "R-9.4")
def test_a_call_of_several_engines(client: Client) -> None:
    number = client.start("apply", to=[0, 1, 2], function="where")
    requests = [client.request("mux_in", "apply_request") for _ in range(3)]
    assert sorted(request.identities[1] for request in requests) == sorted(uuid.encode() for uuid in ENGINES.values())
    assert len({request.id for request in requests}) == 3
    names = {uuid.encode(): engine for engine, uuid in ENGINES.items()}
    for request in reversed(requests):
        engine = names[request.identities[1]]
        finish(client, "mux_in", request, f"engine {engine}", engine=engine)
    assert client.ok(number) == ["engine 0", "engine 1", "engine 2"]


@pytest.mark.requirement("R-9.9")
def test_replies_are_matched_by_their_parent(client: Client) -> None:
    numbers = [client.start("apply", to=engine, function="echo", args=[engine]) for engine in (0, 1)]
    requests = [client.request("mux_in", "apply_request") for _ in numbers]
    numbered = {values.read_call(request.buffers).args[0]: request for request in requests}
    for engine in sorted(numbered, key=lambda engine: numbered[engine] is requests[0]):
        request = numbered[engine]
        identities = [request.identities[0], ENGINES[1 - engine].encode()]
        client.reply("mux_in", request, f"reply {engine}", engine=engine, identities=identities)
        client.state("idle", request.parts[0], engine)
    assert [client.ok(number) for number in numbers] == ["reply 0", "reply 1"]


@pytest.mark.requirement("R-9.9", "R-1.1")
def test_replies_to_no_one_are_ignored(client: Client) -> None:
    number = client.start("apply", to=0, function="echo", args=[1])
    request = client.request("mux_in", "apply_request")
    client.reply("mux_in", request, "no one's", parent={"msg_id": "unknown", "msg_type": "apply_request"})
    finish(client, "mux_in", request, "mine", metadata={"colour": "blue"}, content={"more": [1]})
    assert client.ok(number) == "mine"


@pytest.mark.requirement("R-1.6")
def test_a_reply_in_another_form(client: Client) -> None:
    number = client.start("apply", to=0, function="echo", args=[1])
    request = client.request("mux_in", "apply_request")
    session = client.controller.session
    header = session.header("apply_reply")
    text = "{ " + " ,\r\n".join(f'"{key}"\t: "{header[key]}"' for key in reversed(header)) + " }"
    parent = f' {{"colour":"blue" , "msg_\\u0069d" : "{request.id}"}} '
    content = b'\n{ "more" : 1 ,\t"status" : "\\u006fk" }'
    metadata = f'{{"status":"ok","engine":"{ENGINES[0]}","started":"{header["date"]}","dependencies_met":true}}'
    frames = session.pack([text.encode(), parent.encode(), metadata.encode(), content], [b"\x80\x04K\x05."])
    client.controller.send("mux_in", [*client.identities("mux_in", request, 0), *frames])
    client.state("idle", request.parts[0])
    assert client.ok(number) == 5


@pytest.mark.requirement("R-9.9")
def test_an_error(client: Client) -> None:
    number = client.start("apply", to=0, function="fail", args=["on purpose"])
    request = client.request("mux_in", "apply_request")
    content = {"ename": "ValueError", "evalue": "on purpose", "traceback": ["line"], "engine_info": {"engine_id": 0}}
    finish(client, "mux_in", request, status="error", content=content)
    assert client.error(number) == {"ename": "ValueError", "evalue": "on purpose"}


@pytest.mark.requirement("R-9.4")
def test_abort(client: Client) -> None:
    number = client.start("apply", to=0, function="pause", args=[60])
    request = client.request("mux_in", "apply_request")
    abort = client.start("abort", to=0, of=number)
    control = client.request("control_in", "abort_request")
    assert control.identities[1:] == [ENGINES[0].encode()]
    assert control.content["msg_ids"] in ([request.id], request.id)
    client.reply("control_in", control)
    client.ok(abort)
    finish(client, "mux_in", request, status="aborted")
    assert client.error(number)["ename"] == "TaskAborted"


@pytest.mark.requirement("R-9.11")
def test_requests_to_an_engine_that_has_left_end(client: Client) -> None:
    number = client.start("apply", to=0, function="pause", args=[60])
    client.request("mux_in", "apply_request")
    client.notify("unregistration_notification", {"id": 0, "uuid": ENGINES[0]})
    assert client.error(number)["ename"] == "EngineError"
    client.notify("registration_notification", {"id": 0, "uuid": ENGINES[0]})
    client.until_engines(ENGINES)


@pytest.mark.requirement("R-9.12")
def test_a_reply_that_came_before_the_engine_left_counts(client: Client) -> None:
    number = client.start("apply", to=0, function="add", args=[2, 3])
    request = client.request("mux_in", "apply_request")
    client.reply("mux_in", request, 5)
    client.notify("unregistration_notification", {"id": 0, "uuid": ENGINES[0]})
    assert client.ok(number) == 5
    # Or it would hear of that only when the next request is open.
    client.until_engines({engine: uuid for engine, uuid in ENGINES.items() if engine})
    client.notify("registration_notification", {"id": 0, "uuid": ENGINES[0]})
    client.until_engines(ENGINES)


@pytest.mark.requirement("R-16.2")
def test_push(client: Client) -> None:
    number = client.start("push", to=0, names={"b": 1, "a": [1, "x"]})
    call = values.read_call((request := client.request("mux_in", "apply_request")).buffers)
    assert is_builtin(call, PUSH)
    assert (call.args, call.kwargs) in (([], {"a": [1, "x"], "b": 1}), ([{"a": [1, "x"], "b": 1}], {}))
    finish(client, "mux_in", request, None)
    assert client.ok(number) is None


@pytest.mark.requirement("R-16.2", "R-16.4")
@pytest.mark.parametrize(("names", "value"), [("a", 7), (["a", "b"], [7, "x"])])
def test_pull(client: Client, names: Any, value: Any) -> None:
    number = client.start("pull", to=0, names=names)
    call = values.read_call((request := client.request("mux_in", "apply_request")).buffers)
    assert is_builtin(call, PULL) and [list(arg) if isinstance(arg, tuple) else arg for arg in call.args] == [names]
    finish(client, "mux_in", request, value)
    assert client.ok(number) == value


@pytest.mark.requirement("R-16.2", "R-12.1")
def test_map(client: Client) -> None:
    number = client.start("map", to="any", function="double", items=[1, 2, 3, 4])
    seen: list[int] = []
    while len(seen) < 4:
        request = client.request("task_in", "apply_request")
        call = values.read_call(request.buffers)
        if is_builtin(call, MAP):
            assert call.args[0] == values.Reference("double")
            items = list(call.args[1])
        else:
            assert call.function == values.Reference("double")
            items = call.args
        seen += items
        result = [2 * item for item in items]
        finish(client, "task_in", request, result if is_builtin(call, MAP) else result[0])
    assert seen == [1, 2, 3, 4]
    assert client.ok(number) == [2, 4, 6, 8]


@pytest.mark.requirement("R-6.5")
def test_any_number_of_requests_can_be_open(new_client: NewClient) -> None:
    """Although they are taken later than they are sent, and the network takes only a part of them meanwhile."""
    client = new_client(narrow=["mux_in"]).connect()
    count, long = 2_500, "x" * 10_000
    for number in range(count):
        client.start("apply", to=0, function="echo", args=[number, long])
    assert client.run("engines") == {str(key): value for key, value in ENGINES.items()}
    sent = [values.read_call(client.request("mux_in", "apply_request").buffers).args[0] for _ in range(count)]
    assert sorted(sent) == list(range(count))
