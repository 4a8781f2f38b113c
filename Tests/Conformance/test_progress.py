"""How far a Swift program has come, as those see it who have started it from a notebook or a script."""

import re
import subprocess

import nbformat
from harness import TIMEOUT, binary
from nbclient import NotebookClient
from place import clean

COUNT = 20
END = rf"100% \({COUNT}/{COUNT}\) [\d.]+/s \d:\d\d"


def command():
    return [binary("martlet-test-engine"), "--engines", "2", "progress", str(COUNT), "0.05"]


def test_a_notebook_has_a_bar_that_grows(place):
    """Its cells show what a pipe brings, where carriage returns work and escape codes don't."""
    cell = nbformat.v4.new_code_cell("%%bash\n" + " ".join(command()))
    client = NotebookClient(nbformat.v4.new_notebook(cells=[cell]), timeout=2 * TIMEOUT, coalesce_streams=True)
    client.execute(env=place.environment)
    assert [output.name for output in cell.outputs] == ["stderr"], cell.outputs
    # Jupyter's own code has put each line in the place of the one before it.
    assert re.fullmatch(rf"naps: █{{30}} {END} *\n", cell.outputs[0].text), cell.outputs
    assert clean(place)


def test_a_log_has_lines(place):
    environment = {name: value for name, value in place.environment.items() if name != "JPY_PARENT_PID"}
    done = subprocess.run(command(), env=environment, capture_output=True, text=True, timeout=2 * TIMEOUT)
    assert done.returncode == 0 and done.stdout == "", done
    lines = done.stderr.splitlines()
    assert all(line.startswith("naps: ") for line in lines) and "\r" not in done.stderr, lines
    assert re.fullmatch(f"naps: {END}", lines[-1]), lines
    assert clean(place)
