"""Several processes of pytest at a time, for tests that mostly wait. Each has a /tmp of its own: what `martlet` keeps there is
the same for all clusters of a user, so a test would see, and clean, what another's cluster left.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

CLONE_NEWNS = 0x20000
FOLDER = pytest.StashKey[Path]()


def pytest_xdist_auto_num_workers():
    """With ``-n auto``: one more than cores, up to four. One alone where none can have a /tmp of its own."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        return 1
    return min((os.cpu_count() or 1) + 1, 4)


def pytest_configure(config):
    if not hasattr(config, "workerinput") or config.workerinput["workercount"] == 1:
        return
    # Of this thread, in which the tests run, and of what it starts.
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    folder = Path(tempfile.mkdtemp(prefix=f"martlet-tests-{config.workerinput['workerid']}-", dir="/tmp"))
    folder.chmod(0o1777)
    config.stash[FOLDER] = folder
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", folder, "/tmp"], check=True)
    Path(config.option.basetemp).parent.mkdir(parents=True, exist_ok=True)


def pytest_collection_modifyitems(items):
    """Tests that hardly compute go first: the others run meanwhile, instead of one of these alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


def pytest_unconfigure(config):
    if folder := config.stash.get(FOLDER, None):
        subprocess.run(["umount", "--lazy", "/tmp"], check=True)
        shutil.rmtree(folder, ignore_errors=True)
