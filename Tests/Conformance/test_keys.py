"""Keys that a controller admits by name: `martlet keys`, with peers of ipyparallel and plain sockets."""

import json
import subprocess
import sys

import ipyparallel as ipp
import pytest
import zmq
from harness import TIMEOUT, binary, wait_until
from jupyter_client.session import Session
from traitlets import Bytes
from zmq.utils.monitor import recv_monitor_message


def keys(cluster, *arguments, code=0):
    """Runs `martlet keys`; its standard output, or standard error if it has to fail."""
    command = [binary("martlet"), "keys", *arguments, "--ipython-dir", str(cluster.directory)]
    done = subprocess.run(command, env=cluster.environment, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def add(cluster, name, role="--client"):
    return keys(cluster, "add", name, role).strip()


def named_client(path, timeout=TIMEOUT):
    """ipyparallel's client, with the keys that it doesn't look for in the file.

    Where it is refused before it has sent its first message, libzmq has nobody left to send it to, and would wait for good.
    """
    with open(path) as file:
        info = json.load(file)

    class NamedClient(ipp.Client):
        curve_publickey = Bytes(info["curve_publickey"].encode())
        curve_secretkey = Bytes(info["curve_secretkey"].encode())

    context = zmq.Context()
    context.setsockopt(zmq.SNDTIMEO, 1000 * timeout)
    try:
        return NamedClient(path, timeout=timeout, context=context)
    except zmq.Again as error:
        raise TimeoutError("nobody to send to") from error


def controller_log(cluster):
    return cluster.processes[0].log(10**6)


class Plain:
    """A socket with the key of a file, and what becomes of its connection."""

    def __init__(self, path, kind, channel, host="tcp://127.0.0.1"):
        with open(path) as file:
            self.info = json.load(file)
        self.socket = zmq.Context.instance().socket(kind)
        self.socket.linger = 0
        self.socket.curve_serverkey = self.info["curve_serverkey"].encode()
        self.socket.curve_publickey = self.info["curve_publickey"].encode()
        self.socket.curve_secretkey = self.info["curve_secretkey"].encode()
        if kind == zmq.SUB:
            self.socket.subscribe(b"")
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(f"{host}:{self.info[channel]}")

    def events(self):
        found = []
        while self.monitor.poll(0):
            found.append(recv_monitor_message(self.monitor)["event"])
        return found

    def wait(self, event):
        seen = []
        return wait_until(lambda: seen.extend(self.events()) or event in seen, f"event {event}")

    def close(self):
        self.socket.disable_monitor()
        self.socket.close()


@pytest.fixture
def plain():
    sockets = []

    def make(*arguments, **options):
        sockets.append(Plain(*arguments, **options))
        return sockets[-1]

    yield make
    for socket in sockets:
        socket.close()


@pytest.fixture
def guarded(cluster):
    """A controller with the key of `ada`, a client."""
    cluster.ada = add(cluster, "ada")
    cluster.start_controller()
    return cluster


def test_named_peers_are_admitted_and_strangers_are_not(guarded):
    """The profile's own peers find their keys in its connection files, if they are Martlet's."""
    engine_file = add(guarded, "node1", "--engine")
    arguments = guarded.engine_arguments
    guarded.start_swift_engines(1)
    guarded.engine_arguments = lambda: [*arguments(), f"--file={engine_file}"]
    guarded.start_swift_engines(1)
    with open(engine_file) as file:
        info = json.load(file)
    guarded.environment |= {
        "IPP_CURVE_PUBLICKEY": info["curve_publickey"], "IPP_CURVE_SECRETKEY": info["curve_secretkey"]}
    guarded.start_python_engines(1)

    with named_client(guarded.ada) as client:
        wait_until(lambda: len(client.ids) == 3, "three engines")
        client[:].push({"x": 4}, block=True)
        assert client[:].pull("x", block=True) == [4, 4, 4]
        # Neither the engines' file nor the registration's reply has others' secrets.
        assert guarded.connection_info("engine")["curve_secretkey"] != info["curve_secretkey"]
    status = subprocess.run(
        [binary("martlet"), "status", "--interval=0"], env=guarded.environment, capture_output=True, text=True)
    assert "3 engines" in status.stdout, status.stderr

    with pytest.raises(TimeoutError):
        ipp.Client(str(guarded.connection_file("client")), timeout=1)
    wait_until(lambda: "a peer was refused because of its key: nobody has added it" in controller_log(guarded), "a line")


def test_engines_with_keys_of_their_own_do_not_call_each_other(guarded):
    """Their keys are for engines, and the error says so."""
    guarded.start_swift_engines(2)
    counter = ipp.Reference("Counter")
    with named_client(guarded.ada) as client:
        wait_until(lambda: len(client.ids) == 2, "two engines")
        one, two = (client[engine].apply_sync(counter, "create", engine) for engine in range(2))
        with pytest.raises(ipp.RemoteError) as failure:
            client[0].apply_sync(counter, "call", one, "take", two)
        assert "admits keys by name" in failure.value.evalue


def test_the_role_of_a_key_is_kept(guarded, plain):
    """A key for engines opens no client's socket, and asks the hub for nothing that clients may ask; and vice versa."""
    node = add(guarded, "node1", "--engine")
    with open(guarded.connection_file("client")) as file:
        client_info = json.load(file)
    with open(node) as file:
        info = json.load(file)
    mixed = guarded.directory / "mixed.json"
    own = {key: info[key] for key in ("curve_publickey", "curve_secretkey")}
    mixed.write_text(json.dumps(client_info | own))
    for channel in ("mux", "task", "control", "notification", "iopub"):
        socket = plain(mixed, zmq.SUB if channel in ("notification", "iopub") else zmq.DEALER, channel)
        socket.wait(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    assert "the key of node1 is for engines only" in controller_log(guarded)

    def ask(path, message_type, content):
        socket = plain(path, zmq.DEALER, "registration").socket
        session = Session(key=b"")
        session.send(socket, message_type, content=content)
        assert socket.poll(1000 * TIMEOUT)
        return session.recv(socket)[1]["content"]

    for message_type in ("connection_request", "shutdown_request", "result_request"):
        refused = ask(node, message_type, {"msg_ids": []})
        assert refused["ename"] == "PermissionError" and "engines" in refused["evalue"]
    for message_type in ("registration_request", "unregistration_request"):
        refused = ask(guarded.ada, message_type, {"uuid": "a", "id": 0})
        assert refused["ename"] == "PermissionError" and "clients" in refused["evalue"]
    assert ask(guarded.ada, "connection_request", {})["status"] == "ok"


def test_a_revoked_client_is_cut_off_and_others_are_not(guarded, plain):
    bob = add(guarded, "bob")
    guarded.start_swift_engines(2)
    spoke = plain(bob, zmq.DEALER, "registration")
    session = Session(key=b"")
    session.send(spoke.socket, "connection_request")
    assert spoke.socket.poll(1000 * TIMEOUT) and session.recv(spoke.socket)[1]["content"]["status"] == "ok"
    # One that listens, and one that has said nothing yet.
    listens, silent = plain(bob, zmq.SUB, "iopub"), plain(bob, zmq.DEALER, "mux")
    others = [plain(guarded.ada, zmq.SUB, channel) for channel in ("iopub", "notification")]
    with named_client(guarded.ada) as client:
        wait_until(lambda: len(client.ids) == 2, "engines")
        view = client.load_balanced_view()
        assert view.apply_sync(ipp.Reference("add"), 1, 2) == 3
        assert client[:].apply_sync(ipp.Reference("add"), 1, 2) == [3, 3]
        for socket in (spoke, listens, silent, *others):
            socket.wait(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        running = [view.apply_async(ipp.Reference("add"), number, 1) for number in range(200)]
        keys(guarded, "revoke", "bob")
        for socket in (spoke, listens, silent):
            socket.wait(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        assert [result.get(timeout=TIMEOUT) for result in running] == [number + 1 for number in range(200)]
        assert client[:].apply_sync(ipp.Reference("add"), 1, 2) == [3, 3]
        assert len(client.ids) == 2
    for socket in others:
        assert zmq.EVENT_DISCONNECTED not in socket.events()
    log = controller_log(guarded)
    assert "a key was revoked" in log and "the key of bob was revoked" in log


def test_a_revoked_engine_is_given_up(guarded):
    node = add(guarded, "node1", "--engine")
    guarded.start_swift_engines(1)
    arguments = guarded.engine_arguments
    guarded.engine_arguments = lambda: [*arguments(), f"--file={node}"]
    [engine] = guarded.start_swift_engines(1)
    with named_client(guarded.ada) as client:
        wait_until(lambda: len(client.ids) == 2, "two engines")
        keys(guarded, "revoke", "node1")
        wait_until(lambda: len(client.ids) == 1, "the engine to be given up")
        view = client.load_balanced_view()
        assert view.map_sync(ipp.Reference("add"), range(20), range(20)) == [2 * x for x in range(20)]
    guarded.processes.remove(engine)
    engine.terminate()
    engine.finish(TIMEOUT)


def test_a_key_that_is_added_later_counts_at_once(guarded):
    with named_client(add(guarded, "bob")) as client:
        assert client.ids == []


def test_without_admitted_keys_the_door_stays_closed(guarded):
    """The controller's key is known to those whose own keys were revoked."""
    old = json.loads(open(guarded.ada).read())
    keys(guarded, "revoke", "ada")
    controller = guarded.processes[0]
    controller.terminate()
    wait_until(lambda: not controller.running, "the end of the controller")
    guarded.processes.remove(controller)
    guarded.start_controller()
    info = guarded.connection_info("client")
    assert info["curve_serverkey"] == old["curve_serverkey"]
    path = guarded.directory / "old.json"
    for own in (old, {"curve_publickey": "", "curve_secretkey": ""}):
        path.write_text(json.dumps(info | {key: own[key] for key in ("curve_publickey", "curve_secretkey")}))
        with pytest.raises(TimeoutError):
            named_client(str(path), timeout=1)
    # A name that is added again has another key.
    assert json.loads(open(add(guarded, "ada")).read())["curve_publickey"] != old["curve_publickey"]
    with named_client(guarded.ada) as client:
        assert client.ids == []


def test_files_follow_the_controller(guarded):
    """The addresses in the owners' files are those of the controller that runs."""
    before = json.loads(open(guarded.ada).read())
    controller = guarded.processes[0]
    controller.terminate()
    wait_until(lambda: not controller.running, "the end of the controller")
    guarded.processes.remove(controller)
    guarded.start_controller(transport="ipc")
    after = json.loads(open(guarded.ada).read())
    assert after["interface"].startswith("ipc://")
    assert before["curve_secretkey"] == after["curve_secretkey"]
    assert before["curve_serverkey"] == after["curve_serverkey"]


def test_start_needs_nothing_more(place):
    """The engines and the client of `martlet start` have keys of their own, also when the controller is started again."""
    ada = place.command("keys", "add", "ada").stdout.strip()
    started = place.command("start", "-n", 2, "--daemonize", "--no-journal")
    assert started.returncode == 0, started.stderr
    assert "2 engines" in place.command("status", "--interval=0").stdout
    with named_client(ada) as client:
        assert len(client.ids) == 2
    controller = place.process("controller", "--new-journal")
    controller.kill()
    wait_until(lambda: "2 engines" in place.command("status", "--interval=0").stdout, "engines that are back", 2 * TIMEOUT)
    with named_client(ada) as client:
        client[:].push({"x": 8}, block=True)
        assert client[:].pull("x", block=True) == [8, 8]
    assert place.command("stop").returncode == 0


def test_list_and_errors(cluster):
    assert "whoever has a connection file" in subprocess.run(
        [binary("martlet"), "keys", "list"], env=cluster.environment, capture_output=True, text=True).stderr
    path = add(cluster, "ada")
    add(cluster, "node-1.b", "--engine")
    assert oct(cluster.directory.joinpath(path).stat().st_mode & 0o777) == "0o600"
    for name in ("", "../x", "a/b", ".a", "a b", "x" * 65):
        assert "a name has" in keys(cluster, "add", name, code=2)
    assert "already" in keys(cluster, "add", "ada", code=1)
    assert "no key of nobody" in keys(cluster, "revoke", "nobody", code=1)
    cluster.start_controller()
    with named_client(path):
        pass
    keys(cluster, "revoke", "ada")
    assert "no key of ada" in keys(cluster, "revoke", "ada", code=1)
    rows = [line.split() for line in keys(cluster, "list").splitlines()]
    assert rows[0] == ["NAME", "ROLE", "FINGERPRINT", "LAST", "SEEN", "REVOKED"]
    assert [row[:2] for row in rows[1:]] == [["ada", "client"], ["node-1.b", "engine"]]
    assert rows[1][3] != "-" and rows[1][4] != "-" and rows[2][3:] == ["-", "-"]
    ada, node = json.loads(keys(cluster, "list", "--json"))
    assert [ada[name] for name in ("name", "role", "fingerprint", "last_seen", "revoked")] == rows[1]
    assert node["name"] == "node-1.b" and node["last_seen"] is None and node["revoked"] is None
    assert not (cluster.security_directory / "ipcontroller-keys" / "ada.json").exists()


def test_no_curve_is_refused(cluster):
    add(cluster, "ada")
    with pytest.raises(AssertionError, match="ended with status 1"):
        cluster.start_controller(arguments=["--no-curve"])
    assert "needs CURVE: leave out --no-curve" in cluster.processes[0].log()


@pytest.mark.parametrize("content", ["", "[", "{}", '{"role": "client"}', '{"role": "king", "public_key": "x"}', None])
def test_damaged_records_admit_nobody(content, cluster):
    path = add(cluster, "ada")
    folder = cluster.security_directory / "ipcontroller-keys"
    record = folder / "bob.key"
    record.mkdir() if content is None else record.write_text(content)
    (folder / ".key").write_text("{}")
    cluster.start_controller()
    wait_until(lambda: "a key can't be read and is not admitted" in controller_log(cluster), "a line")
    with named_client(path) as client:
        assert client.ids == []
    done = subprocess.run(
        [binary("martlet"), "keys", "list"], env=cluster.environment, capture_output=True, text=True)
    assert "not admitted" in done.stderr and "ada" in done.stdout
