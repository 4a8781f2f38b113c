"""What can be done to the links of hosts, and to connections through proxies."""

import time

from fates import FORGOTTEN, REFUSED, RESET
from links import DIRECTIONS

#: Seconds that a link is whole between two disturbances.
REST = 4


class NetworkFaults:
    """The part of `Faults` that harms members' ways to the controller."""

    def disturb(self, members, shortest, longest, **changes):
        """Changes the link of one of the members for a while, if it has been whole for long enough: whoever has tried in vain for
        some time tries again after the same time, and together that may not be more than hearts may miss."""
        now = time.monotonic()
        if member := self.one_of([member for member in members if self.rests.get(member.link, 0) < now]):
            seconds = self.numbers.uniform(shortest, longest)
            self.rests[member.link] = now + seconds + REST
            member.link.change(**changes)
            self.later(seconds, member.link.heal)
            return f"{member.name} {changes} for {seconds:.2f} s"

    def cut(self, members, *directions):
        return self.disturb(members, 0.1, 2, directions=directions, is_cut=True)

    def engine_cut(self):
        return self.cut(self.engines(), *DIRECTIONS)

    def engine_cut_one_way(self):
        return self.cut(self.engines(), self.numbers.choice(DIRECTIONS))

    def client_cut(self):
        return self.cut(self.clients(), *DIRECTIONS)

    def client_cut_one_way(self):
        return self.cut(self.clients(), self.numbers.choice(DIRECTIONS))

    def slow(self, members):
        return self.disturb(members, 1, 4, delay=round(self.numbers.uniform(0.005, 0.1), 3))

    def engine_slow(self):
        return self.slow(self.engines())

    def client_slow(self):
        return self.slow(self.clients())

    def lossy(self, members):
        return self.disturb(members, 1, 4, loss=round(self.numbers.uniform(0.01, 0.1), 3))

    def engine_lossy(self):
        return self.lossy(self.engines())

    def client_lossy(self):
        return self.lossy(self.clients())

    def engine_vanish(self):
        """Its host is gone without a word."""
        if engine := self.engine():
            self.harm(engine, "vanished")
            engine.link.cut()
            engine.kill()
            engine.link.forget()
            return engine.name

    def engine_forget(self):
        """A NAT forgets its connections. An engine of ipyparallel never notices, and ends."""
        if engine := self.engine():
            engine.expected_to_end = engine.kind == "python"
            self.harm(engine, FORGOTTEN, time.monotonic() + 60)
            engine.link.forget()
            return engine.name

    def engine_reset(self):
        """Messages on the way are lost, so tasks may fail; the engine stays."""
        if engine := self.engine():
            self.harm(engine, RESET, time.monotonic())
            engine.link.reset()
            return engine.name

    def engine_refuse(self):
        """No connection for a while, shorter than what hearts may miss."""
        if engine := self.engine():
            seconds = self.numbers.uniform(0.2, 2)
            self.harm(engine, REFUSED, time.monotonic() + seconds)
            engine.link.refuse()
            self.later(seconds, engine.link.heal)
            return f"{engine.name} for {seconds:.2f} s"
