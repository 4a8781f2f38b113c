"""An engine in a few lines. Its subclasses in `engine` break one requirement each that it meets."""

import ast
import contextlib
import io
import queue
import threading
import traceback
import uuid
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import zmq

from .. import values
from ..engines import part
from ..peers import connect
from ..vectors.calls import Part, canned_array, canned_bytes, container, dictionary
from ..wire import Json, Message, Session, WireError, utc_now


class SmallEngine:
    """An engine that runs Python code: one thread for shell, one for control and the heart."""

    def __init__(self, info: Json):
        self.info = info
        self.uuid = uuid.uuid4().hex
        self.session = Session.of(info, self.uuid)
        self.context = zmq.Context()
        self.names = self.first_names()
        self.running: Message | None = None
        self.count = 0
        self.aborted: set[str] = set()
        self.accepted: dict[str, set[bytes]] = {"shell": set(), "control": set()}
        self.waiting: queue.Queue[tuple[zmq.Socket, Message]] = queue.Queue()
        self.publishing = threading.Lock()
        self.ending = threading.Event()
        self.id = -1

    def first_names(self) -> dict[str, Any]:
        """What code finds at first: ``globals``, and as much of IPython's shell as it takes to display something."""

        def publish(data: Json) -> None:
            assert self.running
            self.publish("display_data", {"data": data, "metadata": {}, "transient": {}}, self.running)

        shell = SimpleNamespace(display_pub=SimpleNamespace(publish=publish))
        return {"globals": lambda: self.names, "get_ipython": lambda: shell}

    # Connections

    def dealer(self, channel: str) -> zmq.Socket:
        """A DEALER under the engine's uuid."""
        return connect(self.context, self.info, channel, zmq.DEALER, self.uuid.encode())

    def run(self) -> None:
        """Register, and work until told to end."""
        registrar = self.dealer("registration")
        registrar.send_multipart(self.session.frames("registration_request", {"uuid": self.uuid}))
        self.id = self.read(registrar.recv_multipart()).content["id"]
        self.output = self.publisher()
        threading.Thread(target=self.control, daemon=True).start()
        self.shell()
        registrar.send_multipart(self.session.frames("unregistration_request", {"id": self.id}))

    def publisher(self) -> zmq.Socket:
        """The socket of output."""
        return connect(self.context, self.info, "iopub", zmq.PUB)

    def leaf(self) -> int:
        """The index of the broadcast leaf."""
        return self.id % len(self.info["broadcast"])

    def shell(self) -> None:
        """Take what comes on shell, and run one request after the other."""
        socket = connect(self.context, self.info, "mux", zmq.ROUTER, self.uuid.encode())
        socket.connect(self._endpoint("task"))
        socket.connect(self._endpoint("broadcast", self.leaf()))
        while not self.ending.is_set():
            if socket.poll(20):
                while socket.poll(0):
                    self.accept("shell", socket)
                while not self.waiting.empty():
                    self.handle(*self.waiting.get())
                    while socket.poll(0):
                        self.accept("shell", socket)

    def _endpoint(self, channel: str, index: int = 0) -> str:
        number = self.info[channel]
        number = number[index] if isinstance(number, list) else number
        return f"{self.info['interface']}:{number}"

    def control(self) -> None:
        """Answer pings and control requests while shell is busy."""
        socket = connect(self.context, self.info, "control", zmq.ROUTER, self.uuid.encode())
        pong = self.dealer("hb_pong")
        ping = connect(self.context, self.info, "hb_ping", zmq.SUB)
        poller = zmq.Poller()
        for one in (socket, ping):
            poller.register(one, zmq.POLLIN)
        while not self.ending.is_set():
            ready = dict(poller.poll(20))
            if ping in ready:
                pong.send(self.echo(ping.recv()))
            if socket in ready and (message := self.take("control", socket)):
                self.handle_control(socket, message)

    def echo(self, ping: bytes) -> bytes:
        """What comes back for a ping."""
        return ping

    # Messages

    def read(self, frames: Sequence[bytes]) -> Message:
        """A message, verified."""
        return self.session.read(frames)

    def take(self, channel: str, socket: zmq.Socket) -> Message | None:
        """The next message of a socket, or None if it has to be dropped."""
        try:
            message = self.read(socket.recv_multipart())
            _ = message.id, message.kind
        except (WireError, KeyError):
            return None
        return None if self.is_replay(channel, message) else message

    def is_replay(self, channel: str, message: Message) -> bool:
        """Whether a message was accepted before."""
        if self.session.key and message.signature in self.accepted[channel]:
            return True
        self.accepted[channel].add(message.signature)
        return False

    def accept(self, channel: str, socket: zmq.Socket) -> None:
        """Put the next message in the queue."""
        if message := self.take(channel, socket):
            self.waiting.put((socket, message))

    def identities(self, request: Message) -> list[bytes]:
        """The identities of a reply."""
        return request.identities

    def parent(self, request: Message) -> bytes:
        """The parent header of a reply."""
        return request.parts[0]

    def output_parent(self, request: Message, kind: str) -> bytes:
        """The parent header of output."""
        return request.parts[0]

    def topic(self, kind: str) -> str:
        """The topic of output."""
        return f"engine.{self.id}.{kind}"

    def metadata(self, request: Message, content: Json) -> Json:
        """The metadata of a reply to an apply_request or execute_request."""
        made = {
            "started": utc_now(),
            "dependencies_met": content.get("ename") != "UnmetDependency",
            "engine": self.uuid,
            "status": content["status"],
            "is_broadcast": request.metadata.get("is_broadcast", False),
            "is_coalescing": request.metadata.get("is_coalescing", False),
            "original_msg_id": request.metadata.get("original_msg_id", ""),
            "label": request.metadata.get("label"),
        }
        if content["status"] == "error":
            made["engine_info"] = {"engine_uuid": self.uuid, "engine_id": self.id}
        return made

    def frames(self, *arguments: Any, **more: Any) -> list[bytes]:
        """The frames of a message."""
        return self.session.frames(*arguments, **more)

    def reply(
        self, socket: zmq.Socket, request: Message, content: Json, metadata: Json | None = None, buffers: Sequence[bytes] = ()
    ) -> None:
        """Send a reply."""
        kind = request.kind.replace("_request", "_reply")
        metadata = {"engine": self.uuid} if metadata is None else metadata
        arguments = (kind, content, metadata, self.parent(request), buffers, self.identities(request))
        socket.send_multipart(self.frames(*arguments))

    def publish(self, kind: str, content: Json, request: Message, topic: str | None = None) -> None:
        """Publish output of a request."""
        name = self.topic(topic or kind).encode()
        frames = self.frames(kind, content, {"engine": self.uuid}, self.output_parent(request, kind), [], [name])
        with self.publishing:
            self.output.send_multipart(frames)

    def status(self, state: str, request: Message) -> None:
        """Announce what the engine does."""
        self.publish("status", {"execution_state": state}, request)

    # Requests

    def is_aborted(self, request: Message) -> bool:
        """Whether a request has to be ended before it begins."""
        return request.id in self.aborted

    def handle(self, socket: zmq.Socket, request: Message) -> None:
        """Run a request of the shell channel."""
        self.running = request
        self.status("busy", request)
        if self.is_aborted(request):
            content: Json = {"status": "aborted"}
            self.reply(socket, request, content, self.metadata(request, content))
        elif request.kind == "apply_request":
            content, buffers = self.apply(request)
            self.reply(socket, request, content, self.metadata(request, content), buffers)
        elif request.kind == "execute_request":
            content = self.execute(request)
            self.reply(socket, request, content, self.metadata(request, content))
        elif request.kind == "kernel_info_request":
            self.reply(socket, request, self.kernel_info())
        self.status("idle", request)

    def kernel_info(self) -> Json:
        """The content of a kernel_info_reply."""
        return {
            "status": "ok",
            "protocol_version": "5.4",
            "implementation": "small",
            "implementation_version": "1",
            "language_info": {"name": "python"},
            "banner": "",
            "help_links": [],
        }

    def handle_control(self, socket: zmq.Socket, request: Message) -> None:
        """Answer a control request."""
        match request.kind:
            case "kernel_info_request":
                self.reply(socket, request, self.kernel_info())
            case "abort_request":
                self.abort(request.content.get("msg_ids"))
                self.reply(socket, request, {"status": "ok"})
            case "clear_request":
                self.names = self.first_names()
                self.reply(socket, request, {"status": "ok"})
            case "shutdown_request":
                content = {"status": "ok", "restart": request.content.get("restart", False)}
                self.reply(socket, request, content)
                self.publish("shutdown_reply", content, request, "shutdown")
                self.ending.set()

    def abort(self, msg_ids: list[str] | str | None) -> None:
        """Note what has to be aborted."""
        self.aborted |= {msg_ids} if isinstance(msg_ids, str) else set(msg_ids or [])

    def error(self, error: BaseException, request: Message, method: str) -> Json:
        """The content of a reply that reports an error, which is published, too."""
        content = {
            "ename": type(error).__name__,
            "evalue": str(error),
            "traceback": traceback.format_exception(error),
        }
        self.publish("error", content, request)
        info = {"engine_uuid": self.uuid, "engine_id": self.id, "method": method}
        return {"status": "error", **content, "engine_info": info}

    @contextlib.contextmanager
    def captured(self, request: Message) -> Any:
        """Publishes what is printed."""
        text = io.StringIO()
        try:
            with contextlib.redirect_stdout(text):
                yield
        finally:
            if text.getvalue():
                self.publish("stream", {"name": "stdout", "text": text.getvalue()}, request, "stdout")

    def apply(self, request: Message) -> tuple[Json, list[bytes]]:
        """Call a function."""
        try:
            with self.captured(request):
                call = values.read_call(request.buffers)
                args = [self.looked_up(value) for value in call.args]
                kwargs = {key: self.looked_up(value) for key, value in call.kwargs.items()}
                result = self.looked_up(call.function)(*args, **kwargs)
            return {"status": "ok"}, canned(result).buffers()
        except Exception as error:
            return self.error(error, request, "apply"), []

    def looked_up(self, value: Any) -> Any:
        """A value, with references replaced."""
        if isinstance(value, values.Reference):
            return eval(value.name, self.names)
        if type(value) in (list, tuple) and len(value) < values.ITEMS:
            return type(value)(self.looked_up(item) for item in value)
        return value

    def execute(self, request: Message) -> Json:
        """Execute code."""
        code, silent = request.content["code"], request.content.get("silent", False)
        if not silent:
            self.count += 1
            self.publish("execute_input", {"code": code, "execution_count": self.count}, request)
        rest: Json = {"execution_count": self.count, "payload": [], "user_expressions": {}}
        try:
            with self.captured(request):
                value = self.run_code(code)
        except Exception as error:
            return self.error(error, request, "execute") | rest
        if value is not None and not silent:
            content = {"data": {"text/plain": repr(value)}, "metadata": {}, "execution_count": self.count}
            self.publish("execute_result", content, request)
        return {"status": "ok", **rest}

    def run_code(self, code: str) -> Any:
        """Run code; the value of a last expression."""
        tree = ast.parse(code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<code>", "exec"), self.names)
        return eval(compile(ast.Expression(last.value), "<code>", "eval"), self.names) if last else None


def canned(value: Any) -> Part:
    """A value as a reply contains it."""
    if isinstance(value, bytes):
        return canned_bytes(value)
    if isinstance(value, values.Array):
        return canned_array(value.dtype, value.shape, value.data)
    if type(value) in (list, tuple) and len(value) < values.ITEMS:
        return container(type(value).__name__, [canned(item) for item in value])
    if type(value) is dict and len(value) < values.ITEMS and all(isinstance(key, str) for key in value):
        return dictionary({key: canned(item) for key, item in value.items()})
    return part(value)
