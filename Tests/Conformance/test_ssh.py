"""Engines on other hosts, over OpenSSH: each host is a network namespace with an sshd."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import ipyparallel as ipp
import psutil
import pytest
from harness import TIMEOUT, binary, wait_until
from hosts import NETWORK, Hosts
from place import clean

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="hosts and schedulers are those of Linux")


@pytest.fixture(scope="module")
def hosts():
    hosts = Hosts(3)
    yield hosts
    hosts.close()


@pytest.fixture
def ssh_place(place, hosts):
    """A place whose commands reach the hosts by their names, with a check that no engine is left on them."""
    # A variable of ours shows that engines don't take their environment from this machine.
    place.environment.pop("MARTLET_PYTHON", None)
    profile = place.directory / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipcluster_config.py").write_text(
        f"c = get_config()\nc.SSHLauncher.ssh_args = ['-F', '{hosts.config}']\n"
        f"c.Cluster.controller_ip = '{hosts.address}'\nc.SSHLauncher.remote_python = '{sys.executable}'\n"
    )
    yield place
    place.command("stop")
    wait_until(lambda: not engines(place), "no engine to be left on the hosts")
    assert clean(place)


def engines(place, role="engine"):
    """The engines of a place, wherever they run."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if role in words[1:2] and any(str(place.directory) in word for word in words):
                found.append(process)
        except psutil.Error:
            continue
    return found


def start(place, *options):
    started = place.command("start", "--daemonize", *options)
    assert started.returncode == 0, started.stderr
    return place.directory / "profile_default/security/ipcontroller-client.json"


def logs(place):
    return "\n".join(path.read_text() for path in (place.directory / "profile_default/log").glob("ip*.log"))


def test_word_count_on_three_hosts(ssh_place, hosts, tmp_path):
    texts = []
    for index in range(6):
        texts.append(tmp_path / f"text{index}.txt")
        texts[-1].write_text("the quick brown fox " * (index + 1) + "over the lazy dog\n")
    start(ssh_place, "--engines=ssh:node1:2,node2,node3", "--program", binary("MartletWordCount"))
    counted = ssh_place.command("--profile", "default", *texts, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 4 engines" in counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    stopped = ssh_place.command("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert not engines(ssh_place), "stop returns when the engines are gone"


def far(place, hosts):
    """The options of a cluster whose controller is on a host, which has its profile in another folder."""
    location = f"{NETWORK}.1" if hosts.has_namespaces else "127.0.0.1"
    return [
        "--controller=ssh:node1", "--ip=*", f"--location={location}", "--set",
        f"SSHControllerLauncher.remote_profile_dir={place.directory}/far"]


def start_far(place, hosts, *options):
    return start(place, *far(place, hosts), *options)


def test_controller_on_a_host(ssh_place, hosts, tmp_path):
    text = tmp_path / "text"
    text.write_text("the quick brown fox jumps over the lazy dog\n")
    start_far(ssh_place, hosts, "--engines=ssh:node1,node2,node3", "--program", binary("MartletWordCount"))
    [controller] = engines(ssh_place, "controller")
    here, there = (Path(f"/proc/{pid}/ns/net").readlink() for pid in ("self", controller.pid))
    assert (here != there) == hosts.has_namespaces
    assert "Controller: process on node1" in ssh_place.command("status", "--interval=0").stdout
    counted = ssh_place.command("--profile", "default", text, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 3 engines" in counted.stdout and "9 words, 8 different ones." in counted.stdout
    own, far = (ssh_place.directory / name / "security" for name in ("profile_default", "far"))
    for name in ("ipcontroller-client.json", "ipcontroller-engine.json"):
        assert (own / name).stat().st_mode & 0o777 == 0o600
        assert (own / name).read_text() == (far / name).read_text()
    assert ssh_place.command("stop").returncode == 0
    assert not engines(ssh_place, "controller"), "stop returns when it is gone"
    assert not list(far.glob("ipcontroller-*.json"))


def test_a_killed_controller_on_a_host_is_started_again(ssh_place, hosts):
    file = start_far(ssh_place, hosts, "--engines=ssh:node2:2")
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        client.wait_for_engines(2, timeout=TIMEOUT)
    [controller] = engines(ssh_place, "controller")
    controller.kill()
    wait_until(
        lambda: "the controller's process on node1 ended with SIGKILL (signal 9)" in logs(ssh_place), "the signal")
    wait_until(lambda: len(set(engines(ssh_place, "controller")) - {controller}) == 1, "another controller")
    wait_until(lambda: "2 engines" in ssh_place.command("status", "--interval=0").stdout, "the engines to be known again")
    supervisor = ssh_place.process("--background")
    supervisor.kill()
    wait_until(lambda: not engines(ssh_place, "controller") and not engines(ssh_place), "all hosts to be left")
    assert ssh_place.command("clean").returncode == 0


def test_keys_of_a_controller_on_a_host(ssh_place, hosts, tmp_path):
    """They are where it looks for them, in its own profile."""
    start_far(ssh_place, hosts, "--engines=ssh:node2")
    made = ssh_place.command("keys", "add", "box", "--engine")
    there = ssh_place.directory / "far/security/ipcontroller-keys"
    assert made.stdout == f"node1:{there}/box.json\n", made.stderr
    assert "still admits whoever has its connection files" in made.stderr
    assert ssh_place.command("stop").returncode == 0
    start_far(ssh_place, hosts, "--engines=ssh:node2")
    made = json.loads(ssh_place.command("keys", "add", "ada", "--json").stdout)
    assert made == {"name": "ada", "host": "node1", "file": f"{there}/ada.json"}
    again = ssh_place.command("keys", "add", "ada")
    assert again.returncode == 1 and "there is a key of ada already" in again.stderr
    file = tmp_path / "box.json"
    file.write_text((there / "box.json").read_text())
    box = ssh_place.popen("engine", "--file", file, "--no-python")
    wait_until(lambda: "2 engines" in ssh_place.command("status", "--interval=0").stdout, "an engine with its own key")
    listed = ssh_place.command("keys", "list").stdout
    assert re.search(r"^ada +client .* - +-$", listed, re.M) and re.search(r"^box +engine .*Z +-$", listed, re.M), listed
    assert ssh_place.command("keys", "revoke", "box").returncode == 0
    wait_until(lambda: "1 engine," in ssh_place.command("status", "--interval=0").stdout, "the engine to be cut off")
    box.kill()
    box.communicate(timeout=TIMEOUT)
    assert [key["revoked"] is None for key in json.loads(ssh_place.command("keys", "list", "--json").stdout)] == [True, False]
    assert not (ssh_place.directory / "profile_default/security/ipcontroller-keys").exists()


def test_keys_that_would_not_reach_the_controller(ssh_place, hosts):
    assert ssh_place.command("keys", "add", "ada").returncode == 0
    refused = ssh_place.command("start", *far(ssh_place, hosts), "-n", 1)
    assert refused.returncode == 1
    assert "the controller on node1 has a profile of its own without any" in refused.stderr


def test_failures_of_a_controllers_host_say_why(ssh_place, hosts):
    nowhere = ssh_place.command("start", "--controller=ssh:node9.invalid", "-n", 1)
    assert nowhere.returncode == 1
    assert "node9.invalid" in nowhere.stderr and "Could not resolve hostname" in nowhere.stderr
    # This machine's address, at which the host can't listen.
    if hosts.has_namespaces:
        refused = ssh_place.command("start", "--controller=ssh:node1", "-n", 1)
        assert refused.returncode == 1
        assert re.search(r"the controller's process on node1 ended with exit code 1: .*" + hosts.address, refused.stderr)


def test_python_runs_on_each_host(ssh_place, hosts):
    with ipp.Client(connection_info=str(start(ssh_place, "--engines=ssh:node1,node2:2")), timeout=TIMEOUT) as client:
        client.wait_for_engines(3, timeout=TIMEOUT)
        names = client[:].apply_sync(lambda: __import__("socket").gethostname())
        assert not hosts.has_namespaces or sorted(names) == ["node1", "node2", "node2"]
        environment = client[0].apply_sync(lambda: dict(__import__("os").environ))
        assert not [name for name in environment if "MARTLET_ENGINE" in name or "IPP_" in name]


def test_the_key_is_on_no_command_line(ssh_place):
    file = start(ssh_place, "--engines=ssh:node1:2")
    key = re.search(r'"curve_serverkey": ?"([^"]+)"', file.read_text()).group(1)
    wait_until(lambda: len(engines(ssh_place)) == 2, "two engines")
    for process in psutil.process_iter():
        try:
            assert key not in " ".join(process.cmdline() + [f"{k}={v}" for k, v in process.environ().items()])
        except psutil.Error:
            continue


def test_engines_have_keys_where_they_are_admitted_by_name(ssh_place):
    assert ssh_place.command("keys", "add", "ada").returncode == 0
    file = start(ssh_place, "--engines=ssh:node1,node2")
    assert "2 engines" in ssh_place.command("status", "--interval=0").stdout
    assert ssh_place.command("stop").returncode == 0
    # It stays for the owners of keys.
    (file.parent / "ipcontroller-curve.json").unlink()


@pytest.mark.parametrize("sessions, connections", [(10, 2), (3, 9), (1, 12)])
def test_engines_of_a_host_share_connections(ssh_place, hosts, sessions, connections):
    """Those whose session sshd refuses have a connection of their own; each is reported and ends by itself."""
    hosts.restart("node3", f"MaxSessions={sessions}")
    try:
        start(ssh_place, "--engines=ssh:node3:12", "--restart-engines")
        first = wait_until(lambda: len(found := engines(ssh_place)) == 12 and found, "twelve engines")
        assert hosts.connections("node3") == connections
        first[3].send_signal(signal.SIGKILL)
        wait_until(lambda: "its process on node3 was killed by SIGKILL" in logs(ssh_place), "the signal to be reported")
        wait_until(lambda: len(set(engines(ssh_place)) - set(first)) == 1, "another engine")
        assert ssh_place.command("scale", "6").returncode == 0
        wait_until(lambda: len(engines(ssh_place)) == 6, "six to leave")
        assert ssh_place.command("scale", "12").returncode == 0
        wait_until(lambda: len(engines(ssh_place)) == 12, "six more")
        assert ssh_place.command("stop").returncode == 0
        assert not engines(ssh_place)
        wait_until(lambda: not hosts.connections("node3"), "the connections to end")
    finally:
        hosts.restart("node3")


def test_engines_that_lose_their_shared_connection_are_started_again(ssh_place, hosts):
    start(ssh_place, "--engines=ssh:node2:2", "--restart-engines")
    first = wait_until(lambda: len(found := engines(ssh_place)) == 2 and found, "two engines")
    [connection] = psutil.Process(hosts.daemons["node2"].pid).children()
    connection.kill()
    wait_until(lambda: logs(ssh_place).count("the ssh connection ended") >= 2, "the ends to be reported")
    wait_until(lambda: len(found := engines(ssh_place)) == 2 and not set(found) & set(first), "two others")


def test_killed_engine_is_reported_and_started_again(ssh_place):
    start(ssh_place, "--engines=ssh:node1:2", "--restart-engines")
    first = wait_until(lambda: len(found := engines(ssh_place)) == 2 and found, "two engines")
    first[0].send_signal(signal.SIGKILL)
    wait_until(lambda: "killed by SIGKILL" in logs(ssh_place), "the signal to be reported")
    assert "its process on node1 was killed by SIGKILL (signal 9)" in logs(ssh_place)
    wait_until(lambda: len(engines(ssh_place)) == 2 and first[0] not in engines(ssh_place), "another engine")
    status = ssh_place.command("status")
    assert "2 engines" in wait_until(
        lambda: (text := ssh_place.command("status").stdout).count("2 engines") and text, "the engine to register")
    assert "Engines started again: 1" in ssh_place.command("status").stdout, status.stdout


def test_a_host_on_which_everything_fails_is_left_out(ssh_place):
    start(ssh_place, "--engines=ssh:node1,node2", "--restart-engines", "on-failure")
    known = wait_until(lambda: len(found := engines(ssh_place)) == 2 and found, "two engines")
    victim = known[0]
    for count in range(1, 4):
        victim.send_signal(signal.SIGKILL)
        wait_until(lambda: logs(ssh_place).count("was killed by SIGKILL") >= count, "its end to be noticed")
        if count < 3:
            (victim,) = wait_until(
                lambda: (new := [p for p in engines(ssh_place) if p not in known]) and new, "another engine")
            known.append(victim)
    text = ssh_place.command("status", "--interval=0").stdout
    assert "is left out for" in text and "because engines fail there at once: its process on node" in text, text
    assert "ended 3 times" in text and "it waits for its next start" in text, text
    assert len(engines(ssh_place)) == 1


def test_engines_end_with_their_connection(ssh_place):
    start(ssh_place, "--engines=ssh:node1,node2")
    wait_until(lambda: len(engines(ssh_place)) == 2, "two engines")
    clients = ssh_place.processes("-T", name="ssh")
    assert len(clients) == 2
    clients[0].kill()
    wait_until(lambda: len(engines(ssh_place)) == 1, "the engine without a connection to leave")
    wait_until(lambda: "was killed by SIGKILL" in logs(ssh_place), "the signal to be reported")


def test_engines_end_with_a_killed_cluster(ssh_place):
    start(ssh_place, "--engines=ssh:node1,node2")
    wait_until(lambda: len(engines(ssh_place)) == 2, "two engines")
    supervisor = ssh_place.process("--background")
    supervisor.kill()
    wait_until(lambda: not engines(ssh_place) and not ssh_place.processes(), "everything to end")
    assert ssh_place.command("clean").returncode == 0


def test_failures_say_which_host_and_why(ssh_place, hosts):
    nowhere = ssh_place.command("start", "--engines=ssh:node1,node9.invalid:2")
    assert nowhere.returncode == 1
    assert "node9.invalid" in nowhere.stderr and "Could not resolve hostname" in nowhere.stderr
    missing = ssh_place.command("start", "--engines=ssh:node1", "--program", "/no/such/program")
    assert missing.returncode == 1
    assert "its process on node1 ended with exit code 127" in missing.stderr and "/no/such/program" in missing.stderr


def test_ipyparallels_options(ssh_place, hosts):
    """The names that ipcluster takes, in the configuration that it reads."""
    config = ssh_place.directory / "profile_default/ipcluster_config.py"
    config.write_text(
        config.read_text() + "c.Cluster.engine_launcher_class = 'ipyparallel.cluster.launcher.SSHEngineSetLauncher'\n"
        "c.SSHEngineSetLauncher.engines = {'node1': 1, 'node2': {'n': 2}}\nc.Cluster.n = 2\n"
    )
    link = ssh_place.directory / "ipcluster"
    link.symlink_to(binary("martlet"))
    plan = subprocess.run(
        [link, "start", "--dry-run"], env=ssh_place.environment, capture_output=True, text=True, timeout=TIMEOUT)
    assert plan.returncode == 0, plan.stderr
    commands = [line for line in plan.stdout.splitlines() if line.startswith("ssh ")]
    # As many as -n at most, host by host.
    assert [re.search(r" -- (\S+) ", line).group(1) for line in commands] == ["node1", "node2"]
    assert not engines(ssh_place) and not ssh_place.processes()
    assert not Path(ssh_place.directory / "profile_default/security").exists()


def test_cluster_file_with_groups(ssh_place, hosts, tmp_path):
    file = tmp_path / "cluster.yaml"
    file.write_text(
        f"""ip: {hosts.address}
engines:
  - count: 1
    python: {sys.executable}
    environment: {{KIND: near}}
  - launcher: ssh
    hosts: {{node1: 1, node2: 2}}
    ssh_args: [-F, {hosts.config}]
    python: {sys.executable}
    environment: {{KIND: far}}
"""
    )
    with ipp.Client(connection_info=str(start(ssh_place, file)), timeout=TIMEOUT) as client:
        client.wait_for_engines(4, timeout=TIMEOUT)
        kinds = client[:].apply_sync(lambda: __import__("os").environ["KIND"])
        assert sorted(kinds) == ["far", "far", "far", "near"]
    assert "True     4" in ssh_place.command("list").stdout
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("engines:\n  - launcher: ssh\n    hosts: {node1: 1}\n    queue: short\n")
    refused = ssh_place.command("start", wrong)
    assert refused.returncode == 2
    assert f"{wrong}, line 4: 'queue' is not an option of the launcher ssh" in refused.stderr
