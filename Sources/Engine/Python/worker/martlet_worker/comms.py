"""Comms: the connection between widgets of user code and the notebook that shows them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .lazy import when_imported
from .publishing import Publisher

#: Messages of a front end to a comm. They have no reply.
MESSAGE_TYPES = ("comm_open", "comm_msg", "comm_close")


def connect_comms(publisher: Publisher) -> None:
    """Have comms that user code opens publish through the engine."""

    def connect(module: ModuleType) -> None:
        class WorkerComm(module.base_comm.BaseComm):  # type: ignore[name-defined]
            def publish_msg(
                self,
                msg_type: str,
                data: Any = None,
                metadata: dict | None = None,
                buffers: Any = None,
                **keys: Any,
            ) -> None:
                content = {"data": {} if data is None else data, "comm_id": self.comm_id, **keys}
                publisher.publish(msg_type, content, metadata, buffers or ())

        module.create_comm = WorkerComm  # type: ignore[attr-defined]

    when_imported("comm", connect)


def manager() -> Any:
    """The process's comm manager."""
    import comm

    return comm.get_comm_manager()


def receive(msg_type: str, header: dict, metadata: dict, content: dict, buffers: list) -> None:
    """Hand a front end's message to its comm."""
    message = {"header": header, "metadata": metadata, "content": content, "buffers": buffers}
    getattr(manager(), msg_type)(None, b"", message)
