"""Several calls of a Swift function at once on an engine, for Python's clients."""

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, wait_until


def send(client, *arguments, **metadata):
    """Submits a call of `meet`, of which four may run at once on an engine, with additional metadata."""
    view = client.load_balanced_view()
    future = client.send_apply_request(view._socket, ipp.Reference("meet"), arguments, metadata=metadata)
    return ipp.AsyncResult(client, future, fname="meet")


def test_calls_run_at_once(swift_engines):
    client = swift_engines(1)
    results = [send(client, f"caller {number}", 4, concurrency=4) for number in range(4)]
    assert [result.get(timeout=TIMEOUT) for result in results] == [4] * 4
    for number, result in enumerate(results):
        text = f"caller {number} comes\ncaller {number} leaves\n"
        wait_until(lambda: result.stdout == text, f"the output of caller {number}, not {result.stdout!r}")


def test_no_more_than_the_function_allows(swift_engines):
    client = swift_engines(1)
    results = [send(client, f"caller {number}", 4, concurrency=100) for number in range(12)]
    assert {result.get(timeout=TIMEOUT) for result in results} == {4}


def test_without_metadata_they_come_one_by_one(swift_engines):
    client = swift_engines(1)
    results = [send(client, f"caller {number}", 1) for number in range(3)]
    assert [result.get(timeout=TIMEOUT) for result in results] == [1] * 3


def test_one_of_them_is_cancelled(swift_engines):
    client = swift_engines(1)
    waiting, other = (send(client, name, 3, concurrency=4) for name in ("waiting", "other"))
    wait_until(lambda: waiting.stdout and other.stdout, "both to run")
    client.abort(waiting.msg_ids, block=True)
    with pytest.raises(ipp.RemoteError) as caught:
        waiting.get(timeout=TIMEOUT)
    assert caught.value.ename == "CancellationError"
    assert not other.ready()
    more = [send(client, f"caller {number}", 3, concurrency=4) for number in range(2)]
    assert [result.get(timeout=TIMEOUT) for result in [other, *more]] == [3] * 3
    # The engine is as before.
    assert client[0].apply_sync(ipp.Reference("add"), 1, 2) == 3


def test_what_comes_behind_them_waits(swift_engines):
    client = swift_engines(1)
    first = send(client, "first", 2, concurrency=4)
    wait_until(lambda: first.stdout, "the first to run")
    direct = client[0].apply_async(ipp.Reference("add"), 1, 2)
    client[0].apply_async(ipp.Reference("meet"), "nobody", 1)
    assert not direct.ready()
    client.abort(first.msg_ids, block=True)
    assert direct.get(timeout=TIMEOUT) == 3


def test_malformed_metadata(swift_engines):
    client = swift_engines(1)
    with pytest.raises(ipp.RemoteError) as caught:
        send(client, "odd", 1, concurrency="many").get(timeout=TIMEOUT)
    assert caught.value.ename == "ValueError" and "concurrency" in caught.value.evalue
