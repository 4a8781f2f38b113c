"""Engines started by ``mpiexec``: their Python belongs to the MPI program."""

import sys
from pathlib import Path

import pytest
from harness import binary

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"


@pytest.fixture
def client(controller):
    """A client of two engines that one ``mpiexec`` has started."""
    # The package `mpich` brings its own mpiexec, beside the interpreter.
    command = [str(Path(sys.executable).parent / "mpiexec"), "-n", "2", binary("martlet"), "engine"]
    controller.environment["MARTLET_PYTHON"] = sys.executable
    controller.start("mpiexec", command + controller.engine_arguments())
    return controller.client(engines=2)


def test_ranks(client):
    def rank():
        from mpi4py import MPI

        return MPI.COMM_WORLD.Get_rank(), MPI.COMM_WORLD.Get_size()

    assert sorted(client[:].apply_sync(rank)) == [(0, 2), (1, 2)]


def test_communication(client):
    def total(value):
        from mpi4py import MPI

        return MPI.COMM_WORLD.allreduce(value * (MPI.COMM_WORLD.Get_rank() + 1))

    assert client[:].apply_sync(total, 10) == [30, 30]
    client[:].execute("from mpi4py import MPI; totals = MPI.COMM_WORLD.allgather(MPI.COMM_WORLD.Get_rank())", block=True)
    assert client[:].pull("totals", block=True) == [[0, 1], [0, 1]]
