"""What can be done to a cluster, and when: random from a seed."""

import heapq
import itertools
import random
import time

from fates import CONTROLLER_GONE, LEAVING, PYTHON_GONE
from network_faults import NetworkFaults

#: How often each fault is chosen. CHAOS_FAULTS chooses others, for example `CHAOS_FAULTS=worker_kill=1,engine_kill=5`.
#: JOURNALED are those of a controller with a journal, PROXIES and LINKS those of members that reach it so.
KILLS = {
    "engine_kill": 10, "engine_leave": 3, "engine_stop": 4, "worker_kill": 6, "worker_stop": 2, "client_kill": 3,
    "client_stop": 2, "controller_stop": 1, "engine_long_stop": 1, "controller_kill": 1,
    "starting_worker_kill": 2, "early_controller_kill": 1,
}
JOURNALED = KILLS | {"client_kill": 4, "controller_kill": 6, "early_controller_kill": 2}
PROXIES = {"engine_reset": 3, "engine_refuse": 3, "engine_kill": 2, "controller_kill": 1}
LINKS = {
    "engine_cut": 6, "engine_cut_one_way": 6, "engine_slow": 4, "engine_lossy": 4, "client_cut": 3, "client_cut_one_way": 3,
    "client_slow": 2, "client_lossy": 2, "engine_kill": 3, "engine_vanish": 3, "engine_forget": 1, "controller_kill": 1,
}
#: All that can be chosen in some scene.
ALL = JOURNALED | PROXIES | LINKS


def weights_from(text, defaults):
    """The weights named in a text such as `a=1,b=2`, all others being 0; the defaults if it is empty."""
    if not text:
        return defaults
    chosen = dict(part.split("=") for part in text.split(","))
    if unknown := chosen.keys() - ALL.keys():
        raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
    return {name: int(weight) for name, weight in chosen.items() if name in defaults}


class Faults(NetworkFaults):
    """Does one thing after another to a scene. Each fault is a method; what it returns goes into the timeline."""

    def __init__(self, scene, seed, weights, pause):
        self.scene = scene
        self.numbers = random.Random(seed)
        self.weights = weights
        self.pause = pause
        self.counts = dict.fromkeys(weights, 0)
        self.undoings = []
        #: Until when the links of hosts are left alone.
        self.rests = {}
        #: How many processes were killed.
        self.kills = 0
        self.ticks = itertools.count()

    def run(self, seconds, kills=0):
        """Harms the scene for some time, and until so many have been killed, then heals it."""
        end = time.monotonic() + seconds
        sampled = 0.0
        while (moment := time.monotonic()) < end or self.kills < kills:
            following = moment + self.numbers.uniform(0, 2 * self.pause)
            while time.monotonic() < following:
                self.undo_until(time.monotonic())
                self.scene.replace()
                if time.monotonic() > sampled + 1:
                    self.scene.sample()
                    sampled = time.monotonic()
                time.sleep(0.02)
            [name] = self.numbers.choices(list(self.weights), self.weights.values())
            if done := getattr(self, name)():
                self.counts[name] += 1
                self.kills += name.endswith("kill")
                self.scene.note(f"{name} {done}")
        self.undo_until(float("inf"))

    def undo_until(self, moment):
        while self.undoings and self.undoings[0][0] <= moment:
            heapq.heappop(self.undoings)[2]()

    def later(self, seconds, undo):
        heapq.heappush(self.undoings, (time.monotonic() + seconds, next(self.ticks), undo))

    def one_of(self, members):
        return self.numbers.choice(members) if members else None

    def engine(self):
        """An engine that can be harmed: registered, running as it should."""
        return self.one_of(self.engines())

    def engines(self):
        return [
            engine for engine in self.scene.engines
            if engine.process.running and not engine.stopped and not engine.expected_to_end and engine.names
        ]

    def client(self):
        return self.one_of(self.clients())

    def clients(self):
        return [client for client in self.scene.streams if client.process.running and not client.stopped]

    def harm(self, engine, what, until=float("inf")):
        """Writes down, before it is done, what an engine's tasks may fail for."""
        self.scene.ledger.harm(engine.names, what, time.monotonic(), until)

    # Processes that end.

    def engine_kill(self):
        if engine := self.engine():
            self.harm(engine, "killed")
            engine.kill()
            return engine.name

    def engine_leave(self):
        if engine := self.engine():
            self.harm(engine, LEAVING)
            engine.expected_to_end = True
            engine.process.terminate()
            return engine.name

    def worker_kill(self):
        """Python dies; its engine says so and leaves."""
        return self.end_worker(is_ready=True)

    def starting_worker_kill(self):
        """Python dies before it is ready: its engine starts another. It leaves if this one has just become ready."""
        return self.end_worker(is_ready=False)

    def end_worker(self, is_ready):
        engines = [
            engine for engine in self.engines()
            if engine.workers() and ("Python is ready" in engine.process.log(10**7)) == is_ready
        ]
        if (engine := self.one_of(engines)) and (worker := self.one_of(engine.workers())):
            self.harm(engine, PYTHON_GONE)
            engine.expected_to_end = True
            worker.kill()
            return f"{engine.name} pid {worker.pid}"
        return None

    def client_kill(self):
        if client := self.client():
            if self.scene.has_journal:
                self.scene.ledger.client_killed(client.journal, time.monotonic())
            else:
                self.scene.ledger.client_lost(client.journal)
            client.kill()
            return client.name

    def controller_kill(self):
        """The controller is killed and comes back under the same addresses."""
        return self.end_controller(times=1)

    def early_controller_kill(self):
        """The next controllers are killed, too, while they start or before the engines are back."""
        return self.end_controller(times=self.numbers.randint(2, 4))

    def end_controller(self, times):
        # Plain sockets have to hear of its end.
        self.undo_until(float("inf"))
        since = time.monotonic()
        name = self.scene.controller.name
        for engine in self.scene.engines:
            # One that asked for its registration gets no answer.
            engine.expected_to_end |= engine.kind == "python" and not engine.names
        self.scene.controller.kill()
        for _ in range(times - 1):
            self.scene.restart_controller()
            time.sleep(self.numbers.uniform(0, 1))
            self.scene.controller.kill()
            self.kills += 1
        time.sleep(self.numbers.uniform(0, 2))
        self.scene.restart_controller()
        self.scene.controller_killed(since)
        for engine in self.scene.engines:
            if engine.kind == "python":
                self.scene.ledger.harm(engine.names, CONTROLLER_GONE, since, time.monotonic())
        return f"{name} {times} times"

    # Processes that stop for a while.

    def stop(self, member, shortest, longest):
        seconds = self.numbers.uniform(shortest, longest)
        member.stop()
        self.later(seconds, member.resume)
        return f"{member.name} for {seconds:.2f} s"

    def engine_stop(self):
        return (engine := self.engine()) and self.stop(engine, 0.1, 2)

    def engine_long_stop(self):
        """Longer than its hearts may miss: its tasks are given up. An engine of ipyparallel is told to end."""
        if engine := self.engine():
            engine.expected_to_end = engine.kind == "python"
            self.harm(engine, "stopped", time.monotonic() + 15)
            return self.stop(engine, 10, 15)

    def worker_stop(self):
        engine = self.engine()
        if engine and (worker := self.one_of(engine.workers())):
            seconds = self.numbers.uniform(0.1, 1)
            worker.suspend()
            self.later(seconds, lambda: worker.is_running() and worker.resume())
            return f"{engine.name} pid {worker.pid} for {seconds:.2f} s"

    def client_stop(self):
        return (client := self.client()) and self.stop(client, 0.1, 4)

    def controller_stop(self):
        return not self.scene.controller.stopped and self.stop(self.scene.controller, 0.1, 2)
