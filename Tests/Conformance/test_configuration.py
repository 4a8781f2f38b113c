"""The controller's options on the command line, in configuration files and in the environment, and restarts that reuse
files or restore engines."""

import json
import os
import re
import socket
import subprocess
import sys
import time

import ipyparallel as ipp
import pytest
import zmq
from harness import TIMEOUT, binary, controller_command, wait_until
from ipyparallel import interactive
from simulated import raw_client, swarm_of, wait_for_engines

double = interactive(lambda x: 2 * x)


def log_of(cluster, index=0):
    return cluster.processes[index].log(10**6)


def profile(cluster):
    directory = cluster.directory / f"profile_{cluster.PROFILE}"
    directory.mkdir(exist_ok=True)
    return directory


def heartbeat_period(cluster):
    """Return the heartbeat period from the reply to an engine's registration."""
    with raw_client(cluster) as client:
        return client.ask("registration_request", {"uuid": "asks for the period"}).content["hb_period"]


def running_tasks(cluster, sent):
    """Return how many of ``sent`` tasks were assigned to an engine that never answers."""
    with swarm_of(cluster) as swarm, raw_client(cluster) as client:
        [engine] = swarm.add(channels=["task"], answer=lambda engine, frames: [])
        wait_for_engines(client, 1)
        for _ in range(sent):
            client.send("task", "apply_request")
        wait_until(
            lambda: client.ask("queue_request").content["unassigned"] + len(engine.requests) == sent
            and engine.requests,
            "the tasks",
        )
        return len(engine.requests)


class TestFlags:
    @pytest.mark.parametrize(
        "arguments",
        [["--ip=127.0.0.2"], ["--ip", "127.0.0.2"], ["--IPController.ip=127.0.0.2"], ["--IPController.ip='127.0.0.2'"]],
        ids=" ".join,
    )
    def test_address(self, arguments, cluster):
        cluster.start_controller(arguments=arguments)
        assert cluster.connection_info("client")["interface"] == "tcp://127.0.0.2"
        assert cluster.client().ids == []

    def test_max_message_size(self, cluster):
        """A peer that sends a larger frame is disconnected and reconnects. The message is lost."""
        cluster.start_controller(arguments=["--max-message-size=100000", "--hwm=0"])
        with swarm_of(cluster) as swarm, raw_client(cluster) as client, raw_client(cluster) as other:
            [engine] = swarm.add(channels=["task"], answer=lambda engine, frames: [])
            wait_for_engines(client, 1)
            client.send("task", "apply_request", buffers=[bytes(10_000)])
            wait_until(lambda: len(engine.requests) == 1, "the small task")
            client.send("task", "apply_request", buffers=[bytes(200_000)])
            other.send("task", "apply_request")
            wait_until(lambda: len(engine.requests) == 2, "another client's task")

            def works_again():
                client.send("task", "apply_request")
                return len(engine.requests) > 2

            wait_until(works_again, "a task by the new connection")
            assert all(len(buffer) < 100_000 for request in engine.requests for buffer in request.buffers)
        cluster.check_running()

    @pytest.mark.parametrize("argument", ["--hwm=3", "--TaskScheduler.hwm=3"])
    def test_high_water_mark(self, argument, cluster):
        cluster.start_controller(arguments=[argument])
        assert running_tasks(cluster, 5) == 3

    @pytest.mark.parametrize("argument", ["--ping=777", "--HeartMonitor.period=777"])
    def test_heartbeat(self, argument, cluster):
        cluster.start_controller(arguments=[argument])
        assert heartbeat_period(cluster) == 777

    def test_record_limit(self, cluster):
        cluster.start_controller(arguments=["--DictDB.record_limit=5"])
        with swarm_of(cluster) as swarm, raw_client(cluster) as client:
            swarm.add(channels=["task"])
            wait_for_engines(client, 1)
            ids = [client.send("task", "apply_request") for _ in range(20)]
            for _ in ids:
                client.receive("task")
            assert client.ask("history_request").content["history"] == ids[-5:]

    def test_no_store(self, cluster):
        cluster.start_controller(arguments=["--nodb"])
        with raw_client(cluster) as client:
            assert client.ask("history_request").content["status"] == "error"
            assert client.ask("queue_request").content["status"] == "ok"

    def test_scheme(self, cluster):
        cluster.start_controller(arguments=["--scheme=lru"])
        assert cluster.connection_info("client")["task_scheme"] == "lru"

    def test_ports(self, cluster):
        from socket import create_server

        # Ports that were free a moment ago, below the range the system assigns from.
        ports = []
        for port in range(21_000, 30_000):
            try:
                create_server(("127.0.0.1", port)).close()
                ports.append(port)
            except OSError:
                continue
            if len(ports) == 4:
                break
        given = ",".join(map(str, ports))
        cluster.start_controller(arguments=[f"--client-ports={given}"])
        info = cluster.connection_info("client")
        assert {info[channel] for channel in ("control", "mux", "task", "iopub", "notification", "broadcast")} >= {*ports}

    def test_unknown_options_are_ignored(self, cluster):
        unknown = ["--no-such-option=1", "--NoSuchClass.trait=2", "--IPController.no_such_trait=3"]
        cluster.start_controller(arguments=unknown)
        for option in ("no-such-option", "NoSuchClass.trait", "IPController.no_such_trait"):
            [line] = [line for line in log_of(cluster).splitlines() if option in line]
            assert "WARNING" in line and "unknown option" in line
        assert cluster.client().ids == []

    @pytest.mark.parametrize(
        "argument", ["--hwm=many", "--scheme=none", "--transport=udp", "--IPController.db_class=NoSuch", "--ports=x"]
    )
    def test_unusable_values(self, argument, cluster):
        with pytest.raises(AssertionError, match="ended with status 2"):
            cluster.start_controller(arguments=[argument])
        error, usage, _ = log_of(cluster).strip().splitlines()
        assert error.startswith("Error: ") and "should be" in error and usage.startswith("Usage: ")
        cluster.processes.clear()


#: Runs an unmodified engine with IPv6 enabled on its sockets. ipyparallel has no option for this.
IPV6_ENGINE = """
import zmq
original = zmq.Context.__init__
def initialize(self, *arguments, **options):
    original(self, *arguments, **options)
    self.set(zmq.IPV6, 1)
zmq.Context.__init__ = initialize
from ipyparallel.engine.app import main
main()
"""


class TestAddresses:
    """Clients and engines in both languages reach a controller however its address is specified."""

    def check(self, cluster, published, context=None):
        for role in ("client", "engine"):
            assert cluster.connection_info(role)["interface"] == published
        command = [sys.executable, "-c", IPV6_ENGINE] + cluster.engine_arguments()
        cluster.start("python-engine", command) if context else cluster.start_python_engines(1)
        cluster.start_swift_engines(1)
        path = str(cluster.connection_file("client"))
        client = ipp.Client(connection_info=path, timeout=TIMEOUT, context=context)
        cluster.clients.append(client)
        wait_until(lambda: cluster.check_running() and len(client.ids) == 2, "both engines", 2 * TIMEOUT)
        assert sum(runs_python(client[engine]) for engine in client.ids) == 1
        # The Swift client queries the hub for the engines.
        status = subprocess.run(
            [binary("martlet"), "status", "--interval=0"], env=cluster.environment, capture_output=True, text=True
        )
        assert status.returncode == 0 and "2 engines" in status.stdout, status.stderr

    @pytest.mark.parametrize("address", ["localhost", "lo", "127.0.0.1"])
    @pytest.mark.skipif(sys.platform != "linux", reason="the loopback interface has another name elsewhere")
    def test_loopback(self, address, cluster):
        cluster.start_controller(arguments=[f"--ip={address}"])
        self.check(cluster, "tcp://127.0.0.1")

    def test_host_name(self, cluster):
        cluster.start_controller(arguments=[f"--ip={socket.gethostname()}"])
        self.check(cluster, f"tcp://{socket.gethostbyname(socket.gethostname())}")

    @pytest.mark.parametrize("address", ["*", "0.0.0.0", "::", "[::]"])
    def test_all(self, address, cluster):
        """Peers resolve an asterisk to loopback on the controller's own host and to its location elsewhere."""
        cluster.start_controller(arguments=[f"--ip={address}"])
        self.check(cluster, "tcp://*")

    @pytest.mark.parametrize("address", ["::1", "[::1]"])
    def test_ipv6(self, address, cluster):
        cluster.start_controller(arguments=[f"--ip={address}"])
        context = zmq.Context()
        context.set(zmq.IPV6, 1)
        self.check(cluster, "tcp://[::1]", context)

    def test_of_engines_alone(self, cluster):
        cluster.start_controller(arguments=["--IPController.engine_ip=localhost", "--IPController.client_ip=127.0.0.2"])
        assert cluster.connection_info("engine")["interface"] == "tcp://127.0.0.1"
        assert cluster.connection_info("client")["interface"] == "tcp://127.0.0.2"
        cluster.start_python_engines(1)
        assert cluster.client(engines=1)[0].apply_sync(double, 4) == 8

    def test_location_is_a_name_of_this_host(self, cluster):
        cluster.start_controller(arguments=["--ip=*", "--location=localhost"])
        assert cluster.connection_info("client")["location"] == "localhost"
        self.check(cluster, "tcp://*")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--ip=no-such-host.invalid"], ["--ip=no-such-host.invalid: no address is known"]),
            (["--ip=192.0.2.77"], ["--ip=192.0.2.77: this is not an address of this machine"]),
            (["--IPController.engine_ip=192.0.2.77"], ["--IPController.engine_ip=192.0.2.77"]),
        ],
    )
    def test_errors_name_the_option(self, arguments, words, cluster):
        with pytest.raises(AssertionError, match="ended with status 1"):
            cluster.start_controller(arguments=arguments)
        [line] = log_of(cluster).strip().splitlines()
        assert all(word in line for word in words)
        cluster.processes.clear()

    def test_a_port_in_use(self, cluster):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(AssertionError, match="ended with status 1"):
                cluster.start_controller(arguments=[f"--client-ports={port}"])
        [line] = log_of(cluster).strip().splitlines()
        assert f"tcp://127.0.0.1:{port} (from --client-ports) is in use" in line
        cluster.processes.clear()


def runs_python(view):
    try:
        return view.apply_sync(double, 2) == 4
    except ipp.error.RemoteError:
        return False


class TestFiles:
    def test_json(self, cluster):
        config = {"HeartMonitor": {"period": 500}, "TaskScheduler": {"hwm": 2}, "NoSuch": {"x": 1}}
        (profile(cluster) / "ipcontroller_config.json").write_text(json.dumps(config))
        cluster.start_controller()
        # The harness's own --ping option overrides configuration files.
        assert heartbeat_period(cluster) == 250
        assert running_tasks(cluster, 5) == 2
        assert "unknown option NoSuch.x" in log_of(cluster)

    def test_python_files_are_read_as_data(self, cluster):
        marker = cluster.directory / "marker"
        (profile(cluster) / "ipcontroller_config.py").write_text(
            f"""# Configuration file for ipcontroller.
c = get_config()  # noqa
c.TaskScheduler.hwm = 4
c.IPController.location = 'here.example'  # a comment
c.IPController.ports = [
    # nothing
]
os.system("touch {marker}")
open({str(marker)!r}, "w").close()
c.TaskScheduler.hwm = __import__("os").system("touch {marker}") or 9
if True:
    open({str(marker)!r}, "w").close()
"""
        )
        cluster.start_controller()
        assert cluster.connection_info("client")["location"] == "here.example"
        assert running_tasks(cluster, 6) == 4
        assert not marker.exists()
        path = "ipcontroller_config.py"
        for line in (8, 9, 10, 11):
            assert f"{path}:{line}: ignored" in log_of(cluster)

    def test_broken_files_are_reported(self, cluster):
        (profile(cluster) / "ipcontroller_config.json").write_text("{")
        (profile(cluster) / "ipcontroller_config.py").write_text("c.TaskScheduler.hwm = (((\n\0")
        cluster.start_controller()
        assert "ipcontroller_config.json" in log_of(cluster)
        assert "ipcontroller_config.py:1" in log_of(cluster)
        assert cluster.client().ids == []

    def test_order(self, cluster):
        (profile(cluster) / "ipcontroller_config.py").write_text("c.TaskScheduler.hwm = 2\nc.IPController.location = 'py'")
        (profile(cluster) / "ipcontroller_config.json").write_text('{"TaskScheduler": {"hwm": 3}}')
        cluster.start_controller(arguments=["--hwm=4"])
        assert running_tasks(cluster, 6) == 4
        assert cluster.connection_info("client")["location"] == "py"


class TestEnvironment:
    """The controller starts without the harness's usual options."""

    def start(self, cluster, **environment):
        cluster.environment |= {name: str(value) for name, value in environment.items()}
        return cluster.start("controller", controller_command())

    def test_ipython_directory(self, cluster):
        self.start(cluster)
        wait_until(lambda: cluster.connection_info("client"), "the connection file")
        assert cluster.client().ids == []

    def test_cluster_id(self, cluster):
        self.start(cluster, IPP_CLUSTER_ID="blue")
        path = cluster.security_directory / "ipcontroller-blue-client.json"
        wait_until(path.exists, "the connection file")

    def test_profile_directory(self, cluster):
        self.start(cluster, IPP_PROFILE_DIR=cluster.directory / "elsewhere")
        wait_until((cluster.directory / "elsewhere/security/ipcontroller-client.json").exists, "the connection file")

    def test_session_key(self, cluster):
        self.start(cluster, IPP_SESSION_KEY="a key of mine")
        assert wait_until(lambda: cluster.connection_info("client"), "the connection file")["key"] == "a key of mine"
        assert cluster.client().ids == []


class TestFolders:
    """Profiles are located where Python looks for them."""

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"HOME": "{home}/link"},
            {"HOME": "{home}/"},
            {"HOME": "."},
            {"HOME": "{home}/old"},
            {"HOME": "{home}/both"},
            {"IPYTHONDIR": "{home}/ip/../other"},
            {"IPYTHONDIR": "~/ip"},
            {"IPYTHONDIR": "~"},
            {"IPYTHONDIR": "target"},
            {"IPYTHONDIR": ""},
            {"IPYTHONDIR": "{home}/link"},
            {"XDG_CONFIG_HOME": "{home}/xdg"},
            {"XDG_CONFIG_HOME": ""},
            {"XDG_CONFIG_HOME": "/no/such/folder"},
            {"XDG_CONFIG_HOME": "{home}/xdg", "HOME": "{home}/both"},
        ],
        ids=str,
    )
    def test_as_python_finds_them(self, given, tmp_path):
        for folder in ("target", "old/.config/ipython", "both/.config/ipython", "both/.ipython", "xdg/ipython"):
            (tmp_path / folder).mkdir(parents=True)
        (tmp_path / "link").symlink_to(tmp_path / "target")
        environment = {name: value for name, value in os.environ.items() if name not in ("IPYTHONDIR", "XDG_CONFIG_HOME")}
        environment |= {"HOME": str(tmp_path)} | {name: value.format(home=tmp_path) for name, value in given.items()}

        def output(*command):
            return subprocess.run(
                command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
            ).stdout.strip()

        ask_python = "import os, IPython.paths; print(os.path.abspath(IPython.paths.get_ipython_dir()))"
        folder = output(sys.executable, "-W", "ignore", "-c", ask_python)
        assert output(binary("martlet"), "profile", "create", "x") == os.path.join(folder, "profile_x")

    def test_client_finds_the_controller_in_another_home(self, cluster, tmp_path):
        cluster.environment["HOME"] = str(tmp_path)
        del cluster.environment["IPYTHONDIR"]
        cluster.start("controller", controller_command())
        ask = "import ipyparallel as ipp; print(ipp.Client(timeout=30).ids)"
        client = [sys.executable, "-c", ask]
        found = subprocess.run(client, env=cluster.environment, capture_output=True, text=True, cwd=tmp_path)
        assert found.stdout.splitlines()[-1:] == ["[]"], found.stderr
        assert (tmp_path / ".ipython/profile_default/security/ipcontroller-client.json").exists()

    @pytest.mark.parametrize("home", ["/dev/null", "/proc"])
    @pytest.mark.parametrize("arguments", [["start", "-n", "1"], ["controller"], ["profile", "create"]], ids=" ".join)
    def test_a_home_that_cannot_be_written(self, home, arguments, tmp_path):
        environment = {name: value for name, value in os.environ.items() if name != "IPYTHONDIR"} | {"HOME": home}
        failed = subprocess.run(
            [binary("martlet"), *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert failed.returncode == 1
        [line] = failed.stderr.splitlines()
        assert f"{home}/.ipython/profile_default can't be created" in line and "HOME" in line and "IPYTHONDIR" in line


class TestLogs:
    def test_to_a_file(self, cluster):
        process = cluster.start_controller(arguments=["--log-to-file"])
        [path] = (profile(cluster) / "log").glob("ipcontroller-*.log")
        assert path.name == f"ipcontroller-{cluster.cluster_id}-{process.child.pid}.log"
        wait_until(lambda: "controller ready" in path.read_text(), "the first lines")
        assert path.stat().st_mode & 0o077 == 0
        assert log_of(cluster).strip() == ""

    @pytest.mark.parametrize(("level", "lines"), [("INFO", True), ("20", True), ("WARN", False), ("40", False)])
    def test_levels(self, level, lines, cluster):
        cluster.verbosity = [f"--log-level={level}"]
        cluster.start_controller()
        cluster.client()
        if lines:
            wait_until(lambda: "controller ready" in log_of(cluster), "the first lines")
        else:
            assert "controller ready" not in log_of(cluster)

    def test_debug_flag(self, cluster):
        cluster.verbosity = ["--debug"]
        cluster.start_controller()
        wait_until(lambda: "controller ready" in log_of(cluster), "the first lines")


class TestNames:
    def test_as_ipyparallels_commands(self, cluster):
        """Invoked under the name of an ipyparallel command, the program acts as that command."""
        for name in ("ipcontroller", "ipengine"):
            (cluster.directory / name).symlink_to(binary("martlet"))
        cluster.start("controller", [str(cluster.directory / "ipcontroller"), "--ping=250"])
        wait_until(lambda: cluster.connection_info("engine"), "the connection file")
        cluster.start("engine", [str(cluster.directory / "ipengine")])
        client = cluster.client(engines=1)
        client[0].push({"x": 1}, block=True)
        assert client[0].pull("x", block=True) == 1


class TestRestart:
    def test_reuse(self, cluster):
        """The key and ports stay the same, so clients and engines find the new controller at the old address."""
        first = cluster.start_controller(arguments=["--reuse"])
        before = {role: cluster.connection_info(role) for role in ("client", "engine")}
        first.terminate()
        assert first.finish(TIMEOUT) is None
        cluster.processes.clear()
        assert cluster.connection_info("client"), "files to be reused are left in place"

        cluster.start_controller(arguments=["--reuse"])
        for role, info in before.items():
            after = cluster.connection_info(role)
            assert after == info
        cluster.start_python_engines(1)
        client = cluster.client(engines=1)
        assert client[0].apply_sync(double, 4) == 8

    def test_without_reuse_everything_is_new(self, cluster):
        first = cluster.start_controller()
        before = cluster.connection_info("client")
        first.terminate()
        first.finish(TIMEOUT)
        cluster.processes.clear()
        assert not cluster.connection_info("client")
        cluster.start_controller()
        assert cluster.connection_info("client")["key"] != before["key"]

    @pytest.mark.parametrize("kind", ["python", "swift"])
    def test_restore(self, kind, cluster):
        """A killed controller's engines work for the next controller, and for the clients of both."""
        first = cluster.start_controller(arguments=["--restore"])
        engines = getattr(cluster, f"start_{kind}_engines")(2)
        client = cluster.client(engines=2)
        client[:].push({"kept": 41}, block=True)
        [state] = (profile(cluster) / "log").glob("engines*.json")
        saved = wait_until(lambda: len(json.loads(state.read_text())["engines"]) == 2 and state.read_text(), "the state")
        uuids = json.loads(saved)["engines"]
        first.kill()
        cluster.processes.remove(first)

        cluster.start_controller(arguments=["--restore"])
        again = ipp.Client(connection_info=str(cluster.connection_file("client")), timeout=TIMEOUT)
        cluster.clients.append(again)
        assert again.ids == [0, 1]
        assert {str(id_): uuid for id_, uuid in again._engines.items()} == uuids
        # The engines' sockets reconnect automatically, each at a different time.
        wait_until(lambda: reaches(again), "both engines", 2 * TIMEOUT)
        assert again[:].pull("kept", block=True) == [41, 41]
        assert all(engine.running for engine in engines)
        # The engines' hearts keep beating.
        time.sleep(1)
        assert again.ids == [0, 1]


def reaches(client):
    """Return whether both engines answer. The controller answers for an engine that has not reconnected yet."""
    try:
        return client[:].pull("kept", block=False).get(timeout=5) == [41, 41]
    except (ipp.error.TimeoutError, ipp.error.RemoteError, ipp.error.CompositeError):
        return False



ROLES = ("controller", "engine")
COMMANDS = ("start", "stop", "list", "status", "clean", "engines", "profile list", "profile create", "profile locate")


def martlet(tmp_path, *arguments, **environment):
    return subprocess.run(
        [binary("martlet"), *arguments],
        env=dict(os.environ, IPYTHONDIR=str(tmp_path), **environment), capture_output=True, text=True, timeout=TIMEOUT,
    )


def assert_usage_error(result, command, word):
    assert result.returncode == 2 and result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith("Error: ") and word in lines[0]
    assert lines[-2].startswith(f"Usage: martlet {command} ")
    assert lines[-1] == f"  See 'martlet {command} --help' for more information."


class TestUsage:
    """All commands report errors alike: the error, the usage, a pointer to the help, and exit code 2."""

    @pytest.mark.parametrize("command", COMMANDS)
    def test_unknown_option(self, command, tmp_path):
        assert_usage_error(martlet(tmp_path, *command.split(), "--no-such-option"), command, "--no-such-option")

    @pytest.mark.parametrize("command", (*COMMANDS, *ROLES))
    def test_missing_value(self, command, tmp_path):
        assert_usage_error(martlet(tmp_path, *command.split(), "--ipython-dir"), command, "--ipython-dir")

    @pytest.mark.parametrize("command", [c for c in (*COMMANDS, *ROLES) if c != "stop"])
    def test_stray_argument(self, command, tmp_path):
        # Commands that act on a profile accept its name.
        arguments = ["name"] if command in ("profile create", "profile locate") else []
        assert_usage_error(martlet(tmp_path, *command.split(), *arguments, "stray"), command, "'stray'")

    @pytest.mark.parametrize(
        ("command", "option"),
        [
            ("start", "-n=many"), ("start", "-n=-1"), ("start", "--log-level=LOUD"), ("engines", "-n=many"),
            ("engines", "-n=-1"), ("status", "--interval=long"), ("controller", "--hwm=many"), ("controller", "--hwm=-1"),
            ("controller", "--ports=70000"), ("controller", "--ping=0"), ("engine", "--id=x"), ("engine", "--timeout=-1"),
            ("start", "--cluster-id=a/b"), ("controller", "--cluster-id=a/b"),
        ],
    )
    def test_bad_value(self, command, option, tmp_path):
        assert_usage_error(martlet(tmp_path, command, option), command, "")

    @pytest.mark.parametrize("command", (*COMMANDS, *ROLES))
    def test_help(self, command, tmp_path):
        result = martlet(tmp_path, *command.split(), "--help")
        assert result.returncode == 0 and result.stderr == ""
        assert f"martlet {command}" in result.stdout

    def test_the_last_of_several_counts(self, tmp_path):
        shown = martlet(tmp_path, "controller", "--hwm=1", "--hwm=2", "--show-config")
        assert shown.stdout == "TaskScheduler\n  .hwm = 2\n"

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [(["strat"], "'strat'"), (["start", "4"], "'4'"), (["list", "x"], "'x'"), (["start", "--n"], "--n")],
    )
    def test_as_ipcluster(self, arguments, word, tmp_path):
        (tmp_path / "ipcluster").symlink_to(binary("martlet"))
        failed = subprocess.run(
            [tmp_path / "ipcluster", *arguments],
            env=dict(os.environ, IPYTHONDIR=str(tmp_path)), capture_output=True, text=True, timeout=TIMEOUT,
        )
        error, usage, _ = failed.stderr.splitlines()
        assert failed.returncode == 2 and word in error and usage.startswith("Usage: ipcluster ")


class TestConfigReports:
    @pytest.mark.parametrize("role", ROLES)
    def test_generated_files_are_read_by_ipyparallel(self, role, tmp_path):
        """Every option in the file, once uncommented, is either an ipyparallel option or unknown to ipyparallel."""
        made = martlet(tmp_path, role, "--generate-config")
        path = tmp_path / f"profile_default/ip{role}_config.py"
        assert made.returncode == 0 and made.stdout == f"{path}\n", made.stderr
        path.write_text(path.read_text().replace("# c.", "c."))
        shown = martlet(tmp_path, role, "--show-config")
        assert shown.returncode == 0 and shown.stdout.startswith(f"Loaded config files:\n  {path}\n\n")
        assert shown.stderr == ""
        from traitlets.config import PyFileConfigLoader

        config = PyFileConfigLoader(str(path)).load_config()
        assert config["Session"]["keyfile"] is None
        again = martlet(tmp_path, role, "--generate-config")
        assert again.returncode == 2 and "--overwrite" in again.stderr

    def test_shown_as_ipyparallel_shows_it(self, tmp_path):
        (tmp_path / "profile_default").mkdir()
        config = "c.TaskScheduler.hwm = 2\nc.IPController.location = 'here'\nc.IPController.ports = [1, 2]\n"
        (tmp_path / "profile_default/ipcontroller_config.py").write_text(config)
        theirs = subprocess.run(
            [sys.executable, "-m", "ipyparallel.controller", "--show-config", "--ip=*"],
            env=dict(os.environ, IPYTHONDIR=str(tmp_path)), capture_output=True, text=True, timeout=2 * TIMEOUT,
        )
        ours = martlet(tmp_path, "controller", "--show-config", "--ip=*")
        # ipyparallel includes its newly generated key in the configuration.
        assert ours.stdout == re.sub(r"Session\n  \.key = .*\n", "", theirs.stdout)


class TestFailedStart:
    """Any reason for a failed controller start is reported at once."""

    @pytest.mark.parametrize("daemonize", [[], ["--daemonize"]])
    def test_reason(self, daemonize, tmp_path):
        failed = martlet(tmp_path, "start", "-n", "1", "--ip=no-such-host.invalid", *daemonize)
        assert failed.returncode == 1
        [line] = failed.stderr.splitlines()
        assert "the controller ended with exit code 1: --ip=no-such-host.invalid: no address is known" in line

    def test_hints_can_be_pasted(self, tmp_path):
        started = martlet(tmp_path, "start", "-n", "1", "--daemonize", "--cluster-id=with 'space'")
        try:
            assert started.returncode == 0, started.stderr
            assert "A cluster of 1 engine is up." in started.stdout
            [hint] = [line.partition(": ")[2] for line in started.stdout.splitlines() if "Stop it" in line]
        finally:
            environment = dict(os.environ, IPYTHONDIR=str(tmp_path))
            environment["PATH"] = f"{os.path.dirname(binary('martlet'))}:{environment['PATH']}"
            stopped = subprocess.run(hint, shell=True, env=environment, capture_output=True, text=True)
        assert stopped.returncode == 0, stopped.stderr
