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

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="hosts and schedulers are those of Linux")


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
    start(slurm_place, "--engines=slurm:4", "--program", binary("WordCount"))
    jobs = slurm.jobs()
    assert len(jobs) == 1 and jobs[0].endswith("RUNNING")
    listed = json.loads(slurm_place.command("list", "--json").stdout)
    assert [job["job_id"] for job in listed[0]["martlet"]["jobs"].values()] == [jobs[0].split()[0]]
    assert re.search(r"default .*True +4 ", slurm_place.command("list").stdout)
    counted = slurm_place.command("--profile", "default", *texts, program="WordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 4 engines" in counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    assert slurm_place.command("stop").returncode == 0
    assert not slurm.jobs(), "stop returns when the job is gone"


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
        lambda: re.search(r"its job \d+ of Slurm is gone \(CANCELLED[^)]*\)", "".join(p.read_text() for p in log.glob("ipcluster*"))),
        "Slurm's words in the log")
    assert said


def test_clean_cancels_the_job_of_a_killed_cluster(slurm_place, slurm):
    start(slurm_place, "--engines=slurm:2", "--no-python")
    [supervisor] = slurm_place.processes("--background")
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
