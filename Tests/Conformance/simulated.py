"""Peers made of plain sockets: hundreds of engines, misbehaving engines, and clients as fast as Python allows."""

import hashlib
import hmac
import itertools
import json
import os
import resource
import threading
import time
import uuid
from collections import namedtuple
from contextlib import contextmanager
from datetime import datetime, timezone

import zmq

DELIMITER = b"<IDS|MSG>"
TIMEOUT = 30

Message = namedtuple("Message", "identities header parent metadata content buffers frames")


def raise_descriptor_limit():
    """Raise the limit of descriptors: sockets need them, and the usual soft limit is 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Wire:
    """Writes and reads signed messages using only hmac and json."""

    def __init__(self, info, key=None):
        self.key = (info["key"] if key is None else key).encode()
        self.digest = getattr(hashlib, info["signature_scheme"].removeprefix("hmac-"))().name
        self.session = uuid.uuid4().hex
        self.numbers = itertools.count()

    def header(self, kind, identifier=None):
        return json.dumps(
            {
                "msg_id": identifier or f"{self.session}_{os.getpid()}_{next(self.numbers)}",
                "msg_type": kind,
                "username": "test",
                "session": self.session,
                "date": datetime.now(timezone.utc).isoformat(),
                "version": "5.4",
            }
        ).encode()

    def sign(self, *parts):
        return hmac.digest(self.key, b"".join(parts), self.digest).hex().encode() if self.key else b""

    def frames(self, kind, content=None, metadata=None, parent=b"{}", buffers=(), identities=(), identifier=None):
        """All frames of a message, from its identities to its buffers."""
        parts = [self.header(kind, identifier), parent, json.dumps(metadata or {}).encode()]
        parts.append(json.dumps(content or {}).encode())
        return [*identities, DELIMITER, self.sign(*parts), *parts, *buffers]

    @staticmethod
    def read(frames):
        """Split a message into its parts without verifying it."""
        start = frames.index(DELIMITER)
        header, parent, metadata, content = map(json.loads, frames[start + 2 : start + 6])
        return Message(frames[:start], header, parent, metadata, content, frames[start + 6 :], frames)

    def reply(self, request, content=None, status="ok", engine="", metadata=None, buffers=()):
        """The frames of an engine's reply to a request, ready to be sent."""
        start = request.index(DELIMITER)
        asked = json.loads(request[start + 2])
        metadata = {
            "status": status,
            "engine": engine,
            "started": datetime.now(timezone.utc).isoformat(),
            "dependencies_met": True,
            **(metadata or {}),
        }
        kind = asked["msg_type"].replace("_request", "_reply")
        content = {"status": status} if content is None else content
        return self.frames(kind, content, metadata, request[start + 2], buffers, request[:start])


def endpoint(info, channel, index=0):
    """The endpoint of a channel from a connection file."""
    port = info[channel]
    port = port[index] if isinstance(port, list) else port
    separator = "-" if info["interface"].startswith("ipc") else ":"
    return f"{info['interface']}{separator}{port}"


class RawClient:
    """A client's sockets, opened when needed. Not thread-safe."""

    def __init__(self, info, key=None, context=None):
        self.info = info
        self.wire = Wire(info, key)
        self.context = context or zmq.Context.instance()
        self.sockets = {}

    def socket(self, channel, kind=zmq.DEALER):
        if channel not in self.sockets:
            socket = self.context.socket(kind)
            socket.linger = 0
            socket.sndhwm = socket.rcvhwm = 0
            if kind == zmq.SUB:
                socket.subscribe(b"")
            else:
                socket.identity = self.wire.session.encode()
            if server_key := self.info.get("curve_serverkey"):
                socket.curve_serverkey = server_key.encode()
                socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
            socket.connect(endpoint(self.info, channel))
            self.sockets[channel] = socket
        return self.sockets[channel]

    def send(self, channel, kind, content=None, to=(), **more):
        """Send a request, addressed to the engine with uuid ``to`` on channels that need it. Returns its msg_id."""
        frames = self.wire.frames(kind, content, identities=to, **more)
        self.socket(channel).send_multipart(frames)
        return json.loads(frames[frames.index(DELIMITER) + 2])["msg_id"]

    def receive(self, channel, timeout=TIMEOUT):
        """The next message of a channel, or None if none arrives in time."""
        socket = self.socket(channel)
        return Wire.read(socket.recv_multipart()) if socket.poll(timeout * 1000) else None

    def ask(self, kind, content=None, timeout=TIMEOUT):
        """Send a request to the hub and return the reply."""
        self.send("registration", kind, content)
        return self.receive("registration", timeout)

    def close(self):
        for socket in self.sockets.values():
            socket.close()


class SimulatedEngine:
    """An engine that registers, echoes heartbeats and answers requests with a function. Driven by a `Swarm`."""

    def __init__(self, swarm, uuid_, beats, channels, answer, iopub):
        self.swarm, self.beats, self.answer = swarm, beats, answer
        self.uuid = uuid_ or uuid.uuid4().hex
        self.wire = Wire(swarm.info)
        self.id = None
        self.reply = None
        self.requests = []
        self.sockets = {}
        self.iopub = self.connect("iopub", iopub) if iopub else None
        self.connect("registration", zmq.DEALER)
        for channel in channels:
            self.connect(channel, zmq.DEALER)

    def connect(self, channel, kind, index=0):
        socket = self.swarm.context.socket(kind)
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = 0
        if kind == zmq.SUB:
            socket.subscribe(b"")
        else:
            socket.identity = self.uuid.encode()
        socket.connect(endpoint(self.swarm.info, channel, index))
        self.sockets[channel] = socket
        if kind not in (zmq.PUB, zmq.XPUB):
            self.swarm.poller.register(socket, zmq.POLLIN)
            self.swarm.owners[socket] = (self, channel)
        return socket

    def register(self):
        self.sockets["registration"].send_multipart(self.wire.frames("registration_request", {"uuid": self.uuid}))

    def readable(self, channel):
        frames = self.sockets[channel].recv_multipart()
        if channel == "hb_ping":
            self.sockets["hb_pong"].send_multipart(frames)
        elif channel == "registration":
            self.reply = Wire.read(frames).content
            if self.reply["status"] == "ok":
                self.id = self.reply["id"]
                # Registered again, it goes on with the connections that it has.
                if self.beats and "hb_ping" not in self.sockets:
                    self.connect("hb_pong", zmq.DEALER)
                    self.connect("hb_ping", zmq.SUB)
        elif channel != "hb_pong":
            self.requests.append(Wire.read(frames))
            for answer in self.answer(self, frames) if self.answer else ():
                self.sockets[channel].send_multipart(answer)

    def publish(self, kind, content, parent):
        """Publish a message about the request whose header frame is ``parent``."""
        topic = f"engine.{self.id}.{kind}".encode()
        self.iopub.send_multipart(self.wire.frames(kind, content, parent=parent, identities=[topic]))

    def stop_beating(self):
        """Call this through `Swarm.do`."""
        self.swarm.forget(self.sockets.pop("hb_ping"))

    def vanish(self):
        """Close all connections without notice. Call this through `Swarm.do`."""
        for socket in self.sockets.values():
            self.swarm.forget(socket)
        self.sockets.clear()


def reply_ok(engine, frames):
    """Answers any request with an empty result."""
    return [engine.wire.reply(frames, engine=engine.uuid)]


class Swarm:
    """Any number of simulated engines on one thread. No other thread touches their sockets."""

    def __init__(self, info):
        raise_descriptor_limit()
        self.info = info
        self.context = zmq.Context()
        self.context.set(zmq.MAX_SOCKETS, 8192)
        self.poller = zmq.Poller()
        self.owners = {}
        self.engines = []
        self.jobs = []
        self.stopping = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def add(self, count=1, uuids=None, beats=True, channels=(), answer=reply_ok, iopub=None):
        """Register ``count`` engines. The controller knows them some time later."""

        def start():
            engines = [
                SimulatedEngine(self, uuids[index] if uuids else None, beats, channels, answer, iopub)
                for index in range(count)
            ]
            for engine in engines:
                engine.register()
            self.engines += engines
            return engines

        return self.do(start)

    def do(self, job, *arguments):
        """Run a function on the sockets' thread and return its result."""
        done = threading.Event()
        outcome = []

        def run():
            try:
                outcome.append((job(*arguments), None))
            except Exception as error:
                outcome.append((None, error))
            done.set()

        self.jobs.append(run)
        assert done.wait(TIMEOUT), "the thread of the simulated engines hangs"
        [(value, error)] = outcome
        if error:
            raise error
        return value

    def forget(self, socket):
        if self.owners.pop(socket, None):
            self.poller.unregister(socket)
        socket.close()

    def run(self):
        while not self.stopping:
            while self.jobs:
                self.jobs.pop(0)()
            for socket, _ in self.poller.poll(20):
                while socket in self.owners and socket.getsockopt(zmq.EVENTS) & zmq.POLLIN:
                    engine, channel = self.owners[socket]
                    engine.readable(channel)
        for engine in self.engines:
            engine.vanish()
        self.context.term()

    def stop(self):
        self.stopping = True
        self.thread.join(TIMEOUT)


@contextmanager
def swarm_of(cluster):
    """A swarm of simulated engines on a cluster's controller."""
    swarm = Swarm(cluster.connection_info("engine"))
    try:
        yield swarm
    finally:
        swarm.stop()


@contextmanager
def raw_client(cluster, key=None):
    """A raw client of a cluster's controller."""
    client = RawClient(cluster.connection_info("client"), key)
    try:
        yield client
    finally:
        client.close()


def engine_ids(client):
    """The registered engines as a raw client sees them: {id: uuid}."""
    return {int(key): value for key, value in client.ask("connection_request").content["engines"].items()}


def wait_for_engines(client, count, timeout=TIMEOUT):
    """Wait until the hub knows ``count`` engines and return them as `engine_ids` does."""
    deadline = time.monotonic() + timeout
    while len(found := engine_ids(client)) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} engines within {timeout} s"
        time.sleep(0.02)
    return found
