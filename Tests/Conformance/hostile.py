"""What peers without the key can do: ZMTP spoken by hand, and connections that are cut."""

import ctypes
import os
import socket
import struct

import psutil

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4


def frame(body, flags=0):
    """A ZMTP frame."""
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack(">BB", flags, len(body)) + body


def handshake(port, kind=b"DEALER", identity=b"", timeout=100):
    """A connection to a port of this machine that has passed the handshake of ZMTP 3.0."""
    peer = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    fields = [(b"Socket-Type", kind)] + ([(b"Identity", identity)] if identity else [])
    ready = b"\x05READY" + b"".join(
        bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in fields
    )
    peer.sendall(GREETING + frame(ready, COMMAND))
    received = b""
    while len(received) < 66 or len(received) < 66 + received[65]:
        if not (part := peer.recv(4096)):
            raise ConnectionError("the connection was ended")
        received += part
    return peer


def memory(process):
    """The memory a process uses, and the most it has used, in bytes."""
    status = open(f"/proc/{process.child.pid}/status").read()
    return [int(status.split(field)[1].split()[0]) * 1024 for field in ("VmRSS:", "VmHWM:")]


def forget_peak(process):
    """Have the most memory a process has used counted from now on."""
    with open(f"/proc/{process.child.pid}/clear_refs", "w") as file:
        file.write("5")


def cut(process, port):
    """Shut down a process's connections to a port, as a failing network does. Returns how many there were."""
    libc = ctypes.CDLL(None, use_errno=True)
    count = 0
    family = [psutil.Process(process.child.pid), *psutil.Process(process.child.pid).children(recursive=True)]
    for member in family:
        handle = os.pidfd_open(member.pid)
        for connection in member.net_connections("tcp"):
            if not connection.raddr or connection.raddr.port != port:
                continue
            # pidfd_getfd(2)
            descriptor = libc.syscall(438, handle, connection.fd, 0)
            assert descriptor >= 0, os.strerror(ctypes.get_errno())
            with socket.socket(fileno=descriptor) as copy:
                copy.shutdown(socket.SHUT_RDWR)
            count += 1
        os.close(handle)
    return count
