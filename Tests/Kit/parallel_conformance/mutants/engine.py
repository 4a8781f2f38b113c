"""``python -m parallel_conformance.mutants.engine FAULT FILE``: an engine with a fault, or with ``none``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq

from ..peers import connect
from ..wire import DELIMITER, Json, Message, split
from .small_engine import SmallEngine


class Unsigned(SmallEngine):
    """Leaves the signature out of output."""

    def frames(self, *arguments: Any, **more: Any) -> list[bytes]:
        frames = super().frames(*arguments, **more)
        if "stream" in arguments:
            frames[frames.index(DELIMITER) + 1] = b""
        return frames


class SignsBuffers(SmallEngine):
    """Believes that buffers are signed, and drops messages whose signature does not cover them."""

    def read(self, frames: Sequence[bytes]) -> Message:
        message = super().read(frames)
        if message.buffers and message.kind == "kernel_info_request":
            self.session.verify(split([*frames[: frames.index(DELIMITER) + 1], b"0", *message.parts]))
        return message


class VerifiesNothing(SmallEngine):
    """Accepts messages with any signature."""

    def read(self, frames: Sequence[bytes]) -> Message:
        return split(frames)


class AcceptsReplays(SmallEngine):
    """Runs a message as often as it comes."""

    def is_replay(self, channel: str, message: Message) -> bool:
        return False


class MirrorsIdentities(SmallEngine):
    """Returns only the first and last identity."""

    def identities(self, request: Message) -> list[bytes]:
        return [request.identities[0], request.identities[-1]]


class LosesParents(SmallEngine):
    """Publishes what is printed without a parent header."""

    def output_parent(self, request: Message, kind: str) -> bytes:
        return b"{}" if kind == "error" else super().output_parent(request, kind)


class RewritesParents(SmallEngine):
    """Returns the id of the request only, instead of its whole header."""

    def parent(self, request: Message) -> bytes:
        return json.dumps({"msg_id": request.id}).encode()


class EchoesTheTime(SmallEngine):
    """Answers pings with something else."""

    def echo(self, ping: bytes) -> bytes:
        return ping.strip(b"0")


class ForgetsTheEngine(SmallEngine):
    """Leaves the engine's uuid out of the metadata of replies."""

    def metadata(self, request: Message, content: Json) -> Json:
        return {key: value for key, value in super().metadata(request, content).items() if key != "engine"}


class SendsBuffersWithErrors(SmallEngine):
    """Adds a value to replies that report an error."""

    def apply(self, request: Message) -> tuple[Json, list[bytes]]:
        content, buffers = super().apply(request)
        return content, buffers or [b"\x80\x04N."]


class WrongTopic(SmallEngine):
    """Leaves its id out of topics."""

    def topic(self, kind: str) -> str:
        return f"engine.{kind}"


class IgnoresAborts(SmallEngine):
    """Runs what was aborted."""

    def is_aborted(self, request: Message) -> bool:
        return False


class WrongLeaf(SmallEngine):
    """Is connected to the first leaf, whatever its id."""

    def leaf(self) -> int:
        return 0


class IsIdleTooEarly(SmallEngine):
    """Announces that it is idle before it has begun."""

    def status(self, state: str, request: Message) -> None:
        super().status(state, request)
        if state == "busy":
            super().status("idle", request)


class CountsSilentCode(SmallEngine):
    """Counts and publishes silent code, too."""

    def execute(self, request: Message) -> Json:
        request.content["silent"] = False
        return super().execute(request)


class RepeatsIds(SmallEngine):
    """Gives all its messages one id."""

    def frames(self, *arguments: Any, **more: Any) -> list[bytes]:
        return self.session.frames(*arguments, **more, identifier="always-the-same")


class LimitsItsOutput(SmallEngine):
    """Publishes on a socket with ZeroMQ's default for the high water mark."""

    def publisher(self) -> zmq.Socket:
        return connect(self.context, self.info, "iopub", zmq.PUB, limit=1000)


FAULTS: dict[str, type[SmallEngine]] = {
    "none": SmallEngine,
    "unsigned": Unsigned,
    "signs-buffers": SignsBuffers,
    "verifies-nothing": VerifiesNothing,
    "accepts-replays": AcceptsReplays,
    "mirrors-identities": MirrorsIdentities,
    "loses-parents": LosesParents,
    "rewrites-parents": RewritesParents,
    "echoes-the-time": EchoesTheTime,
    "forgets-the-engine": ForgetsTheEngine,
    "sends-buffers-with-errors": SendsBuffersWithErrors,
    "wrong-topic": WrongTopic,
    "ignores-aborts": IgnoresAborts,
    "wrong-leaf": WrongLeaf,
    "is-idle-too-early": IsIdleTooEarly,
    "counts-silent-code": CountsSilentCode,
    "repeats-ids": RepeatsIds,
    "limits-its-output": LimitsItsOutput,
}


def main() -> None:
    """Run an engine."""
    FAULTS[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text())).run()


if __name__ == "__main__":
    main()
