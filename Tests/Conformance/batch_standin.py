#!/usr/bin/env python3
"""A stand-in for batch schedulers that can't be had: runs the jobs of an array on this machine, at once.

Linked under the names of the commands of PBS, LSF and HTCondor; what they print is what those print. `STANDIN` names the
folder with what it knows about jobs. While there is a file `closed` in it, jobs wait; those whose processes have ended have
run out of time.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("STANDIN", "."))

#: What is said about the state of a job, by command, then about its reasons.
WAITING = {
    "qstat": "Job Id: {0}\n    job_state = Q\n    comment = Not Running: Queue is not star\n\tted.\n",
    "bjobs": "{0} me PEND normal here - x Nov 27\n",
    "condor_q": "1 undefined undefined\n",
}
REASONS = {
    "bjobs": "Job <{0}>, User <me>, Status <PEND>\n PENDING REASONS:\n The queue is inactivated by its ad\n"
    + " " * 21 + "ministrator;\n\n",
    "condor_q": "Reason for last match failure: no match found\n"
    "{0}.0:  Run analysis summary.  Of 2 machines,\n      2 are rejected by your job's requirements\n",
}
ENDS = {
    "qstat": "Job Id: {0}\n    job_state = F\n    comment = Job run and exceeded resource walltime\n    Exit_status = -29\n",
    "bjobs": "Job <{0}>, User <me>, Status <EXIT>\nFri Nov 27: Completed <exit>; TERM_RUNLIMIT: job killed after reaching "
    "LSF ru\n" + " " * 21 + "n time limit.\n",
    "condor_history": "3 undefined undefined undefined The job attribute PeriodicRemove expression evaluated to TRUE\n",
}


def submit(name, script, count, programs):
    number = 1 + len(list(FOLDER.glob("job-*")))
    closed = (FOLDER / "closed").exists()
    if closed:
        (FOLDER / f"waiting-{number}").touch()
    processes = [] if closed else [
        subprocess.Popen(
            command, env={**os.environ, **variables}, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid
        for command, variables in programs
    ]
    (FOLDER / f"job-{number}").write_text(json.dumps(processes))
    (FOLDER / f"script-{number}").write_text(script)
    print({"qsub": f"{number}[].standin", "bsub": f"Job <{number}> is submitted to queue <normal>."}.get(
        name, f"{count} job(s) submitted to cluster {number}."))


def running(number):
    alive = []
    for pid in json.loads((FOLDER / f"job-{number}").read_text()):
        try:
            alive += [pid] if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z" else []
        except OSError:
            pass
    return alive


def told(name, arguments, number):
    """What is known about a job."""
    if (FOLDER / f"waiting-{number}").exists():
        return (REASONS if {"-l", "-better-analyze"} & set(arguments) else WAITING)[name].format(number)
    alive = running(number)
    if not alive and (name == "condor_history" or {"-l", "-x"} & set(arguments)):
        return ENDS[name].format(number)
    if name == "qstat":
        if not alive:
            sys.exit(f"qstat: {number}[].standin Job has finished, use -x or -H to obtain historical job information")
        return f"Job Id: {number}[].standin\n    job_state = B\n"
    if name == "bjobs":
        return "".join(f"{number} me RUN normal here here x Nov 27\n" for _ in alive) or f"{number} me EXIT normal here here x\n"
    return "2 slot1@here undefined\n" * len(alive)


def main():
    name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    number = re.match(r"\d+", arguments[0 if "-af" in arguments else -1]) if arguments else None
    number = number and number[0]
    if name in ("qsub", "bsub"):
        script = sys.stdin.read() if name == "bsub" else Path(arguments[-1]).read_text()
        array = re.search(r"(?:#PBS -t 1-|#BSUB -J \w+\[1-)(\d+)", script)
        variable = "PBS_ARRAY_INDEX" if name == "qsub" else "LSB_JOBINDEX"
        count = int(array[1]) if array else 1
        variables = [{variable: str(i + 1)} for i in range(count)] if array else [{}]
        submit(name, script, count, [(["sh", "-c", script], some) for some in variables])
    elif name == "condor_submit":
        script = Path(arguments[-1]).read_text()
        fields = dict(re.findall(r"^(\w+) = (.*)$", script, re.M))
        count = int(re.search(r"^queue (\d+)", script, re.M)[1])
        command = [fields["executable"], *shlex.split(fields["arguments"][1:-1])]
        programs = []
        for index in range(count):
            variables = fields["environment"][1:-1].replace("$(Process)", str(index))
            programs.append((command, dict(word.split("=", 1) for word in shlex.split(variables))))
        submit(name, script, count, programs)
    elif name in ("qdel", "bkill", "condor_rm"):
        (FOLDER / f"waiting-{number}").unlink(missing_ok=True)
        for pid in running(number):
            os.killpg(pid, signal.SIGTERM)
    else:
        print(told(name, arguments, number), end="")


if __name__ == "__main__":
    main()
