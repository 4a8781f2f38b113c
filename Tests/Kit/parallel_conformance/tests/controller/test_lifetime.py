"""The first engine and the end: a controller from its start to its shutdown. These tests depend on their order."""

import os
import signal
from collections.abc import Callable

import pytest

from parallel_conformance.controllers import Controller, ControllerPlan
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import wait_for_engines


@pytest.mark.requirement("R-13.22")
def test_tasks_wait_for_the_first_engine(client: ClientPeer, new_engine: Callable[..., EnginePeer]) -> None:
    """However long that takes."""
    identifier = client.send("task", "apply_request")
    engine = new_engine().register()
    request = engine.expect("task")
    assert request.id == identifier
    engine.reply("task", request)
    client.expect("task", parent=identifier)


@pytest.mark.requirement("R-11.10", "R-10.8", "R-5.4")
def test_a_client_shuts_the_controller_down(
    controller: Controller, client: ClientPeer, new_client: Callable[..., ClientPeer]
) -> None:
    """It gets a reply, all clients a notification, and then the process ends and its files are gone."""
    process = controller.process
    if process is None:
        pytest.skip("the controller was not started by the kit")
    other = new_client()
    for peer in (client, other):
        peer.socket("notification")
        peer.ask("connection_request")
    _subscribed(controller, [client, other])
    identifier = client.send("registration", "shutdown_request")
    assert client.expect("registration", "shutdown_reply", identifier).content["status"] == "ok"
    for peer in (client, other):
        note = peer.expect("notification", "shutdown_notification", identifier)
        assert note.content["status"] == "ok"
    process.wait()
    assert not controller.client_file.exists() and not controller.engine_file.exists()


def _subscribed(controller: Controller, clients: list[ClientPeer]) -> None:
    """Wait until notifications reach all clients: those of an engine do."""
    engine = EnginePeer(controller.engine_info).register()
    wait_for_engines(clients[0], [engine])
    engine.unregister()
    for client in clients:
        client.expect("notification", "unregistration_notification")
    engine.close()


@pytest.mark.requirement("R-5.4")
def test_sigterm_removes_the_files(controller_plan: ControllerPlan) -> None:
    """As the controller ends in order."""
    if controller_plan.template is None:
        pytest.skip("the controller was not started by the kit")
    controller = Controller(controller_plan)
    client = ClientPeer(controller.client_info)
    client.ask("connection_request")
    client.close()
    assert controller.process
    os.kill(controller.process.child.pid, signal.SIGTERM)
    controller.process.wait()
    assert not controller.client_file.exists() and not controller.engine_file.exists()
    controller.close()
