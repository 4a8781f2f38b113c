"""A cluster of real processes for a test or a module: a controller, any number of engines, and clients."""

import contextlib
import json
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ipyparallel as ipp
import psutil

REPOSITORY = Path(__file__).resolve().parents[2]

#: Seconds after which waiting for a condition fails. No test depends on how fast a condition becomes true.
TIMEOUT = 30

#: Which of pytest's processes this is: each has addresses and ports of its own.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def binary(name):
    """Path of a built Swift executable, from ``MARTLET_BIN_DIR`` or the debug build."""
    directory = Path(os.environ.get("MARTLET_BIN_DIR") or REPOSITORY / ".build" / "debug").resolve()
    path = directory / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `make build` or set MARTLET_BIN_DIR")
    return str(path)


def controller_command():
    """``martlet controller``, or the command in ``MARTLET_CONTROLLER_CMD``."""
    return shlex.split(os.environ.get("MARTLET_CONTROLLER_CMD", "")) or [binary("martlet"), "controller"]


def children_of(process, role):
    """The running descendants of a process that are Martlet processes of this role. Others may end meanwhile."""

    def is_wanted(child):
        try:
            return child.status() != "zombie" and child.cmdline()[1:2] == [role]
        except psutil.NoSuchProcess:
            return False

    return [child for child in psutil.Process(process.pid).children(recursive=True) if is_wanted(child)]


def wait_until(condition, what, timeout=TIMEOUT):
    """Return the first true value of ``condition()``; AssertionError naming ``what`` if none comes in time."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.02)
    return value


def free_ports(count):
    """``count`` neighbouring TCP ports on which nothing listens.

    They are below the ones that the system gives to outgoing connections, which could take one before its server does. Each of
    pytest's processes has some of its own.
    """
    first = 20000 + WORKER % 4 * 3000
    for _ in range(1000):
        ports = range(start := random.randrange(first, first + 3000 - count), start + count)
        with contextlib.ExitStack() as sockets:
            try:
                for port in ports:
                    sockets.enter_context(socket.socket()).bind(("", port))
            except OSError:
                continue
        return ports
    raise AssertionError(f"no {count} neighbouring ports are free")


def join_output(view, function, *arguments):
    """Call a printing function until its output arrives. Output published before a client has subscribed is lost."""

    def arrives():
        result = view.apply_async(function, *arguments)
        result.get(timeout=TIMEOUT)
        result.wait_for_output(0.5)
        return result.stdout

    wait_until(arrives, "the output of any task")


class Process:
    """A child process in its own process group, with its output in a log file."""

    def __init__(self, name, command, environment, directory):
        self.name = name
        self.log_path = directory / f"{name}.log"
        with self.log_path.open("wb") as log:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=directory,
                start_new_session=True,
            )

    @property
    def running(self):
        return self.child.poll() is None

    def log(self, limit=6_000):
        return self.log_path.read_text(errors="replace")[-limit:]

    def group_exists(self):
        """Whether any process of the group is left, including helpers that outlive the child."""
        self.child.poll()
        try:
            os.killpg(self.child.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def terminate(self):
        if self.running:
            self.child.terminate()

    def kill(self):
        """Kill the process itself, as in a crash. Its helpers keep running and have to notice."""
        self.child.kill()
        self.child.wait()

    def finish(self, timeout):
        """Wait for the whole group to end, and kill what does not. Returns a complaint or None."""
        try:
            wait_until(lambda: not self.group_exists(), "end of the process group", timeout)
        except AssertionError:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
            return f"{self.name} or a child of it was left {timeout} s after SIGTERM\n{self.log()}"
        return None


class Cluster:
    """Starts processes in a temporary ``IPYTHONDIR`` whose path is short enough for ipc sockets.

    ``verbosity`` contains arguments for both the controller and the engines.
    """

    PROFILE = "default"

    def __init__(self, verbosity=("--log-level=10",)):
        self.verbosity = list(verbosity)
        self.directory = Path(tempfile.mkdtemp(prefix="mt-", dir="/tmp"))
        self.processes = []
        self.clients = []
        self.cluster_id = ""
        self.environment = dict(os.environ, IPYTHONDIR=str(self.directory))
        for name in ("IPP_CLUSTER_ID", "IPP_PROFILE_DIR", "IPP_CONNECTION_INFO"):
            self.environment.pop(name, None)

    @property
    def security_directory(self):
        return self.directory / f"profile_{self.PROFILE}" / "security"

    def connection_file(self, role):
        """Path of the connection file of ``role``: ``client`` or ``engine``."""
        middle = f"{self.cluster_id}-" if self.cluster_id else ""
        return self.security_directory / f"ipcontroller-{middle}{role}.json"

    def connection_info(self, role):
        """The content of a connection file, or None if it is not complete yet."""
        try:
            return json.loads(self.connection_file(role).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def start(self, name, command):
        count = sum(process.name.startswith(name) for process in self.processes)
        process = Process(f"{name}-{count}", command, self.environment, self.directory)
        self.processes.append(process)
        return process

    def start_controller(self, transport="tcp", cluster_id="", arguments=()):
        """Start the controller and wait until both connection files can be read."""
        self.cluster_id = cluster_id
        command = controller_command() + [f"--profile={self.PROFILE}", f"--ipython-dir={self.directory}", "--ping=250"]
        command += self.verbosity
        command += [f"--cluster-id={cluster_id}"] if cluster_id else []
        # For ipc the "address" is the prefix of the socket paths.
        address = "127.0.0.1" if transport == "tcp" else self.directory / "s"
        command += [f"--transport={transport}", f"--ip={address}"]
        process = self.start("controller", command + list(arguments))

        def published():
            if not process.running:
                raise AssertionError(f"the controller ended with status {process.child.returncode}")
            return self.connection_info("client") and self.connection_info("engine")

        wait_until(published, "both connection files")
        return process

    def engine_arguments(self):
        """The arguments an engine needs to find this cluster's controller."""
        arguments = [f"--profile={self.PROFILE}", f"--ipython-dir={self.directory}", *self.verbosity]
        return arguments + ([f"--cluster-id={self.cluster_id}"] if self.cluster_id else [])

    def start_python_engines(self, count):
        """Start unmodified ipyparallel engines. They are registered once `client(engines)` has returned."""
        command = [sys.executable, "-m", "ipyparallel.engine", "--InteractiveShell.colors=nocolor"]
        return [self.start("python-engine", command + self.engine_arguments()) for _ in range(count)]

    def start_swift_engines(self, count, arguments=()):
        """Start engines of `martlet-test-engine`, which registers the functions the tests call."""
        command = [binary("martlet-test-engine"), "engine", *self.engine_arguments(), *arguments]
        return [self.start("swift-engine", command) for _ in range(count)]

    def start_martlet_engines(self, count, arguments=()):
        """Start engines of `martlet`, which run Python code with the interpreter of the tests."""
        self.environment["MARTLET_PYTHON"] = sys.executable
        command = [binary("martlet"), "engine", *self.engine_arguments(), *arguments]
        return [self.start("martlet-engine", command) for _ in range(count)]

    def client(self, engines=0):
        """Connect an ipyparallel client and wait until ``engines`` engines are registered."""
        client = ipp.Client(connection_info=str(self.connection_file("client")), timeout=TIMEOUT)
        self.clients.append(client)
        wait_until(lambda: self.check_running() and len(client.ids) >= engines, f"{engines} engines", 2 * TIMEOUT)
        return client

    def check_running(self):
        """Return True; AssertionError if a process has ended by itself."""
        ended = [f"{p.name} ended with status {p.child.returncode}" for p in self.processes if not p.running]
        assert not ended, "; ".join(ended)
        return True

    def logs(self):
        """The name of each process and the end of its log."""
        return [(process.name, process.log()) for process in self.processes]

    def relatives(self):
        """Processes that inherited this cluster's ``IPYTHONDIR``, whatever their process group."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("IPYTHONDIR") == str(self.directory):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def stop(self):
        """Stop everything, engines first; AssertionError if something keeps running."""
        for client in self.clients:
            client.close()
        processes = self.processes[::-1]
        engines = [process for process in processes if not process.name.startswith("controller")]
        for process in engines:
            process.terminate()
        deadline = time.monotonic() + 1
        while any(process.running for process in engines) and time.monotonic() < deadline:
            time.sleep(0.01)
        # Martlet's engines finish what they run after one SIGTERM, and end after another.
        for process in processes:
            process.terminate()
        complaints = [complaint for process in processes if (complaint := process.finish(15))]
        try:
            wait_until(lambda: not self.relatives(), "the end of processes in other sessions (nannies)", 15)
        except AssertionError:
            for relative in self.relatives():
                complaints.append(f"left behind: {relative}")
                relative.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
        assert not complaints, "\n".join(complaints)
