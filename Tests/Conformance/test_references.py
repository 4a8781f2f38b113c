"""Results that stay on engines: under names that Python sees, for as long as their client lives."""

import subprocess

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary, wait_until

# Text of Protocol.md, section 16.
KEEP = (
    "(lambda name, function, *args: [globals().__setitem__(name, function(*args)), "
    "[type(globals()[name]).__name__, __import__('sys').getsizeof(globals()[name])]][1])"
)
MAP_WITH = "(lambda function, count, *rest: list(map(lambda *items: function(*items, *rest[:count]), *rest[count:])))"
DROP = "(lambda *names: [globals().pop(name, None) for name in names] and None)"
MEAN = ipp.Reference("mean")


def call(client, function, *args, metadata=None):
    future = client.send_apply_request(
        client[0]._socket,
        ipp.Reference(function),
        list(args),
        metadata=metadata or {},
        ident=client._engines[client.ids[0]].encode(),
    )
    return ipp.AsyncResult(client, future, fname="call", targets=[client.ids[0]]).get(timeout=TIMEOUT)


def lease(client, owner, seconds):
    client._send(
        client._control_socket,
        "lease_request",
        content={"owner": owner, "seconds": seconds},
        ident=client._engines[client.ids[0]].encode(),
    )


def kept(name, owner, seconds):
    return {"keep": {"name": name, "owner": owner, "seconds": seconds}}


def has(client, name):
    return has_on(client, client.ids[0], name)


def has_on(client, engine, name):
    try:
        client[engine].pull(name, block=True)
    except ipp.RemoteError as error:
        assert error.ename == "NameError"
        return False
    return True


@pytest.mark.parametrize("kind", ["python", "martlet"])
def test_any_engine_maps_with_arguments_that_stay_the_same(request, kind):
    client = request.getfixturevalue(f"{kind}_engines")(1)
    client[0].push({"base": 7}, block=True)
    power = ipp.Reference("pow")
    assert call(client, MAP_WITH, power, 1, ipp.Reference("base"), [2, 3]) == [2**7, 3**7]
    assert call(client, MAP_WITH, power, 1, 7, range(70)) == [x**7 for x in range(70)]
    assert call(client, MAP_WITH, power, 0, [2, 3], [4, 5]) == [16, 243]
    with pytest.raises(ipp.RemoteError, match="'nothing'"):
        call(client, MAP_WITH, power, 1, ipp.Reference("nothing"), [2, 3])


@pytest.mark.parametrize("kind", ["python", "martlet"])
def test_any_engine_keeps_and_drops(request, kind):
    """The built-in calls are Python expressions: engines that know nothing of them run them."""
    client = request.getfixturevalue(f"{kind}_engines")(1)
    name, size = "ref_test_1", 5_000
    description = call(client, KEEP, name, ipp.Reference("range"), size)
    assert description[0] == "range" and description[1] > 0
    view = client[0]
    assert list(view[name]) == list(range(size))
    assert view.apply_sync(len, ipp.Reference(name)) == size
    assert call(client, DROP, name, "no_such_name") is None
    assert not has(client, name)


def test_a_swift_function_keeps_for_python(swift_engines):
    client = swift_engines(1)
    description = call(client, KEEP, "ref_test_1", MEAN, [1.0, 2.0, 6.0])
    assert description[0] == "float" and description[1] > 0
    assert client[0]["ref_test_1"] == 3.0
    assert client[0].apply_sync(ipp.Reference("scaled"), ipp.Reference("ref_test_1")) == 3.0
    assert call(client, KEEP, "ref_test_2", ipp.Reference("scaled"), ipp.Reference("ref_test_1"))[0] == "float"
    assert call(client, DROP, "ref_test_1") is None
    assert not has(client, "ref_test_1") and has(client, "ref_test_2")
    for wrong in [("a b", MEAN, [1.0]), (1, MEAN, [1.0]), ("a", MEAN, "text"), ("a", MEAN)]:
        with pytest.raises(ipp.RemoteError) as caught:
            call(client, KEEP, *wrong)
        assert caught.value.ename == "TypeError"


@pytest.mark.parametrize("kind", ["swift", "martlet"])
def test_a_client_that_is_not_heard_of_loses_its_names(request, kind):
    client = request.getfixturevalue(f"{kind}_engines")(1)
    function = MEAN if kind == "swift" else ipp.Reference("sum")
    for name, owner, seconds in [("mine", "me", 1), ("more", "me", 1), ("orphan", "gone", 2)]:
        call(client, KEEP, name, function, [1.0], metadata=kept(name, owner, seconds))
    # One that fails is not kept.
    with pytest.raises(ipp.RemoteError):
        call(client, KEEP, "failed", function, 5, metadata=kept("failed", "me", 1))

    def renewed():
        lease(client, "me", 1)
        return not has(client, "orphan")

    wait_until(renewed, "the end of a lease")
    assert has(client, "mine") and has(client, "more")
    lease(client, "me", 0)
    wait_until(lambda: not has(client, "mine"), "the end of the other")
    assert not has(client, "more")


def test_malformed_leases_are_refused(swift_engines):
    client = swift_engines(1)
    for keep in [1, {}, {"name": "a b", "owner": "me", "seconds": 1}, {"name": "a", "owner": "me", "seconds": "1"}]:
        with pytest.raises(ipp.RemoteError) as caught:
            call(client, KEEP, "a", MEAN, [1.0], metadata={"keep": keep})
        assert caught.value.ename == "ValueError"
    for content in [{}, {"owner": 1, "seconds": 1}, {"owner": "me", "seconds": -1}]:
        client._send(
            client._control_socket, "lease_request", content=content, ident=client._engines[client.ids[0]].encode()
        )
    assert call(client, "greet") == "hi~"


def test_a_broadcast_is_a_name_to_python(cluster, python_engines):
    client = python_engines(1)
    command = [binary("martlet-test-engine"), f"--connection-file={cluster.connection_file('client')}", "broadcast"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:

        def sums():
            program.stdin.write("\n")
            program.stdin.flush()
            return program.stdout.readline()

        name = program.stdout.readline().strip()
        assert client[0][name] == [1, 2, 3]
        assert client[0].apply_sync(sum, ipp.Reference(name)) == 6
        assert sums() == "sums [6]\n"
        # Engines that come later get it, too, and one that has lost it gets it again.
        cluster.start_martlet_engines(1)
        cluster.start_python_engines(1)
        wait_until(lambda: len(client.ids) == 3, "three engines")
        wait_until(lambda: all(has_on(client, id, name) for id in client.ids), "the value everywhere")
        assert sums() == "sums [6, 6, 6]\n"
        client[:].execute(f"del {name}", block=True)
        assert sums() == "sums [6, 6, 6]\n"
        program.stdin.close()
        assert program.stdout.readline() == "released\n"
        wait_until(lambda: not any(has_on(client, id, name) for id in client.ids), "the end of the value")
        assert program.wait(TIMEOUT) == 0
