"""Slurm on this machine: its own munge, controller and two nodes with more processors than there are."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from harness import free_ports, wait_until


class Slurm:
    """Daemons with all their files in one folder. `environment` has what Slurm's commands need."""

    #: The names of the nodes, of which the partition `main` prefers the first.
    nodes = ("alpha", "beta")

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="martlet-slurm-", dir="/tmp"))
        self.daemons = []
        host = socket.gethostname().split(".")[0]
        user = getpass.getuser()
        ports = free_ports(3)
        munge = self.directory / "munge"
        munge.mkdir(mode=0o700)
        key = munge / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        (self.directory / "state").mkdir()
        (self.directory / "slurm.conf").write_text(
            f"""ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={self.directory}/munge.socket
CredType=cred/munge
CommunicationParameters=NoAddrCache
StateSaveLocation={self.directory}/state
SlurmdSpoolDir={self.directory}/spool-%n
SlurmctldPidFile={self.directory}/slurmctld.pid
SlurmdPidFile={self.directory}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
KillWait=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName={self.nodes[0]} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=8 Weight=1 State=UNKNOWN
NodeName={self.nodes[1]} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=8 Weight=2 State=UNKNOWN
PartitionName=main Nodes={",".join(self.nodes)} Default=YES MaxTime=60 State=UP
PartitionName=single Nodes={self.nodes[0]} MaxTime=60 State=UP
PartitionName=closed Nodes={",".join(self.nodes)} State=DOWN
"""
        )
        self.environment = {"SLURM_CONF": str(self.directory / "slurm.conf")}
        try:
            self.start(
                "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.directory}/munge.socket",
                f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed")
            wait_until((self.directory / "munge.socket").exists, "munged")
            self.start("slurmctld", "-D", "-c")
            for node in self.nodes:
                self.start("slurmd", "-D", "-c", "-N", node)
            wait_until(lambda: self.ask("sinfo", "-h", "-p", "main", "-o", "%t %D").split() == ["idle", "2"], "both nodes")
        except BaseException:
            for log in self.directory.glob("*.log"):
                print(log.name, log.read_text())
            self.close()
            raise

    def start(self, name, *arguments):
        with open(self.directory / f"{name}-{len(self.daemons)}.log", "w") as log:
            self.daemons.append(
                subprocess.Popen(
                    [f"/usr/sbin/{name}", *arguments], env={**os.environ, **self.environment}, stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL))

    def ask(self, *command):
        """What one of Slurm's commands says."""
        done = subprocess.run(command, env={**os.environ, **self.environment}, capture_output=True, text=True)
        return done.stdout + done.stderr

    def jobs(self):
        return self.ask("squeue", "-h", "-o", "%i %T").split("\n")[:-1]

    def close(self):
        self.ask("scancel", f"--user={getpass.getuser()}")
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
