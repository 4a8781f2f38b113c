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
