"""A controller under test for each module, with engines and clients that the tests play."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from parallel_conformance.controllers import Controller, ControllerPlan
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.plugin import FAILED
from parallel_conformance.scenes import wait_for_engines
from parallel_conformance.tests.controller.waiting import LongWait


@pytest.fixture(scope="module")
def controller(controller_plan: ControllerPlan) -> Iterator[Controller]:
    """The controller that the tests of a module share."""
    controller = Controller(controller_plan)
    yield controller
    controller.close()


@pytest.fixture
def new_controller(controller_plan: ControllerPlan) -> Iterator[Callable[..., Controller]]:
    """``new_controller(arguments)`` makes a controller for one test, with further arguments or another period."""
    if controller_plan.template is None:
        pytest.skip("the controller was not started by the kit")
    made: list[Controller] = []

    def make(arguments: str = "", ping: int = controller_plan.ping) -> Controller:
        made.append(Controller(replace(controller_plan, ping=ping), arguments))
        return made[-1]

    yield make
    for controller in made:
        controller.close()


@pytest.fixture
def client(controller: Controller) -> Iterator[ClientPeer]:
    """A client for one test."""
    client = ClientPeer(controller.client_info)
    yield client
    client.close()


@pytest.fixture
def new_client(controller: Controller) -> Iterator[Callable[..., ClientPeer]]:
    """Makes further clients, closed at the end of the test."""
    made: list[ClientPeer] = []

    def make(identity: bytes = b"", key: str | None = None) -> ClientPeer:
        made.append(ClientPeer(controller.client_info, identity, key))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="module")
def engines(controller: Controller) -> Iterator[list[EnginePeer]]:
    """Two registered engines that the tests of a module share. Tests answer all that these are sent."""
    engines = [EnginePeer(controller.engine_info).register() for _ in range(2)]
    client = ClientPeer(controller.client_info)
    wait_for_engines(client, engines)
    client.close()
    yield engines
    for engine in engines:
        engine.unregister()
        engine.close()


@pytest.fixture(autouse=True)
def _leave_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a failure, answers what waits in the module's engines, so that the next test starts from nothing."""
    yield
    if FAILED in request.node.stash and "engines" in request.fixturenames:
        for engine in request.getfixturevalue("engines"):
            engine.answer_everything()


@pytest.fixture
def engine(engines: list[EnginePeer]) -> EnginePeer:
    """One of the module's engines."""
    return engines[0]


@pytest.fixture
def new_engine(controller: Controller) -> Iterator[Callable[..., EnginePeer]]:
    """Makes engines that are not registered yet, and leave at the end of the test."""
    made: list[EnginePeer] = []

    def make(name: str | None = None, requested: int | None = None) -> EnginePeer:
        made.append(EnginePeer(controller.engine_info, name, requested))
        return made[-1]

    yield make
    for engine in made:
        if engine.id >= 0:
            engine.unregister()
        engine.close()


@pytest.fixture
def signed(controller: Controller) -> None:
    """For tests about signatures: skips them where the controller has no key, as with CURVE."""
    if not controller.client_info["key"]:
        pytest.skip("messages are not signed")


@pytest.fixture(scope="session")
def long_wait_of_the_session(request: pytest.FixtureRequest) -> Iterator[LongWait | None]:
    """The registration that `test_timeouts` waits for, begun with the first test if that is among those to be run."""
    wanted = any(item.path.name == "test_timeouts.py" for item in request.session.items)
    wait = LongWait(request.getfixturevalue("controller_plan")) if wanted else None
    yield wait
    if wait:
        wait.close()


@pytest.fixture(autouse=True)
def _begin_the_long_wait(long_wait_of_the_session: LongWait | None) -> None:
    """Each test may be the first."""


@pytest.fixture
def long_wait(long_wait_of_the_session: LongWait | None) -> LongWait:
    """The registration that is not completed."""
    assert long_wait_of_the_session
    return long_wait_of_the_session
