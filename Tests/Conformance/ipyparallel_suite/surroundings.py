"""What the suite's tests of ssh and Slurm find in ipyparallel's own continuous integration.

A host at port 2222 of this machine where `ciuser` may log in, with a Python at `/opt/conda/bin/python3` and a key that `docker exec
ssh-sshd-1` prints; a Slurm; and a folder `/data` that its nodes share. All of it is in namespaces of the calling process, for which
it has to be root on Linux.
"""

import fcntl
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from slurm import Slurm  # noqa: E402

HOME = Path("/home/ciuser")
CONDA = Path("/opt/conda")
DATA = Path("/data")
SSH = Path("/etc/ssh")
FOLDERS = (HOME, CONDA, DATA, SSH)
#: The folders that runs have made on this machine.
RECORD = Path(tempfile.gettempdir(), "martlet-suite-folders")
PORT = 2222


def can_be_had():
    return sys.platform == "linux" and os.geteuid() == 0


def enter_namespaces():
    """Runs this program again in a mount namespace and a network namespace, unless it has them already. Two runs at a time don't
    get into each other's way there."""
    if "MARTLET_SUITE_ADDRESSES" in os.environ:
        make_network(os.environ.pop("MARTLET_SUITE_ADDRESSES").split())
        return
    found = subprocess.run(["ip", "-4", "-o", "address", "show", "scope", "global"], capture_output=True, text=True, check=True)
    os.environ["MARTLET_SUITE_ADDRESSES"] = " ".join(line.split()[3] for line in found.stdout.splitlines())
    os.execvp("unshare", ["unshare", "--mount", "--net", "--propagation", "private", sys.executable, *sys.argv])


def make_network(addresses):
    """This machine's own addresses, for its host name leads to one of them. Nobody else is there."""
    commands = ["link set lo up", "link add eth0 type veth peer name eth1", "link set eth0 up", "link set eth1 up"]
    for command in commands + [f"address add {address} dev eth0" for address in addresses]:
        subprocess.run(["ip", *command.split()], check=True)


@contextmanager
def mounted_folders():
    """Mounts empty folders. Where one is missing it is made, for the whole machine: the last of the runs that use it removes it,
    for that would end the others' mounts."""
    with open(RECORD, "a+") as record:
        fcntl.flock(record, fcntl.LOCK_SH)
        try:
            for folder in FOLDERS:
                for path in reversed((folder, *folder.parents)):
                    with suppress(FileExistsError):
                        path.mkdir()
                        record.write(f"{path}\n")
                        record.flush()
                subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
            yield
        finally:
            for folder in FOLDERS:
                subprocess.run(["umount", "-l", folder], capture_output=True)
            with suppress(BlockingIOError):
                fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
                record.seek(0)
                for path in sorted(record.read().split("\n"), reverse=True):
                    if path:
                        Path(path).rmdir()
                record.truncate(0)


def add_user(scratch):
    """A user of its own name with root's rights, so that it may read this working copy wherever that is."""
    for name, line in (("passwd", f"ciuser:x:0:0::{HOME}:/bin/bash"), ("shadow", "ciuser:*:19000:0:99999:7:::")):
        copy = scratch / name
        copy.write_text(f"{Path('/etc', name).read_text().rstrip()}\n{line}\n")
        subprocess.run(["mount", "--bind", copy, f"/etc/{name}"], check=True)


def write_python(commands):
    """The host's Python. It has our engine as its own if that is to be tested."""
    (CONDA / "bin").mkdir()
    lines = ["#!/bin/sh", f"export MARTLET_PYTHON={shlex.quote(sys.executable)}"]
    if "engine" in commands:
        lines += [
            f"export MARTLET_ENGINE_CMD={shlex.quote(commands['engine'])}",
            f"export PYTHONPATH={shlex.quote(f'{HERE}/subprocess:{HERE}')}",
            f'if [ "$1 $2" = "-m ipyparallel.engine" ]; then shift 2; exec {commands["engine"]} "$@"; fi',
        ]
    python = CONDA / "bin/python3"
    python.write_text("\n".join([*lines, f'exec {shlex.quote(sys.executable)} "$@"', ""]))
    python.chmod(0o755)


def start_sshd(scratch):
    folder = HOME / ".ssh"
    folder.mkdir(mode=0o700)
    for path in (folder / "id_rsa", scratch / "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", path], check=True)
    (folder / "authorized_keys").write_text((folder / "id_rsa.pub").read_text())
    (SSH / "ssh_known_hosts").write_text(f"[127.0.0.1]:{PORT} {(scratch / 'host.pub').read_text()}")
    docker = scratch / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(
        "#!/bin/sh\n# Stands in for Docker, which is asked for the container of the host, and for the key in it.\n"
        f'case "$1" in compose) echo ssh-sshd-1 ;; exec) exec cat {folder}/id_rsa ;; esac\n')
    docker.chmod(0o755)
    ping = scratch / "bin/ping"
    ping.write_text("#!/bin/sh\n# Stands in for a command that takes some seconds.\nexec sleep 5\n")
    ping.chmod(0o755)
    (scratch / "ssh").mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)
    options = [f"ListenAddress=127.0.0.1:{PORT}", f"HostKey={scratch}/host", "PidFile=none", "StrictModes=no", "UsePAM=no"]
    options += ["Subsystem=sftp internal-sftp", f"SetEnv=PATH={scratch}/bin:/usr/local/bin:/usr/bin:/bin"]
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", *(word for option in options for word in ("-o", option))]
    with open(scratch / "sshd.log", "w") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


@contextmanager
def surroundings(commands):
    """Provides all of it, and yields the variables that the suite needs.

    ``commands`` are those of :func:`run_suite.run`.
    """
    with tempfile.TemporaryDirectory(prefix="surroundings-") as name:
        scratch = Path(name)
        daemons = []
        with mounted_folders():
            try:
                add_user(scratch)
                write_python(commands)
                daemons.append(start_sshd(scratch))
                slurm = Slurm()
                try:
                    path = f"{scratch}/bin{os.pathsep}{os.environ['PATH']}"
                    yield {**slurm.environment, "CI_DIR": str(scratch), "PATH": path}
                finally:
                    slurm.close()
            finally:
                for daemon in daemons:
                    daemon.terminate()
                    daemon.wait()
                for mount in ("/etc/passwd", "/etc/shadow"):
                    subprocess.run(["umount", "-l", mount], capture_output=True)
