"""Batch schedulers of which there is none to be had: scripts beside ipyparallel's own, and jobs with a stand-in's commands."""

import os
import re
import sys
from pathlib import Path

import pytest
from harness import TIMEOUT, binary, wait_until
from ipyparallel.cluster import launcher
from place import clean

COMMANDS = {
    "pbs": ("qsub", "qdel", "qstat"),
    "lsf": ("bsub", "bkill", "bjobs"),
    "htcondor": ("condor_submit", "condor_rm", "condor_q", "condor_history"),
}
#: What the stand-in says of a job that waits, and of one that has ended.
REASONS = {
    "pbs": r"Q \(Not Running: Queue is not started\.\)",
    "lsf": r"PEND \(The queue is inactivated by its administrator\)",
    "htcondor": r"idle \(no match found; of 2 machines, 2 are rejected by your job's requirements\)",
}
ENDS = {
    "pbs": r"F \(Job run and exceeded resource walltime; Exit_status = -29\)",
    "lsf": r"EXIT \(TERM_RUNLIMIT: job killed after reaching LSF run time limit\)",
    "htcondor": r"removed \(The job attribute PeriodicRemove expression evaluated to TRUE\)",
}


@pytest.fixture
def standin(place, tmp_path, request):
    folder = tmp_path / "standin"
    folder.mkdir()
    for name in COMMANDS[request.param]:
        (folder / name).symlink_to(Path(__file__).with_name("batch_standin.py"))
    path = [str(folder), str(Path(sys.executable).parent), os.environ["PATH"]]
    place.environment.update(STANDIN=str(folder), PATH=":".join(path), MARTLET_PYTHON=sys.executable)
    return request.param


@pytest.mark.parametrize("where", ["here", "in a job, too"])
@pytest.mark.parametrize("standin", COMMANDS, indirect=True)
def test_word_count_in_a_job(place, standin, where, tmp_path):
    texts = []
    for index in range(6):
        texts.append(tmp_path / f"text{index}.txt")
        texts[-1].write_text("the quick brown fox " * (index + 1) + "over the lazy dog\n")
    started = place.command(
        "start", "--daemonize", "--ip", "127.0.0.1", f"--engines={standin}:3", "--program", binary("MartletWordCount"),
        f"--controller={'local' if where == 'here' else standin}")
    assert started.returncode == 0, started.stderr
    assert ("Controller: job 1" in place.command("status", "--interval=0").stdout) == (where != "here")
    counted = place.command("--profile", "default", *texts, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 3 engines" in counted.stdout
    assert "Both counts agree: 108 words, 7 different ones." in counted.stdout
    assert place.command("stop").returncode == 0
    assert clean(place)


@pytest.mark.parametrize("standin", COMMANDS, indirect=True)
def test_a_job_that_ends_takes_its_engines_along(place, standin):
    started = place.command("start", "--daemonize", "--ip", "127.0.0.1", f"--engines={standin}:2", "--no-python")
    assert started.returncode == 0, started.stderr
    for engine in place.processes("engine"):
        engine.kill()
    logs = place.directory / "profile_default/log"
    gone = re.compile(rf"its job 1\S* of \w+( on here)? is gone \({ENDS[standin]}\)")
    wait_until(
        lambda: any(gone.search(path.read_text()) for path in logs.glob("ipcluster*")), "the end of the job in the log")
    place.command("stop")
    assert clean(place)


@pytest.mark.parametrize("standin", COMMANDS, indirect=True)
def test_a_controllers_job_that_ends_is_submitted_again(place, standin):
    started = place.command(
        "start", "--daemonize", "--ip", "127.0.0.1", f"--engines={standin}:2", f"--controller={standin}", "--no-python")
    assert started.returncode == 0, started.stderr
    controller = place.process("controller")
    controller.kill()
    wait_until(lambda: "Controller: job 3" in place.command("status", "--interval=0").stdout, "another job", 2 * TIMEOUT)
    wait_until(lambda: "2 engines" in place.command("status", "--interval=0").stdout, "the engines to join it")
    logs = "".join(path.read_text() for path in (place.directory / "profile_default/log").glob("ipcluster*"))
    assert re.search(rf"the controller's job 1\S* of \w+( on here)? ended with {ENDS[standin]}; it is started again in", logs)
    assert place.command("stop").returncode == 0
    assert clean(place)


@pytest.mark.parametrize("standin", COMMANDS, indirect=True)
def test_a_job_that_waits_is_told_in_the_schedulers_words(place, standin):
    (Path(place.environment["STANDIN"]) / "closed").touch()
    waiting = place.popen("start", "--ip", "127.0.0.1", f"--engines={standin}:2", "--no-python")
    lines = iter(waiting.stderr.readline, "")
    assert any(re.search(rf"job 1\S* of \w+ waits: {REASONS[standin]}", line) for line in lines)
    waiting.terminate()
    waiting.communicate(timeout=TIMEOUT)
    assert clean(place)


@pytest.mark.parametrize("role", ["engine", "controller"])
@pytest.mark.parametrize("system", ["Slurm", "PBS", "SGE", "LSF", "HTCondor"])
def test_scripts_have_what_those_of_ipyparallel_have(place, system, role, tmp_path):
    theirs = getattr(launcher, f"{system}{'EngineSet' if role == 'engine' else 'Controller'}Launcher")(
        work_dir=str(tmp_path), profile_dir=str(place.directory / "profile_default"), cluster_id="",
        queue="" if system == "HTCondor" else "short", output_file="OUT", **{f"{role}_cmd": ["martlet", role]})
    theirs.write_batch_script(4 if role == "engine" else 1)
    expected = Path(theirs.batch_file).read_text()
    options = [] if system == "HTCondor" else ["--set", f"{system}Launcher.queue=short"]
    launchers = [f"--engines={system}"] if role == "engine" else [f"--controller={system}", "--engines=local"]
    ours = place.command("start", *launchers, "-n", 4, "--dry-run", *options)
    assert ours.returncode == 0, ours.stderr
    text = re.sub(r"/[^\s=]*/log/ip(engine|controller)\S*\.log", "OUT", ours.stdout)
    mark = {"Slurm": "#SBATCH", "PBS": "#PBS", "SGE": "#$", "LSF": "#BSUB", "HTCondor": ("universe", "queue", "transfer")}
    wanted = [line for line in expected.splitlines() if line.startswith(mark[system])]
    assert wanted
    if role == "controller":
        # They make an array of one job of it, which PBS Pro refuses.
        wanted = [line for line in wanted if not line.endswith((" -t 1-1", "[1-1]"))]
    written = {" ".join(line.split()) for line in text.splitlines()}
    assert {" ".join(line.split()) for line in wanted} <= written
    submit = theirs.submit_command[0]
    assert re.search(rf"^(env .*)?{submit}\b|\b{submit}$", ours.stdout, re.M), ours.stdout
