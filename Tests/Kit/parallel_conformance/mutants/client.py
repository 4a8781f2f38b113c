"""``python -m parallel_conformance.mutants.client FAULT FILE``: a client with a fault, or with ``none``."""

import json
import sys
from pathlib import Path
from typing import Any

import zmq

from ..peers import connect
from ..vectors.calls import Part, call
from ..vectors.pickling import dumps
from ..wire import DELIMITER, Json, Message, split
from .small_client import Command, SmallClient


class Unsigned(SmallClient):
    """Leaves the signature out of requests for code."""

    def send_frames(self, channel: str, frames: Any) -> None:
        made = list(frames)
        if b"execute_request" in made[made.index(DELIMITER) + 2]:
            made[made.index(DELIMITER) + 1] = b""
        super().send_frames(channel, made)


class VerifiesNothing(SmallClient):
    """Accepts messages with any signature."""

    def read(self, frames: list[bytes]) -> Message:
        return split(frames)


class AcceptsReplays(SmallClient):
    """Takes a message as often as it comes."""

    def is_replay(self, message: Message) -> bool:
        return False


class MatchesByOrder(SmallClient):
    """Takes any reply for that to the oldest request."""

    def owner(self, message: Message) -> tuple[Command | None, str]:
        waiting = [command for command in self.commands if not command.replied]
        return (waiting[0], waiting[0].order[0]) if waiting else (None, "")


class WaitsForTheDead(SmallClient):
    """Goes on waiting for an engine that has left."""

    def lost(self, number: int) -> None:
        return


class MixesOutput(SmallClient):
    """Takes all output for that of the latest request."""

    def output_owner(self, message: Message) -> Command | None:
        if message.kind == "stream":
            return self.commands[-1] if self.commands else None
        return super().output_owner(message)


class ForgetsTheTargets(SmallClient):
    """Leaves the targets out of the metadata of broadcasts."""

    def broadcast_metadata(self, to: Json) -> Json:
        return {key: value for key, value in super().broadcast_metadata(to).items() if key != "targets"}


class LeavesKeywordsUnsorted(SmallClient):
    """Sends keyword arguments in the order in which they were given."""

    def buffers(self, function: Part, args: list[Part], kwargs: dict[str, Part]) -> list[bytes]:
        frames = call(function, args)
        counts = {"nargs": len(args), "narg_bufs": len(frames) - 2, "kw_keys": list(kwargs)}
        frames[1] = dumps(counts)
        return frames + [frame for part in kwargs.values() for frame in part.buffers()]


class SwapsBuffers(SmallClient):
    """Sends the large buffers of a call in reverse order."""

    def buffers(self, function: Part, args: list[Part], kwargs: dict[str, Part]) -> list[bytes]:
        return super().buffers(function, [Part(part.value, part.expect, part.frames[::-1]) for part in args], kwargs)


class KnowsNoNewEngines(SmallClient):
    """Does not listen to notifications of engines that come."""

    def notified(self, message: Message) -> None:
        if message.kind != "registration_notification":
            super().notified(message)


class LimitsItsRequests(SmallClient):
    """Sends on sockets with ZeroMQ's default for the high water mark."""

    def socket(self, channel: str) -> zmq.Socket:
        if channel == "mux" and channel not in self.sockets:
            self.sockets[channel] = connect(self.context, self.info, channel, zmq.DEALER, limit=1000)
        return super().socket(channel)


FAULTS: dict[str, type[SmallClient]] = {
    "none": SmallClient,
    "unsigned": Unsigned,
    "verifies-nothing": VerifiesNothing,
    "accepts-replays": AcceptsReplays,
    "matches-by-order": MatchesByOrder,
    "waits-for-the-dead": WaitsForTheDead,
    "mixes-output": MixesOutput,
    "forgets-the-targets": ForgetsTheTargets,
    "leaves-keywords-unsorted": LeavesKeywordsUnsorted,
    "swaps-buffers": SwapsBuffers,
    "knows-no-new-engines": KnowsNoNewEngines,
    "limits-its-requests": LimitsItsRequests,
}


def main() -> None:
    """Run a client."""
    FAULTS[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text())).run()


if __name__ == "__main__":
    main()
