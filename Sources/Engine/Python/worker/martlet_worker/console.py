"""``ipyparallel.bind_kernel()``: sockets of a Jupyter kernel, so that a console connects to an engine's namespace.

Imported when user code asks for it, with pyzmq and jupyter_client, which ipyparallel depends on.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.session import Session
from zmq.eventloop.zmqstream import ZMQStream

from .background import Background
from .interrupts import Interrupts
from .kernel import Kernel
from .publishing import Publisher
from .tasks import Tasks

#: Milliseconds after which an interrupt is repeated that was not seen, at first and at most.
_AGAIN = (10, 1000)


class ConsoleStream(io.TextIOBase):
    """What a console's code prints goes to the console."""

    def __init__(self, send: Callable[[str], None]) -> None:
        super().__init__()
        self._send = send
        self._text = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Keep the text until its line ends."""
        self._text += text
        if "\n" in text:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what was kept."""
        text, self._text = self._text, ""
        if text:
            self._send(text)


class Requests:
    """The requests that arrive at one socket: each is answered between a `busy` and an `idle`."""

    def __init__(self, key: bytes, publish: Callable[..., None], run: Callable[[str, list], dict]) -> None:
        # A session counts its messages, so threads can't share one.
        self.session = Session(key=key, username="kernel")
        self.parent: Any = {}
        self._publish = publish
        self._run = run

    def answer(self, socket: Any, frames: list[bytes]) -> None:
        """Handle a message. One that is not valid is reported."""
        try:
            identities, rest = self.session.feed_identities(frames)
            self.parent = self.session.deserialize(rest)
            msg_type = self.parent["header"]["msg_type"]
        except Exception as error:
            print(f"A message to the bound kernel is not valid: {error}", file=sys.stderr)
            return
        self._publish(self, "status", {"execution_state": "busy"})
        # The parts as they came: signature, header, parent header, metadata, content, buffers.
        content = self._run(msg_type, [b"", rest[1], rest[3], rest[4], *rest[5:]])
        if msg_type.endswith("_request"):
            reply_type = msg_type[: -len("request")] + "reply"
            self.session.send(socket, reply_type, content, parent=self.parent, ident=identities)
        self._publish(self, "status", {"execution_state": "idle"})


class Console:
    """The sockets, and the requests that arrive there.

    Those of the shell run between the engine's, in the main thread. Those of the control socket are answered at once, in a
    thread that owns the socket.
    """

    def __init__(self, kernel: Kernel, tasks: Tasks, publisher: Publisher, background: Background) -> None:
        self._tasks = tasks
        self._publisher = publisher
        self._background = background
        self._interrupts: Interrupts = kernel.interrupts
        self._interrupts.protect(Console._run)
        self._publishing = threading.Lock()
        key = uuid.uuid4().hex
        self._requests = Requests(key.encode(), self._publish, self._run)
        self._controls = Requests(key.encode(), self._publish, self._control)
        context: Any = zmq.Context.instance()
        self._iopub = context.socket(zmq.PUB)
        sockets = {"iopub": self._iopub, "hb": context.socket(zmq.REP)}
        for name in ("shell", "control", "stdin"):
            sockets[name] = context.socket(zmq.ROUTER)
            sockets[name].linger = 0
        connection: dict[str, Any] = {
            f"{name}_port": socket.bind_to_random_port("tcp://127.0.0.1") for name, socket in sockets.items()
        }
        # No code asks a console for input; the socket is there for those who connect.
        self._stdin = sockets["stdin"]
        self._shell = ZMQStream(sockets["shell"])
        self._shell.on_recv(self._received)
        for name, serve in (("hb", _echo), ("control", self._serve)):
            threading.Thread(target=serve, args=(sockets[name],), name=f"martlet-{name}", daemon=True).start()
        connection.update(ip="127.0.0.1", transport="tcp", signature_scheme="hmac-sha256", key=key, kernel_name="")
        self.path = _write_connection_file(connection)

    def _received(self, frames: list[bytes]) -> None:
        self._background.run_outside(lambda: self._requests.answer(self._shell, frames))

    def _serve(self, socket: Any) -> None:
        first, last = _AGAIN
        pause: int | None = None
        while True:
            if socket.poll(pause):
                self._controls.answer(socket, socket.recv_multipart())
                pause = first
            elif self._interrupts.repeat():
                pause = min(2 * (pause or first), last)
            else:
                pause = None

    def _control(self, msg_type: str, parts: list) -> dict:
        if msg_type == "interrupt_request":
            self._interrupts.request()
            return {"status": "ok"}
        if (content := _answer_about_kernel(msg_type)) is not None:
            return content
        text = f"an engine doesn't answer {msg_type} on its control channel"
        return {"status": "error", "ename": "NotImplementedError", "evalue": text, "traceback": []}

    def _run(self, msg_type: str, parts: list) -> dict:
        if (content := _answer_about_kernel(msg_type)) is not None:
            return content
        kept = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._stream("stdout"), self._stream("stderr")
        self._publisher.redirection = self._send
        self._interrupts.begin_outside()
        try:
            _, encoded, _ = self._tasks.run(msg_type, parts)
            self._interrupts.end()
        except BaseException as error:
            self._interrupts.end()
            _, encoded, _ = self._tasks.failed(msg_type, error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            self._publisher.redirection = None
            sys.stdout, sys.stderr = kept
        return json.loads(encoded)

    def _stream(self, name: str) -> Any:
        return ConsoleStream(lambda text: self._send("stream", {"name": name, "text": text}))

    def _send(self, msg_type: str, content: dict, metadata: dict | None = None, buffers: Any = ()) -> None:
        self._publish(self._requests, msg_type, content, metadata, buffers)

    def _publish(
        self, requests: Requests, msg_type: str, content: dict, metadata: dict | None = None, buffers: Any = ()
    ) -> None:
        # An interrupt would cut the message short.
        with self._interrupts, self._publishing:
            requests.session.send(
                self._iopub,
                msg_type,
                content,
                parent=requests.parent,
                ident=msg_type.encode(),
                metadata=metadata or {},
                buffers=list(buffers) or None,
            )


def bind_kernel(kernel: Any) -> None:
    """Open the sockets, once, and say how to connect."""
    if kernel.console is None:
        kernel.console = Console(kernel, kernel.tasks, kernel.publisher, kernel.background)
    print(f"To connect another client to this engine: jupyter console --existing {kernel.console.path.name}")


def _write_connection_file(connection: dict[str, Any]) -> Path:
    import atexit

    from jupyter_core.paths import jupyter_runtime_dir

    directory = Path(jupyter_runtime_dir())
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"kernel-{os.getpid()}.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        json.dump(connection, file, indent=2)
    atexit.register(path.unlink, missing_ok=True)
    return path


def _echo(heart: Any) -> None:
    while True:
        heart.send(heart.recv())


def _answer_about_kernel(msg_type: str) -> dict | None:
    """What needs no code to run. A request to end the engine is acknowledged, and does nothing."""
    if msg_type == "kernel_info_request":
        return _kernel_info()
    return {"status": "ok", "restart": False} if msg_type == "shutdown_request" else None


def _kernel_info() -> dict:
    from IPython.core import release

    return {
        "status": "ok",
        "protocol_version": "5.3",
        "implementation": "martlet",
        "implementation_version": release.version,
        "language_info": {
            "name": "python",
            "version": sys.version.split()[0],
            "mimetype": "text/x-python",
            "codemirror_mode": {"name": "ipython", "version": 3},
            "pygments_lexer": "ipython3",
            "nbconvert_exporter": "python",
            "file_extension": ".py",
        },
        "banner": f"Python {sys.version}\nIPython {release.version} on an engine of Martlet\n",
        "help_links": [],
    }
