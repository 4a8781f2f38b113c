"""The connections that can be broken do break, and heal."""

import socket
import threading

import pytest
from proxy import Network


@pytest.fixture
def network():
    network = Network()
    yield network
    network.stop()


@pytest.fixture
def echo_port():
    """A server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with connection:
            try:
                while data := connection.recv(1000):
                    connection.sendall(data)
            except OSError:
                pass

    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=[connection], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


@pytest.fixture
def link(network, echo_port):
    link = network.link({"task": echo_port, "broadcast": [echo_port], "key": "k"})
    yield link
    link.close()


@pytest.fixture
def peer(link):
    with socket.create_connection(("127.0.0.1", link.info["task"]), timeout=10) as peer:
        peer.sendall(b"first")
        assert peer.recv(100) == b"first"
        yield peer


def test_it_leads_through(link, peer, echo_port):
    assert link.info["key"] == "k"
    assert link.info["broadcast"][0] not in (echo_port, link.info["task"])


def test_a_reset(link, peer):
    link.reset()
    with pytest.raises(ConnectionResetError):
        peer.recv(100)
    with socket.create_connection(("127.0.0.1", link.info["task"]), timeout=10) as again:
        again.sendall(b"again")
        assert again.recv(100) == b"again"


def test_a_refusal(link, peer):
    link.refuse()
    with pytest.raises(ConnectionResetError):
        peer.recv(100)
    with pytest.raises(ConnectionResetError):
        with socket.create_connection(("127.0.0.1", link.info["task"]), timeout=10) as again:
            again.recv(100)
    link.heal()
    with socket.create_connection(("127.0.0.1", link.info["task"]), timeout=10) as again:
        again.sendall(b"again")
        assert again.recv(100) == b"again"
