"""Processes under test, started from command templates, and the conditions under which they are ready."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, TypeVar

Value = TypeVar("Value")

#: Seconds after which waiting for a condition fails. No test depends on how fast a condition becomes true.
TIMEOUT = 20.0


class Patience:
    """The time limit of the test that runs: `TIMEOUT`, or less where it is expected to fail."""

    seconds: ClassVar[float] = TIMEOUT


#: Variables of a surrounding cluster that the processes under test must not inherit.
FOREIGN = (
    "IPYTHONDIR",
    "IPP_CLUSTER_ID",
    "IPP_PROFILE_DIR",
    "IPP_CONNECTION_INFO",
    "IPP_SESSION_KEY",
    "IPP_ENABLE_CURVE",
)


def wait_until(condition: Callable[[], Value], what: str, timeout: float | None = None) -> Value:
    """Return the first true value of ``condition()``; AssertionError naming ``what`` if none comes in time."""
    timeout = Patience.seconds if timeout is None else timeout
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(0.01)
    return value


def fill(template: str, values: Mapping[str, object]) -> list[str]:
    """The words of a command template, with ``{name}`` replaced; unknown names are a `ValueError`."""
    try:
        return [word.format(**values) for word in shlex.split(template)]
    except (KeyError, IndexError) as error:
        raise ValueError(f"{template!r}: unknown placeholder {error}; known are {', '.join(values)}") from error


def short_directory() -> Path:
    """A new directory whose path is short enough for ipc sockets."""
    return Path(tempfile.mkdtemp(prefix="pc-", dir="/tmp"))


class Process:
    """A process under test in its own process group, with its output in a file."""

    def __init__(self, name: str, command: list[str], directory: Path, environment: Mapping[str, str] | None = None):
        self.name = name
        self.command = command
        self.log_path = directory / f"{name}.log"
        clean = {key: value for key, value in os.environ.items() if key not in FOREIGN}
        with self.log_path.open("ab") as log:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**clean, "IPYTHONDIR": str(directory / "ipython"), **(environment or {})},
                cwd=directory,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.child.poll() is None

    def log(self, limit: int = 3_000) -> str:
        """The end of its output."""
        return self.log_path.read_text(errors="replace")[-limit:]

    def check_running(self) -> bool:
        """True; AssertionError with the log if it has ended by itself."""
        assert self.running, f"{self.name} ended with status {self.child.returncode}\n{self.log()}"
        return True

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; AssertionError if it does not end in time."""
        wait_until(lambda: not self.running, f"end of {self.name}", timeout)
        return self.child.returncode

    def stop(self, timeout: float = 10) -> None:
        """End it and everything it started, by SIGTERM, and what is left then by SIGKILL."""
        if self.running:
            self.child.terminate()
        try:
            wait_until(lambda: not self._group_exists(), f"end of {self.name}", timeout)
        except AssertionError:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def _group_exists(self) -> bool:
        self.child.poll()
        try:
            os.killpg(self.child.pid, 0)
        except ProcessLookupError:
            return False
        return True


class Workshop:
    """A directory for the files of one arrangement of processes, and the processes started in it."""

    #: Those that are not closed, for the reports of failed tests.
    open: ClassVar[list["Workshop"]] = []

    def __init__(self) -> None:
        self.directory = short_directory()
        self.processes: list[Process] = []
        Workshop.open.append(self)

    def start(
        self, name: str, template: str, values: Mapping[str, object], environment: Mapping[str, str] | None = None
    ) -> Process:
        """Start the command that a template describes."""
        known = {"dir": self.directory, **values}
        process = Process(f"{name}-{len(self.processes)}", fill(template, known), self.directory, environment)
        self.processes.append(process)
        return process

    def logs(self) -> list[tuple[str, str]]:
        """Name and end of the output of each process."""
        return [(process.name, process.log()) for process in self.processes]

    def close(self) -> None:
        """Stop all processes, the latest first, and remove the directory."""
        Workshop.open.remove(self)
        for process in reversed(self.processes):
            process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
