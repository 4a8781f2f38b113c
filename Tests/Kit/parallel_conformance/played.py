"""The controller that the kit plays for engines and clients under test: plain sockets, and files that name them."""

import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq

from .processes import Patience, wait_until
from .wire import Json, Message, Session

#: Channels with a socket of their own in each of the two files; those of engines face engines.
CLIENT_SIDE = ("mux_in", "task_in", "control_in", "broadcast_in", "notification", "iopub_out")
ENGINE_SIDE = ("mux_out", "task_out", "control_out", "iopub_in")

#: Seconds after which a start has failed, whatever the tests' patience: interpreters on busy machines take their time.
START = 60.0

_KINDS = {"notification": zmq.XPUB, "iopub_out": zmq.XPUB, "iopub_in": zmq.SUB, "hb_ping": zmq.XPUB}
_LEAVES = "broadcast_"


class HeartMonitor(threading.Thread):
    """Pings on a thread of its own, and keeps what comes back."""

    def __init__(self, ping: zmq.Socket, pong: zmq.Socket, period: float):
        super().__init__(daemon=True)
        self.ping_socket, self.pong_socket, self.period = ping, pong, period
        self.pings: deque[bytes] = deque(maxlen=1000)
        self.echoes: deque[list[bytes]] = deque(maxlen=1000)
        self.extra: deque[bytes] = deque()
        self.pauses = False
        self._ending = False
        self.started_at = time.monotonic()

    def run(self) -> None:
        """Ping until stopped."""
        due = 0.0
        while not self._ending:
            if self.pong_socket.poll(20):
                self.echoes.append(self.pong_socket.recv_multipart())
            if time.monotonic() >= due and not self.pauses:
                due = time.monotonic() + self.period
                self._ping(f"{time.monotonic() - self.started_at:.6f}".encode())
            if self.extra:
                self._ping(self.extra.popleft())
        self.ping_socket.close()
        self.pong_socket.close()

    def _ping(self, frame: bytes) -> None:
        self.pings.append(frame)
        self.ping_socket.send(frame)

    def stop(self) -> None:
        """End the thread."""
        self._ending = True
        self.join()


class PlayedController:
    """Sockets of a controller, bound, and its connection files. Only the thread that made it uses the sockets."""

    def __init__(
        self,
        directory: Path,
        transport: str = "tcp",
        key: str | None = None,
        scheme: str = "hmac-sha256",
        leaves: int = 2,
        period: float = 0.5,
        fields: Json | None = None,
        narrow: Sequence[str] = (),
    ):
        #: Sockets that take in hardly more than what is read from them, so that the peer's own queue has to hold the rest.
        self.narrow = narrow
        self.directory, self.transport, self.leaves = directory, transport, leaves
        self.context = zmq.Context()
        self._curve = zmq.curve_keypair() if transport == "curve" else None
        key = ("" if self._curve else "kit-4a1f9c52") if key is None else key
        self.interface = f"ipc://{directory}/s" if transport == "ipc" else "tcp://127.0.0.1"
        self.session = Session(key, scheme)
        self.sockets: dict[str, zmq.Socket] = {}
        self.numbers: dict[str, int] = {}
        self.backlog: dict[str, list[Message]] = {}
        self._bind_all()
        self.period_ms = round(period * 2000)
        self.monitor = HeartMonitor(self.sockets.pop("hb_ping"), self.sockets.pop("hb_pong"), period)
        self.monitor.start()
        common: Json = {
            "interface": self.interface,
            "key": key,
            "signature_scheme": scheme,
            "curve_serverkey": self._curve[0].decode() if self._curve else None,
            "location": "127.0.0.1",
            "ssh": "",
            "pack": "json",
            "unpack": "json",
        }
        self.engine_info = self._engine_info(common) | (fields or {})
        self.client_info = self._client_info(common) | (fields or {})
        self.engine_file = self._write("engine", self.engine_info)
        self.client_file = self._write("client", self.client_info)

    def _bind_all(self) -> None:
        for name in ("registration", *CLIENT_SIDE, *ENGINE_SIDE, *self.leaf_names(), "hb_ping", "hb_pong"):
            self._bind(name)

    def leaf_names(self) -> list[str]:
        """The names of the broadcast leaves, which are also their identities."""
        return [f"{_LEAVES}{index:03b}" for index in range(self.leaves)]

    def _bind(self, name: str) -> None:
        socket = self.context.socket(_KINDS.get(name, zmq.ROUTER))
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = 0
        if name in self.narrow:
            socket.rcvhwm, socket.rcvbuf = 1, 4096
        if socket.type == zmq.ROUTER:
            socket.identity = name.encode()
            socket.router_mandatory = 1
        if socket.type == zmq.SUB:
            socket.subscribe(b"")
        if self._curve:
            socket.curve_server = 1
            socket.curve_publickey, socket.curve_secretkey = self._curve
        if self.transport == "ipc":
            self.numbers[name] = len(self.numbers) + 1
            for separator in "-:":
                socket.bind(f"{self.interface}{separator}{self.numbers[name]}")
        else:
            self.numbers[name] = socket.bind_to_random_port("tcp://127.0.0.1")
        self.sockets[name] = socket

    def _engine_info(self, common: Json) -> Json:
        number = self.numbers
        return common | {
            "registration": number["registration"],
            "mux": number["mux_out"],
            "task": number["task_out"],
            "control": number["control_out"],
            "iopub": number["iopub_in"],
            "broadcast": [number[name] for name in self.leaf_names()],
            "hb_ping": number["hb_ping"],
            "hb_pong": number["hb_pong"],
        }

    def _client_info(self, common: Json) -> Json:
        number = self.numbers
        return common | {
            "registration": number["registration"],
            "mux": number["mux_in"],
            "task": number["task_in"],
            "control": number["control_in"],
            "broadcast": number["broadcast_in"],
            "iopub": number["iopub_out"],
            "notification": number["notification"],
            "task_scheme": "leastload",
        }

    def _write(self, kind: str, info: Json) -> Path:
        path = self.directory / f"ipcontroller-{kind}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(info))
        return path

    def send(self, name: str, frames: Sequence[bytes], timeout: float | None = None) -> None:
        """Send frames on a socket; waits until the peer that a ROUTER's first frame names is connected."""
        timeout = Patience.seconds if timeout is None else timeout
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.sockets[name].send_multipart(list(frames))
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
                assert time.monotonic() < deadline, f"{frames[0]!r} is not connected to {name}"
                time.sleep(0.01)

    def frames(self, name: str, timeout: float | None = None) -> list[bytes] | None:
        """The frames of the next message on a socket, or None."""
        timeout = Patience.seconds if timeout is None else timeout
        socket = self.sockets[name]
        return socket.recv_multipart() if socket.poll(timeout * 1000) else None

    def expect(
        self, name: str, kind: str | None = None, parent: str | None = None, timeout: float | None = None, **content: Any
    ) -> Message:
        """The first message on a socket, since the last one that was asked for, with this type, parent and content.

        Others are kept for later. AssertionError if none comes.
        """
        timeout = Patience.seconds if timeout is None else timeout
        kept = self.backlog.setdefault(name, [])
        deadline = time.monotonic() + timeout
        checked = 0
        while True:
            for message in kept[checked:]:
                if _fits(message, kind, parent, content):
                    kept.remove(message)
                    return message
            checked = len(kept)
            frames = self.frames(name, max(deadline - time.monotonic(), 0))
            if frames is None:
                seen = [(message.kind, message.parent.get("msg_id"), message.content) for message in kept[-8:]]
                raise AssertionError(f"no {kind or 'message'} of parent {parent} on {name} within {timeout:g} s; {seen}")
            kept.append(self.session.read(frames))

    def waiting(self, name: str) -> list[Message]:
        """All messages that have come on a socket and were not asked for; they are forgotten."""
        kept = self.backlog.pop(name, [])
        while frames := self.frames(name, 0):
            kept.append(self.session.read(frames))
        return kept

    def forget(self) -> None:
        """Forget all that has come and was not asked for."""
        for name, socket in self.sockets.items():
            if socket.type != zmq.XPUB:
                self.waiting(name)

    def wait_for_echo(self, frame: bytes) -> list[bytes]:
        """What comes back for a ping with this text."""
        self.monitor.extra.append(frame)
        return wait_until(
            lambda: next((echo for echo in list(self.monitor.echoes) if echo[-1] == frame), None), f"echo of {frame!r}"
        )

    def close(self) -> None:
        """Close all sockets."""
        self.monitor.stop()
        for socket in self.sockets.values():
            socket.close()
        self.context.term()


def _fits(message: Message, kind: str | None, parent: str | None, content: Json) -> bool:
    return (
        (kind is None or message.kind == kind)
        and (parent is None or message.parent.get("msg_id") == parent)
        and all(message.content.get(key) == value for key, value in content.items())
    )
