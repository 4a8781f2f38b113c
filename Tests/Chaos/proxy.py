"""Connections that can be reset and refused: TCP proxies between a process and the controller.

Each `Proxies` is one process's way to all ports of a controller. They are changed from any thread; their connections
run on one of the network's own.
"""

import asyncio
import json
import socket
import struct
import threading
from concurrent.futures import Future

CHUNK = 65_536
#: The keys of connection files that hold port numbers.
PORTS = (
    "registration", "control", "mux", "task", "iopub", "notification", "broadcast", "hb_ping", "hb_pong",
)


class Proxies:
    """The proxies of one process. `info` is a connection file's content that leads through them."""

    def __init__(self, network, info):
        self.network = network
        self.info = dict(info)
        self.refuses = False
        self.servers = []
        self.connections = set()

    async def open(self):
        """Opens a proxy for each port of the connection file."""
        for key in PORTS:
            if isinstance(self.info.get(key), list):
                self.info[key] = [await self._listen(port) for port in self.info[key]]
            elif key in self.info:
                self.info[key] = await self._listen(self.info[key])

    async def _listen(self, port):
        server = await asyncio.start_server(lambda *ends: self._accept(port, *ends), "127.0.0.1", 0)
        self.servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def _accept(self, port, reader, writer):
        if self.refuses:
            return self._abort(writer)
        self.connections.add(writer)
        other = None
        try:
            there, other = await asyncio.open_connection("127.0.0.1", port)
            self.connections.add(other)
            pumps = [asyncio.ensure_future(self._pump(reader, other))]
            pumps.append(asyncio.ensure_future(self._pump(there, writer)))
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
        except OSError:
            pass
        finally:
            for end in filter(None, (writer, other)):
                self.connections.discard(end)
                end.close()

    @staticmethod
    async def _pump(reader, writer):
        try:
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    @staticmethod
    def _abort(writer):
        """Ends a connection with a reset: what is on its way is lost."""
        end = writer.get_extra_info("socket")
        if end and end.fileno() >= 0:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    def refuse(self):
        """Resets all connections, and new ones at once."""
        self.network.do(self._refuse)

    def _refuse(self):
        self.refuses = True
        self._reset()

    def heal(self):
        self.network.do(lambda: setattr(self, "refuses", False))

    def reset(self):
        """Resets all connections; new ones are welcome."""
        self.network.do(self._reset)

    def _reset(self):
        for writer in list(self.connections):
            self._abort(writer)

    def close(self):
        self.network.do(self._close)

    def _close(self):
        for server in self.servers:
            server.close()
        self._refuse()

    def write(self, path):
        """Writes a connection file that leads through this link."""
        path.touch(0o600)
        path.write_text(json.dumps(self.info))
        return path


class Network:
    """The thread on which links live."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def link(self, info):
        link = Proxies(self, info)
        asyncio.run_coroutine_threadsafe(link.open(), self.loop).result(30)
        return link

    def do(self, job):
        """Runs a function on the network's thread."""
        done = Future()

        def run():
            try:
                done.set_result(job())
            except Exception as error:
                done.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return done.result(30)

    def stop(self):
        self.do(lambda: [task.cancel() for task in asyncio.all_tasks(self.loop)])
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
        self.loop.close()
