"""The cluster that is put under attack: a controller, engines of all kinds, and client programs with their journals."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import psutil
from harness import Cluster, binary, controller_command, wait_until
from inspection import PATIENCE, Inspection
from ledger import Ledger
from links import Links
from proxy import Network, Proxies

PROGRAMS = Path(__file__).parent / "programs"

#: Milliseconds between pings. More than ten missed ones, and the engine is given up.
PING = 500

#: Seconds that engines of a controller that was killed have to come back to the next one.
RETURN = 10

#: Seconds that a controller may take to start on a machine with other things to do.
START = 120

#: Seconds after which everybody has noticed that a controller was killed. Behind a link that was cut, the system of a host tries
#: again after a while that is as long as the cut.
NOTICE = {"ipc": 0, "proxies": 1, "links": 5}

ENGINE_KINDS = ("swift", "martlet", "swift", "python")
CLIENT_KINDS = ("ipyparallel", "raw", "swift")


class Member:
    """A process of the cluster, with its way to the controller."""

    def __init__(self, process, kind, link=None):
        self.process = process
        self.kind = kind
        self.link = link
        self.expected_to_end = False
        self.stopped = False
        #: The names of an engine, and of a client's journal.
        self.ids, self.uuids, self.names = set(), set(), set()
        self.journal = None

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
        self.let_go()

    def let_go(self):
        """The process has ended, and with it a proxy for it. Hosts stay."""
        if isinstance(self.link, Proxies):
            self.link.close()

    def workers(self):
        """The processes in which a Martlet engine runs Python."""
        try:
            return [] if self.kind == "python" else psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []


class LogReader:
    """Reads what has been added to a log since the last time."""

    def __init__(self, process):
        self.path = process.log_path
        self.position = 0

    def lines(self):
        """New lines, without the last one if it may go on."""
        with self.path.open("rb") as log:
            log.seek(self.position)
            text = log.read()
        end = text.rfind(b"\n") + 1
        self.position += end
        return text[:end].decode(errors="replace").splitlines()


class Scene(Inspection, Cluster):
    """Starts and replaces the members, and keeps the ledger."""

    def __init__(self, way, seed, has_journal=False, engines=4, clients=3, innocents=1):
        """`way` is how the members reach the controller: by `ipc`, through `proxies`, or from hosts of their own behind `links`."""
        super().__init__(verbosity=["--log-level=20"])
        self.way = way
        self.seed = seed
        self.environment |= {"MARTLET_PYTHON": sys.executable}
        self.has_journal = has_journal
        self.ledger = Ledger(innocents, has_journal)
        self.network = Network() if way == "proxies" else None
        self.hosts = Links(engines + clients) if way == "links" else ()
        self.wanted = engines, clients
        self.engines, self.streams, self.former = [], [], []
        self.controller = None
        self.readers = {}
        self.uuids = {}
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
        wait_until(self.all_are_registered, "the engines", 60)
        self.quiet = self.descriptors()
        for number in range(self.wanted[1]):
            self.add_client(CLIENT_KINDS[number % len(CLIENT_KINDS)])

    def all_are_registered(self):
        self.read_logs()
        return all(engine.names for engine in self.engines)

    def run_controller(self, *arguments):
        """Starts a controller, and waits until it is ready."""
        self.launch_controller(*arguments)
        wait_until(self.check_controller_ready, "the controller", START)

    def launch_controller(self, *arguments):
        address = {"ipc": self.directory / "s", "proxies": "127.0.0.1", "links": self.hosts and self.hosts.address}[self.way]
        transport = "ipc" if self.way == "ipc" else "tcp"
        command = [
            *controller_command(), f"--profile={self.PROFILE}", f"--ipython-dir={self.directory}", *self.verbosity,
            f"--ping={PING}", f"--transport={transport}", f"--ip={address}", "--DictDB.record_limit=200",
            f"--HubFactory.registration_timeout={RETURN}", *(["--journal"] if self.has_journal else []),
            *os.environ.get("CHAOS_CONTROLLER_ARGUMENTS", "").split(), *arguments,
        ]
        self.controller = Member(self.start("controller", command), "controller")

    def check_controller_ready(self):
        process = self.controller.process
        assert process.running, f"{process.name} ended with status {process.child.returncode}: {process.log()}"
        return "controller ready" in process.log(10**6)

    def restart_controller(self):
        """Starts the next controller as its supervisor would, under the same addresses."""
        self.launch_controller(*([] if self.has_journal else ["--restore"]))

    def controller_killed(self, since):
        """The controller is ready again: tells the ledger, and clients that don't notice by themselves."""
        wait_until(self.check_controller_ready, "the controller", START)
        # What is sent before the proxies, or hosts behind links, have noticed is lost, and plain sockets don't hear of it.
        time.sleep(NOTICE[self.way])
        until = time.monotonic()
        self.ledger.controller_killed(since, until)
        with (self.directory / "outages").open("a") as outages:
            outages.write(f"{until}\n")

    def link(self, role):
        """A link for a new process, and the path of the connection file that leads through it."""
        if self.network:
            link = self.network.link(self.connection_info(role))
            return link, link.write(self.directory / f"{role}-{len(self.processes)}.json")
        if self.hosts:
            taken = [member.link for member in (*self.engines, *self.streams)]
            link = next(link for link in self.hosts if link not in taken)
            link.heal()
            return link, self.connection_file(role)
        return None, self.connection_file(role)

    def start_member(self, name, kind, link, command):
        command = list(map(str, command))
        return Member(self.start(name, link.command(*command) if self.hosts else command), kind, link)

    def add_engine(self, kind):
        link, path = self.link("engine")
        profile = [f"--profile={self.PROFILE}", f"--ipython-dir={self.directory}", *self.verbosity, f"--file={path}"]
        # Longer than a controller is missing.
        profile += ["--IPEngine.timeout=30"]
        startup = [f"--IPEngine.startup_script={PROGRAMS / 'engine_startup.py'}"]
        command = {
            "swift": [binary("martlet-test-engine"), "engine"],
            "martlet": [binary("martlet"), "engine", *startup],
            "python": [sys.executable, "-m", "ipyparallel.engine", "--InteractiveShell.colors=nocolor", *startup],
        }[kind]
        self.engines.append(self.start_member(f"{kind}-engine", kind, link, [*command, *profile]))

    def add_client(self, kind, journal=None):
        """Starts a client; one that was killed goes on with its journal."""
        link, path = self.link("client")
        name = f"{kind}-client-{len(self.processes)}"
        journal = journal or name
        arguments = [
            self.directory / f"{journal}.journal", self.directory / "marks", self.directory / "stop", name,
            f"{self.seed} {name}", PATIENCE,
        ]
        if kind == "swift":
            command = [binary("martlet-test-engine"), "--connection-file", path, "stream", *arguments]
        else:
            command = [sys.executable, PROGRAMS / f"{kind}_stream.py", path, *arguments]
        client = self.start_member(f"{kind}-client", kind, link, command)
        client.journal = journal
        self.streams.append(client)

    def replace(self):
        """A new engine or client for each that was to end, and a complaint about each that was not."""
        self.read_logs()
        for engine in [engine for engine in self.engines if not engine.process.running]:
            self.dismiss(engine, self.engines)
            self.add_engine(engine.kind)
        for client in [client for client in self.streams if not client.process.running]:
            self.dismiss(client, self.streams)
            self.add_client(client.kind, client.journal if self.has_journal else None)
        if not self.controller.process.running:
            self.complaints.append(f"{self.controller.name} ended, status {self.controller.process.child.returncode}")
            since = time.monotonic()
            self.restart_controller()
            self.controller_killed(since)

    def dismiss(self, member, members):
        members.remove(member)
        self.former.append(member)
        if not member.expected_to_end:
            self.note(f"{member.name} ended by itself")
            self.complaints.append(f"{member.name} ended by itself, status {member.process.child.returncode}")
        member.let_go()

    def read_logs(self):
        """Learns the ids and uuids under which engines have been registered."""
        for process in self.processes:
            if process.name.startswith("controller"):
                for line in self.new_lines(process):
                    if found := re.search(r"a connection was ended: .*", line):
                        self.note(f"{process.name}: {found[0]}")
                    if found := re.search(r"engine connected.* martlet\.engine\.id=(\d+) martlet\.engine\.uuid=(\S+)", line):
                        self.uuids.setdefault(found[1], set()).add(found[2])
        for engine in self.engines:
            for line in self.new_lines(engine.process):
                if found := re.search(r"Completed registration with id (\d+)", line):
                    engine.ids.add(found[1])
                    # ipyparallel's engines don't tell.
                    engine.uuids |= set(re.findall(r"martlet\.engine\.uuid=(\S+)", line))
            uuids = engine.uuids or {uuid for name in engine.ids for uuid in self.uuids.get(name, ())}
            others = {name for name, connected in self.uuids.items() if connected & uuids}
            engine.names = engine.ids | uuids | others if others else set()

    def new_lines(self, process):
        return self.readers.setdefault(process.name, LogReader(process)).lines()
