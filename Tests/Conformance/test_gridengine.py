"""Engines in jobs of a real Grid Engine."""

import os
import re
import sys

import pytest
from gridengine import GridEngine
from harness import binary, wait_until
from place import clean

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="Grid Engine's host needs namespaces of Linux, and root for them")


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
    start(grid_place, "--engines=sge:4", "--program", binary("WordCount"))
    jobs = grid.jobs()
    assert len({job[0] for job in jobs}) == 1 and all(job[4] in ("r", "t") for job in jobs)
    counted = grid_place.command("--profile", "default", *texts, program="WordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 4 engines" in counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    assert grid_place.command("stop").returncode == 0
    assert not grid.jobs(), "stop returns when the job is gone"


def test_a_job_that_is_deleted_takes_its_engines_along(grid_place, grid):
    start(grid_place, "--engines=sge:2", "--no-python")
    log = grid_place.directory / "profile_default/log"
    grid.ask("qdel", grid.jobs()[0][0])
    said = wait_until(
        lambda: re.search(
            r"its job \d+ of Grid Engine( on \S+)? is gone \(it is not in the queue any more\)",
            "".join(path.read_text() for path in log.glob("ipcluster*"))),
        "the end of the job in the log")
    assert said


def test_refused_and_waiting_jobs_are_told_in_its_words(grid_place, grid):
    refused = grid_place.command(
        "start", "--ip", "127.0.0.1", "--engines=sge:2", "--set", "SGELauncher.queue=nowhere")
    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
    waiting = grid_place.popen(
        "start", "--ip", "127.0.0.1", "--engines=sge:2", "--set", "SGELauncher.options=-h")
    lines = iter(waiting.stderr.readline, "")
    assert any(re.search(r"job \d+ of Grid Engine waits: hqw", line) for line in lines)
    waiting.terminate()
    waiting.communicate()
    wait_until(lambda: not grid.jobs(), "no job to be left")
