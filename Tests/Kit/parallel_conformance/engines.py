"""The engine under test, and what a controller does with it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import values
from .played import START, PlayedController
from .processes import Process, Workshop, wait_until
from .vectors.calls import MAP, PULL, PUSH, Part, call, plain, reference
from .vectors.notation import data, double, integer, items, mapping, text
from .wire import Json, Message, split

#: What the functions that the tests call do. An engine that does not run Python has to have functions of these names.
FUNCTIONS = '''
def add(a, b):
    return a + b

def echo(value):
    return value

def pause(seconds):
    import time
    time.sleep(seconds)
    return seconds

def announce_pause(seconds):
    import time
    print("pausing")
    time.sleep(seconds)

def say(text):
    print(text)

def fail(message):
    raise ValueError(message)

def unmet():
    from ipyparallel.error import UnmetDependency
    raise UnmetDependency("not here")
'''

#: The identity of the client on whose behalf requests come.
CLIENT = b"kit-client"


def part(value: Any) -> Part:
    """A Python value as an argument of a call."""
    return value if isinstance(value, Part) else plain(notation(value))


def notation(value: Any) -> Any:
    """A plain Python value in the notation of the vectors."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return mapping(*[(notation(key), notation(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return items(type(value).__name__, *[notation(item) for item in value])
    makers = {int: integer, float: double, str: text, bytes: data}
    return makers[type(value)](value)


class Engine:
    """An engine under test with the controller that is played for it."""

    def __init__(self, template: str, transport: str = "tcp", identifier: int = 1, **controller: Any):
        self.template, self.id = template, identifier
        self.workshop = Workshop()
        self.controller = PlayedController(self.workshop.directory, transport, **controller)
        self.process: Process | None = None
        self.registration: Message | None = None
        self.uuid = ""

    def start(self, environment: Mapping[str, str] | None = None, with_file: bool = True) -> "Engine":
        """Start the process."""
        words = self.template.split()
        template = self.template if with_file else " ".join(word for word in words if "{file}" not in word)
        self.process = self.workshop.start("engine", template, {"file": self.controller.engine_file}, environment)
        return self

    def register(self, request: Message | None = None, **more: Any) -> "Engine":
        """Wait for the engine's registration if it is not given, accept it, and wait until its sockets are connected."""
        self.registration = request or self.registration_request()
        self.uuid = self.registration.content["uuid"]
        self.accept(self.registration, **more)
        for name in ("mux_out", "task_out", "control_out"):
            self.wait_for_connection(name)
        wait_until(lambda: self._beats(), "the first echo", START)
        return self

    def registration_request(self) -> Message:
        """The engine's next `registration_request`. It may take long to start."""
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            assert self.process and self.process.check_running()
            if frames := self.controller.frames("registration", 0.2):
                message = self.controller.session.read(frames)
                if message.kind == "registration_request":
                    return message
        raise AssertionError("no registration_request")

    def accept(self, request: Message, **more: Any) -> None:
        """Answer a registration."""
        info = {key: value for key, value in self.controller.engine_info.items() if key != "key"}
        content = {"status": "ok", "id": self.id, "hb_period": self.controller.period_ms, "connection_info": info}
        frames = self.controller.session.frames(
            "registration_reply", content | more, parent=request.parts[0], identities=request.identities
        )
        self.controller.send("registration", frames)

    def wait_for_connection(self, name: str) -> None:
        """Wait until the engine is connected to a ROUTER under its uuid."""
        frames = self.controller.session.frames("kernel_info_request", identities=[self.uuid.encode(), CLIENT])
        self.controller.send(name, frames, START)
        self.controller.expect(name, "kernel_info_reply", _id(frames), START)

    def prepare(self) -> "Engine":
        """Define the functions that the tests call, and wait until output arrives."""
        self.ask("mux_out", "execute_request", _execution(FUNCTIONS, silent=True))
        wait_until(self._publishes, "output of the engine", START)
        return self

    def refusal(self) -> str | None:
        """What is wrong with the engine's answer to the plainest call; None if nothing is."""
        try:
            content = self.call("echo", 1).content
        except AssertionError as error:
            return str(error)
        return None if content.get("status") == "ok" else f"{content.get('ename')}: {content.get('evalue')}"

    def _publishes(self) -> bool:
        reply = self.ask("mux_out", "kernel_info_request")
        try:
            self.controller.expect("iopub_in", "status", reply.parent["msg_id"], 0.5, execution_state="idle")
        except AssertionError:
            return False
        return True

    def _beats(self) -> bool:
        assert self.process and self.process.check_running()
        return any(echo[0] == self.uuid.encode() for echo in list(self.controller.monitor.echoes))

    @property
    def leaf(self) -> str:
        """The broadcast leaf of the engine's id."""
        return self.controller.leaf_names()[self.id % self.controller.leaves]

    def send(
        self,
        name: str,
        kind: str,
        content: Json | None = None,
        metadata: Json | None = None,
        buffers: Sequence[bytes] = (),
        clients: Sequence[bytes] = (CLIENT,),
        **more: Any,
    ) -> str:
        """Send the engine a request. Returns its msg_id."""
        frames = self.controller.session.frames(
            kind, content, metadata, buffers=buffers, identities=[self.uuid.encode(), *clients], **more
        )
        self.controller.send(name, frames)
        return _id(frames)

    def send_frames(self, name: str, frames: Sequence[bytes]) -> None:
        """Send the engine frames as they are, behind its uuid."""
        self.controller.send(name, [self.uuid.encode(), *frames])

    def answer(self, name: str, identifier: str, timeout: float | None = None) -> Message:
        """The reply to a request, verified."""
        return self.controller.expect(name, parent=identifier, timeout=timeout)

    def ask(self, name: str, kind: str, content: Json | None = None, metadata: Json | None = None, **more: Any) -> Message:
        """Send the engine a request and return the reply."""
        return self.answer(name, self.send(name, kind, content, metadata, **more))

    def send_call(self, function: str | Part, *args: Any, name: str = "mux_out", metadata: Json | None = None, **kwargs: Any) -> str:
        """Send a call. Returns its msg_id."""
        target = reference(function) if isinstance(function, str) else function
        buffers = call(target, [part(value) for value in args], {key: part(value) for key, value in kwargs.items()})
        return self.send(name, "apply_request", {}, metadata, buffers)

    def call(self, function: str | Part, *args: Any, name: str = "mux_out", metadata: Json | None = None, **kwargs: Any) -> Message:
        """Send a call and return the reply."""
        return self.answer(name, self.send_call(function, *args, name=name, metadata=metadata, **kwargs))

    def value(self, function: str | Part, *args: Any, **kwargs: Any) -> Any:
        """What a call returns; AssertionError if it fails."""
        reply = self.call(function, *args, **kwargs)
        assert reply.content.get("status") == "ok", reply.content
        return values.result(reply.buffers)

    def push(self, **names: Any) -> Any:
        """Assign values to names on the engine."""
        return self.value(PUSH, **names)

    def pull(self, names: str | list[str]) -> Any:
        """The values of names on the engine."""
        return self.value(PULL, names)

    def map(self, function: str, *sequences: list[Any]) -> Any:
        """What a function gives for the items of sequences."""
        return self.value(MAP, reference(function), *sequences)

    def execute(self, code: str, silent: bool = False, timeout: float | None = None, **more: Any) -> Message:
        """Execute code and return the reply."""
        request = self.send("mux_out", "execute_request", _execution(code, silent, **more))
        return self.answer("mux_out", request, timeout)

    def output(self, identifier: str) -> list[Message]:
        """All output of a request up to and with the status ``idle``, in order."""
        found = []
        while True:
            message = self.controller.expect("iopub_in", parent=identifier)
            found.append(message)
            if message.kind == "status" and message.content.get("execution_state") == "idle":
                return found

    def close(self) -> None:
        """Stop everything."""
        self.workshop.close()
        self.controller.close()


def _id(frames: Sequence[bytes]) -> str:
    return split(frames).id


def _execution(code: str, silent: bool = False, **more: Any) -> Json:
    # Errors would abort the next request if that came soon enough.
    return {"code": code, "silent": silent, "user_expressions": {}, "stop_on_error": False, **more}
