"""Engines that register all at once, twice, incompletely, or not at all."""

import time

import psutil
import pytest
from harness import wait_until
from simulated import engine_ids, raw_client, swarm_of, wait_for_engines

COUNT = 500


@pytest.fixture
def swarm(controller):
    with swarm_of(controller) as swarm:
        yield swarm


@pytest.fixture
def client(controller):
    with raw_client(controller) as client:
        yield client


def test_five_hundred_engines_at_once(controller, swarm, client):
    started = time.monotonic()
    engines = swarm.add(COUNT)
    registered = wait_for_engines(client, COUNT)
    print(f"{COUNT} engines in {time.monotonic() - started:.2f} s")
    assert sorted(registered) == list(range(COUNT))
    assert registered == {engine.id: engine.uuid for engine in engines}
    # Their hearts keep them registered for many periods of the heart monitor.
    time.sleep(2)
    assert engine_ids(client) == registered
    [process] = controller.processes
    assert psutil.Process(process.child.pid).memory_info().rss < 300e6


def test_they_take_work(swarm, client):
    swarm.add(100, channels=["task"])
    wait_for_engines(client, 100)
    sent = {client.send("task", "apply_request") for _ in range(1000)}
    answers = [client.receive("task") for _ in sent]
    assert {answer.parent["msg_id"] for answer in answers} == sent
    assert len({answer.metadata["engine"] for answer in answers}) == 100


def test_duplicate_uuid_is_refused(controller, swarm, client):
    [first] = swarm.add(uuids=["twin"])
    wait_for_engines(client, 1)
    # From another connection with its own identity: an engine with a copied uuid would not get the reply.
    with raw_client(controller) as other:
        other.send("registration", "registration_request", {"uuid": "twin"})
        reply = other.receive("registration")
    assert reply.header["msg_type"] == "registration_reply"
    assert reply.content["status"] == "error"
    assert "twin" in reply.content["evalue"]
    assert engine_ids(client) == {first.id: "twin"}
    assert "registration refused" in controller.processes[0].log()


class TestStalled:
    @pytest.fixture
    def controller(self, cluster):
        cluster.start_controller(arguments=["--IPController.registration_timeout=1"])
        return cluster

    def test_an_engine_without_a_heart_is_forgotten(self, controller, swarm, client):
        [silent] = swarm.add(uuids=["silent"], beats=False)
        wait_until(lambda: silent.id is not None, "the registration reply")
        assert engine_ids(client) == {}
        wait_until(lambda: "its heart never beat" in controller.processes[0].log(), "the end of the registration")
        # The uuid is free again.
        swarm.do(silent.vanish)
        swarm.add(uuids=["silent"])
        assert set(wait_for_engines(client, 1).values()) == {"silent"}

    def test_engines_that_vanish_while_they_register(self, controller, swarm, client):
        lost = swarm.add(20, beats=False)
        for engine in lost:
            swarm.do(engine.vanish)
        swarm.add(20)
        registered = wait_for_engines(client, 20)
        wait_until(lambda: "its heart never beat" in controller.processes[0].log(), "the end of the lost ones")
        assert engine_ids(client) == registered
        assert not {engine.uuid for engine in lost} & set(registered.values())


def test_hearts_that_stop(cluster):
    cluster.start_controller(
        arguments=["--HeartMonitor.period=100", "--HeartMonitor.max_heartmonitor_misses=3", "--Hub.registration_timeout=1"]
    )
    with swarm_of(cluster) as swarm, raw_client(cluster) as client:
        engines = swarm.add(10)
        wait_for_engines(client, 10)
        for engine in engines[:5]:
            swarm.do(engine.stop_beating)
        wait_until(lambda: len(engine_ids(client)) == 5, "the end of five engines")
        assert set(engine_ids(client).values()) == {engine.uuid for engine in engines[5:]}
