"""What the client programs share: random calls with known answers, and a journal of what became of them."""

import hashlib
import json
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import ipyparallel as ipp
import numpy


#: Seconds for which a task may be unknown until it counts as never accepted: what was sent may still be on its way.
UNKNOWN_LIMIT = 5


def digest(value):
    """A short text that tells values apart."""
    if isinstance(value, numpy.ndarray):
        value = (str(value.dtype), value.shape, value.tobytes())
    text = repr(value)
    return text if len(text) < 80 else hashlib.sha1(text.encode()).hexdigest()


def failure(ename, evalue):
    """The digest of an error that is the right answer."""
    return f"raises {ename}: {evalue}"


class Journal:
    """A file with a line for each event, which survives the death of the writer."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, event, **fields):
        self.write_all(event, [fields])

    def write_all(self, event, tasks):
        """Writes an event for each of these: all of them, or none if the writer dies."""
        os.write(self.file, "".join(json.dumps({"event": event, **fields}) + "\n" for fields in tasks).encode())


def read_journal(path):
    """The events of a journal. A last line that was cut off by the writer's death is left out."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def open_requests(path):
    """Those in a journal that have not ended, as the events of their submission."""
    events = read_journal(Path(path))
    closed = {event["task"] for event in events if event["event"] in ("ended", "abandoned")}
    return [event for event in events if event["event"] == "submitted" and event["task"] not in closed]


class Outages:
    """The times for which there was no controller, as the harness writes them down."""

    def __init__(self, stop):
        self.path = Path(stop).with_name("outages")
        self.read = 0
        self.until = 0.0
        self.ended()

    def ended(self):
        """Whether the controller has come back since the last time."""
        lines = self.path.read_text().split() if self.path.exists() else []
        is_new = len(lines) > self.read
        self.read = len(lines)
        self.until = float(lines[-1]) if lines else 0.0
        return is_new


def python_work(path, mark, seconds, value):
    """Leaves its mark, takes its time, returns the value. Runs on engines, so it brings its imports."""
    import os
    import time

    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{mark}\n".encode())
    os.close(file)
    time.sleep(seconds)
    return value


# As in a notebook: engines rebuild the function in their own namespace and need not import this file.
python_work.__module__ = "__main__"


@dataclass
class Call:
    """A call to be made, and what must come of it."""

    via: str
    function: object
    arguments: tuple
    expected: str
    mark: str | None = None
    retries: int = 0
    #: Whether to wait for an earlier task.
    depends: bool = False

    def record(self, at, target=None, after=()):
        """The fields of the journal's entry."""
        return {
            "via": self.via, "expected": self.expected, "at": at, "target": target, "mark": self.mark,
            "retries": self.retries, "after": list(after),
        }


@dataclass
class Plan:
    """Random calls from a seed. ``marks`` is the file in which running tasks leave their marks."""

    name: str
    seed: str
    marks: str
    numbers: random.Random = field(init=False)
    count: int = 0

    def __post_init__(self):
        self.numbers = random.Random(self.seed)

    def next(self):
        numbers, self.count = self.numbers, self.count + 1
        via = numbers.choices(["task", "mux", "broadcast"], [6, 3, 1])[0]
        kind = numbers.choices(["swift work", "python work", "add", "fail", "array", "bytes"], [30, 30, 20, 6, 7, 7])[0]
        retries = numbers.choices([0, 1, 3], [6, 2, 2])[0] if via == "task" else 0
        call = getattr(self, "_" + kind.replace(" ", "_"))(via)
        call.retries, call.depends = retries, via == "task" and numbers.random() < 0.1
        return call

    def _seconds(self):
        numbers = self.numbers
        longest = numbers.choices([0, 0.03, 0.5, 2], [70, 24, 5, 1])[0]
        return numbers.uniform(0, longest)

    def _work(self, via, function):
        mark = f"{self.name}-{self.count}"
        return Call(via, function, (self.marks, mark, self._seconds(), self.count), digest(self.count), mark)

    def _swift_work(self, via):
        return self._work(via, ipp.Reference("work"))

    def _python_work(self, via):
        return self._work(via, python_work)

    def _add(self, via):
        number = self.numbers.randrange(10**6)
        return Call(via, ipp.Reference("add"), (number, self.count), digest(number + self.count))

    def _fail(self, via):
        return Call(via, ipp.Reference("fail"), (f"task {self.count}",), failure("Failure", f"task {self.count}"))

    def _size(self):
        return int(10 ** self.numbers.uniform(0, 4.8))

    def _array(self, via):
        array = numpy.arange(self._size(), dtype="f8") + self.count
        return Call(via, ipp.Reference("double"), (array,), digest(2 * array))

    def _bytes(self, via):
        data = self.numbers.randbytes(self._size())
        return Call(via, echo, (data,), digest(data))


def echo(data):
    return data


echo.__module__ = "__main__"


def now():
    return time.monotonic()
