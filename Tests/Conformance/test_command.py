"""The command and programs as users run them: their output, how they end, and that they leave nothing behind."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary, children_of, wait_until
from ipyparallel import interactive
from place import clean


def test_start_list_status_stop(place):
    started = place.command("start", "-n", 2, "--daemonize", "--json")
    assert started.returncode == 0, started.stderr
    (known,) = json.loads(place.command("list", "--json").stdout)
    assert json.loads(started.stdout)["cluster"] == known["cluster"]
    assert known["martlet"]["state"] == json.loads(started.stdout)["martlet"]["state"]
    listed = place.command("list")
    assert "default" in listed.stdout
    status = place.command("status")
    assert status.returncode == 0, status.stderr
    assert re.search(r"\b0\b.*\n.*\b1\b", status.stdout), status.stdout
    report = json.loads(place.command("status", "--interval", "0", "--json").stdout)
    assert [engine["id"] for engine in report["engines"]] == [0, 1]
    assert report["unassigned"] == 0
    unknown = place.command("why", "no-such-task")
    assert unknown.returncode == 1 and "No such task: no-such-task" in unknown.stderr, unknown
    again = place.command("start", "-n", 1, "--daemonize")
    assert again.returncode != 0 and again.stderr.count("\n") == 1, again.stderr
    stopped = place.command("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert clean(place)
    nothing = place.command("stop")
    assert nothing.returncode != 0 and nothing.stderr.strip()


def test_many_cycles_leave_nothing(place):
    for _ in range(int(os.environ.get("MARTLET_CYCLES", 5))):
        assert place.command("start", "-n", 2, "--daemonize").returncode == 0
        assert place.command("stop").returncode == 0
        assert clean(place)


def test_word_count_of_files(place, tmp_path):
    texts = []
    for index in range(6):
        texts.append(tmp_path / f"text{index}.txt")
        texts[-1].write_text("the quick brown fox " * (index + 1) + "over the lazy dog\n")
    counted = place.command("--engines", 2, *texts, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert re.search(r"27\s+the\b", counted.stdout), counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    assert clean(place)


def test_parameter_server(place):
    trained = place.command("--engines", 2, 100, program="MartletParameterServer")
    assert trained.returncode == 0, trained.stderr
    assert "2 workers took 100 steps each." in trained.stdout
    assert "They are right." in trained.stdout
    assert clean(place)


def run_example(place, engines, program, *arguments):
    done = place.command("--engines", engines, *arguments, program=program)
    assert done.returncode == 0, done.stderr
    assert clean(place)
    return done.stdout


def test_monte_carlo_is_the_same_on_any_number_of_engines(place):
    one, three = (run_example(place, engines, "MartletMonteCarlo", 500) for engines in (1, 3))
    assert "Value: " in one and one.splitlines()[1:] == three.splitlines()[1:]


def test_k_means(place):
    assert "They are right." in run_example(place, 2, "MartletKMeans", 4000)


def test_parameter_sweep(place, tmp_path):
    said = run_example(place, 2, "MartletParameterSweep", 40, tmp_path / "sweep.svg")
    assert "4000 points of 40 values" in said
    drawing = ElementTree.parse(tmp_path / "sweep.svg")
    path = drawing.find("{http://www.w3.org/2000/svg}path")
    assert path.get("d").count("M") == 4000 and drawing.find("{http://www.w3.org/2000/svg}script") is None


def test_hash_folder(place, tmp_path):
    folder = tmp_path / "files"
    (folder / "deep/er").mkdir(parents=True)
    for name, text in {"one": "same", "deep/two": "same", "deep/er/three": "another"}.items():
        (folder / name).write_text(text)
    said = run_example(place, 2, "MartletHashFolder", folder)
    assert "3 files hashed, 2 different ones, 0 could not be read." in said
    digest = hashlib.sha256(b"same").hexdigest()[:16]
    assert f"{digest}  {folder}/deep/two  {folder}/one" in said


def test_thumbnails(place, tmp_path):
    wide = bytes(value for y in range(100) for x in range(400) for value in (x % 256, y, 200))
    (tmp_path / "wide.ppm").write_bytes(b"P6\n# a comment\n400 100\n255\n" + wide)
    said = run_example(place, 2, "MartletThumbnails", tmp_path / "small", tmp_path / "wide.ppm")
    assert f"{tmp_path}/small/wide.ppm: 128 x 32" in said
    made = (tmp_path / "small/wide.ppm").read_bytes()
    assert made.startswith(b"P6\n128 32\n255\n") and len(made) == 14 + 128 * 32 * 3
    assert set(made[14 + 2::3]) == {200}
    (tmp_path / "odd.ppm").write_text("GIF89a")
    odd = place.command("--engines", 1, tmp_path / "small", tmp_path / "odd.ppm", program="MartletThumbnails")
    assert odd.returncode == 1 and "is not a binary PPM picture" in odd.stderr
    assert clean(place)


def test_a_missing_file_is_named(place):
    failed = place.command("--engines", 1, "/no/such/file", program="MartletWordCount")
    assert failed.returncode == 1
    assert "/no/such/file" in failed.stderr and failed.stderr.count("\n") == 1
    assert clean(place)


class Sleepers:
    """A program with long tasks."""

    def __init__(self, place, count, seconds, wrapper=()):
        self.place = place
        self.child = subprocess.Popen(
            [*wrapper, binary("martlet-test-engine"), "--engines", "2", "sleep", str(count), str(seconds)],
            env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # The tests themselves may run under nohup.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        assert self.child.stdout.readline().startswith("engines [0, 1]"), self.child.stderr.read()

    def engines(self):
        return children_of(self.child, "engine")

    def tasks(self):
        """How many tasks each engine has."""
        status = self.place.command("status", "--json", "--interval=0", f"--cluster-id={self.cluster_id()}")
        return [engine["tasks"] for engine in json.loads(status.stdout)["engines"]] if status.returncode == 0 else None

    def cluster_id(self):
        files = list(self.place.directory.glob("profile_default/security/ipcontroller*-client.json"))
        return files[0].name.removeprefix("ipcontroller-").removesuffix("-client.json") if files else ""

    def end(self):
        output, errors = self.child.communicate(timeout=2 * TIMEOUT)
        return self.child.returncode, output, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupting_a_program_leaves_nothing(place, number):
    sleepers = Sleepers(place, 4, 60)
    sleepers.child.send_signal(number)
    status, _, _ = sleepers.end()
    assert status == 128 + number
    assert clean(place)


def test_a_program_under_nohup_survives_the_end_of_its_terminal(place):
    sleepers = Sleepers(place, 1, 1, wrapper=["nohup"])
    sleepers.child.send_signal(signal.SIGHUP)
    status, _, errors = sleepers.end()
    assert status == 0, errors
    assert clean(place)


def test_killing_an_engine_causes_a_clear_error(place):
    sleepers = Sleepers(place, 2, 60)
    wait_until(lambda: len(sleepers.engines()) == 2, "two engines")
    # A task that has not got there runs elsewhere.
    wait_until(lambda: sleepers.tasks() == [1, 1], "a task on each engine")
    begin = time.monotonic()
    sleepers.engines()[0].send_signal(signal.SIGKILL)
    status, _, errors = sleepers.end()
    assert status == 1
    assert "died while running task" in errors, errors
    assert time.monotonic() - begin < 30
    assert clean(place)


def test_killing_the_program_ends_its_cluster(place):
    sleepers = Sleepers(place, 2, 60)
    sleepers.child.kill()
    sleepers.end()
    wait_until(lambda: not place.processes(), "controller and engines to leave")
    assert place.command("clean").returncode == 0
    assert clean(place)


def test_status_is_watched_until_the_cluster_ends(place):
    assert place.command("start", "-n", 1, "--daemonize").returncode == 0
    watch = place.popen("status", "--watch", "--interval", "0.1", "--json")
    for _ in range(3):
        assert json.loads(watch.stdout.readline())["engines"][0]["id"] == 0
    more = place.popen("engines", "-n", 1, "--json")
    assert json.loads(more.stdout.readline())["engines"] == 1
    more.terminate()
    more.communicate(timeout=TIMEOUT)
    assert place.command("stop").returncode == 0
    _, errors = watch.communicate(timeout=TIMEOUT)
    assert watch.returncode == 0 and errors == "the cluster has ended\n"
    assert clean(place)


def test_other_programs_can_read_what_commands_print(place):
    made = json.loads(place.command("profile", "create", "other", "--json").stdout)
    assert made["name"] == "other" and os.path.isdir(made["path"])
    assert json.loads(place.command("profile", "locate", "other", "--json").stdout) == made
    assert made in json.loads(place.command("profile", "list", "--json").stdout)
    assert json.loads(place.command("list", "--json").stdout) == []
    leftover = os.path.join(made["path"], "pid", "martlet-gone.json")
    os.makedirs(os.path.dirname(leftover), exist_ok=True)
    open(leftover, "w").close()
    assert json.loads(place.command("clean", "--json").stdout) == {"removed": [leftover]}


def test_usage_errors_are_one_line(place):
    failed = place.command("start", "-n", "many")
    assert failed.returncode == 2
    assert failed.stderr.startswith("Error:")
    unknown = place.command("status", "--profile", "nobody")
    assert unknown.returncode != 0 and unknown.stderr.count("\n") == 1


def test_ipcluster_stops_with_a_signal_of_choice(place, tmp_path):
    (tmp_path / "ipcluster").symlink_to(binary("martlet"))
    # SIGTERM has it end in good order. It doesn't know SIGUSR1, which ends it at once; its processes notice.
    for options, code in [([], 0), ([f"--signal={int(signal.SIGUSR1)}"], -signal.SIGUSR1)]:
        running = place.popen("start", "-n", "1")
        wait_until(lambda: json.loads(place.command("list", "--json").stdout or "[]"), "the cluster")
        wait_until(lambda: place.command("status").returncode == 0, "the controller")
        stopped = subprocess.run(
            [tmp_path / "ipcluster", "stop", *options], env=place.environment, capture_output=True, text=True,
            timeout=4 * TIMEOUT)
        assert stopped.returncode == 0, stopped.stderr
        assert running.wait(TIMEOUT) == code
        running.communicate()
        wait_until(lambda: not place.processes(), "the end of its processes")
        place.command("clean")
        assert clean(place)


def test_options_are_not_ignored(place):
    for role, arguments in [("controller", ["start", "-n", 1]), ("engine", ["engines", "-n", 1])]:
        bogus = place.command(*arguments, "--", "--bogus")
        assert bogus.returncode == 2, bogus.stderr
        assert "--bogus" in bogus.stderr and f"martlet {role} --help" in bogus.stderr
    assert place.command("stop", "--all", "a").returncode == 2
    assert place.command("stop", "a", "--cluster-id", "b").returncode == 2
    assert place.command("status", "--interval", "-1").returncode == 2
    assert "--mpi" not in place.command("engine", "--help").stdout
    assert clean(place)


def test_list_of_one_cluster(place):
    assert place.command("start", "-n", 1, "--daemonize", "--cluster-id", "one").returncode == 0
    assert "one" in place.command("list", "--cluster-id", "one").stdout
    other = place.command("list", "--cluster-id", "two")
    assert other.returncode == 1 and not other.stdout and "there is no cluster with the id two" in other.stderr
    assert place.command("stop", "--cluster-id", "one").returncode == 0
    assert clean(place)


def test_engines_do_not_make_a_profile(place):
    failed = place.command("engines", "-n", 1, "--profile", "typo")
    assert failed.returncode == 2
    assert "there is no profile typo" in failed.stderr
    assert not (place.directory / "profile_typo").exists()


def test_failed_starts_give_their_reason(place):
    program = place.command("start", "-n", 1, "--program", "/bin/false")
    assert program.returncode == 1
    assert "ended with exit code 1" in program.stderr.splitlines()[-1], program.stderr
    address = place.command("start", "-n", 1, "--ip", "192.0.2.1")
    assert address.returncode == 1
    assert "not an address of this machine" in address.stderr.splitlines()[-1], address.stderr
    assert clean(place)


def test_a_program_leaves_no_files_unless_it_fails(place):
    logs = place.directory / "profile_default/log"
    done = place.command("--engines", 2, "sleep", 2, 0, program="martlet-test-engine")
    assert done.returncode == 0, done.stderr
    assert list(logs.iterdir()) == []
    sleepers = Sleepers(place, 4, 60)
    wait_until(lambda: len(sleepers.engines()) == 2, "two engines")
    for engine in sleepers.engines():
        engine.send_signal(signal.SIGKILL)
    status, _, errors = sleepers.end()
    assert status == 1
    assert not list(logs.glob("engines*.json"))
    if "their logs are in" in errors:
        assert list(logs.glob("ipengine-*.log")), errors
    assert clean(place)


@pytest.fixture
def start(place):
    """``start(*options)`` starts a cluster of two engines in the background and returns a client that sees them."""
    clients = []
    place.environment["MARTLET_PYTHON"] = sys.executable

    def start(*options):
        started = place.command("start", "-n", 2, "--daemonize", *options)
        assert started.returncode == 0, started.stderr
        file = place.directory / "profile_default/security/ipcontroller-client.json"
        clients.append(ipp.Client(connection_info=str(file), timeout=TIMEOUT))
        wait_until(lambda: len(clients[-1].ids) == 2, "two engines")
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    place.command("stop")
    assert clean(place)


def engine_processes(place):
    return place.processes("engine")


def test_engines_are_started_again(place, start):
    client = start("--restart-engines")
    engine_processes(place)[0].kill()
    wait_until(lambda: len(client.ids) == 2 and 2 in client.ids, "an engine in place of the killed one")
    with pytest.raises(ipp.RemoteError, match="EngineError"):
        client[2].apply_sync(os._exit, 3)
    wait_until(lambda: len(client.ids) == 2 and 3 in client.ids, "an engine in place of the one that lost its Python")
    assert client[:].apply_sync(interactive(lambda: 1)) == [1, 1]
    status = place.command("status", "--interval", 0.1)
    assert "Engines started again: 2; waiting for their next start: 0; given up: 0" in status.stdout
    assert "an engine ended 2 times, the last time because its process" in status.stdout and "it was started again" in status.stdout
    # An engine that is asked to leave has not crashed.
    client[3].shutdown(block=True)
    wait_until(lambda: '"n":1' in place.command("list", "--json").stdout, "the end of an engine")
    assert "waiting for their next start: 0" in place.command("status", "--interval", 0.1).stdout


def test_a_crash_says_why(place, start):
    """What Swift says of it goes to the engine's log, and to whoever waits for the task."""
    client = start("--program", binary("martlet-test-engine"))
    with pytest.raises(ipp.RemoteError, match=r"SIG(ILL|TRAP).*Fatal error: Index out of range"):
        client.load_balanced_view().apply_sync(ipp.Reference("crash"), 7)


def test_engines_stay_away_by_default(place, start):
    client = start()
    engine_processes(place)[0].kill()
    wait_until(lambda: len(client.ids) == 1, "the loss of an engine")
    assert "started again" not in place.command("status", "--interval", 0.1).stdout


def test_python_can_be_refused(place, start):
    client = start("--no-python")
    with pytest.raises(ipp.error.CompositeError) as caught:
        client[:].apply_sync(interactive(lambda: 1))
    assert "can't run the Python function" in str(caught.value)
    with pytest.raises(ipp.RemoteError, match="PermissionError"):
        client.become_dask()


def test_python_is_refused_by_the_configuration(place, start):
    profile = place.directory / "profile_default"
    profile.mkdir()
    (profile / "ipengine_config.py").write_text("c.IPEngine.allow_python = False\n")
    client = start()
    with pytest.raises(ipp.RemoteError):
        client[0].apply_sync(interactive(lambda: 1))


def test_an_unusable_python_is_named(place, start):
    client = start("--python", "/no/such/python")
    with pytest.raises(ipp.RemoteError, match="/no/such/python"):
        client[0].apply_sync(interactive(lambda: 1))


def test_python_can_start_with_the_engine(place, start):
    start("--python", sys.executable, "--python-start", "eager")

    def workers():
        return [child for engine in engine_processes(place) for child in engine.children()]

    wait_until(lambda: len(workers()) == 2, "the Python of each engine")
