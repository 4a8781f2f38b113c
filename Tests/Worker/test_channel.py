"""Messages between engine and worker, whatever their sizes, and in whatever pieces they arrive."""

import random
import socket
import struct
import sys
import threading
from array import array
from contextlib import nullcontext

import pytest
from fake_engine import WORKER

sys.path.insert(0, str(WORKER))

from martlet_worker.channel import READ_AHEAD, SMALL, Channel, EngineGone  # noqa: E402


@pytest.fixture
def ends():
    """A channel, and the socket at its other end."""
    engine, worker = socket.socketpair()
    with engine, worker:
        yield Channel(worker, nullcontext()), engine


def encoded(parts):
    return struct.pack(f"<I{len(parts)}Q", len(parts), *map(len, parts)) + b"".join(parts)


def read(connection, size):
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    return data


def sizes(numbers):
    """Lengths of a few parts, near all limits."""
    edges = [0, 1, 7, SMALL - 1, SMALL, READ_AHEAD - 100, READ_AHEAD, READ_AHEAD + 1, 3 * READ_AHEAD]
    return [numbers.choice([numbers.randrange(300), *edges]) for _ in range(numbers.randrange(9))]


@pytest.mark.parametrize("largest_piece", [1, 5, 3_000, 10**7])
def test_messages_arrive_in_any_pieces(ends, largest_piece):
    channel, engine = ends
    numbers = random.Random(largest_piece)
    largest_part = 1_000 * largest_piece
    messages = [[numbers.randbytes(min(size, largest_part)) for size in sizes(numbers)] for _ in range(20)]
    stream = b"".join(map(encoded, messages))

    def send():
        position = 0
        while position < len(stream):
            end = position + numbers.randint(1, largest_piece)
            engine.sendall(stream[position:end])
            position = end
        engine.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    for parts in messages:
        assert channel.receive() == parts
    sender.join()
    assert not channel.has_message
    with pytest.raises(EngineGone):
        channel.receive()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: array("B", data)])
def test_parts_of_any_size_are_sent(ends, kind):
    channel, engine = ends
    numbers = random.Random(1)
    for _ in range(60):
        parts = [numbers.randbytes(size) for size in sizes(numbers)]
        sender = threading.Thread(target=channel.send, args=(b'{"type": "reply"}', [kind(part) for part in parts]))
        sender.start()
        expected = encoded([b'{"type": "reply"}', *parts])
        assert read(engine, len(expected)) == expected
        sender.join()


def test_numbers_are_sent_as_their_bytes(ends):
    channel, engine = ends
    values = array("d", [1.5, -2.0])
    channel.send({"type": "reply"}, [values, memoryview(values)])
    expected = encoded([b'{"type": "reply"}', values.tobytes(), values.tobytes()])
    assert read(engine, len(expected)) == expected


def test_nobody_reads(ends):
    channel, engine = ends
    engine.close()
    for part in (b"small", bytes(10**6)):
        channel.send({"type": "reply"}, [part])
