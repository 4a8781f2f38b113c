"""The driver of ipyparallel's client: ``python -m parallel_conformance.drivers.ipyparallel_client FILE``."""

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import ipyparallel as ipp

from .plain import decoded, encoded

#: Seconds after which the driver gives up waiting, longer than the kit's patience.
TIMEOUT = 60

Command = dict[str, Any]


class Driver:
    """Runs commands: sends each at once, and waits for its result on a thread of its own."""

    def __init__(self, file: str):
        self.file = file
        self.client: Any = None
        self.lock = threading.Lock()
        # The library prints complaints, which are not answers.
        self.answers, sys.stdout = sys.stdout, sys.stderr
        #: The ids of the messages of each command.
        self.sent: dict[int, list[str]] = {}

    def answer(self, number: int, key: str, value: Any) -> None:
        """Write an answer."""
        with self.lock:
            print(json.dumps({"id": number, key: value}), file=self.answers, flush=True)

    def run(self, command: Command) -> None:
        """Run a command and answer it, now or later."""
        method: Callable[[Command], Callable[[], Any]] | None = getattr(self, f"do_{command['do']}", None)
        if method is None:
            self.answer(command["id"], "unsupported", True)
            return
        try:
            finish = method(command)
        except Exception as error:
            self.fail(command["id"], error)
            return
        threading.Thread(target=self.finish, args=(command["id"], finish), daemon=True).start()

    def finish(self, number: int, finish: Callable[[], Any]) -> None:
        """Wait for a result and answer with it."""
        try:
            value = encoded(finish())
        except Exception as error:
            self.fail(number, error)
        else:
            self.answer(number, "ok", value)

    def fail(self, number: int, error: Exception) -> None:
        """Answer with an error."""
        name = getattr(error, "ename", None) or type(error).__name__
        self.answer(number, "error", {"ename": name, "evalue": str(getattr(error, "evalue", error))})

    def view(self, command: Command) -> Any:
        """The view that a command's ``to`` asks for. It does not wait."""
        to = command["to"]
        if to == "any":
            view = self.client.load_balanced_view()
        elif isinstance(to, dict):
            view = self.client.broadcast_view(to["broadcast"], is_coalescing=to.get("coalescing", False))
        else:
            view = self.client[to]
        view.block = False
        return view

    def waiting(self, command: Command, result: Any) -> Callable[[], Any]:
        """Notes what was sent, and waits for it."""
        self.sent[command["id"]] = list(result.msg_ids)
        return lambda: result.get(timeout=TIMEOUT)

    def do_connect(self, command: Command) -> Callable[[], Any]:
        self.client = ipp.Client(connection_info=self.file, timeout=TIMEOUT)
        return self.do_engines(command)

    def do_engines(self, command: Command) -> Callable[[], Any]:
        return lambda: {number: self.client._engines[number] for number in self.client.ids}

    def do_apply(self, command: Command) -> Callable[[], Any]:
        args, kwargs = decoded(command.get("args", [])), decoded(command.get("kwargs", {}))
        function = ipp.Reference(command["function"])
        return self.waiting(command, self.view(command).apply_async(function, *args, **kwargs))

    def do_execute(self, command: Command) -> Callable[[], Any]:
        result = self.view(command).execute(command["code"], silent=False, block=False)
        self.sent[command["id"]] = list(result.msg_ids)

        def finish() -> Any:
            result.get(timeout=TIMEOUT)
            result.wait_for_output(TIMEOUT)
            if isinstance(command["to"], int):
                return {"stdout": result.stdout}
            return [{"stdout": text} for text in result.stdout]

        return finish

    def do_push(self, command: Command) -> Callable[[], Any]:
        wait = self.waiting(command, self.view(command).push(decoded(command["names"]), block=False))
        return lambda: wait() and None

    def do_pull(self, command: Command) -> Callable[[], Any]:
        return self.waiting(command, self.view(command).pull(command["names"], block=False))

    def do_map(self, command: Command) -> Callable[[], Any]:
        function = ipp.Reference(command["function"])
        return self.waiting(command, self.view(command).map_async(function, decoded(command["items"])))

    def do_abort(self, command: Command) -> Callable[[], Any]:
        return lambda: self.client.abort(self.sent[command["of"]], targets=command["to"], block=True)

    def do_clear(self, command: Command) -> Callable[[], Any]:
        return lambda: self.client.clear(targets=command["to"], block=True)

    def do_shutdown(self, command: Command) -> Callable[[], Any]:
        return lambda: self.client.shutdown(targets=command["to"], block=True)

    def do_query(self, command: Command) -> Callable[[], Any]:
        identifiers = self.sent.get(command.get("of", -1), [])
        match command["what"]:
            case "queue":
                return lambda: self.client.queue_status(verbose=True)
            case "result":
                return lambda: self.client.result_status(identifiers)
            case "history":
                return lambda: self.client.hub_history()
            case "db":
                return lambda: [record["msg_id"] for record in self.client.db_query(command.get("query", {}), ["msg_id"])]
            case "purge":
                return lambda: self.client.purge_hub_results(identifiers)
        raise ValueError(f"unknown query: {command['what']}")


def main() -> None:
    """Run commands until standard input ends."""
    driver = Driver(sys.argv[1])
    for line in sys.stdin:
        driver.run(json.loads(line))


if __name__ == "__main__":
    main()
