"""Grid Engine on this machine: its master, and one host with more places than processors, in namespaces of their own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import wait_until

SHARE = "/usr/share/gridengine"
PROGRAMS = "/usr/lib/gridengine"
# It takes no host whose address is the machine's own.
ADDRESS = "10.9.0.1"
HOST = "sgehost"


class GridEngine:
    """Daemons with all their files in one folder. Commands reach them with `prefix` before them and `environment`."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="martlet-sge-", dir="/tmp"))
        self.daemons = []
        (self.directory / "hosts").write_text(f"127.0.0.1 localhost\n{ADDRESS} {HOST}\n")
        setup = (
            f"hostname {HOST} && mount --make-rprivate / && mount --bind {self.directory}/hosts /etc/hosts && "
            f"ip link set lo up && ip address add {ADDRESS}/24 dev lo && touch {self.directory}/ready && exec sleep infinity")
        self.holder = subprocess.Popen(["unshare", "--net", "--uts", "--mount", "sh", "-c", setup])
        self.prefix = ["nsenter", f"--target={self.holder.pid}", "--net", "--uts", "--mount"]
        root = self.directory / "root"
        self.environment = {
            "SGE_ROOT": str(root), "SGE_CELL": "default", "SGE_QMASTER_PORT": "6444", "SGE_EXECD_PORT": "6445"}
        try:
            wait_until((self.directory / "ready").exists, "namespaces")
            self.write_files(root)
            self.start("sge_qmaster")
            # Until it listens, what qconf says names the host, too.
            wait_until(lambda: self.ask("qconf", "-sh").split() == [HOST], "the master")
            self.configure()
            self.start("sge_execd")
            wait_until(lambda: "lx-" in self.ask("qhost", "-h", HOST), "the host")
        except BaseException:
            for log in self.directory.rglob("messages"):
                print(log, log.read_text())
            self.close()
            raise

    def write_files(self, root):
        spool = root / "spool"
        for folder in (root / "default/common", spool / "qmaster/job_scripts", spool / "db", spool / "execd"):
            folder.mkdir(parents=True)
        (root / "util").symlink_to(f"{SHARE}/util")
        (root / "default/common/act_qmaster").write_text(f"{HOST}\n")
        # It makes this file when the first job has ended and 15 s have passed; until then qacct fails in another way.
        (root / "default/common/accounting").touch()
        self.fill(
            f"{SHARE}/default-bootstrap", root / "default/common/bootstrap", admin_user="root",
            spooling_params=spool / "db", qmaster_spool_dir=spool / "qmaster", ignore_fqdn="true")
        configuration = self.directory / "configuration"
        self.fill(
            f"{SHARE}/default-configuration", configuration, execd_spool_dir=spool / "execd", min_uid=0, min_gid=0,
            shell_start_mode="unix_behavior")
        self.run(f"{PROGRAMS}/spoolinit", "berkeleydb", "libspoolb", spool / "db", "init")
        self.run(f"{PROGRAMS}/spooldefaults", "configuration", configuration)
        self.run(f"{PROGRAMS}/spooldefaults", "complexes", f"{SHARE}/util/resources/centry")
        self.run(f"{PROGRAMS}/spooldefaults", "usersets", f"{SHARE}/util/resources/usersets")
        self.run(f"{PROGRAMS}/spooldefaults", "managers", "root")

    def configure(self):
        self.run("qconf", "-as", HOST)
        host = self.directory / "host"
        lists = ("load_scaling", "complex_values", "user_lists", "xuser_lists", "projects", "xprojects", "usage_scaling")
        host.write_text("".join([f"hostname {HOST}\n", *(f"{name} NONE\n" for name in (*lists, "report_variables"))]))
        self.run("qconf", "-Ae", host)
        shown = self.directory / "shown"
        shown.write_text(self.ask("qconf", "-sq"))
        queue = self.directory / "queue"
        self.fill(
            shown, queue, qname="main.q", hostlist=HOST, slots=8, shell="/bin/sh", shell_start_mode="unix_behavior",
            load_thresholds="NONE", pe_list="NONE")
        self.run("qconf", "-Aq", queue)
        shown.write_text(self.ask("qconf", "-ssconf"))
        scheduler = self.directory / "scheduler"
        self.fill(
            shown, scheduler, schedule_interval="0:0:1", flush_submit_sec=1, flush_finish_sec=1, load_formula="slots",
            schedd_job_info="true")
        self.run("qconf", "-Msconf", scheduler)

    @staticmethod
    def fill(source, target, **values):
        """Copy a file of names and values with other values."""
        lines = []
        for line in Path(source).read_text().splitlines():
            name = line.split(maxsplit=1)[0] if line.strip() else ""
            lines.append(f"{name} {values[name]}" if name in values else line)
        target.write_text("\n".join(lines) + "\n")

    def start(self, name):
        # Without it, they go into the background.
        environment = {**os.environ, **self.environment, "SGE_ND": "1"}
        with open(self.directory / f"{name}.log", "w") as log:
            self.daemons.append(
                subprocess.Popen([*self.prefix, name], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def run(self, *command):
        subprocess.run(
            [*self.prefix, *map(str, command)], env={**os.environ, **self.environment}, check=True,
            stdout=subprocess.DEVNULL)

    def ask(self, *command):
        """What one of its commands says."""
        done = subprocess.run(
            [*self.prefix, *command], env={**os.environ, **self.environment}, capture_output=True, text=True)
        return done.stdout + done.stderr

    def jobs(self):
        """The lines about jobs, as lists of words."""
        return [line.split() for line in self.ask("qstat").splitlines()[2:]]

    def close(self):
        self.ask("qdel", "-f", "-u", "*")
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait()
        self.holder.terminate()
        self.holder.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
