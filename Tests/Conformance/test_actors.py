"""Unmodified ipyparallel clients and actors on Swift engines."""

import ipyparallel as ipp
import pytest
from harness import TIMEOUT

COUNTER = ipp.Reference("Counter")


@pytest.fixture
def client(swift_cluster):
    client = swift_cluster.client(engines=2)
    yield client
    client.close()


@pytest.fixture
def counter(client):
    """The id of a counter on engine 0 that starts at 5."""
    actor = client[0].apply_sync(COUNTER, "create", 5)
    yield actor
    client[0].apply_sync(COUNTER, "release", actor)


def call(view, actor, method, *arguments):
    return view.apply_sync(COUNTER, "call", actor, method, *arguments)


def test_state_is_kept(client, counter):
    assert call(client[0], counter, "add", 3) == 8
    assert call(client[0], counter, "add", 2, 10) == 28
    assert call(client[0], counter, "add(_:times:)", 1, 2) == 30
    assert call(client[0], counter, "value") == 30


def test_ids_name_the_engine(client, counter):
    # What `ipp.Client` knows of an engine is its uuid.
    assert counter.startswith("Counter/") and counter.endswith("@" + client._engines[0])


def test_created_anywhere_and_called_there(client):
    actor = client.load_balanced_view().apply_sync(COUNTER, "create", 1)
    uuid = actor.rpartition("@")[2]
    (engine,) = [number for number, name in client._engines.items() if name == uuid]
    assert call(client[engine], actor, "add", 1) == 2
    assert client[engine].apply_sync(COUNTER, "release", actor) is True


def test_calls_run_in_order(client, counter):
    results = [client[0].apply_async(COUNTER, "call", counter, "add", 1) for _ in range(1000)]
    assert [result.get(timeout=TIMEOUT) for result in results] == list(range(6, 1006))


def test_actors_are_passed_by_id(client, counter):
    other = client[0].apply_sync(COUNTER, "create", 100)
    assert call(client[0], counter, "take", other) == 105
    client[0].apply_sync(COUNTER, "release", other)


def test_actors_call_those_of_other_engines(client, counter):
    far = client[1].apply_sync(COUNTER, "create", 100)
    assert call(client[0], counter, "take", far) == 105
    assert call(client[1], far, "take", counter) == 205
    client[1].apply_sync(COUNTER, "release", far)
    fails(client[0], "ActorTerminated", "it was released", "call", counter, "take", far)
    fails(client[0], "ActorTerminated", "there is no such engine", "call", counter, "take", "Counter/1@nowhere")
    assert call(client[0], counter, "value") == 105


def test_engines_call_each_other_over_curve(cluster):
    cluster.environment["IPP_ENABLE_CURVE"] = "1"
    cluster.start_controller()
    cluster.start_swift_engines(2)
    client = cluster.client(engines=2)
    one, two = (client[engine].apply_sync(COUNTER, "create", engine) for engine in range(2))
    assert call(client[0], one, "take", two) == 1
    assert call(client[1], two, "take", one) == 2


def test_a_call_for_which_an_engine_waits_overtakes(swift_engines):
    """It runs while the function before it waits; a call of a client's comes after that."""
    client = swift_engines(1)
    counter = client[0].apply_sync(COUNTER, "create", 5)
    client[0].apply_async(ipp.Reference("sleep"), 3600.0)
    waiting = client[0].apply_async(COUNTER, "call", counter, "add", 1)
    ident = client._engines[0].encode()

    def nested(level):
        future = client.send_apply_request(
            client[0]._socket, COUNTER, ["call", counter, "value"], {}, ident=ident, metadata={"nesting": level})
        return ipp.AsyncResult(client, future, fname="Counter", targets=0)

    assert nested(1).get(timeout=TIMEOUT) == 5
    with pytest.raises(ipp.RemoteError, match="RecursionError"):
        nested(257).get(timeout=TIMEOUT)
    assert not waiting.ready()


def fails(view, name, text, *arguments):
    with pytest.raises(ipp.RemoteError) as failure:
        view.apply_sync(COUNTER, *arguments)
    assert failure.value.ename == name
    assert text in failure.value.evalue


def test_errors(client, counter):
    fails(client[0], "Failure", "on purpose", "call", counter, "fail", "on purpose")
    fails(client[0], "TypeError", "has no distributed method missing; it has add(_:)", "call", counter, "missing")
    fails(client[0], "TypeError", "argument 1 should be Int, got str", "call", counter, "add", "three")
    fails(client[0], "TypeError", "takes no 3 arguments", "call", counter, "add", 1, 2, 3)
    fails(client[0], "TypeError", "'create', 'call' or 'release'", "destroy", counter)
    fails(client[0], "TypeError", "Counter/NUMBER@ENGINE", "call", "Counter", "add", 1)
    fails(client[0], "TypeError", "argument 1 should be Int", "create", "five")
    fails(client[1], "ActorTerminated", "it is not of this engine", "call", counter, "add", 1)
    assert call(client[0], counter, "value") == 5


def test_released(client):
    actor = client[0].apply_sync(COUNTER, "create", 5)
    assert client[0].apply_sync(COUNTER, "release", actor) is True
    assert client[0].apply_sync(COUNTER, "release", actor) is False
    fails(client[0], "ActorTerminated", "it was released", "call", actor, "value")
