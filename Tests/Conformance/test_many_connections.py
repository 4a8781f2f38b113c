"""What hundreds of engines need that start at once: time, until the controller gets to their connections."""

import select
import signal
import socket
import threading

import psutil
import zmq
from harness import TIMEOUT, wait_until
from simulated import raise_descriptor_limit
from zmq.utils.monitor import recv_monitor_message

COUNT = 400
#: Everybody's first bytes.
GREETING = 64


def test_connections_wait_for_a_controller_that_is_busy(controller):
    """The system takes them; what it drops would be sent again a second later, and then after twice the time."""
    raise_descriptor_limit()
    [process] = controller.processes
    port = controller.connection_info("engine")["registration"]
    peers = [socket.socket() for _ in range(COUNT)]
    waiting = select.poll()
    process.child.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: psutil.Process(process.child.pid).status() == "stopped", "the controller to stop")
        for peer in peers:
            peer.setblocking(False)
            peer.connect_ex(("127.0.0.1", port))
            waiting.register(peer, select.POLLOUT)
        wait_until(lambda: len(waiting.poll(0)) == COUNT, f"{COUNT} connections")
    finally:
        process.child.send_signal(signal.SIGCONT)
        for peer in peers:
            peer.close()


class Gate:
    """Passes one connection on, but what the other side says after its greeting only when the gate is open."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = ("127.0.0.1", port)
        self.opened = threading.Event()
        self.held = 0
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(self.target)
            threading.Thread(target=self.forward, args=(near, far), daemon=True).start()
            threading.Thread(target=self.hold_back, args=(far, near), daemon=True).start()

    def forward(self, source, sink):
        try:
            while data := source.recv(4096):
                sink.sendall(data)
        except OSError:
            pass
        source.close()
        sink.close()

    def hold_back(self, source, sink):
        passed = 0
        while passed < GREETING:
            data = source.recv(GREETING - passed)
            sink.sendall(data)
            passed += len(data)
        self.held += len(source.recv(1, socket.MSG_PEEK))
        self.opened.wait()
        self.forward(source, sink)

    def close(self):
        self.opened.set()
        self.listener.close()


class Heart:
    """A connection to `hb_pong` with CURVE, over which nothing is sent."""

    def __init__(self, name, port, server_key):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.identity = name
        self.socket.curve_publickey, self.socket.curve_secretkey = zmq.curve_keypair()
        self.socket.curve_serverkey = server_key
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(f"tcp://127.0.0.1:{port}")

    def expect(self, kind):
        """Waits for an event of the connection."""
        while self.monitor.poll(TIMEOUT * 1000):
            if recv_monitor_message(self.monitor)["event"] == kind:
                return
        raise AssertionError(f"no {kind!r}")

    def close(self):
        self.socket.disable_monitor()
        self.socket.close()


def test_a_heart_has_time_for_its_handshake(cluster):
    """It begins to count as one that does not beat when it could, or hundreds would begin their handshakes again and again."""
    cluster.start_controller(arguments=["--enable-curve"])
    info = cluster.connection_info("engine")
    port, key = info["hb_pong"], info["curve_serverkey"].encode()
    gate = Gate(port)
    slow = Heart(b"slow", gate.port, key)
    wait_until(lambda: gate.held, "the controller's part of the handshake")
    mute = Heart(b"mute", port, key)
    try:
        mute.expect(zmq.Event.HANDSHAKE_SUCCEEDED)
        mute.expect(zmq.Event.DISCONNECTED)
        gate.opened.set()
        slow.expect(zmq.Event.HANDSHAKE_SUCCEEDED)
        assert gate.connections == 1
    finally:
        for end in [slow, mute, gate]:
            end.close()
