"""CURVE security from end to end, and peers without the right keys."""

import json

import ipyparallel as ipp
import pytest
import zmq
from conftest import new_cluster
from harness import TIMEOUT, wait_until
from ipyparallel import interactive
from place import clean

FAILED_HANDSHAKE = "a peer failed the security handshake"
REFUSED = "refused a message"


@pytest.fixture(scope="module")
def curve_cluster():
    """A CURVE controller enabled by ``IPP_ENABLE_CURVE``, a Python engine (0) and a Swift engine (1)."""
    with new_cluster() as cluster:
        cluster.environment["IPP_ENABLE_CURVE"] = "1"
        cluster.start_controller()
        cluster.start_python_engines(1)
        cluster.client(engines=1)
        cluster.start_swift_engines(1)
        cluster.client(engines=2)
        yield cluster


@pytest.fixture
def client(curve_cluster):
    client = curve_cluster.client(engines=2)
    yield client
    client.close()


@interactive
def double(x):
    return 2 * x


def altered_file(cluster, path, **changes):
    """A copy of the client's connection file with changed entries; None removes an entry."""
    info = cluster.connection_info("client") | changes
    path.write_text(json.dumps({key: value for key, value in info.items() if value is not None}))
    return str(path)


def controller_log(cluster):
    return cluster.processes[0].log(10**6)


class TestCluster:
    def test_connection_files(self, curve_cluster):
        for role in ("client", "engine"):
            info = curve_cluster.connection_info(role)
            assert len(info["curve_serverkey"]) == 40
            # CURVE authenticates, so there are no signatures, as in ipyparallel.
            assert info["key"] == ""
            assert "curve_secretkey" not in info

    def test_direct(self, client):
        assert client[0].apply_sync(double, 4) == 8
        assert client[0].map_sync(double, range(10)) == [2 * x for x in range(10)]

    def test_load_balanced(self, client):
        view = client.load_balanced_view(targets=[0])
        assert view.map_sync(double, range(20)) == [2 * x for x in range(20)]

    def test_swift_engine(self, client):
        assert client[1].apply_sync(ipp.Reference("add"), 2, 3) == 5
        client[1].push({"x": [1, 2]}, block=True)
        assert client[1].pull("x", block=True) == [1, 2]

    def test_broadcast(self, client):
        client[0].execute("def add(a, b): return a + b").get(timeout=TIMEOUT)
        assert client.broadcast_view().apply_sync(ipp.Reference("add"), 2, 3) == [5, 5]

    def test_output(self, client):
        result = client[0].execute("print('a secret')")
        result.get(timeout=TIMEOUT)
        wait_until(lambda: "a secret" in result.stdout or client[0].execute("print('a secret')").get(), "output")

    def test_abort_and_queue_status(self, client):
        assert client.queue_status()[0]["queue"] == 0
        client.abort(["nothing"], targets=[0], block=True)


WARNING = "can be reached from other machines, without CURVE (--no-curve)"


class TestBeyondLoopback:
    """Where other machines can connect, CURVE is on unless somebody says no."""

    @pytest.mark.parametrize("address", ["*", "::"])
    def test_is_on_by_default(self, address, cluster):
        cluster.start_controller(arguments=[f"--ip={address}"])
        for role in ("client", "engine"):
            assert len(cluster.connection_info(role)["curve_serverkey"]) == 40
        assert WARNING not in controller_log(cluster)
        cluster.start_python_engines(1)
        cluster.client(engines=1)
        cluster.start_swift_engines(1)
        client = cluster.client(engines=2)
        client[:].push({"x": 3}, block=True)
        assert client[:].pull("x", block=True) == [3, 3]
        assert client.load_balanced_view(targets=[0]).apply_sync(double, 2) == 4

    @pytest.mark.parametrize("side", ["engine", "client"])
    def test_one_side_is_enough(self, side, cluster):
        cluster.start_controller(arguments=[f"--IPController.{side}_ip=*"])
        assert cluster.connection_info("client")["curve_serverkey"]

    @pytest.mark.parametrize("choice", ["--no-curve", "--IPController.enable_curve=False"])
    def test_no_is_possible_and_loud(self, choice, cluster):
        controller = cluster.start_controller(arguments=["--ip=*", choice, "--log-to-file"])
        assert cluster.connection_info("client")["curve_serverkey"] is None
        assert cluster.connection_info("client")["key"]
        cluster.start_python_engines(1)
        assert cluster.client(engines=1)[0].apply_sync(double, 4) == 8
        assert WARNING in controller.log()
        [log] = (cluster.directory / "profile_default" / "log").glob("ipcontroller-*.log")
        assert WARNING in log.read_text()

    @pytest.mark.parametrize("transport", ["tcp", "ipc"])
    def test_is_off_on_this_machine(self, transport, cluster):
        cluster.start_controller(transport)
        assert cluster.connection_info("client")["curve_serverkey"] is None
        assert WARNING not in controller_log(cluster)

    def test_files_that_are_reused_keep_their_keys(self, cluster):
        arguments = ["--ip=*", "--restore"]
        first = cluster.start_controller(arguments=arguments)
        info = cluster.connection_info("client")
        cluster.start_python_engines(1)
        assert cluster.client(engines=1).ids == [0]
        first.terminate()
        wait_until(lambda: not first.running, "the end of the controller")
        cluster.processes.remove(first)
        cluster.start_controller(arguments=arguments)
        assert cluster.connection_info("client") == info
        # The engine has kept its connections.
        assert cluster.client(engines=1)[0].apply_sync(double, 4) == 8

    @pytest.mark.parametrize("daemonize", [False, True])
    def test_start(self, daemonize, place):
        """The command says in the terminal what ``--no-curve`` means."""
        options = ["start", "-n", 1, "--ip", "*"] + (["--daemonize"] if daemonize else [])
        for choice, is_on in ([], True), (["--no-curve"], False):
            if daemonize:
                started = place.command(*options, *choice)
                assert started.returncode == 0, started.stderr
                said = started.stdout + started.stderr
            else:
                process = place.popen(*options, *choice)
                assert "is up" in process.stdout.readline()
            path = place.directory / "profile_default" / "security" / "ipcontroller-client.json"
            assert bool(json.loads(path.read_text())["curve_serverkey"]) == is_on
            status = place.command("status", "--interval=0")
            assert "1 engine" in status.stdout, status.stderr
            assert place.command("stop").returncode == 0
            if not daemonize:
                said = process.communicate(timeout=TIMEOUT)[1]
            assert (WARNING in said) != is_on
            assert clean(place)


class TestWrongKeys:
    @pytest.mark.parametrize("key", [None, "other"])
    def test_client_without_the_key(self, key, curve_cluster, client, tmp_path):
        other = zmq.curve_keypair()[0].decode() if key else None
        with pytest.raises(TimeoutError):
            ipp.Client(altered_file(curve_cluster, tmp_path / "client.json", curve_serverkey=other), timeout=1)
        assert client[0].apply_sync(double, 4) == 8

    @pytest.mark.parametrize("channel", ["registration", "mux", "task", "iopub", "hb_pong"])
    def test_failed_connections_are_logged(self, channel, curve_cluster):
        info = curve_cluster.connection_info("engine" if channel == "hb_pong" else "client")
        address = f"tcp://127.0.0.1:{info[channel]}"
        with zmq.Context.instance().socket(zmq.SUB if channel == "iopub" else zmq.DEALER) as stranger:
            stranger.linger = 0
            stranger.curve_publickey, stranger.curve_secretkey = zmq.curve_keypair()
            stranger.curve_serverkey = zmq.curve_keypair()[0]
            stranger.connect(address)

            def lines():
                lines = controller_log(curve_cluster).splitlines()
                return [line for line in lines if FAILED_HANDSHAKE in line and f"endpoint={address}" in line]

            # The client keeps trying. Further attempts are counted and logged every five seconds.
            [first, *_] = wait_until(lines, "the line in the log")
        assert "count=1 " in first
        assert f"socket={channel}" in first


class TestKeysByEnvironment:
    def test_given_keys(self, cluster, monkeypatch, tmp_path):
        public, secret = (key.decode() for key in zmq.curve_keypair())
        cluster.environment |= {"IPP_CURVE_PUBLICKEY": public, "IPP_CURVE_SECRETKEY": secret}
        cluster.start_controller(arguments=["--enable-curve"])
        assert cluster.connection_info("client")["curve_serverkey"] == public
        assert cluster.connection_info("engine")["curve_serverkey"] == public

        # A client needs only the server's key, from the environment if it is not in the file.
        path = altered_file(cluster, tmp_path / "client.json", curve_serverkey=None)
        monkeypatch.setenv("IPP_CURVE_SERVERKEY", public)
        client = ipp.Client(path, timeout=TIMEOUT)
        cluster.clients.append(client)
        assert client.ids == []

        own_public, own_secret = (key.decode() for key in zmq.curve_keypair())
        for start in (cluster.start_python_engines, cluster.start_swift_engines):
            cluster.environment |= {"IPP_CURVE_PUBLICKEY": own_public, "IPP_CURVE_SECRETKEY": own_secret}
            start(1)
        wait_until(lambda: len(client.ids) == 2, "two engines with keys of the environment")
        client[:].push({"x": 1}, block=True)
        assert client[:].pull("x", block=True) == [1, 1]

    def test_unusable_keys(self, cluster):
        cluster.environment |= {"IPP_CURVE_PUBLICKEY": "short", "IPP_CURVE_SECRETKEY": "short"}
        with pytest.raises(AssertionError, match="ended with status 2"):
            cluster.start_controller(arguments=["--enable-curve"])
        assert "CURVE keys" in cluster.processes[0].log()


class TestWrongSigningKey:
    def test_client(self, controller, tmp_path):
        path = altered_file(controller, tmp_path / "client.json", key="not the key")
        with pytest.raises(TimeoutError):
            ipp.Client(path, timeout=1)
        [line, *_] = [line for line in controller_log(controller).splitlines() if REFUSED in line]
        assert "count=1" in line and "signature" in line and "socket=registration" in line
        assert controller.client().ids == []

    @pytest.mark.parametrize("kind", ["python", "swift"])
    def test_engine(self, kind, controller, tmp_path):
        path = tmp_path / "engine.json"
        path.write_text(json.dumps(controller.connection_info("engine") | {"key": "not the key"}))
        arguments = controller.engine_arguments()
        controller.engine_arguments = lambda: [*arguments, f"--file={path}"]
        [engine] = getattr(controller, f"start_{kind}_engines")(1)
        wait_until(lambda: REFUSED in controller_log(controller), "the refused registration")
        controller.processes.remove(engine)
        client = controller.client()
        controller.processes.append(engine)
        assert client.ids == []
