"""What may happen to tasks, and what is done to the processes that have them."""

import math
import re
from dataclasses import dataclass, field

#: What a task ends with whose engine was lost.
ENGINE_LOST = {"EngineError", "EngineLost"}

#: What a request ends with that was lost on its way to an engine or back.
LOST = "TaskLost"

#: What a request ends with whose controller was killed and can't tell what became of it.
CONTROLLER_LOST = "ControllerLost"

#: What a client says of a task of which it has asked again and again, and which nobody knows.
UNKNOWN = "Unknown"

#: The harm of an engine that is asked to end, and those of its connections. Engines of ipyparallel drop replies while they
#: have no controller.
LEAVING = "told to leave"
PYTHON_GONE = "its Python was killed"
CONTROLLER_GONE = "its controller was killed"
RESET = "its connections were reset"
REFUSED = "its connections were refused"
FORGOTTEN = "its connections were forgotten"
CUT_OFF = {RESET, REFUSED, FORGOTTEN, CONTROLLER_GONE}

#: Seconds after the end of a harm for which its consequences may still be told.
GRACE = 20.0

#: Seconds for which clients of Martlet's wait for a missing controller.
RECONNECT = 30.0

#: Seconds that a request may be on its way: what was sent so long before its sender's or its receiver's death may be lost.
ON_THE_WAY = 5.0


@dataclass
class Task:
    """A request as its client sees it; for a broadcast, one of its targets."""

    client: str
    via: str
    expected: str
    at: float
    target: str | None = None
    mark: str | None = None
    retries: int = 0
    after: list = field(default_factory=list)
    replies: int = 0
    ends: list = field(default_factory=list)
    abandoned: bool = False

    @property
    def is_right(self):
        return bool(self.ends) and self.ends[0].get("value") == self.expected

    @property
    def failed(self):
        """Whether it ended with an error, be it the right one."""
        return bool(self.ends) and (not self.is_right or self.expected.startswith("raises"))


@dataclass
class Harm:
    """Something that was done to an engine, for whose sake tasks may fail. ``names`` are its uuid and its id."""

    names: set
    what: str
    since: float
    until: float = math.inf

    def explains(self, names, task, ended):
        return bool(self.names & names) and self.since <= ended and self.until + GRACE >= task.at


@dataclass
class Death:
    """The time for which a controller was missing, or the moment in which a client was killed."""

    since: float
    until: float

    @property
    def was_long(self):
        return self.until - self.since > RECONNECT

    def may_have_lost(self, task):
        return self.since - ON_THE_WAY <= task.at <= self.until


def named_engines(error):
    """The uuids and ids of engines that an error names."""
    text = error.get("evalue") or ""
    names = set(re.findall(r"[0-9A-Fa-f][0-9A-Fa-f_-]{15,}", text))
    names |= set(re.findall(r"[Ee]ngine '?#?(\d+)\b", text))
    return names | ({error["engine"]} if error.get("engine") else set())
