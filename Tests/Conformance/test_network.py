"""A real network is not loopback: engines on another host whose network loses packets, and whose cable is pulled."""

import json
import subprocess
import sys
import threading
import time

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary, wait_until
from hosts import Hosts, run
from place import Place, clean

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="hosts and schedulers are those of Linux")

#: For how long the cable is out, in seconds: longer than anybody waits who thinks that a connection is alive.
OUTAGE = 30


class Network:
    """A controller on this host, and engines and clients on the other one."""

    def __init__(self, hosts, place):
        self.hosts, self.place, self.processes = hosts, place, []
        self.link = f"{hosts.tag}v0"
        self.space = hosts.namespace(0)
        started = place.command("start", "--daemonize", "-n", "1", f"--ip={hosts.address}", f"--location={hosts.address}",
                                "--program", binary("martlet-test-engine"))
        assert started.returncode == 0, started.stderr

    def inside(self, program, *arguments, **options):
        """Starts a program on the other host, whose name is another one."""
        command = ["ip", "netns", "exec", self.space, "unshare", "--uts", "sh", "-c", 'hostname node1; exec "$@"', "sh"]
        log = (self.place.directory / f"{program}-{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            [*command, binary(program), *map(str, arguments)], env=self.place.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log, text=True)
        self.processes.append(process)
        return process

    def file(self, role):
        return self.place.directory / f"profile_default/security/ipcontroller-{role}.json"

    def start_engine(self):
        return self.inside("martlet-test-engine", "engine", f"--file={self.file('engine')}")

    def engines(self, count):
        wait_until(
            lambda: f"{count} engine" in self.place.command("status", "--interval=0").stdout, f"{count} engines",
            4 * TIMEOUT)

    def make_lossy(self):
        """One packet in a hundred is lost in each direction, and each is late where the kernel can do that."""
        late = subprocess.run(
            ["tc", "qdisc", "add", "dev", self.link, "root", "netem", "delay", "25ms", "loss", "1%"], capture_output=True)
        if late.returncode == 0:
            run("ip", "netns", "exec", self.space, "tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "25ms",
                "loss", "1%")
        else:
            print("this kernel has no netem: packets are lost and none is late")
            for chain in ["INPUT", "OUTPUT"]:
                run("ip", "netns", "exec", self.space, "iptables", "-A", chain, "-m", "statistic", "--mode", "random",
                    "--probability", "0.01", "-j", "DROP")

    def repair(self):
        subprocess.run(["tc", "qdisc", "del", "dev", self.link, "root"], capture_output=True)
        subprocess.run(["ip", "netns", "exec", self.space, "tc", "qdisc", "del", "dev", "eth0", "root"],
                       capture_output=True)
        subprocess.run(["ip", "netns", "exec", self.space, "iptables", "-F"], capture_output=True)
        self.plug()

    def pull(self):
        run("ip", "link", "set", self.link, "down")

    def plug(self):
        run("ip", "link", "set", self.link, "up")

    def close(self):
        self.repair()
        for process in self.processes:
            process.kill()
            process.wait()
        stopped = self.place.command("stop")
        assert stopped.returncode == 0, stopped.stderr
        assert clean(self.place)


@pytest.fixture
def network(tmp_path):
    hosts = Hosts(1)
    try:
        if not hosts.has_namespaces:
            pytest.fail("network namespaces are needed: run the tests as root")
        network = Network(hosts, Place(tmp_path))
        yield network
        network.close()
    finally:
        hosts.close()


def ask(driver, number, **request):
    driver.stdin.write(json.dumps({"id": number} | request) + "\n")
    driver.stdin.flush()
    return json.loads(driver.stdout.readline())


def test_lost_packets(network):
    """Engines register, tasks of all kinds end, and much data passes, in both directions."""
    network.make_lossy()
    for _ in range(4):
        network.start_engine()
    network.engines(5)
    with ipp.Client(connection_info=str(network.file("client")), timeout=TIMEOUT) as client:
        client.wait_for_engines(5, timeout=TIMEOUT)
        view = client.load_balanced_view()
        results = [view.apply_async(ipp.Reference("add"), number, 1) for number in range(1000)]
        assert [result.get(timeout=4 * TIMEOUT) for result in results] == list(range(1, 1001))
        assert client[:].apply_async(ipp.Reference("add"), 2, 3).get(timeout=TIMEOUT) == [5] * 5
    driver = network.inside("client-driver", network.file("client"))
    assert len(ask(driver, 1, do="connect")["ok"]) == 5
    numbers = [ask(driver, 2 + i, do="apply", to="any", function="add", args=[i, i])["ok"] for i in range(50)]
    assert numbers == [2 * i for i in range(50)]
    text = "x" * 2_000_000
    assert "ok" in ask(driver, 100, do="push", to=0, names={"text": text})
    assert ask(driver, 101, do="pull", to=0, names="text")["ok"] == text


@pytest.mark.timeout(300)
def test_a_cable_is_pulled(network):
    """Engines and a client on the other host come back, and nobody waits for ever for what was on its way."""
    engine = network.start_engine()
    network.engines(2)
    driver = network.inside("client-driver", network.file("client"))
    ids = sorted(map(int, ask(driver, 1, do="connect")["ok"]))
    with ipp.Client(connection_info=str(network.file("client")), timeout=TIMEOUT) as near:
        far_id = max(ids)
        network.pull()
        # What is sent now can only be answered, or end with an error, when the cable is back.
        waiting = near[far_id].apply_async(ipp.Reference("add"), 2, 3)
        answers = []
        reader = threading.Thread(
            target=lambda: answers.append(ask(driver, 2, do="apply", to=min(ids), function="add", args=[3, 4])))
        reader.start()
        time.sleep(OUTAGE)
        network.plug()
        reader.join(4 * TIMEOUT)
        assert answers, "the client on the other host has its answer"
        assert answers[0].get("ok") == 7 or answers[0]["error"]["ename"] in {"TaskLost", "ClientError"}, answers
        try:
            assert waiting.get(timeout=4 * TIMEOUT) == 5
        except ipp.error.RemoteError as error:
            assert error.ename in {"TaskLost", "EngineError"}, error
        # The engine is there again, with the work it had: none.
        network.engines(2)
        assert engine.poll() is None
        assert near.load_balanced_view().apply_async(ipp.Reference("add"), 1, 1).get(timeout=TIMEOUT) == 2
    deadline = time.monotonic() + 4 * TIMEOUT
    number = 3
    while "ok" not in ask(driver, number, do="apply", to="any", function="add", args=[1, 1]):
        assert time.monotonic() < deadline, "the client on the other host goes on"
        number += 1
