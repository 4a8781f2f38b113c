"""An IPython directory for commands, with checks of what they leave there and in the process table."""

import os
import subprocess
from pathlib import Path

import psutil
from harness import TIMEOUT, binary, wait_until

SOCKETS = f"martlet-{os.getuid()}-"


def socket_folders():
    return {path.name for path in Path("/tmp").glob(f"{SOCKETS}*")}


class Place:
    """A separate IPython directory, with access to what commands leave there and in the process table."""

    def __init__(self, directory):
        self.directory = directory
        self.environment = dict(os.environ, IPYTHONDIR=str(directory))
        self.before = socket_folders()
        self.user = None
        # What commands are run with, to enter namespaces for example.
        self.prefix = []

    def run_as(self, user):
        """Run later commands as the user with this id, who gets the directory. None restores the tests' own user."""
        self.user = user
        owner = os.getuid() if user is None else user
        for path in [self.directory, *self.directory.rglob("*")]:
            os.chown(path, owner, owner)

    def command(self, *arguments, program="martlet", **options):
        return subprocess.run(
            [*self.prefix, binary(program), *map(str, arguments)],
            env=self.environment, capture_output=True, text=True, timeout=4 * TIMEOUT, user=self.user, **options,
        )

    def popen(self, *arguments):
        """Starts a command without waiting for its end."""
        return subprocess.Popen(
            [*self.prefix, binary("martlet"), *map(str, arguments)],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def processes(self, *words, name=None):
        """Those whose environment names the directory, or those of them with words among their arguments, or a name."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("IPYTHONDIR") == str(self.directory) and process.status() != "zombie":
                    if not set(words) <= set(process.cmdline()):
                        continue
                    if name is not None and process.name() != name:
                        continue
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def process(self, *words):
        """The only process with these arguments. One that is starting another looks like two for a moment."""

        def only():
            found = self.processes(*words)
            return found[0] if len(found) == 1 else None

        return wait_until(only, f"one process with {' '.join(words)}")

    def leftovers(self):
        files = [str(path) for path in self.directory.glob("profile_*/security/*.json")]
        files += [str(path) for path in self.directory.glob("profile_*/pid/*")]
        return files + sorted(socket_folders() - self.before) + [str(p) for p in self.processes()]


def clean(place):
    wait_until(lambda: not place.leftovers(), "nothing to be left behind")
    return True
