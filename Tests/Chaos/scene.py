"""The cluster that is put under attack: a controller, engines of all kinds, and client programs with their journals."""

import os
import re
import signal
import stat
import sys
import time
from pathlib import Path

import psutil
from harness import Cluster, binary, controller_command, wait_until
from ledger import Ledger
from programs.stream import read_journal
from proxy import Network
from simulated import raw_client

PROGRAMS = Path(__file__).parent / "programs"

#: Milliseconds between pings. More than ten missed ones, and the engine is given up.
PING = 500

#: Seconds a client waits for its last answers.
PATIENCE = 60

ENGINE_KINDS = ("swift", "martlet", "swift", "python")
CLIENT_KINDS = ("ipyparallel", "raw")


class Member:
    """A process of the cluster, with its way to the controller."""

    def __init__(self, process, kind, link=None):
        self.process = process
        self.kind = kind
        self.link = link
        self.expected_to_end = False
        self.stopped = False

    @property
    def pid(self):
        return self.process.child.pid

    @property
    def name(self):
        return self.process.name

    def signal(self, number):
        if self.process.running:
            os.kill(self.pid, number)

    def stop(self):
        self.stopped = True
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.stopped = False
        self.signal(signal.SIGCONT)

    def kill(self):
        self.expected_to_end = True
        self.process.kill()
        if self.link:
            self.link.close()

    def workers(self):
        """The processes in which a Martlet engine runs Python."""
        try:
            return [] if self.kind == "python" else psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []


class Scene(Cluster):
    """Starts and replaces the members, and keeps the ledger."""

    def __init__(self, transport, seed, engines=4, clients=2, innocents=1):
        super().__init__(verbosity=["--log-level=20"])
        self.transport = transport
        self.seed = seed
        self.environment |= {"MARTLET_PYTHON": sys.executable}
        self.ledger = Ledger(innocents)
        self.network = Network() if transport == "tcp" else None
        self.wanted = engines, clients
        self.engines, self.streams, self.former = [], [], []
        self.controller = None
        self.started = time.monotonic()
        self.timeline = []
        self.complaints = []
        self.samples = []

    def note(self, text):
        self.timeline.append(f"{time.monotonic() - self.started:8.3f} {text}")

    # The members.

    def begin(self):
        self.run_controller()
        for number in range(self.wanted[0]):
            self.add_engine(ENGINE_KINDS[number % len(ENGINE_KINDS)])
        wait_until(lambda: all(map(self.names, self.engines)), "the engines", 60)
        self.quiet = self.descriptors()
        for number in range(self.wanted[1]):
            self.add_client(CLIENT_KINDS[number % len(CLIENT_KINDS)])

    def run_controller(self, *arguments):
        address = "127.0.0.1" if self.transport == "tcp" else self.directory / "s"
        command = [
            *controller_command(), f"--profile={self.PROFILE}", f"--ipython-dir={self.directory}", *self.verbosity,
            f"--ping={PING}", f"--transport={self.transport}", f"--ip={address}", "--DictDB.record_limit=200",
            *os.environ.get("CHAOS_CONTROLLER_ARGUMENTS", "").split(), *arguments,
        ]
        self.controller = Member(self.start("controller", command), "controller")
        wait_until(lambda: self.connection_info("client") and self.connection_info("engine"), "the connection files")

    def link(self, role):
        """A link for a new process, and the path of the connection file that leads through it."""
        if not self.network:
            return None, self.connection_file(role)
        link = self.network.link(self.connection_info(role))
        return link, link.write(self.directory / f"{role}-{len(self.processes)}.json")

    def add_engine(self, kind):
        link, path = self.link("engine")
        profile = [f"--profile={self.PROFILE}", f"--ipython-dir={self.directory}", *self.verbosity, f"--file={path}"]
        startup = [f"--IPEngine.startup_script={PROGRAMS / 'engine_startup.py'}"]
        command = {
            "swift": [binary("martlet-test-engine"), "engine"],
            "martlet": [binary("martlet"), "engine", *startup],
            "python": [sys.executable, "-m", "ipyparallel.engine", "--InteractiveShell.colors=nocolor", *startup],
        }[kind]
        self.engines.append(Member(self.start(f"{kind}-engine", [*command, *profile]), kind, link))

    def add_client(self, kind):
        link, path = self.link("client")
        name = f"{kind}-client-{len(self.processes)}"
        command = [
            sys.executable, PROGRAMS / f"{kind}_stream.py", path, self.directory / f"{name}.journal",
            self.directory / "marks", self.directory / "stop", name, f"{self.seed} {name}", str(PATIENCE),
        ]
        client = Member(self.start(f"{kind}-client", list(map(str, command))), kind, link)
        client.journal = name
        self.streams.append(client)

    def replace(self):
        """A new engine or client for each that was to end, and a complaint about each that was not."""
        for members, add in ((self.engines, self.add_engine), (self.streams, self.add_client)):
            for member in [member for member in members if not member.process.running]:
                self.dismiss(member)
                add(member.kind)

    def dismiss(self, member):
        members = self.engines if member in self.engines else self.streams
        members.remove(member)
        self.former.append(member)
        if not member.expected_to_end:
            self.note(f"{member.name} ended by itself")
            self.complaints.append(f"{member.name} ended by itself, status {member.process.child.returncode}")
        if member.link:
            member.link.close()

    def names(self, engine):
        """The ids and uuids under which an engine has been registered; empty until it is."""
        ids = set(re.findall(r"Completed registration with id (\d+)", engine.process.log(10**7)))
        log = "".join(process.log(10**8) for process in self.processes if process.name.startswith("controller"))
        connected = re.findall(r"engine connected.* martlet\.engine\.id=(\d+) martlet\.engine\.uuid=(\S+)", log)
        uuids = {uuid for name, uuid in connected if name in ids}
        return ids | uuids if uuids else set()

    # What is to be seen of it.

    def descriptors(self):
        return psutil.Process(self.controller.pid).num_fds()

    def sample(self):
        self.samples.append(psutil.Process(self.controller.pid).memory_info().rss)

    def settle(self):
        """Everything runs again and nobody is harmed any more: the clients finish, and nothing is left to be done."""
        self.replace()
        (self.directory / "stop").touch()
        try:
            wait_until(
                lambda: not any(client.process.running for client in self.streams), "the clients", PATIENCE + 30
            )
        except AssertionError as error:
            self.complaints.append(str(error))
        for client in self.streams:
            if not client.process.running and client.process.child.returncode:
                self.complaints.append(f"{client.name} failed with status {client.process.child.returncode}")
        self.check_hub()
        self.check_controller()

    def check_hub(self):
        """The engines that run are the registered ones, and have nothing to do."""
        running = {engine.name: self.names(engine) for engine in self.engines if engine.process.running}
        with raw_client(self) as client:
            try:
                wait_until(lambda: self.registered_as(client, running), "the running engines to be the registered ones")
                wait_until(lambda: self.is_idle(client), "the end of all tasks")
            except AssertionError as error:
                known = client.ask("connection_request").content
                queues = client.ask("queue_request", {"verbose": True}).content
                for queue in queues.values():
                    if isinstance(queue, dict):
                        queue["completed"] = len(queue["completed"])
                self.complaints.append(f"{error}: running {running}, registered {known['engines']}, queues {queues}")

    def registered_as(self, client, running):
        known = client.ask("connection_request").content["engines"]
        found = [any(uuid in names for uuid in known.values()) for names in running.values()]
        return len(known) == len(running) and all(found)

    def is_idle(self, client):
        queues = client.ask("queue_request", {"verbose": True}).content
        return not queues["unassigned"] and not any(
            queue["queue"] or queue["tasks"] for queue in queues.values() if isinstance(queue, dict)
        )

    def check_controller(self):
        """As many descriptors as before the clients came, and memory that does not grow."""
        try:
            wait_until(lambda: self.descriptors() <= self.quiet + 4, "the end of unused descriptors")
        except AssertionError as error:
            self.complaints.append(f"{error}: {self.descriptors()}, before {self.quiet}")
        quarter = len(self.samples) // 4
        if quarter >= 4:
            early, late = max(self.samples[quarter : 2 * quarter]), max(self.samples[-quarter:])
            if late > 1.25 * early + 32e6:
                self.complaints.append(f"the controller's memory grew from {early / 1e6:.0f} to {late / 1e6:.0f} MB")

    def close(self):
        """Ends everything and looks for what is left. Returns all complaints."""
        files_stay = bool({"--reuse", "--restore"} & set(self.controller.process.child.args))
        for member in (*self.streams, *self.engines, self.controller):
            member.expected_to_end = True
            member.process.terminate()
            if complaint := member.process.finish(20):
                self.complaints.append(complaint)
        try:
            wait_until(lambda: not self.relatives(), "the end of all processes", 20)
        except AssertionError:
            for relative in self.relatives():
                self.complaints.append(f"left behind: {relative} {relative.cmdline()}")
                relative.kill()
        sockets = [path.name for path in self.directory.rglob("*") if stat.S_ISSOCK(path.stat().st_mode)]
        files = [] if files_stay else [path.name for path in self.security_directory.glob("*.json")]
        if sockets or files:
            self.complaints.append(f"left behind: {', '.join(sockets + files)}")
        if self.network:
            for member in (*self.streams, *self.engines):
                member.link.close()
            self.network.stop()
        return self.complaints + self.account()

    def account(self):
        """What the ledger says after all journals have been read."""
        for client in (*self.former, *self.streams):
            if hasattr(client, "journal"):
                self.ledger.read(client.journal, read_journal(self.directory / f"{client.journal}.journal"))
        marks = self.directory / "marks"
        for mark in marks.read_text().split() if marks.exists() else []:
            self.ledger.began(mark)
        return self.ledger.complaints()
