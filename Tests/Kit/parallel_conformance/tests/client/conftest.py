"""A client that most tests share, since they leave nothing behind, and clients for single tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parallel_conformance.clients import Client


@pytest.fixture(scope="session")
def shared_client(client_template: str, transport: str) -> Iterator[Client]:
    """A connected client that knows three engines."""
    made = Client(client_template, transport)
    try:
        yield made.connect()
    finally:
        made.close()


@pytest.fixture
def client(shared_client: Client) -> Client:
    """The shared client, with nothing left of earlier tests on the sockets."""
    shared_client.serve()
    shared_client.controller.forget()
    return shared_client


@pytest.fixture
def new_client(client_template: str, transport: str) -> Iterator[Callable[..., Client]]:
    """``new_client(…)`` makes a client that is not connected."""
    made: list[Client] = []

    def make(**options: Any) -> Client:
        made.append(Client(client_template, transport, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
