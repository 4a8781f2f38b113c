"""The oracle of the chaos harness: the fate of each task, and whether it was a right one.

Nothing here reads, sends or waits. Times are seconds of the monotonic clock, which the processes of a machine share.
"""

import math
from collections import Counter
from statistics import median

from fates import CONTROLLER_LOST, CUT_OFF, ENGINE_LOST, LEAVING, LOST, PYTHON_GONE, UNKNOWN, Death, Harm, Task, named_engines


class Ledger:
    """Collects what clients, engines and the harness saw. `complaints` says what can't be right about it.

    ``innocents`` is how many tasks that never began may fail with one lost engine. One can't be avoided: an engine may
    die between taking a task and the task's first deed. It is one more when an engine loses its Python and leaves: the
    first was given to that Python, and another may have been on its way to the engine.

    ``has_journal`` tells whether controllers go on with the tasks of those before them.
    """

    def __init__(self, innocents=1, has_journal=False):
        self.innocents = innocents
        self.has_journal = has_journal
        self.outages = []
        self.client_deaths = {}
        self.tasks = {}
        self.harms = []
        self.marks = Counter()
        self.lost_clients = set()
        self.closed_clients = set()
        self.odd = []
        #: Answers to tasks that clients had ended themselves, because their engine had left.
        self.late = 0

    def read(self, client, events):
        """The events that a client wrote. A reply may be read before the submission has been written down."""
        for event in sorted(events, key=lambda event: event["event"] != "submitted"):
            getattr(self, "_" + event["event"])(client, event)

    def _submitted(self, client, event):
        fields = {key: value for key, value in event.items() if key not in ("event", "task")}
        if self.tasks.setdefault(event["task"], task := Task(client, **fields)) is not task:
            self.odd.append(f"{event['task']} was submitted twice")

    def _replied(self, client, event):
        if task := self.tasks.get(event["task"]):
            task.replies += 1
        elif client not in self.lost_clients and client not in self.client_deaths:
            self.odd.append(f"{client} got a reply to {event['task']}, which it never submitted")

    def _ended(self, client, event):
        if task := self.tasks.get(event["task"]):
            task.ends.append(event)
        else:
            self.odd.append(f"{event['task']} ended but was never submitted")

    def _answered_late(self, client, event):
        self.late += 1

    def _started(self, client, event):
        """A client begins, or goes on with what an earlier process has left."""

    def _abandoned(self, client, event):
        if task := self.tasks.get(event["task"]):
            task.abandoned = True

    def _closed(self, client, event):
        self.closed_clients.add(client)

    def client_lost(self, client):
        """A client was killed: nobody hears the end of its tasks."""
        self.lost_clients.add(client)

    def client_killed(self, client, at):
        """A client was killed that will be back, and fetch the results of its tasks."""
        self.client_deaths.setdefault(client, []).append(Death(at, at))

    def controller_killed(self, since, until):
        """There was no controller for some time."""
        self.outages.append(Death(since, until))

    def harm(self, names, what, since, until=math.inf):
        """An engine was harmed: killed (for good), or kept from working until some time."""
        self.harms.append(Harm(set(names), what, since, until))

    def began(self, mark):
        """A task with this mark began to run."""
        self.marks[mark] += 1

    def complaints(self):
        found = list(self.odd)
        live = {task.client for task in self.tasks.values()} - self.lost_clients
        found += [f"{client} did not end by itself" for client in sorted(live - self.closed_clients)]
        for name, task in self.tasks.items():
            found += [f"{name} ({task.client}, {task.via}): {text}" for text in self._task_complaints(task)]
        return found + self._run_complaints() + self._innocent_complaints()

    def _run_complaints(self):
        """Tasks that ran more often than they may. The targets of a broadcast have their mark in common."""
        allowed = Counter()
        for task in self.tasks.values():
            allowed[task.mark] += 1 + task.retries
        return [
            f"what left the mark {mark} ran {count} times, {allowed[mark]} are allowed"
            for mark, count in self.marks.items()
            if count > allowed[mark] > 0
        ]

    def _task_complaints(self, task):
        if task.replies > 1:
            yield f"answered {task.replies} times"
        if len(task.ends) > 1:
            yield f"ended {len(task.ends)} times"
        if not task.ends:
            if task.client not in self.lost_clients and not task.abandoned:
                yield "lost: it never ended"
            return
        end = task.ends[0]
        if task.is_right:
            if task.mark and not self.marks[task.mark] and not task.expected.startswith("raises"):
                yield "answered without having run"
        elif "value" in end:
            yield f"wrong answer: {end['value']} instead of {task.expected}"
        elif reason := self._untrue(task, end):
            yield f"untrue reason, {reason}: {end['error']}"

    def _untrue(self, task, end):
        """Why an error can't be what happened to a task, or None if it can."""
        error = end["error"]
        if error["ename"] in ENGINE_LOST:
            names = named_engines(error)
            if not names:
                return "no engine is named"
            if not any(harm.explains(names, task, end["at"]) for harm in self.harms):
                return "its engine was not harmed"
            return None
        if error["ename"] == LOST:
            cuts = [harm for harm in self.harms if harm.what in CUT_OFF]
            is_true = any(harm.explains(named_engines(error), task, end["at"]) for harm in cuts)
            return None if is_true else "its engine's connections were not harmed"
        if error["ename"] == "CancellationError":
            # What Swift functions throw that are waiting while their engine is told to leave, or leaves without its Python.
            told = [harm for harm in self.harms if harm.what in (LEAVING, PYTHON_GONE)]
            is_true = any(harm.explains(named_engines(error), task, end["at"]) for harm in told)
            return None if is_true else "its engine was not told to leave"
        if error["ename"] == CONTROLLER_LOST:
            return self._untrue_loss(task, end)
        if error["ename"] == UNKNOWN:
            return self._untrue_ignorance(task)
        if error["ename"] == "InvalidDependency":
            others = [self.tasks[name] for name in task.after if name in self.tasks]
            is_true = any(self._may_be_forgotten(other, end["at"]) for other in others)
            return None if is_true else "the tasks it waited for were accepted"
        if error["ename"] == "ImpossibleDependency":
            failed = [name for name in task.after if name not in self.tasks or self.tasks[name].failed]
            return None if failed else "the tasks it waited for succeeded"
        return "nothing that was done explains it"

    def _untrue_loss(self, task, end):
        causes = [outage for outage in self.outages if outage.since <= end["at"] and task.at <= outage.until]
        if not causes:
            return "its controller was not killed"
        is_kept = self.has_journal and task.via == "task" and not any(outage.was_long for outage in causes)
        return "its controller had a journal" if is_kept else None

    def _untrue_ignorance(self, task):
        """A task may be unknown if it was lost on its way, so it can't have begun."""
        if not self.has_journal:
            return None if any(task.at <= outage.until for outage in self.outages) else "its controller was not killed"
        if task.mark and self.marks[task.mark]:
            return "it has begun"
        deaths = [d for d in (*self.outages, *self.client_deaths.get(task.client, ())) if d.may_have_lost(task)]
        if not deaths:
            return "neither its client nor its controller had been killed"
        return None if any(not self._was_overtaken(task, death) for death in deaths) else "a later task was accepted"

    def _may_be_forgotten(self, task, at):
        """Whether the controller at some time can't know a task."""
        if self.has_journal:
            return bool(task.ends) and task.ends[0].get("error", {}).get("ename") == UNKNOWN
        return any(task.at <= outage.until and outage.since <= at for outage in self.outages)

    def _was_overtaken(self, task, death):
        """Whether a later task of the same client had been answered before the death, so that this one had arrived."""
        return any(
            other.client == task.client and other.via == task.via and other.at > task.at
            and other.ends and other.ends[0]["at"] < death.since
            and other.ends[0].get("error", {}).get("ename") not in (CONTROLLER_LOST, UNKNOWN)
            for other in self.tasks.values()
        )

    def _innocent_complaints(self):
        """Engines with which more tasks failed than they can have begun."""
        failed = {}
        for name, task in self.tasks.items():
            if task.mark and task.via == "task" and not self.marks[task.mark] and not task.is_right and task.ends:
                error = task.ends[0].get("error", {})
                if error.get("ename") in ENGINE_LOST:
                    failed.setdefault(min(named_engines(error), default="unnamed"), []).append(name)
        return [
            f"{len(names)} tasks that never began failed with engine {engine}: {', '.join(sorted(names)[:5])}"
            for engine, names in failed.items()
            if len(names) > self.innocents + any(harm.what == PYTHON_GONE and engine in harm.names for harm in self.harms)
        ]

    def figures(self):
        """Counts of fates, and how long clients waited to hear of killed engines."""
        fates = Counter()
        waits = []
        for task in self.tasks.values():
            end = task.ends[0] if task.ends else None
            if not end:
                fates["abandoned" if task.abandoned or task.client in self.lost_clients else "lost"] += 1
            elif task.is_right:
                fates["right"] += 1
            elif "error" in end:
                fates[end["error"]["ename"]] += 1
                waits += self._waits(task, end)
            else:
                fates["wrong"] += 1
        worst = {"heard of a killed engine after": (round(median(waits), 2), round(max(waits), 2))} if waits else {}
        counts = {"tasks": len(self.tasks), **fates, "runs marked": self.marks.total(), "answered late": self.late}
        return {**counts, **worst}

    def _waits(self, task, end):
        names = named_engines(end["error"])
        since = [harm.since for harm in self.harms if harm.until == math.inf and harm.names & names]
        return [max(0, end["at"] - max(task.at, min(since)))] if since else []
