"""What hundreds of engines need that start at once: time, until the controller gets to their connections."""

import select
import signal
import socket

import psutil
from harness import TIMEOUT, wait_until
from simulated import raise_descriptor_limit

COUNT = 400


def test_connections_wait_for_a_controller_that_is_busy(controller):
    """The system takes them; what it drops would be sent again a second later, and then after twice the time."""
    raise_descriptor_limit()
    [process] = controller.processes
    port = controller.connection_info("engine")["registration"]
    peers = [socket.socket() for _ in range(COUNT)]
    waiting = select.poll()
    process.child.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: psutil.Process(process.child.pid).status() == "stopped", "the controller to stop")
        for peer in peers:
            peer.setblocking(False)
            peer.connect_ex(("127.0.0.1", port))
            waiting.register(peer, select.POLLOUT)
        wait_until(lambda: len(waiting.poll(0)) == COUNT, f"{COUNT} connections")
    finally:
        process.child.send_signal(signal.SIGCONT)
        for peer in peers:
            peer.close()
