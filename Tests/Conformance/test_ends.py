"""What users see when processes of a cluster end: who says so, how soon, and what is left."""

import json
import os
import signal
import subprocess
import time

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary, children_of, controller_command, wait_until
from ipyparallel import interactive
from place import clean
from test_command import Sleepers
from test_state_files import NOBODY, open_place  # noqa: F401, a fixture


def engines_of(process):
    return children_of(process, "engine")


@pytest.fixture
def two(started):
    """``two(*options)`` starts a cluster of two engines in the foreground and returns its process and a client."""
    return lambda *options: started("-n", "2", *options, engines=2)


def client_file(place):
    return place.directory / "profile_default/security/ipcontroller-client.json"


@interactive
def mark_and_sleep(path, number):
    import time

    with open(path, "a") as file:
        file.write(f"{number}\n")
    time.sleep(0.3)
    return number


def engine_count(place):
    """How many engines the hub knows."""
    client = ipp.Client(connection_info=str(client_file(place)), timeout=TIMEOUT)
    try:
        return len(client.ids)
    finally:
        client.close()


@interactive
def sleep_and_tell(path):
    import os
    import time

    with open(path, "w") as file:
        file.write(str(os.getppid()))
    time.sleep(600)


class TestKilledEngine:
    """The process that started an engine tells the hub how it ended. The text shows that: heartbeats don't say how."""

    def knows(self, place, uuid, text):
        """Whether the controller has been told how an engine ended."""
        logs = [path.read_text() for path in (place.directory / "profile_default/log").glob("ipcontroller-*.log")]
        gone = [line for log in logs for line in log.splitlines() if "engine gone" in line and uuid in line]
        return any(text in line for line in gone)

    def test_a_task_ends_with_its_engine(self, place, two, tmp_path):
        _, client = two()
        path = tmp_path / "pid"
        task = client.load_balanced_view().apply_async(sleep_and_tell, str(path))
        pid = wait_until(lambda: path.exists() and path.read_text(), "the start of the task")
        uuids = dict(client._engines)
        begin = time.monotonic()
        os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda: len(client.ids) == 1, "the loss of the engine")
        print(f"the client knew of the engine after {time.monotonic() - begin:.2f} s")
        with pytest.raises(ipp.error.RemoteError, match="EngineError") as lost:
            task.get(timeout=TIMEOUT)
        print(f"the client knew of the task after {time.monotonic() - begin:.2f} s")
        [gone] = set(uuids) - set(client.ids)
        text = lost.value.evalue
        assert text.startswith(f"Engine {gone} died while running task '{task.msg_ids[0]}', which it began "), text
        assert f"its process {pid} was killed by SIGKILL (signal 9)" in text
        assert self.knows(place, uuids[gone], f"its process {pid} was killed by SIGKILL (signal 9)")
        assert client.load_balanced_view().apply_sync(interactive(lambda: 1)) == 1

    def test_a_direct_request_ends(self, two, tmp_path):
        _, client = two()
        path = tmp_path / "pid"
        task = client[0].apply_async(sleep_and_tell, str(path))
        pid = wait_until(lambda: path.exists() and path.read_text(), "the start of the task")
        begin = time.monotonic()
        os.kill(int(pid), signal.SIGKILL)
        with pytest.raises(ipp.error.RemoteError, match="EngineError"):
            task.get(timeout=TIMEOUT)
        print(f"the client knew after {time.monotonic() - begin:.2f} s")

    def test_engines_that_were_added_are_watched_too(self, place, two, tmp_path):
        _, client = two()
        more = subprocess.Popen(
            [binary("martlet"), "engines", "-n", "1"], env=place.environment, stdout=subprocess.PIPE, text=True
        )
        try:
            wait_until(lambda: len(client.ids) == 3, "another engine")
            path = tmp_path / "pid"
            view = client.load_balanced_view(targets=2)
            task = view.apply_async(sleep_and_tell, str(path))
            pid = wait_until(lambda: path.exists() and path.read_text(), "the start of the task")
            uuid = client._engines[2]
            os.kill(int(pid), signal.SIGKILL)
            with pytest.raises(ipp.error.RemoteError, match="EngineError"):
                task.get(timeout=TIMEOUT)
            assert self.knows(place, uuid, f"its process {pid} was killed by SIGKILL (signal 9)")
        finally:
            more.terminate()
            more.communicate(timeout=TIMEOUT)


class TestWithoutEngines:
    def test_a_cluster_without_engines_ends_and_says_why(self, two):
        process, client = two()
        for engine in engines_of(process):
            engine.kill()
        output, errors = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 1, (output, errors)
        assert "all 2 engines have ended" in errors and "SIGKILL (signal 9)" in errors, errors
        assert "--restart-engines" in errors and errors.rstrip().splitlines()[-1].startswith("martlet start: "), errors

    def test_a_background_cluster_leaves_the_reason_in_its_log(self, place):
        assert place.command("start", "-n", 1, "--daemonize").returncode == 0
        for process in place.processes():
            if process.cmdline()[1:2] == ["engine"]:
                process.kill()
        assert clean(place)
        logs = "".join(path.read_text() for path in (place.directory / "profile_default/log").glob("ipcluster-*.log"))
        assert "the only engine has ended" in logs, logs

    def test_a_cluster_with_other_engines_goes_on(self, place, two):
        process, client = two()
        more = subprocess.Popen(
            [binary("martlet"), "engines", "-n", "1"], env=place.environment, stdout=subprocess.PIPE, text=True
        )
        try:
            wait_until(lambda: len(client.ids) == 3, "another engine")
            for engine in engines_of(process):
                engine.kill()
            wait_until(lambda: client.ids == [2], "the loss of two engines")
            assert client[2].apply_sync(interactive(lambda: 1)) == 1
            assert process.poll() is None
        finally:
            more.terminate()
            more.communicate(timeout=TIMEOUT)

    def test_engines_that_were_told_to_leave_are_no_failure(self, place, two):
        process, client = two()
        client.shutdown(block=True)
        wait_until(lambda: not engines_of(process), "the end of the engines")
        assert process.poll() is None
        assert place.command("status", "--interval", 0.1).returncode == 0

    def test_a_program_whose_engines_are_all_dead_ends(self, place):
        sleepers = Sleepers(place, 40, 600)
        for engine in wait_until(lambda: len(sleepers.engines()) == 2 and sleepers.engines(), "two engines"):
            engine.kill()
        status, _, errors = sleepers.end()
        assert status == 1
        assert "SIGKILL (signal 9)" in errors, errors
        assert clean(place)


class TestLostController:
    @pytest.mark.parametrize("options", [(), ("--ip=127.0.0.1",)], ids=["ipc", "tcp"])
    def test_it_is_started_again_and_its_engines_go_on(self, place, two, options):
        process, client = two(*options)
        client[:].push({"a": 5}, block=True)
        before = client_file(place).read_text()
        [controller] = children_of(process, "controller")
        engines = {engine.pid for engine in engines_of(process)}
        controller.kill()
        [again] = wait_until(
            lambda: [c for c in children_of(process, "controller") if c.pid != controller.pid], "another controller"
        )
        assert "--restore" in again.cmdline()
        assert client_file(place).read_text() == before
        late = ipp.Client(connection_info=str(client_file(place)), timeout=TIMEOUT)
        try:
            wait_until(lambda: len(late.ids) == 2, "both engines")
            assert late[:].pull("a", block=True) == [5, 5]
            assert late.load_balanced_view().map_sync(interactive(lambda x: x + 1), range(10)) == list(range(1, 11))
        finally:
            late.close()
        assert {engine.pid for engine in engines_of(process)} == engines

    @pytest.mark.parametrize("options", [(), ("--no-journal",)])
    def test_its_tasks_go_on(self, two, place, tmp_path, options):
        process, client = two(*options)
        path = tmp_path / "marks"
        view = client.load_balanced_view()
        results = [view.apply_async(mark_and_sleep, str(path), number) for number in range(12)]
        ids = [id for result in results for id in result.msg_ids]
        wait_until(lambda: path.exists() and len(path.read_text().split()) >= 6, "half of the tasks")
        profile = place.directory / "profile_default"
        assert bool(list(profile.glob("journal-*.db"))) == (not options)
        [controller] = children_of(process, "controller")
        controller.kill()
        wait_until(lambda: children_of(process, "controller"), "another controller")
        wait_until(lambda: engine_count(place) == 2, "the engines' return")
        successor = ipp.Client(connection_info=str(client_file(place)), timeout=TIMEOUT)
        try:
            if options:
                with pytest.raises(ipp.RemoteError):
                    successor.get_result(ids, owner=False, block=False).get(timeout=TIMEOUT)
            else:
                assert successor.get_result(ids, owner=False, block=False).get(timeout=TIMEOUT) == list(range(12))
                assert sorted(map(int, path.read_text().split())) == list(range(12))
        finally:
            successor.close()
        process.terminate()
        process.communicate(timeout=TIMEOUT)
        assert not list(profile.glob("journal-*"))

    def test_one_that_is_shut_down_stays_away(self, two):
        process, client = two()
        client.shutdown(hub=True, block=True)
        output, errors = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 1 and "the controller ended with exit code 0" in errors, errors


class TestSecondController:
    def test_it_is_refused(self, controller):
        before = {role: controller.connection_file(role).read_text() for role in ("client", "engine")}
        first = controller.processes[0].child.pid
        command = [*controller_command(), f"--profile={controller.PROFILE}", f"--ipython-dir={controller.directory}"]
        second = subprocess.run(command, env=controller.environment, capture_output=True, text=True, timeout=TIMEOUT)
        assert second.returncode == 1, second
        assert f"has a controller already (process {first} on host " in second.stderr, second.stderr
        assert "martlet stop" in second.stderr and "--cluster-id" in second.stderr
        assert second.stderr.count("\n") == 1
        assert before == {role: controller.connection_file(role).read_text() for role in ("client", "engine")}
        controller.client()
        # Another cluster id is another cluster.
        controller.start_controller(cluster_id="other")
        controller.client()

    def test_a_killed_one_is_replaced(self, controller):
        before = controller.connection_file("client").read_text()
        controller.processes.pop().kill()
        controller.start_controller()
        wait_until(lambda: controller.connection_file("client").read_text() != before, "another connection file")
        controller.client()

    def test_files_that_another_has_written_stay(self, controller):
        """As when the folder is on a file system that has no locks."""
        path = controller.connection_file("client")
        other = json.loads(path.read_text()) | {"key": "another"}
        path.write_text(json.dumps(other))
        controller.processes[0].terminate()
        assert controller.processes[0].finish(TIMEOUT) is None
        assert json.loads(path.read_text()) == other
        assert not controller.connection_file("engine").exists()


SECRETS = {"IPP_CONNECTION_INFO", "IPP_SESSION_KEY", "IPP_CURVE_SECRETKEY", "IPP_CURVE_SERVERKEY", "MARTLET_ENGINE_UUID"}


@interactive
def environment():
    import os

    with open("/proc/self/environ") as file:
        return dict(os.environ), file.read()


class TestKeys:
    """No process can read the key in the environment of an engine, or inherits it."""

    def check(self, client, key, pids):
        for variables, text in client[:].apply_sync(environment):
            assert not SECRETS & set(variables)
            assert key not in text
        for pid in pids:
            with open(f"/proc/{pid}/environ") as file:
                assert key not in file.read()

    def test_engines_of_a_cluster(self, place, two):
        process, client = two()
        key = json.loads(client_file(place).read_text())["key"]
        self.check(client, key, [engine.pid for engine in engines_of(process)])

    def test_engines_of_other_launchers(self, cluster):
        """ipyparallel's launchers pass the connection in the environment."""
        cluster.environment["IPP_SESSION_KEY"] = key = "the key of the test"
        cluster.start_controller()
        cluster.environment["IPP_CONNECTION_INFO"] = cluster.connection_file("engine").read_text()
        engines = cluster.start_martlet_engines(1)
        client = cluster.client(engines=1)
        self.check(client, key, [engine.child.pid for engine in [*engines, cluster.processes[0]]])


class TestTaskStoreFile:
    @pytest.fixture
    def store(self, place):
        folder = place.directory / "profile_default"
        folder.mkdir()
        return folder / "tasks.db"

    def refusal(self, place, *options):
        refused = place.command("controller", "--sqlitedb", *options)
        assert refused.returncode == 1, refused
        [line] = refused.stderr.strip().splitlines()[-1:]
        return line

    def test_what_is_no_database(self, place, store):
        store.write_text("Dear diary,\n" * 100)
        line = self.refusal(place)
        assert f"the task database {store} can't be used: it is not a SQLite database: move it away" in line
        assert store.read_text().startswith("Dear diary")

    def test_a_folder_that_is_missing(self, place, store):
        line = self.refusal(place, f"--SQLiteDB.location={store.parent}/no")
        assert f"there is no folder {store.parent}/no: create it" in line

    def test_a_file_of_another_user(self, open_place):
        place = open_place
        store = place.directory / "profile_default/tasks.db"
        store.parent.mkdir()
        store.touch(mode=0o600)
        place.run_as(NOBODY)
        os.chown(store, 0, 0)
        line = self.refusal(place)
        place.run_as(None)
        assert f"{store} can't be used: this user may not read and write it" in line

    def test_a_cluster_says_so_too(self, place, store):
        store.write_text("Dear diary,\n" * 100)
        started = place.command("start", "-n", 1, "--", "--sqlitedb")
        assert started.returncode == 1
        assert f"the task database {store} can't be used" in started.stderr
        assert clean(place)
