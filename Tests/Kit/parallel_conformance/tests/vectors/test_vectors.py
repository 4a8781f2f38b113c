"""The vectors against what they describe: jupyter_client, ipyparallel's serialization, and Python's pickle.

These are tests of the kit's own files, not of an implementation. They need the ``reference`` extra.
"""

import builtins
import json
import pickle
from typing import Any

import pytest

from parallel_conformance import vectors
from parallel_conformance.vectors import NAMES, notation
from parallel_conformance.vectors.__main__ import SEED, make, text

jupyter_session = pytest.importorskip("jupyter_client.session")
serialize = pytest.importorskip("ipyparallel.serialize.serialize")


def cases(name: str, refused: bool = False) -> list[Any]:
    """Parameters of the vectors of a file that must, or must not, be accepted."""
    return [
        pytest.param(vector, id=vector["name"])
        for vector in vectors.load(name)
        if ("refuse" in vector.get("deliveries", [vector])[-1]) == refused
    ]


def frames_of(texts: list[str]) -> list[bytes]:
    return [bytes.fromhex(digits) for digits in texts]


class Named:
    """What a reference stands for while calls are read."""

    def __init__(self, name: str) -> None:
        self.name = name


class Namespace(dict):
    """Has an object for each name, the same each time. Expressions get objects of their own."""

    def __missing__(self, name: str) -> Named:
        if hasattr(builtins, name):
            raise KeyError(name)
        return self.setdefault(name, Named(name))


def test_files_are_what_the_program_makes() -> None:
    made = make(SEED)
    assert sorted(made) == sorted(NAMES)
    for name in NAMES:
        assert (vectors.FOLDER / f"{name}.json").read_text(encoding="utf-8") == text(name, made[name], SEED), name


def test_another_seed_makes_other_messages() -> None:
    assert make(SEED)["messages"] != make(SEED + 1)["messages"]


def test_files_are_small() -> None:
    assert sum((vectors.FOLDER / f"{name}.json").stat().st_size for name in NAMES) < 1_000_000


class TestMessages:
    """Read by jupyter_client's session."""

    def session(self, vector: dict[str, Any]) -> Any:
        return jupyter_session.Session(key=vector["key"].encode(), signature_scheme=vector["scheme"])

    def check(self, session: Any, delivery: dict[str, Any]) -> None:
        frames = frames_of(delivery["frames"])
        identities, rest = session.feed_identities(frames)
        read = session.deserialize(rest)
        expected = delivery["expect"]
        assert [identity.hex() for identity in identities] == expected["identities"]
        assert [bytes(buffer).hex() for buffer in read["buffers"]] == expected["buffers"]
        start = len(identities) + 2
        for offset, part in enumerate(("header", "parent_header", "metadata", "content")):
            assert json.loads(frames[start + offset]) == expected[part]
        assert read["content"] == expected["content"]
        assert read["msg_id"] == expected["header"]["msg_id"]
        assert read["msg_type"] == expected["header"]["msg_type"]

    @pytest.mark.parametrize("vector", cases("messages"))
    def test_accepted(self, vector: dict[str, Any]) -> None:
        session = self.session(vector)
        for delivery in vector["deliveries"]:
            self.check(session, delivery)

    @pytest.mark.parametrize("vector", cases("messages", refused=True))
    def test_refused(self, vector: dict[str, Any]) -> None:
        session = self.session(vector)
        for delivery in vector["deliveries"][:-1]:
            self.check(session, delivery)
        with pytest.raises(Exception) as caught:
            _, rest = session.feed_identities(frames_of(vector["deliveries"][-1]["frames"]))
            session.deserialize(rest)
        words = {"signature": ("Signature", "Unsigned"), "replay": ("Duplicate",)}
        if wanted := words.get(vector["deliveries"][-1]["refuse"]):
            assert any(word in str(caught.value) for word in wanted)


class TestPickles:
    """Read by Python's pickle."""

    @pytest.mark.parametrize("vector", cases("pickles"))
    def test_accepted(self, vector: dict[str, Any]) -> None:
        read = pickle.loads(bytes.fromhex(vector["pickle"]))
        expected = notation.build(vector["expect"])
        if isinstance(expected, Exception):
            read, expected = (type(read), read.args), (type(expected), expected.args)
        assert notation.same(read, expected)

    @pytest.mark.parametrize("vector", cases("pickles", refused=True))
    def test_refused(self, vector: dict[str, Any]) -> None:
        with pytest.raises(Exception):
            pickle.loads(bytes.fromhex(vector["pickle"]))

    @pytest.mark.parametrize("protocol", range(6))
    def test_every_value_in_every_protocol(self, protocol: int) -> None:
        names = {v["name"].removesuffix(f"-protocol-{protocol}") for v in vectors.load("pickles")
                 if v["name"].endswith(f"-protocol-{protocol}")}
        assert len(names) > 70


class TestCalls:
    """Read by ipyparallel's serialization."""

    def namespace(self) -> Namespace:
        return Namespace(__builtins__=builtins)

    def meaning(self, namespace: Namespace, name: str) -> Any:
        return namespace[name] if name.isidentifier() else eval(name, namespace)

    @pytest.mark.parametrize("vector", cases("calls"))
    def test_accepted(self, vector: dict[str, Any]) -> None:
        namespace = self.namespace()
        function, args, kwargs = serialize.unpack_apply_message(frames_of(vector["frames"]), namespace)
        expected = vector["expect"]
        if name := expected["function"].get("reference"):
            wanted = self.meaning(namespace, name)
            assert function is wanted or function.__qualname__ == wanted.__qualname__
        else:
            assert function is notation.build(expected["function"])
        wanted_args = [notation.build(value, namespace.__getitem__) for value in expected["args"]]
        assert notation.same(list(args), wanted_args)
        wanted_kwargs = {key: notation.build(value, namespace.__getitem__) for key, value in expected["kwargs"]}
        assert notation.same(kwargs, wanted_kwargs)

    @pytest.mark.parametrize("vector", cases("calls", refused=True))
    def test_refused(self, vector: dict[str, Any]) -> None:
        with pytest.raises(Exception):
            function, args, _ = serialize.unpack_apply_message(frames_of(vector["frames"]), self.namespace())
            missing_buffers(args)

    @pytest.mark.parametrize("vector", cases("results"))
    def test_results(self, vector: dict[str, Any]) -> None:
        rest = frames_of(vector["frames"])
        for expected in vector["expect"]:
            value, rest = serialize.deserialize_object(rest)
            assert notation.same(value, notation.build(expected))
        assert rest == []

    @pytest.mark.parametrize("vector", cases("results", refused=True))
    def test_refused_results(self, vector: dict[str, Any]) -> None:
        with pytest.raises(Exception):
            serialize.deserialize_object(frames_of(vector["frames"]))


def missing_buffers(values: Any) -> None:
    """ipyparallel notices some missing buffers only when it uses the value."""
    for value in values:
        assert value is not None


class TestConnections:
    """Read as ipyparallel's engine and client read them: with `json`, and endpoints put together by hand."""

    @pytest.mark.parametrize("vector", cases("connections"))
    def test_usable(self, vector: dict[str, Any]) -> None:
        info, expected = json.loads(vector["text"]), vector["expect"]
        scheme = info.get("signature_scheme", "hmac-sha256")
        assert scheme == expected["signature_scheme"]
        session = jupyter_session.Session(key=info.get("key", "").encode(), signature_scheme=scheme)
        assert session.key.decode() == expected["key"]
        assert ("hb_ping" in info) == (expected["kind"] == "engine")
        for channel, endpoints in expected["endpoints"].items():
            numbers = info[channel] if isinstance(info[channel], list) else [info[channel]]
            assert len(endpoints) == len(numbers)
            for names, number in zip(endpoints, numbers):
                assert f"{info['interface']}:{number}" in names

    @pytest.mark.parametrize("vector", cases("connections", refused=True))
    def test_refused_files_are_not_usable(self, vector: dict[str, Any]) -> None:
        """ipyparallel checks nothing: it fails at the first field it can't use, or when it connects, or never."""
        if vector["name"] in NOTICED_BY_NO_ONE:
            return
        with pytest.raises(Exception):
            info = json.loads(vector["text"])
            context = pytest.importorskip("zmq").Context()
            try:
                connect_all(context, info)
            finally:
                context.destroy(linger=0)


#: libzmq takes these for some other port and waits there forever.
NOTICED_BY_NO_ONE = {"refused-port-fraction", "refused-port-too-large"}


def connect_all(context: Any, info: dict[str, Any]) -> None:
    """Connect a socket to each endpoint of a file; an exception if one is none."""
    if info.get("pack", "json") != "json":
        raise ValueError("ipyparallel would take a pickle for a message")
    for channel in ("registration", "mux", "broadcast"):
        numbers = info[channel] if isinstance(info[channel], list) else [info[channel]]
        if not numbers:
            raise IndexError("no leaf")
        for number in numbers:
            context.socket(5).connect(f"{info['interface']}:{number}")


class TestExchanges:
    """Every step is a message that jupyter_client reads, or a ping."""

    @pytest.mark.parametrize("vector", cases("exchanges"))
    def test_steps(self, vector: dict[str, Any]) -> None:
        requests: set[str] = set()
        for step in vector["steps"]:
            frames = frames_of(step["frames"])
            if not step["signed"]:
                assert len(frames) == (1 if step["channel"] == "hb_ping" else 2)
                continue
            session = jupyter_session.Session(key=vector["key"].encode(), signature_scheme=vector["scheme"])
            _, rest = session.feed_identities(frames)
            read = session.deserialize(rest)
            requests.add(read["msg_id"])
            if read["msg_type"].endswith("_reply"):
                assert read["parent_header"]["msg_id"] in requests
