"""Hosts for engines: network namespaces with an sshd in each, or sshds of this machine where none can be made."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psutil
from harness import WORKER, wait_until


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


#: The network of all hosts and this machine, without the last number.
NETWORK = f"10.213.{WORKER}"


class Hosts:
    """Hosts `node1`, `node2`, … as an ssh configuration knows them.

    `address` is the address of this machine that they reach.
    """

    def __init__(self, count):
        self.directory = Path(tempfile.mkdtemp(prefix="martlet-hosts-"))
        self.names = [f"node{number + 1}" for number in range(count)]
        self.tag = f"m{os.getpid() % 100000}"
        self.daemons = {}
        self.has_namespaces = False
        self.config = self.directory / "config"
        # What whoever runs this has in the start-up files of the shell would be run with each session.
        self.home = self.directory / "home"
        self.home.mkdir()
        try:
            self.has_namespaces = self.make_network()
            self.address = f"{NETWORK}.254" if self.has_namespaces else "127.0.0.1"
            self.make_keys()
            for number, name in enumerate(self.names):
                self.start(number, name)
        except BaseException:
            self.close()
            raise

    def make_network(self):
        """A bridge with this machine and a namespace for each host. Returns False where that is not allowed."""
        if os.getuid() != 0 or subprocess.run(["ip", "netns", "add", f"{self.tag}n0"], capture_output=True).returncode:
            return False
        bridge = f"{self.tag}br"
        run("ip", "link", "add", bridge, "type", "bridge")
        run("ip", "address", "add", f"{NETWORK}.254/24", "dev", bridge)
        run("ip", "link", "set", bridge, "up")
        self.allow_forwarding("-I")
        for number in range(len(self.names)):
            space, link = self.namespace(number), f"{self.tag}v{number}"
            if number > 0:
                run("ip", "netns", "add", space)
            run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "link", "set", link, "master", bridge, "up")
            run("ip", "-n", space, "address", "add", f"{NETWORK}.{number + 1}/24", "dev", "eth0")
            for device in ["lo", "eth0"]:
                run("ip", "-n", space, "link", "set", device, "up")
        return True

    def allow_forwarding(self, action):
        """Has packets pass from host to host also where Docker, which brings the command, forbids that for bridges of others."""
        bridge = f"{self.tag}br"
        if shutil.which("iptables"):
            subprocess.run(["iptables", action, "FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT"], capture_output=True)

    def namespace(self, number):
        return f"{self.tag}n{number}"

    def make_keys(self):
        for name in ["host", "user"]:
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.directory / name)
        shutil.copy(self.directory / "user.pub", self.directory / "authorized_keys")
        key = (self.directory / "host.pub").read_text()
        lines = []
        for number, name in enumerate(self.names):
            host, port = (f"{NETWORK}.{number + 1}", 22) if self.has_namespaces else ("127.0.0.1", 22200 + 100 * WORKER + number)
            lines += [f"Host {name}", f"  HostName {host}", f"  Port {port}", f"  HostKeyAlias {name}"]
            with open(self.directory / "known_hosts", "a") as known:
                known.write(f"{name} {key}")
            (self.directory / f"sshd_{name}").write_text(
                f"""ListenAddress {host}:{port}
HostKey {self.directory}/host
AuthorizedKeysFile {self.directory}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv HOME={self.home}
"""
            )
        lines += [
            "Host *", f"  IdentityFile {self.directory}/user", "  IdentitiesOnly yes",
            f"  UserKnownHostsFile {self.directory}/known_hosts", "  GlobalKnownHostsFile /dev/null",
        ]
        self.config.write_text("\n".join(lines) + "\n")

    def start(self, number, name, options=()):
        """Starts the sshd of a host."""
        if os.getuid() == 0:
            # The folder that sshd confines itself to, which Debian's service makes.
            Path("/run/sshd").mkdir(exist_ok=True)
        # A UTS namespace of its own gives the host a name.
        sshd = ["/usr/sbin/sshd", "-D", "-e", "-f", f"{self.directory}/sshd_{name}"]
        for option in options:
            sshd += ["-o", option]
        inner = f"hostname {name}; exec {' '.join(sshd)}"
        command = ["ip", "netns", "exec", self.namespace(number), "unshare", "--uts", "sh", "-c", inner]
        if not self.has_namespaces:
            command = sshd
        with open(self.directory / f"log_{name}", "w") as log:
            self.daemons[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(lambda: "Server listening" in self.log(name), f"the sshd of {name}")

    def restart(self, name, *options):
        """Starts the sshd of a host again, with options such as `MaxSessions=1`."""
        self.daemons[name].terminate()
        self.daemons[name].wait()
        self.start(self.names.index(name), name, options)

    def connections(self, name):
        """How many connections a host has: its sshd has a child for each."""
        return len(psutil.Process(self.daemons[name].pid).children())

    def log(self, name):
        return (self.directory / f"log_{name}").read_text()

    def close(self):
        for daemon in self.daemons.values():
            daemon.terminate()
            daemon.wait()
        for number in range(len(self.names)):
            # Sessions whose other end does not tell them any more would keep the namespace, and with it the link's name.
            left = subprocess.run(["ip", "netns", "pids", self.namespace(number)], capture_output=True, text=True).stdout
            for pid in left.split():
                subprocess.run(["kill", "-9", pid], capture_output=True)
            subprocess.run(["ip", "netns", "delete", self.namespace(number)], capture_output=True)
        if self.has_namespaces:
            self.allow_forwarding("-D")
        subprocess.run(["ip", "link", "delete", f"{self.tag}br"], capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)
