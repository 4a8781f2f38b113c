"""The controller under test: started from a template, or one that runs already and is known by its connection files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .peers import ClientPeer
from .processes import Process, Workshop, wait_until
from .wire import Json, read_connection_file

#: Seconds after which a start has failed, whatever the tests' patience: interpreters on busy machines take their time.
START_TIMEOUT = 60


@dataclass(frozen=True)
class ControllerPlan:
    """How controllers under test come into being. ``transport`` is ``tcp``, ``ipc`` or ``curve`` (tcp with CURVE)."""

    template: str | None = None
    files: tuple[Path, Path] | None = None
    transport: str = "tcp"
    ping: int = 250
    environment: Mapping[str, str] = field(default_factory=dict)


class Controller:
    """A controller under test. Its files are those of its plan, or in the folder ``security`` of its own directory."""

    def __init__(self, plan: ControllerPlan, arguments: str = "", environment: Mapping[str, str] | None = None):
        self.plan = plan
        self.workshop = Workshop()
        self.process: Process | None = None
        security = self.workshop.directory / "security"
        security.mkdir()
        self.client_file, self.engine_file = plan.files or (
            security / "ipcontroller-client.json",
            security / "ipcontroller-engine.json",
        )
        try:
            if plan.template:
                self.start(arguments, environment)
            wait_until(self._published, "both connection files", START_TIMEOUT)
            client = ClientPeer(self.client_info)
            client.ask("connection_request", timeout=START_TIMEOUT)
            client.close()
        except BaseException:
            self.workshop.close()
            raise

    def start(self, arguments: str = "", environment: Mapping[str, str] | None = None) -> None:
        """Start the process, in the same directory when it is started again."""
        ipc = self.plan.transport == "ipc"
        values = {
            "transport": "ipc" if ipc else "tcp",
            "ip": self.workshop.directory / "s" if ipc else "127.0.0.1",
            "ping": self.plan.ping,
            "client_file": self.client_file,
            "engine_file": self.engine_file,
        }
        curve = {"IPP_ENABLE_CURVE": "1"} if self.plan.transport == "curve" else {}
        environment = {**self.plan.environment, **curve, **(environment or {})}
        assert self.plan.template
        self.process = self.workshop.start("controller", f"{self.plan.template} {arguments}", values, environment)

    @property
    def client_info(self) -> Json:
        """The content of the file for clients."""
        return _content(self.client_file)

    @property
    def engine_info(self) -> Json:
        """The content of the file for engines."""
        return _content(self.engine_file)

    def close(self) -> None:
        """Stop what was started."""
        self.workshop.close()

    def _published(self) -> bool:
        if self.process:
            self.process.check_running()
        return bool(read_connection_file(self.client_file) and read_connection_file(self.engine_file))


def _content(path: Path) -> Json:
    content = read_connection_file(path)
    assert content is not None, f"{path} can't be read"
    return content
