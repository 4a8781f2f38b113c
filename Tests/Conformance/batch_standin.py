#!/usr/bin/env python3
"""A stand-in for batch schedulers that can't be had: runs the jobs of an array on this machine, at once.

Linked under the names of the commands of PBS, LSF and HTCondor; what they print is what those print. `STANDIN` names the
folder with what it knows about jobs.
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


def submit(name, script, count, programs):
    number = 1 + len(list(FOLDER.glob("job-*")))
    processes = [
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
        for pid in running(number):
            os.killpg(pid, signal.SIGTERM)
    elif not running(number):
        if name != "condor_q":
            sys.exit(f"qstat: Unknown Job Id {number}" if name == "qstat" else f"Job <{number}> is not found")
    elif name == "qstat":
        print(f"Job Id: {number}[].standin\n    job_state = B")
    else:
        for pid in running(number):
            print(f"{number} me RUN normal here here x Nov 27" if name == "bjobs" else "2 slot1@here undefined")


if __name__ == "__main__":
    main()
