#!/usr/bin/env python3
"""A stand-in for Compose where there is no Docker: does what `Docker/secrets.sh` asks with processes of this machine.

`STANDIN` names the folder of its volumes; a container's home is there. `MARTLET` is the command of the images.
"""

import os
import subprocess
import sys
from pathlib import Path

import yaml

FOLDER = Path(os.environ["STANDIN"])


def environment(service):
    """The variables of a container: its profile is in the volume that the service has, whose name is before the colon."""
    [volume] = [volume.split(":") for volume in service["volumes"]]
    assert volume[1] == "/home/martlet/.ipython"
    home = FOLDER / volume[0]
    home.mkdir(exist_ok=True)
    tools = FOLDER / "bin"
    tools.mkdir(exist_ok=True)
    if not (tools / "martlet").exists():
        (tools / "martlet").symlink_to(os.environ["MARTLET"])
    return home, {**os.environ, "IPYTHONDIR": str(home / ".ipython"), "PATH": f"{tools}:{os.environ['PATH']}"}


def main():
    _, file, action, *words = sys.argv[1:]
    names = [word for word in words if not word.startswith("-")]
    service = yaml.safe_load(Path(file).read_text())["services"][names[0]]
    home, variables = environment(service)
    command = words[words.index(names[0]) + 1:]
    if action == "up":
        # Names of containers are not names of this machine.
        own = [word for word in service["command"] if not word.startswith(("--location=", "--ip="))]
        process = subprocess.Popen(
            ["martlet", *own, "--ip=127.0.0.1"], cwd=home, env=variables, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (FOLDER / "pid").write_text(str(process.pid))
        return 0
    return subprocess.run(["martlet", *command] if action == "run" else command, cwd=home, env=variables).returncode


if __name__ == "__main__":
    sys.exit(main())
