"""What user code and libraries look for in ``get_ipython().kernel``."""

from __future__ import annotations

import logging
from typing import Any

from .publishing import load


class Kernel:
    """Stands in for ipykernel's kernel: the names that ipyparallel's own functions and common libraries use."""

    def __init__(self, engine_id: int, engine_uuid: str) -> None:
        self.engine_id = self.int_id = engine_id
        self.ident = engine_uuid
        self.log = logging.getLogger("martlet.worker")
        self.shell: Any = None
        # What `bind_kernel` needs to make a console's requests run here, and the console itself.
        self.tasks: Any = None
        self.background: Any = None
        self.interrupts: Any = None
        self.publisher: Any = None
        self.console: Any = None
        # ipyparallel's `become_dask_worker` looks here.
        self.dask_worker: Any = None
        self._distributed_worker: Any = None
        self._parts: tuple = ()

    @property
    def distributed_worker(self) -> Any:
        """The Dask worker that this engine has become."""
        return self._distributed_worker

    @distributed_worker.setter
    def distributed_worker(self, worker: Any) -> None:
        # ipyparallel stops it with a method that newer workers don't have.
        if worker is not None and not hasattr(worker, "terminate"):
            worker.terminate = lambda comm=None: worker.close()
        self._distributed_worker = worker

    @property
    def io_loop(self) -> Any:
        """tornado's view of the event loop."""
        from tornado.ioloop import IOLoop

        return IOLoop.current()

    @property
    def comm_manager(self) -> Any:
        """The process's comms."""
        import comm

        return comm.get_comm_manager()

    def set_parts(self, header: bytearray, metadata: bytearray, content: bytearray) -> None:
        """A request begins. Its parts are decoded when somebody asks."""
        self._parts = (header, metadata, content)

    def get_parent(self, channel: str | None = None) -> dict:
        """The message of the running request, or the last one."""
        names = ("header", "metadata", "content")
        return {name: load(part) for name, part in zip(names, self._parts)}

    def engine_info(self, method: str) -> dict:
        """What an error reply says about its engine."""
        return {"engine_uuid": self.ident, "engine_id": self.engine_id, "method": method}
