"""Starts a Martlet worker: ``python -c THIS``, with a socket to the engine as descriptor 0.

It has to run, as far as a clear message goes, on every Python 3, so it uses nothing newer than 3.0. The worker's
modules come over the socket.
"""

import fcntl
import json
import os
import socket
import struct
import sys

MINIMUM = (3, 9)


def _receive(connection):
    """Reads one message: u32 number of parts, u64 lengths, parts."""

    def exactly(size):
        data = bytearray()
        while len(data) < size:
            piece = connection.recv(min(size - len(data), 1 << 20))
            if not piece:
                os._exit(0)
            data += piece
        return bytes(data)

    (count,) = struct.unpack("<I", exactly(4))
    return [exactly(size) for size in struct.unpack("<%dQ" % count, exactly(8 * count))]


def _take_over_descriptor_0():
    """Moves the socket out of the way of code that reads its standard input, and of child processes."""
    descriptor = fcntl.fcntl(0, getattr(fcntl, "F_DUPFD_CLOEXEC", fcntl.F_DUPFD), 64)
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null:
        os.close(null)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
    connection.setblocking(True)
    return connection


def _refuse(connection):
    """Says that this Python is too old, as the answer to `start`."""
    _receive(connection)
    text = "%s is Python %d.%d, and Martlet's workers need %d.%d or later" % (
        (sys.executable,) + tuple(sys.version_info[:2]) + MINIMUM
    )
    part = json.dumps({"type": "failed", "message": text}).encode()
    connection.sendall(struct.pack("<IQ", 1, len(part)) + part)
    os._exit(1)


class _Importer(object):
    """Finds and loads the worker's modules among the sources that the engine sent."""

    def __init__(self, sources):
        self.sources = sources

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self, origin="<%s>" % name, is_package=name == "martlet_worker")

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        import linecache

        name = module.__name__
        source = self.sources[name]
        file = module.__file__ = "<%s>" % name
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        return self.sources[name]


_connection = _take_over_descriptor_0()
_sources = json.loads(_receive(_connection)[0].decode())["modules"]
if sys.version_info < MINIMUM:
    _refuse(_connection)
sys.argv = [""]
sys.meta_path.insert(0, _Importer(_sources))
from martlet_worker import main

main.run(_connection)
