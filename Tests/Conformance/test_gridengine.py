"""Engines in jobs of a real Grid Engine."""

import os
import re
import sys

import pytest
from gridengine import GridEngine
from harness import TIMEOUT, binary, wait_until
from place import clean

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="Grid Engine's host needs namespaces of Linux, and root for them",
    ),
]


@pytest.fixture(scope="module")
def grid():
    grid = GridEngine()
    yield grid
    grid.close()


@pytest.fixture
def grid_place(place, grid):
    place.environment.update(grid.environment, MARTLET_PYTHON=sys.executable)
    place.prefix = grid.prefix
    yield place
    place.command("stop")
    wait_until(lambda: not grid.jobs(), "no job to be left")
    assert clean(place)


def start(place, *options):
    started = place.command("start", "--daemonize", "--ip", "127.0.0.1", *options)
    assert started.returncode == 0, started.stderr


def test_word_count_in_a_job(grid_place, grid, tmp_path):
    texts = []
    for index in range(6):
        texts.append(tmp_path / f"text{index}.txt")
        texts[-1].write_text("the quick brown fox " * (index + 1) + "over the lazy dog\n")
    start(grid_place, "--engines=sge:4", "--program", binary("MartletWordCount"))
    jobs = grid.jobs()
    assert len({job[0] for job in jobs}) == 1 and all(job[4] in ("r", "t") for job in jobs)
    counted = grid_place.command("--profile", "default", *texts, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 4 engines" in counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    assert grid_place.command("stop").returncode == 0
    assert not grid.jobs(), "stop returns when the job is gone"


def said(place, pattern):
    """What the process that holds the cluster has written about the end of a job. Its records are late, by 15 s."""
    log = place.directory / "profile_default/log"
    return wait_until(
        lambda: re.search(pattern, "".join(path.read_text() for path in log.glob("ipcluster*"))),
        "the end of the job in the log", 2 * TIMEOUT)


def test_a_job_that_is_deleted_takes_its_engines_along(grid_place, grid):
    start(grid_place, "--engines=sge:2", "--no-python")
    grid.ask("qdel", grid.jobs()[0][0])
    assert said(grid_place, r"its job \d+ of Grid Engine( on \S+)? is gone \(failed 100 : assumedly after job, exit_status 137\)")


def test_a_job_that_runs_out_of_time(grid_place, grid):
    # Engines that know their time leave before it is over.
    start(
        grid_place, "--engines=sge:1", "--no-python", "--set", "SGELauncher.timelimit=0:0:5", "--set",
        "EngineLauncher.engine_args=['--time-limit=0']")
    assert said(grid_place, r"its job \d+ of Grid Engine( on \S+)? is gone \(failed \d+ : .*h_rt.*, exit_status 137\)")


def test_a_program_that_fails(grid_place, grid, tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no space left on device >&2\nexit 3\n")
    program.chmod(0o755)
    failed = grid_place.command(
        "start", "--ip", "127.0.0.1", "--engines=sge:2", "--no-python", "--program", program)
    assert failed.returncode == 1
    assert re.search(r"its job \d+ of Grid Engine( on \S+)? ended with exit code 3: no space left on device", failed.stderr)


@pytest.mark.parametrize("options, words", [
    ("-h", r"hqw"), ("-wd /nowhere", r"Eqw \(can't chdir to /nowhere: No such file or directory\)")])
def test_waiting_jobs_are_told_in_its_words(grid_place, grid, options, words):
    waiting = grid_place.popen(
        "start", "--ip", "127.0.0.1", "--engines=sge:2", "--set", f"SGELauncher.options={options}")
    lines = iter(waiting.stderr.readline, "")
    assert any(re.search(rf"job \d+ of Grid Engine( on \S+)? waits: {words}", line) for line in lines)
    waiting.terminate()
    waiting.communicate()
    wait_until(lambda: not grid.jobs(), "no job to be left")


def test_jobs_that_find_no_place_are_told_in_its_words(grid_place, grid):
    grid.run("qmod", "-d", "main.q")
    try:
        waiting = grid_place.popen("start", "--ip", "127.0.0.1", "--engines=sge:2")
        lines = iter(waiting.stderr.readline, "")
        assert any(re.search(r'waits: qw \(queue instance "main.q@\S+" dropped because it is disabled', line) for line in lines)
        waiting.terminate()
        waiting.communicate()
    finally:
        grid.run("qmod", "-e", "main.q")


def test_refused_jobs_are_told_in_its_words(grid_place, grid):
    refused = grid_place.command(
        "start", "--ip", "127.0.0.1", "--engines=sge:2", "--set", "SGELauncher.queue=nowhere")
    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
