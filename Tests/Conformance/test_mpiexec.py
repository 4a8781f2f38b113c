"""Engines that `martlet start` has an `mpiexec` start: Open MPI's of Debian, and MPICH's, whose library the Python has."""

import os
import signal
import sys
from pathlib import Path

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary, wait_until
from place import clean

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="hosts and schedulers are those of Linux")

OPEN_MPI = ["--set", "MPILauncher.mpi_cmd=mpiexec.openmpi", "--set", "MPILauncher.mpi_args=['--oversubscribe']"]
MPICH = ["--set", f"MPILauncher.mpi_cmd={Path(sys.executable).parent / 'mpiexec'}"]


@pytest.fixture
def mpi_place(place):
    # Open MPI refuses to run as root, as containers do.
    place.environment.update(
        MARTLET_PYTHON=sys.executable, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    yield place
    place.command("stop")
    assert clean(place)


def start(place, *options):
    started = place.command("start", "--daemonize", *options)
    assert started.returncode == 0, started.stderr
    return place.directory / "profile_default/security/ipcontroller-client.json"


def test_word_count_with_open_mpi(mpi_place, tmp_path):
    texts = []
    for index in range(6):
        texts.append(tmp_path / f"text{index}.txt")
        texts[-1].write_text("the quick brown fox " * (index + 1) + "over the lazy dog\n")
    start(mpi_place, "--engines=mpi:3", "--program", binary("MartletWordCount"), *OPEN_MPI)
    counted = mpi_place.command("--profile", "default", *texts, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 3 engines" in counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    assert mpi_place.command("stop").returncode == 0


@pytest.mark.parametrize("options", [OPEN_MPI, MPICH], ids=["Open MPI", "MPICH"])
def test_a_controller_that_mpiexec_starts(mpi_place, options):
    file = start(mpi_place, "--controller=mpi", "-n", 2, "--no-python", *options)
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        client.wait_for_engines(2, timeout=TIMEOUT)
    starter = [p for p in mpi_place.processes("controller") if p.name().startswith("mpiexec") or "mpirun" in p.name()]
    assert starter
    supervisor = mpi_place.process("--background")
    supervisor.kill()
    wait_until(lambda: not mpi_place.processes(), "everything to end with the cluster's process")
    assert mpi_place.command("clean").returncode == 0


def test_engines_are_one_mpi_program(mpi_place):
    with ipp.Client(connection_info=str(start(mpi_place, "--engines=mpi", "-n", 2, *MPICH)), timeout=TIMEOUT) as client:
        client.wait_for_engines(2, timeout=TIMEOUT)

        def total(value):
            from mpi4py import MPI

            return MPI.COMM_WORLD.allreduce(value * (MPI.COMM_WORLD.Get_rank() + 1))

        assert client[:].apply_sync(total, 10) == [30, 30]


@pytest.mark.parametrize("options", [OPEN_MPI, MPICH], ids=["Open MPI", "MPICH"])
def test_a_killed_rank_ends_all_at_once(mpi_place, options):
    file = start(mpi_place, "--engines=mpi", "-n", 2, "--no-python", *options)
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        client.wait_for_engines(2, timeout=TIMEOUT)
        ranks = [p for p in mpi_place.processes("engine") if "mpiexec" not in p.name()]
        assert len(ranks) == 2
        os.kill(ranks[0].pid, signal.SIGKILL)
    log = mpi_place.directory / "profile_default/log"
    wait_until(
        lambda: "2 engines ended: its process" in "".join(path.read_text() for path in log.glob("ipcluster*")),
        "the end of the MPI program to be told")
    wait_until(lambda: not mpi_place.processes(), "the cluster without engines to end")
