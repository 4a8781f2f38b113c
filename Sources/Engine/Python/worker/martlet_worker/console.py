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
from functools import partial
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.session import Session
from zmq.eventloop.zmqstream import ZMQStream

from .background import Background
from .kernel import Kernel
from .publishing import Publisher
from .tasks import Tasks

#: Requests that would end or change the engine are acknowledged, and do nothing.
_ACKNOWLEDGED = ("interrupt_request", "shutdown_request")


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


class Console:
    """The sockets, and the requests that arrive there. They run between the engine's."""

    def __init__(self, kernel: Kernel, tasks: Tasks, publisher: Publisher, background: Background) -> None:
        self._kernel = kernel
        self._tasks = tasks
        self._publisher = publisher
        self._background = background
        self._parent: Any = {}
        self._session = Session(key=uuid.uuid4().hex.encode(), username="kernel")
        context: Any = zmq.Context.instance()
        address = "tcp://127.0.0.1"
        self._iopub = context.socket(zmq.PUB)
        self.connection: dict[str, Any] = {"iopub_port": self._iopub.bind_to_random_port(address)}
        self._streams = []
        for name in ("shell", "control", "stdin"):
            socket = context.socket(zmq.ROUTER)
            socket.linger = 0
            self.connection[f"{name}_port"] = socket.bind_to_random_port(address)
            stream = ZMQStream(socket)
            if name != "stdin":
                stream.on_recv(partial(self._received, stream))
            self._streams.append(stream)
        heart = context.socket(zmq.REP)
        self.connection["hb_port"] = heart.bind_to_random_port(address)
        threading.Thread(target=_echo, args=(heart,), name="martlet-heart", daemon=True).start()
        key = self._session.key.decode()
        self.connection.update(ip="127.0.0.1", transport="tcp", signature_scheme="hmac-sha256", key=key, kernel_name="")
        self.path = _write_connection_file(self.connection)

    def _received(self, stream: ZMQStream, frames: list[bytes]) -> None:
        self._background.run_outside(lambda: self._answer(stream, frames))

    def _answer(self, stream: ZMQStream, frames: list[bytes]) -> None:
        try:
            identities, rest = self._session.feed_identities(frames)
            parent = self._session.deserialize(rest)
        except Exception as error:
            print(f"A message to the bound kernel is not valid: {error}", file=sys.stderr)
            return
        self._parent = parent
        msg_type = parent["header"]["msg_type"]
        self._send("status", {"execution_state": "busy"})
        # The parts as they came: signature, header, parent header, metadata, content, buffers.
        content = self._run(msg_type, [b"", rest[1], rest[3], rest[4], *rest[5:]])
        if msg_type.endswith("_request"):
            reply_type = msg_type[: -len("request")] + "reply"
            self._session.send(stream, reply_type, content, parent=parent, ident=identities)
        self._send("status", {"execution_state": "idle"})

    def _run(self, msg_type: str, parts: list) -> dict:
        if msg_type == "kernel_info_request":
            return _kernel_info()
        if msg_type in _ACKNOWLEDGED:
            return {"status": "ok", "restart": False}
        kept = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._stream("stdout"), self._stream("stderr")
        self._publisher.redirection = self._send
        try:
            _, content, _ = self._tasks.run(msg_type, parts)
        except BaseException as error:
            _, content, _ = self._tasks.failed(msg_type, error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            self._publisher.redirection = None
            sys.stdout, sys.stderr = kept
        return json.loads(content)

    def _stream(self, name: str) -> Any:
        return ConsoleStream(lambda text: self._send("stream", {"name": name, "text": text}))

    def _send(self, msg_type: str, content: dict, metadata: dict | None = None, buffers: Any = ()) -> None:
        self._session.send(
            self._iopub,
            msg_type,
            content,
            parent=self._parent,
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
