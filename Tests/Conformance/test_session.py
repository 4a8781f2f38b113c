"""Messages between jupyter_client's `Session` and Martlet's, through `wire-probe`."""

import json
import random
import subprocess
from datetime import datetime

import pytest
from harness import binary
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_client.session import DELIM, Session

SCHEMES = [f"hmac-{name}" for name in ("md5", "sha1", "sha256", "sha384", "sha512")]
KEY = "3f6c8a52-key"
# Only Python keeps integers beyond 64 bits and writes NaN in JSON, so neither is exchanged.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(TEXT, values, max_size=4),
    max_leaves=12,
)
JSON_OBJECTS = st.dictionaries(TEXT, JSON_VALUES, max_size=5)
BUFFERS = st.lists(st.binary(max_size=200), max_size=4)
# Neither side can distinguish an identity that equals the delimiter.
IDENTITIES = st.lists(st.binary(min_size=1, max_size=40).filter(lambda identity: identity != DELIM), max_size=3)


class Probe:
    """`wire-probe`: one JSON request per line in, one JSON answer per line out, one session per key and scheme."""

    def __init__(self):
        self.child = subprocess.Popen(
            [binary("wire-probe")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def __call__(self, operation, **fields):
        self.child.stdin.write(json.dumps({"op": operation, **fields}) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        assert line, f"wire-probe ended with status {self.child.wait(timeout=10)}"
        return json.loads(line)

    def deserialize(self, frames, key=KEY, scheme="hmac-sha256"):
        return self("deserialize", key=key, scheme=scheme, frames=[bytes(frame).hex() for frame in frames])

    def close(self):
        self.child.stdin.close()
        assert self.child.wait(timeout=10) == 0


@pytest.fixture(scope="module")
def probe():
    probe = Probe()
    yield probe
    probe.close()


def python_session(key=KEY, scheme="hmac-sha256"):
    return Session(key=key.encode(), signature_scheme=scheme)


def message(session, content=None, parent=None, metadata=None, identities=(), buffers=(), kind="apply_request"):
    """A multipart as ipyparallel sends it."""
    header = session.msg(kind, content=content or {}, parent=parent, metadata=metadata)
    return session.serialize(header, ident=list(identities)) + list(buffers)


def sign_frames(session, parts, identities=()):
    """A multipart with four given frames, which a session need not have written."""
    return [*identities, DELIM, session.sign(parts), *parts]


def assert_same_message(answer, frames):
    """Check that the probe's answer describes ``frames``, which are read here with the json module only."""
    assert answer["ok"], answer
    delimiter = frames.index(DELIM)
    header, parent, metadata, content = (json.loads(frame) for frame in frames[delimiter + 2 : delimiter + 6])
    assert answer["identities"] == [frame.hex() for frame in frames[:delimiter]]
    assert answer["header"] == header
    assert answer["parent_header"] == parent
    assert answer["metadata"] == metadata
    assert answer["content"] == content
    assert answer["buffers"] == [bytes(frame).hex() for frame in frames[delimiter + 6 :]]
    for field in ("msg_id", "msg_type", "session"):
        assert answer["scan"][field] == header[field]


class TestSignature:
    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_known_frames(self, probe, scheme):
        frames = [b'{"msg_id": "1"}', b"{}", b"{}", '{"text": "grün"}'.encode()]
        answer = probe("sign", key=KEY, scheme=scheme, frames=[frame.hex() for frame in frames])
        assert answer == {"signature": python_session(scheme=scheme).sign(frames).decode()}

    @pytest.mark.parametrize("length", [1, 63, 64, 65, 127, 128, 129, 1000])
    @pytest.mark.parametrize("scheme", ["hmac-sha256", "hmac-sha512"])
    def test_key_lengths_around_the_block_size(self, probe, scheme, length):
        key = "k" * length
        answer = probe("sign", key=key, scheme=scheme, frames=[b"frame".hex()])
        assert answer["signature"] == python_session(key, scheme).sign([b"frame"]).decode()

    @settings(max_examples=100, deadline=None)
    @given(
        key=TEXT.filter(bool),
        scheme=st.sampled_from(SCHEMES),
        frames=st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    )
    def test_random_frames(self, probe, key, scheme, frames):
        answer = probe("sign", key=key, scheme=scheme, frames=[frame.hex() for frame in frames])
        assert answer["signature"] == python_session(key, scheme).sign(frames).decode()

    def test_empty_key(self, probe):
        assert probe("sign", key="", scheme="hmac-sha256", frames=["00"]) == {"signature": ""}


class TestReading:
    @settings(max_examples=150, deadline=None)
    @given(content=JSON_OBJECTS, metadata=JSON_OBJECTS, identities=IDENTITIES, buffers=BUFFERS, kind=TEXT)
    def test_random_messages(self, probe, content, metadata, identities, buffers, kind):
        session = python_session()
        parent = session.msg_header("execute_request")
        frames = message(session, content, parent, metadata, identities, buffers, kind)
        assert_same_message(probe.deserialize(frames), frames)

    @pytest.mark.parametrize(
        "header",
        [
            '{"session":"s","msg_type":"apply_request","msg_id":"golden-1"}',
            ' { "msg_id" : "golden-2" ,\n\t"msg_type":"apply_request", "session" : "s" , "date":"2026-01-02" } ',
            r'{"msg_id": "golden-\u0033\n\"\\\/\b\f\r\t", "msg_type": "\u00fcbung", "session": "\ud83d\ude00"}',
            '{"msg_id": "golden-4", "msg_type": "apply_request", "session": "s", "more": {"msg_id": "in", "a": [{}]}}',
            '{"more": {"msg_id": "inner", "session": "x"}, "session": "s", "msg_type": "t", "msg_id": "golden-5"}',
            r'{"\u006dsg_id": "golden-6", "msg_type": "t", "session": "s"}',
            '{"text": "\\"msg_id\\": \\"no\\"", "msg_id": "golden-7", "msg_type": "t", "session": "ſ𝔰"}',
        ],
        ids=["order", "whitespace", "escapes", "nested-after", "nested-before", "escaped-key", "quoted-in-value"],
    )
    def test_headers_written_differently(self, probe, header):
        frames = sign_frames(python_session(), [header.encode(), b"{}", b"{ }", b"{}"])
        assert_same_message(probe.deserialize(frames), frames)

    def test_large_buffers(self, probe):
        buffers = [random.Random(size).randbytes(size) for size in (0, 1, 255, 256, 2_000_000)]
        frames = message(python_session(), buffers=buffers)
        assert_same_message(probe.deserialize(frames), frames)


class TestRejection:
    """The vectors of the conformance kit have the other cases; Swift tests read them."""

    @pytest.mark.parametrize("index", range(1, 6), ids=["signature", "header", "parent", "metadata", "content"])
    def test_tampered_frame(self, probe, index):
        frames = message(python_session(), {"a": "b"}, metadata={"c": 1})
        for position in (0, len(frames[index]) // 2, len(frames[index]) - 1):
            changed = bytearray(frames[index])
            changed[position] ^= 1
            answer = probe.deserialize(frames[:index] + [bytes(changed)] + frames[index + 1 :])
            assert answer["ok"] is False and answer["error"]

    def test_number_as_an_id(self, probe):
        parts = [b'{"msg_id": 1, "msg_type": "t"}', b"{}", b"{}", b"{}"]
        answer = probe.deserialize(sign_frames(python_session(), parts))
        assert answer["ok"] is False and answer["error"]


class TestWriting:
    def serialize(self, probe, key=KEY, scheme="hmac-sha256", **fields):
        request = {
            "msg_type": "apply_request",
            "session": "session-1",
            "content": {},
            "metadata": {},
            "parent_header": {},
            "identities": [],
            "buffers": [],
        }
        answer = probe("serialize", key=key, scheme=scheme, **(request | fields))
        return [bytes.fromhex(frame) for frame in answer["frames"]]

    def read(self, frames, key=KEY, scheme="hmac-sha256"):
        """The message that jupyter_client reads from the frames, including a check of the signature."""
        session = python_session(key, scheme)
        identities, rest = session.feed_identities(frames)
        return identities, session.deserialize(rest)

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_every_scheme(self, probe, scheme):
        _, read = self.read(self.serialize(probe, scheme=scheme, content={"a": [1, "ü"]}), scheme=scheme)
        assert read["content"] == {"a": [1, "ü"]}

    def test_header(self, probe):
        frames = self.serialize(probe, msg_type="apply_reply", session="session-2")
        _, read = self.read(frames)
        header = read["header"]
        assert header["msg_type"] == read["msg_type"] == "apply_reply"
        assert header["session"] == "session-2"
        assert header["msg_id"] and isinstance(header["username"], str)
        assert header["version"].split(".")[0] == "5"
        date = json.loads(frames[2])["date"]
        assert datetime.fromisoformat(date.replace("Z", "+00:00")).utcoffset() is not None

    def test_message_identifiers_differ(self, probe):
        headers = [self.read(self.serialize(probe))[1]["header"] for _ in range(50)]
        assert len({header["msg_id"] for header in headers}) == 50

    @settings(max_examples=100, deadline=None)
    @given(content=JSON_OBJECTS, metadata=JSON_OBJECTS, identities=IDENTITIES, buffers=BUFFERS, kind=TEXT)
    def test_random_messages(self, probe, content, metadata, identities, buffers, kind):
        frames = self.serialize(
            probe,
            content=content,
            metadata=metadata,
            msg_type=kind,
            identities=[identity.hex() for identity in identities],
            buffers=[buffer.hex() for buffer in buffers],
        )
        delimiter = frames.index(DELIM)
        assert json.loads(frames[delimiter + 4]) == metadata
        assert json.loads(frames[delimiter + 5]) == content
        read_identities, read = self.read(frames)
        assert read_identities == identities
        assert read["msg_type"] == kind
        assert [bytes(buffer) for buffer in read["buffers"]] == buffers

    def test_parent_header(self, probe):
        frames = message(python_session())
        parent = json.loads(frames[2])
        _, read = self.read(self.serialize(probe, parent_header=parent))
        assert read["parent_header"]["msg_id"] == parent["msg_id"]

    def test_unsigned(self, probe):
        frames = self.serialize(probe, key="")
        assert frames[1] == b""
        assert self.read(frames, key="")[1]["msg_type"] == "apply_request"
