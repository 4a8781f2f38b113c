"""Engines in jobs of a real Slurm."""

import json
import re
import sys

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary, wait_until
from place import clean
from slurm import Slurm

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(sys.platform != "linux", reason="hosts and schedulers are those of Linux"),
]


@pytest.fixture(scope="module")
def slurm():
    slurm = Slurm()
    yield slurm
    slurm.close()


@pytest.fixture
def slurm_place(place, slurm):
    place.environment.update(slurm.environment, MARTLET_PYTHON=sys.executable)
    yield place
    place.command("stop")
    wait_until(lambda: not slurm.jobs(), "no job to be left")
    assert clean(place)


def start(place, *options, ip="127.0.0.1"):
    started = place.command("start", "--daemonize", "--ip", ip, *options)
    assert started.returncode == 0, started.stderr
    return place.directory / "profile_default/security/ipcontroller-client.json"


def test_word_count_in_a_job(slurm_place, slurm, tmp_path):
    texts = []
    for index in range(6):
        texts.append(tmp_path / f"text{index}.txt")
        texts[-1].write_text("the quick brown fox " * (index + 1) + "over the lazy dog\n")
    start(slurm_place, "--engines=slurm:4", "--program", binary("MartletWordCount"))
    jobs = slurm.jobs()
    assert len(jobs) == 1 and jobs[0].endswith("RUNNING")
    listed = json.loads(slurm_place.command("list", "--json").stdout)
    assert [job["job_id"] for job in listed[0]["martlet"]["jobs"].values()] == [jobs[0].split()[0]]
    assert re.search(r"default .*True +4 ", slurm_place.command("list").stdout)
    counted = slurm_place.command("--profile", "default", *texts, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 4 engines" in counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    assert slurm_place.command("stop").returncode == 0
    assert not slurm.jobs(), "stop returns when the job is gone"


def test_engines_on_two_nodes(slurm_place, slurm):
    file = start(slurm_place, "--engines=slurm:4", "--set", "SlurmLauncher.options=--nodes=2 --ntasks-per-node=2 --no-requeue")
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        client.wait_for_engines(4, timeout=TIMEOUT)
        nodes = client[:].apply_sync(lambda: __import__("os").environ["SLURMD_NODENAME"])
        assert sorted(nodes) == sorted(2 * slurm.nodes)
        slurm.ask("scontrol", "update", f"NodeName={slurm.nodes[1]}", "State=DOWN", "Reason=broken")
        wait_until(lambda: not client.ids, "the engines of a job without one of its nodes to be gone")
    log = slurm_place.directory / "profile_default/log"
    wait_until(
        lambda: "is gone (NODE_FAIL" in "".join(path.read_text() for path in log.glob("ipcluster*")), "Slurm's words")
    slurm.ask("scontrol", "update", f"NodeName={slurm.nodes[1]}", "State=RESUME")
    wait_until(
        lambda: slurm.ask("sinfo", "-h", "-p", "main", "-o", "%t %D").split() == ["idle", "2"], "both nodes")


def test_the_controller_in_a_job_of_its_own(slurm_place, slurm, tmp_path):
    text = tmp_path / "text"
    text.write_text("the quick brown fox jumps over the lazy dog\n")
    start(slurm_place, "--controller=slurm", "--engines=slurm:2", "--program", binary("MartletWordCount"))
    jobs = {line.split()[0] for line in slurm.jobs()}
    record = json.loads(slurm_place.command("list", "--json").stdout)[0]
    controller = record["controller"]["state"]["job_id"]
    assert record["controller"]["class"] == "slurm"
    assert {controller} | {job["job_id"] for job in record["martlet"]["jobs"].values()} == jobs and len(jobs) == 2
    assert f"Controller: job {controller} of Slurm" in slurm_place.command("status", "--interval=0").stdout
    process = slurm_place.process("controller")
    assert process.environ()["SLURM_JOB_ID"] == controller
    counted = slurm_place.command("--profile", "default", text, program="MartletWordCount")
    assert "Both counts agree: 9 words, 8 different ones." in counted.stdout, counted.stderr
    assert slurm_place.command("stop").returncode == 0
    assert not slurm.jobs()


def test_the_end_of_the_controllers_job_is_told_in_slurms_words(slurm_place, slurm):
    refused = slurm_place.command(
        "start", "--ip", "127.0.0.1", "--controller=slurm", "-n", 1, "--set", "SlurmLauncher.queue=nowhere")
    assert refused.returncode == 1 and "Invalid partition name specified" in refused.stderr
    waiting = slurm_place.popen(
        "start", "--ip", "127.0.0.1", "--controller=slurm", "-n", 1, "--set", "SlurmControllerLauncher.queue=closed")
    lines = iter(waiting.stderr.readline, "")
    assert any(re.search(r"job \d+ of Slurm waits: PENDING \(PartitionDown\)", line) for line in lines)
    slurm.ask("scancel", slurm.jobs()[0].split()[0])
    assert re.search(r"the controller's job \d+ of Slurm ended with CANCELLED", waiting.communicate(timeout=TIMEOUT)[1])
    assert waiting.returncode == 1
    running = slurm_place.popen(
        "start", "--ip", "127.0.0.1", "--controller=slurm", "--engines=slurm:1", "--no-python")
    assert "is up" in running.stdout.readline()
    controller = slurm_place.process("controller")
    slurm.ask("scancel", controller.environ()["SLURM_JOB_ID"])
    said = running.communicate(timeout=TIMEOUT)[1]
    assert re.search(r"the controller's job \d+ of Slurm on \S+ ended with CANCELLED", said), said
    assert running.returncode == 1 and not slurm.jobs(), "the engines' job is cancelled"


@pytest.mark.parametrize("how", ["killed", "requeued"])
def test_the_controllers_job_is_run_again(slurm_place, slurm, how):
    """Its engines join it, and tasks that it had accepted are done. Until then it says what the job waits for."""
    file = start(slurm_place, "--controller=slurm", "--engines=slurm:2")
    log = slurm_place.directory / "profile_default/log"

    def said(pattern, what):
        return wait_until(
            lambda: re.search(pattern, "".join(path.read_text() for path in log.glob("ipcluster*"))), what, 2 * TIMEOUT)

    first = json.loads(file.read_text())
    client = ipp.Client(connection_info=str(file), timeout=TIMEOUT)
    wait_until(lambda: len(client.ids) == 2, "two engines")
    tasks = [client.load_balanced_view().apply_async(time_out, 1) for _ in range(12)]
    wait_until(lambda: tasks[0].ready(), "a task")
    controller = slurm_place.process("controller")
    job = controller.environ()["SLURM_JOB_ID"]
    slurm.ask("scontrol", "update", "PartitionName=main", "State=DOWN")
    try:
        if how == "killed":
            controller.kill()
            said(rf"the controller's job {job} of Slurm on \S+ ended with [^;]+; it is started again in", "its end")
        else:
            slurm.ask("scontrol", "requeue", job)
        other = said(r"the controller's job (\d+) of Slurm( on \S+)? waits: PENDING \(\w+\)", "what it waits for")[1]
        assert (other == job) == (how == "requeued")
        # Its time has come only after two minutes, otherwise.
        slurm.ask("scontrol", "update", f"JobId={other}", "StartTime=now")
    finally:
        slurm.ask("scontrol", "update", "PartitionName=main", "State=UP")
    wait_until(
        lambda: "2 engines" in slurm_place.command("status", "--interval=0").stdout, "the engines to join it", 2 * TIMEOUT)
    assert f"Controller: job {other} of Slurm" in slurm_place.command("status", "--interval=0").stdout
    assert json.loads(file.read_text()) == first, "here it is the same machine"
    client.close()
    # ipyparallel's clients get replies over the connection on which they have sent a task, which is gone.
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as successor:
        ids = [task.msg_ids[0] for task in tasks]
        assert successor.get_result(ids, owner=False, block=False).get(timeout=2 * TIMEOUT) == [1] * 12


def test_a_controllers_job_outlives_the_process_that_submitted_it(slurm_place, slurm):
    file = start(slurm_place, "--controller=slurm", "--engines=slurm:1", "--no-python")
    supervisor = slurm_place.process("--background")
    supervisor.kill()
    supervisor.wait()
    assert re.search(r"default .*True ", slurm_place.command("list").stdout)
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        assert len(client.ids) == 1
    assert slurm_place.command("clean").returncode == 0
    assert len(slurm.jobs()) == 2 and file.exists(), "what runs is not cleaned away"
    stopped = slurm_place.command("stop")
    assert stopped.returncode == 0, stopped.stderr
    wait_until(lambda: not slurm.jobs(), "both jobs to be cancelled")


def test_clean_cancels_what_a_controllers_job_has_left(slurm_place, slurm):
    start(slurm_place, "--controller=slurm", "--engines=slurm:1", "--no-python")
    supervisor = slurm_place.process("--background")
    controller = slurm_place.process("controller")
    supervisor.kill()
    controller.kill()
    wait_until(lambda: len(slurm.jobs()) == 1, "the controller's job to end")
    slurm_place.command("clean")
    wait_until(lambda: not slurm.jobs(), "the engines' job to be cancelled")


def test_more_and_fewer_engines(slurm_place, slurm):
    """More are another job; fewer end one as a whole if they can."""
    client = ipp.Client(connection_info=str(start(slurm_place, "--engines=slurm:1")), timeout=TIMEOUT)
    wait_until(lambda: len(client.ids) == 1, "an engine")
    (first,) = slurm.jobs()
    grown = slurm_place.command("scale", "3")
    assert grown.returncode == 0, grown.stderr
    wait_until(lambda: len(client.ids) == 3, "two more engines")
    assert len(slurm.jobs()) == 2
    result = client[client.ids[0]].apply_async(time_out, 1)
    assert slurm_place.command("scale", "1").returncode == 0
    wait_until(lambda: len(slurm.jobs()) == 1, "the second job to end")
    assert slurm.jobs()[0].split()[0] == first.split()[0]
    assert result.get(timeout=TIMEOUT) == 1
    assert "slurm  slurm     1       1        1" in slurm_place.command("status", "--interval=0").stdout
    client.close()


def test_as_many_as_there_is_work_for(slurm_place, slurm):
    """No job without work, one job for what waits, and none when it is done."""
    client = ipp.Client(
        connection_info=str(start(slurm_place, "--engines=slurm", "--max", "3", "--idle", "1")), timeout=TIMEOUT
    )
    assert not slurm.jobs()
    results = [client.load_balanced_view().apply_async(time_out, 0.5) for _ in range(9)]
    assert [result.get(timeout=TIMEOUT) for result in results] == [0.5] * 9
    assert len({result.engine_id for result in results}) == 3
    wait_until(lambda: not slurm.jobs(), "the job to be given back")
    client.close()


def test_a_job_that_waits_is_called_off_when_its_work_is_done(slurm_place, slurm):
    options = ["--max", "3", "--idle", "1", "--set", "SlurmLauncher.queue=closed"]
    file = start(slurm_place, "--engines=slurm", "--no-python", *options)
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        results = [client.load_balanced_view().apply_async(time_out, 0) for _ in range(3)]
        [job] = wait_until(lambda: slurm.jobs(), "a job")
        assert job.endswith("PENDING")
        other = slurm_place.popen("engines", "-n", "1")
        assert [result.get(timeout=TIMEOUT) for result in results] == [0] * 3
        wait_until(lambda: not slurm.jobs(), "the job to be cancelled")
        wait_until(
            lambda: "slurm  slurm     0       0        0" in slurm_place.command("status", "--interval=0").stdout,
            "the group to want nothing")
        other.terminate()
        other.communicate(timeout=TIMEOUT)
    log = slurm_place.directory / "profile_default/log"
    assert "is cancelled: there is no work any more" in "".join(path.read_text() for path in log.glob("ipcluster*"))


def test_a_group_that_cannot_start_blocks_no_other(slurm_place, slurm, tmp_path):
    """It is tried again when what was wrong is right."""
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\necho the scheduler is away >&2\nexit 1\n")
    sbatch.chmod(0o755)
    file = tmp_path / "cluster.yaml"
    file.write_text(
        f"engines:\n  - {{launcher: slurm, name: far, count: 2, submit_command: [{sbatch}]}}\n  - {{name: near, count: 1}}\n")
    start(slurm_place, file, "--no-python")

    def status():
        return slurm_place.command("status", "--interval=0").stdout

    text = status()
    assert re.search(r"near +local +1 +1 +1", text) and re.search(r"far +slurm +2 +0 +0", text), text
    assert re.search(r"far: it is tried again: .*the scheduler is away", text), text
    sbatch.write_text('#!/bin/sh\nexec /usr/bin/sbatch "$@"\n')
    wait_until(lambda: re.search(r"far +slurm +2 +2 +2", status()), "the group", 2 * TIMEOUT)
    assert "tried again" not in status()


def time_out(seconds):
    import time

    time.sleep(seconds)
    return seconds


def test_a_job_that_ends_takes_its_engines_along(slurm_place, slurm):
    file = start(slurm_place, "--engines=slurm:2", "--no-python")
    log = slurm_place.directory / "profile_default/log"
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        client.wait_for_engines(2, timeout=TIMEOUT)
        slurm.ask("scancel", slurm.jobs()[0].split()[0])
        wait_until(lambda: not client.ids, "the engines to be gone")
    said = wait_until(
        lambda: re.search(r"its job \d+ of Slurm on \S+ is gone \(CANCELLED[^)]*\)", "".join(p.read_text() for p in log.glob("ipcluster*"))),
        "Slurm's words in the log")
    assert said


def test_clean_cancels_the_job_of_a_killed_cluster(slurm_place, slurm):
    start(slurm_place, "--engines=slurm:2", "--no-python")
    supervisor = slurm_place.process("--background")
    supervisor.kill()
    wait_until(lambda: not slurm_place.processes("controller"), "the controller to end")
    assert slurm.jobs()
    assert slurm_place.command("clean").returncode == 0
    wait_until(lambda: not slurm.jobs(), "the job to be cancelled")


def test_refused_and_waiting_jobs_are_told_in_slurms_words(slurm_place, slurm):
    refused = slurm_place.command(
        "start", "--ip", "127.0.0.1", "--engines=slurm:2", "--set", "SlurmLauncher.queue=nowhere")
    assert refused.returncode == 1
    assert "Invalid partition name specified" in refused.stderr
    waiting = slurm_place.popen(
        "start", "--ip", "127.0.0.1", "--engines=slurm:2", "--set", "SlurmLauncher.queue=closed")
    lines = iter(waiting.stderr.readline, "")
    assert any(re.search(r"job \d+ of Slurm waits: PENDING \(PartitionDown\)", line) for line in lines)
    waiting.terminate()
    waiting.communicate(timeout=TIMEOUT)
    assert not slurm.jobs()


@pytest.mark.parametrize("limit", ["timelimit=10", "options=--time=10"])
def test_engines_know_when_their_job_ends(slurm_place, limit):
    """Without an option of the engines'. The partition alone would let the job run for an hour."""
    file = start(slurm_place, "--engines=slurm:1", "--set", f"SlurmLauncher.{limit}")
    client = ipp.Client(connection_info=str(file), timeout=TIMEOUT)
    wait_until(lambda: len(client.ids) == 1, "an engine")
    assert send_stated(client, 540).get(timeout=TIMEOUT) == 0
    with pytest.raises(ipp.error.RemoteError, match="ImpossibleDependency"):
        send_stated(client, 601, requires_now=True).get(timeout=TIMEOUT)
    client.close()


def test_engines_know_when_their_partition_ends_the_job(slurm_place):
    """Nobody has said how long the job may run; the partition lets it run for an hour."""
    client = ipp.Client(connection_info=str(start(slurm_place, "--engines=slurm:1")), timeout=TIMEOUT)
    wait_until(lambda: len(client.ids) == 1, "an engine")
    assert send_stated(client, 3000).get(timeout=TIMEOUT) == 0
    with pytest.raises(ipp.error.RemoteError, match="ImpossibleDependency"):
        send_stated(client, 3601, requires_now=True).get(timeout=TIMEOUT)
    client.close()


@pytest.mark.parametrize("answer", ["exit 1", "echo soon", "exec sleep 1000"])
def test_engines_start_when_slurm_does_not_tell_the_end(slurm_place, tmp_path, answer):
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\n{answer}\n")
    squeue.chmod(0o755)
    slurm_place.environment["PATH"] = f"{tmp_path}:{slurm_place.environment['PATH']}"
    client = ipp.Client(connection_info=str(start(slurm_place, "--engines=slurm:2")), timeout=TIMEOUT)
    wait_until(lambda: len(client.ids) == 2, "two engines")
    assert (tmp_path / "asked").read_text() == "asked\n", "once for a job"
    assert send_stated(client, 10_000).get(timeout=TIMEOUT) == 0
    client.close()


def test_an_engines_own_limit_counts_more_than_its_jobs(slurm_place, tmp_path):
    file = tmp_path / "cluster.yaml"
    file.write_text("engines:\n  - launcher: slurm\n    count: 1\n    timelimit: 10\n    arguments: [--time-limit=0]\n")
    client = ipp.Client(connection_info=str(start(slurm_place, file)), timeout=TIMEOUT)
    wait_until(lambda: len(client.ids) == 1, "an engine")
    assert send_stated(client, 10_000).get(timeout=TIMEOUT) == 0
    client.close()


def send_stated(client, seconds, **more):
    """A task that states how long it takes, for which views have no option."""
    metadata = {"time_request": seconds, **more}
    future = client.send_apply_request(client.load_balanced_view()._socket, time_out, [0], metadata=metadata)
    return ipp.AsyncResult(client, future, fname="time_out")


@pytest.mark.parametrize("queue", ["main", "single"])
def test_a_node_on_which_everything_fails_is_left_out(slurm_place, slurm, tmp_path, queue):
    bad, good = slurm.nodes
    program, full = tmp_path / "program", tmp_path / "full"
    program.write_text(
        f"#!/bin/sh\n[ -e {full} ] && [ $SLURMD_NODENAME = {bad} ] && {{ echo no space left on device >&2; exit 3; }}\n"
        f"exec {binary('martlet')} \"$@\"\n")
    program.chmod(0o755)
    start(
        slurm_place, "--engines=slurm:1", "--program", program, "--restart-engines", "--set", f"SlurmLauncher.queue={queue}")
    full.touch()
    slurm.ask("scancel", slurm.jobs()[0].split()[0])

    def status():
        return slurm_place.command("status", "--interval=0").stdout

    wait_until(lambda: f"node {bad} is left out for" in status(), "the node to be left out", 2 * TIMEOUT)
    assert f"of Slurm on {bad} ended with exit code 3: no space left on device" in status()
    if queue == "main":
        wait_until(lambda: "slurm  slurm     1       1        1" in status(), "an engine on the other node", 2 * TIMEOUT)
        assert slurm.ask("squeue", "-h", "-o", "%N").split() == [good]
    else:
        # There is no other node, which Slurm says when the next job is submitted without it.
        wait_until(lambda: "Requested node configuration is not available" in status(), "Slurm's refusal", 2 * TIMEOUT)
        assert "it waits for its next start" in status()
    [script] = (slurm_place.directory / "profile_default/log").glob("*.sbatch")
    assert f"#SBATCH --exclude={bad}\n" in script.read_text()


def test_dry_run_prints_the_script_of_a_template(slurm_place, slurm):
    profile = slurm_place.directory / "profile_default"
    profile.mkdir()
    (profile / "ipcluster_config.py").write_text(
        "c.SlurmEngineSetLauncher.batch_template = '#!/bin/sh\\n#SBATCH -p {queue} -n {n}\\nsrun {program_and_args}\\n'\n"
        "c.SlurmLauncher.queue = 'main'\n"
    )
    plan = slurm_place.command("start", "--engines=Slurm", "-n", 3, "--dry-run")
    assert plan.returncode == 0, plan.stderr
    assert re.search(r"^#!/bin/sh\n#SBATCH --output=.*\n#SBATCH -p main -n 3\nsrun ", plan.stdout, re.M)
    assert re.search(r"^env .* sbatch --parsable ", plan.stdout, re.M)
    assert " controller " in plan.stdout and not slurm.jobs()
    assert sorted(path.name for path in profile.iterdir()) == ["ipcluster_config.py"]
