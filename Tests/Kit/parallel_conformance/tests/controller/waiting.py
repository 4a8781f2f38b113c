"""A registration that is never completed, on a controller of its own."""

import time

from parallel_conformance.controllers import Controller, ControllerPlan
from parallel_conformance.peers import EnginePeer
from parallel_conformance.processes import wait_until

#: Ten heartbeat periods, at least 30 s.
REGISTRATION_TIMEOUT = 30


class LongWait:
    """An engine that registers and does not beat."""

    def __init__(self, plan: ControllerPlan):
        self.controller = Controller(plan)
        self.engine = EnginePeer(self.controller.engine_info, requested=5)
        assert self.engine.request_registration().content["status"] == "ok"
        self.since = time.monotonic()

    def wait_until_free(self) -> None:
        """Register again, from another connection, until it is allowed; it must not be before the time."""
        content = {"uuid": self.engine.uuid, "id": 5}
        other = EnginePeer(self.controller.engine_info)

        def accepted() -> bool:
            other.send_frames("registration", other.session.frames("registration_request", content))
            reply = other.receive("registration")
            assert reply
            return reply.content["status"] == "ok" and reply.content["id"] == 5

        wait_until(accepted, "uuid and id to be free", 2 * REGISTRATION_TIMEOUT)
        waited = time.monotonic() - self.since
        other.close()
        assert waited > REGISTRATION_TIMEOUT - 2, f"free after {waited:.1f} s already"

    def close(self) -> None:
        """Stop the controller."""
        self.engine.close()
        self.controller.close()
