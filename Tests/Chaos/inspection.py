"""What must be true of a cluster after the attack, and of the place where it was."""

import stat

import psutil
from harness import wait_until
from programs.stream import read_journal
from simulated import raw_client

#: Seconds a client waits for its last answers.
PATIENCE = 60


class Inspection:
    """Looks at a `Scene`, and collects complaints."""

    def descriptors(self):
        return psutil.Process(self.controller.pid).num_fds()

    def sample(self):
        self.samples.append(psutil.Process(self.controller.pid).memory_info().rss)

    def settle(self):
        """Everything runs again and nobody is harmed any more: the clients finish, and nothing is left to be done."""
        self.replace()
        (self.directory / "stop").touch()
        try:
            wait_until(
                lambda: not any(client.process.running for client in self.streams), "the clients", PATIENCE + 30
            )
        except AssertionError as error:
            self.complaints.append(str(error))
        for client in self.streams:
            if not client.process.running and client.process.child.returncode:
                self.complaints.append(f"{client.name} failed with status {client.process.child.returncode}")
        self.check_hub()
        self.check_controller()

    def check_hub(self):
        """The engines that run are the registered ones, and have nothing to do."""
        with raw_client(self) as client:
            try:
                wait_until(lambda: self.registered_as(client, self.running()), "the running engines to be the registered ones")
                wait_until(lambda: self.is_idle(client), "the end of all tasks")
            except AssertionError as error:
                known = client.ask("connection_request").content
                queues = client.ask("queue_request", {"verbose": True}).content
                for queue in queues.values():
                    if isinstance(queue, dict):
                        queue["completed"] = len(queue["completed"])
                self.complaints.append(f"{error}: running {self.running()}, registered {known['engines']}, queues {queues}")

    def running(self):
        """The names of the engines that run. One that was given up may be about to end."""
        self.read_logs()
        return {engine.name: engine.names for engine in self.engines if engine.process.running}

    def registered_as(self, client, running):
        known = client.ask("connection_request").content["engines"]
        found = [any(uuid in names for uuid in known.values()) for names in running.values()]
        return len(known) == len(running) and all(found)

    def is_idle(self, client):
        queues = client.ask("queue_request", {"verbose": True}).content
        return not queues["unassigned"] and not any(
            queue["queue"] or queue["tasks"] for queue in queues.values() if isinstance(queue, dict)
        )

    def check_controller(self):
        """As many descriptors as before the clients came, and memory that does not grow."""
        try:
            wait_until(lambda: self.descriptors() <= self.quiet + 4, "the end of unused descriptors")
        except AssertionError as error:
            self.complaints.append(f"{error}: {self.descriptors()}, before {self.quiet}")
        quarter = len(self.samples) // 4
        if quarter >= 4:
            early, late = max(self.samples[quarter : 2 * quarter]), max(self.samples[-quarter:])
            if late > 1.25 * early + 32e6:
                self.complaints.append(f"the controller's memory grew from {early / 1e6:.0f} to {late / 1e6:.0f} MB")

    def close(self):
        """Ends everything and looks for what is left. Returns all complaints."""
        files_stay = bool({"--reuse", "--restore"} & set(self.controller.process.child.args))
        for member in (*self.streams, *self.engines, self.controller):
            member.expected_to_end = True
            member.process.terminate()
            if complaint := member.process.finish(20):
                self.complaints.append(complaint)
        try:
            wait_until(lambda: not self.relatives(), "the end of all processes", 20)
        except AssertionError:
            for relative in self.relatives():
                self.complaints.append(f"left behind: {relative} {relative.cmdline()}")
                relative.kill()
        sockets = [path.name for path in self.directory.rglob("*") if stat.S_ISSOCK(path.stat().st_mode)]
        files = [] if files_stay else [path.name for path in self.security_directory.glob("*.json")]
        files += [path.name for path in self.security_directory.parent.glob("journal-*")]
        if sockets or files:
            self.complaints.append(f"left behind: {', '.join(sockets + files)}")
        for member in (*self.streams, *self.engines):
            member.let_go()
        if self.network:
            self.network.stop()
        if self.hosts:
            self.hosts.close()
        return self.complaints + self.account()

    def account(self):
        """What the ledger says after all journals have been read."""
        for journal in {member.journal for member in (*self.former, *self.streams) if member.journal}:
            self.ledger.read(journal, read_journal(self.directory / f"{journal}.journal"))
        marks = self.directory / "marks"
        for mark in marks.read_text().split() if marks.exists() else []:
            self.ledger.began(mark)
        return self.ledger.complaints()
