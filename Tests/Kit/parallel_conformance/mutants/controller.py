"""``python -m parallel_conformance.mutants.controller FAULT CLIENT_FILE PING``: a controller with a fault, or with ``none``."""

import json
import sys
from pathlib import Path

from ..wire import DELIMITER, Json, Message, split
from .small_controller import SmallController


class UnsignedNotifications(SmallController):
    """Leaves the signature out of notifications."""

    def notify(self, kind: str, content: Json) -> None:
        frames = self.session.frames(kind, content)
        frames[1] = b""
        self.sockets["notification"].send_multipart(frames)


class MirrorsIdentities(SmallController):
    """Gives clients their own identity with replies."""

    def reply_identity(self, frames: list[bytes]) -> bytes:
        return frames[1]


class ForgetsThePeriod(SmallController):
    """Leaves a key out of the registration_reply."""

    def register(self, name: str, wanted: int | None) -> Json:
        return {key: value for key, value in super().register(name, wanted).items() if key != "hb_period"}


class ReversesTheOrder(SmallController):
    """Passes on the latest request first."""

    def in_order(self, name: str, received: list[list[bytes]]) -> list[list[bytes]]:
        return received[::-1]

    def readable(self, name: str, socket: object) -> None:
        # Lets requests gather, so that there is an order.
        self.sockets["iopub_in"].poll(20)
        super().readable(name, self.sockets[name])


class AcceptsReplays(SmallController):
    """Answers a request as often as it comes."""

    def is_replay(self, message: Message) -> bool:
        return False


class VerifiesNothing(SmallController):
    """Answers requests with any signature."""

    def read(self, frames: list[bytes]) -> Message:
        return split(frames)


class TakesAnyEcho(SmallController):
    """Takes whatever a heart sends for a beat."""

    def is_beat(self, echo: bytes) -> bool:
        return True


class TellsNoOne(SmallController):
    """Notifies clients of engines that leave, not of those that come."""

    def notify(self, kind: str, content: Json) -> None:
        if kind != "registration_notification":
            super().notify(kind, content)


class UsesIdsAgain(SmallController):
    """Gives a new engine the lowest free id."""

    def new_id(self, taken: dict[int, str]) -> int:
        return next(number for number in range(len(taken) + 1) if number not in taken)


class AcceptsAnyUuid(SmallController):
    """Registers a second engine under the uuid of a first one."""

    def register(self, name: str, wanted: int | None) -> Json:
        self.engines = {number: known for number, known in self.engines.items() if known != name}
        return super().register(name, wanted)


class LosesTopics(SmallController):
    """Passes output on without its topic."""

    def relayed_output(self, frames: list[bytes]) -> list[bytes]:
        return [b"", *frames[1:]]


class RewritesJSON(SmallController):
    """Reads requests and writes them anew."""

    def relayed(self, frames: list[bytes]) -> list[bytes]:
        start = frames.index(DELIMITER) + 2
        parts = [json.dumps(json.loads(frame)).encode() for frame in frames[start : start + 4]]
        return self.session.pack(parts, frames[start + 4 :])


FAULTS: dict[str, type[SmallController]] = {
    "none": SmallController,
    "unsigned-notifications": UnsignedNotifications,
    "mirrors-identities": MirrorsIdentities,
    "forgets-the-period": ForgetsThePeriod,
    "reverses-the-order": ReversesTheOrder,
    "accepts-replays": AcceptsReplays,
    "verifies-nothing": VerifiesNothing,
    "takes-any-echo": TakesAnyEcho,
    "tells-no-one": TellsNoOne,
    "uses-ids-again": UsesIdsAgain,
    "accepts-any-uuid": AcceptsAnyUuid,
    "loses-topics": LosesTopics,
    "rewrites-json": RewritesJSON,
}


def main() -> None:
    """Run a controller."""
    FAULTS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])).run()


if __name__ == "__main__":
    main()
