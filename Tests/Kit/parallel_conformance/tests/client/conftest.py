"""A client that most tests share, since they leave nothing behind, and clients for single tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parallel_conformance.clients import Client


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    """Note which tests have failed, expectedly or not."""
    report = yield
    item.stash[_FAILED] = bool(call.excinfo and call.when == "call" and call.excinfo.typename != "Skipped")
    return report


class Shared:
    """The shared client, made when it is needed."""

    def __init__(self, template: str, transport: str):
        self.template, self.transport = template, transport
        self.client: Client | None = None

    def get(self) -> Client:
        """The client, connected, with nothing left of earlier tests on the sockets."""
        if self.client is None:
            self.client = Client(self.template, self.transport)
            self.client.connect()
        self.client.serve()
        self.client.controller.forget()
        return self.client

    def discard(self) -> None:
        """Close the client: a test has failed, so it may be unusable."""
        if self.client:
            self.client.close()
        self.client = None


@pytest.fixture(scope="session")
def shared_client(client_template: str, transport: str) -> Iterator[Shared]:
    """What most tests share."""
    shared = Shared(client_template, transport)
    yield shared
    shared.discard()


@pytest.fixture
def client(shared_client: Shared, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A connected client that knows three engines. Tests leave nothing behind; after a failed one there is a new client."""
    try:
        yield shared_client.get()
    finally:
        if request.node.stash.get(_FAILED, True):
            shared_client.discard()


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
