"""Connection files, and the endpoints they name."""

import os
import stat
from datetime import datetime

import pytest
import zmq

from parallel_conformance.controllers import Controller
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import join_broadcast, round_trip

BOTH = {
    "interface": str,
    "key": str,
    "signature_scheme": str,
    "location": str,
    "ssh": str,
    "pack": str,
    "unpack": str,
    "registration": int,
    "control": int,
    "mux": int,
    "task": int,
    "iopub": int,
}


@pytest.mark.requirement("R-5.1")
def test_there_is_a_file_for_clients_and_one_for_engines(controller: Controller) -> None:
    """Both are JSON objects, of which only that for engines has ``hb_ping``."""
    assert isinstance(controller.client_info, dict) and isinstance(controller.engine_info, dict)
    assert "hb_ping" in controller.engine_info and "hb_ping" not in controller.client_info


@pytest.mark.requirement("R-5.2")
def test_only_the_owner_can_read_the_files(controller: Controller) -> None:
    """They contain the key."""
    for path in (controller.client_file, controller.engine_file):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.requirement("R-5.3")
def test_the_files_have_all_keys(controller: Controller) -> None:
    """With the types that readers expect."""
    client = {**BOTH, "notification": int, "broadcast": int, "task_scheme": str}
    engine = {**BOTH, "hb_ping": int, "hb_pong": int, "broadcast": list}
    for info, wanted in ((controller.client_info, client), (controller.engine_info, engine)):
        for key, kind in wanted.items():
            assert isinstance(info.get(key), kind), f"{key}: {info.get(key)!r}"
        assert "curve_serverkey" in info
        assert info["pack"] == info["unpack"] == "json"
    assert controller.engine_info["broadcast"] and all(
        isinstance(port, int) for port in controller.engine_info["broadcast"]
    )


@pytest.mark.requirement("R-5.3")
def test_the_files_agree_about_the_session(controller: Controller) -> None:
    """Key, scheme and CURVE key are the same."""
    for key in ("key", "signature_scheme", "curve_serverkey", "pack", "unpack"):
        assert controller.client_info[key] == controller.engine_info[key]


@pytest.mark.requirement("R-4.5")
def test_registration_has_one_number(controller: Controller) -> None:
    """It is one socket."""
    assert controller.client_info["registration"] == controller.engine_info["registration"]


@pytest.mark.requirement("R-4.1")
def test_the_controller_listens_where_the_files_say(
    controller: Controller, client: ClientPeer, engine: EnginePeer
) -> None:
    """On all channels of both files."""
    join_broadcast(client, engine)
    for channel in ("mux", "control", "task", "broadcast"):
        round_trip(client, channel, engine)
    assert client.engines()


@pytest.mark.requirement("R-4.2")
def test_ipc_endpoints_have_a_dash(controller: Controller, transport: str) -> None:
    """The files' channels are sockets of the file system."""
    if transport != "ipc":
        pytest.skip("not ipc")
    for info in (controller.client_info, controller.engine_info):
        prefix = info["interface"].removeprefix("ipc://")
        for channel in ("registration", "control", "mux", "task", "iopub"):
            assert _is_socket(f"{prefix}-{info[channel]}")


@pytest.mark.requirement("R-4.3")
def test_ipc_endpoints_have_a_colon_as_well(controller: Controller, transport: str) -> None:
    """ipyparallel's clients and engines connect there."""
    if transport != "ipc":
        pytest.skip("not ipc")
    for info in (controller.client_info, controller.engine_info):
        prefix = info["interface"].removeprefix("ipc://")
        for channel in ("registration", "control", "mux", "task", "iopub"):
            assert _is_socket(f"{prefix}:{info[channel]}")


def _is_socket(path: str) -> bool:
    return stat.S_ISSOCK(os.stat(path).st_mode)


@pytest.mark.requirement("R-5.6")
def test_curve_admits_those_who_know_the_server_key(controller: Controller, transport: str) -> None:
    """The files have the key; a client without CURVE gets no answer, one with it does."""
    if transport != "curve":
        pytest.skip("not CURVE")
    for info in (controller.client_info, controller.engine_info):
        assert len(info["curve_serverkey"]) == 40 and "curve_secretkey" not in info
    stranger = ClientPeer({**controller.client_info, "curve_serverkey": None})
    socket = stranger.socket("registration")
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
    stranger.send("registration", "connection_request")
    member = ClientPeer(controller.client_info)
    assert member.ask("connection_request").content["status"] == "ok"
    assert monitor.poll(20_000), "the stranger's connection neither succeeded nor ended"
    assert monitor.recv_multipart()[0][:2] == int(zmq.EVENT_DISCONNECTED).to_bytes(2, "little")
    assert not socket.poll(0)
    socket.disable_monitor()
    for client in (stranger, member):
        client.close()


@pytest.mark.requirement("R-7.4")
def test_dates_have_a_zone(client: ClientPeer) -> None:
    """They are ISO 8601."""
    date = client.ask("connection_request").header["date"]
    assert datetime.fromisoformat(date).tzinfo, date
