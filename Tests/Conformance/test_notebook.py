"""The tutorial as a notebook, executed cell by cell on a cluster that is Martlet from end to end."""

import subprocess
import sys

import nbformat
import pytest
from harness import TIMEOUT, binary
from nbclient import NotebookClient
from place import clean

CELLS = [
    "import ipyparallel as ipp\nrc = ipp.Client(profile='lesson')\nrc.wait_for_engines(4, timeout=30)\nrc.ids",
    "dview = rc[:]\ndview.apply_sync(lambda: 'hi~')",
    "dview.push({'a': 10})\ndview.pull('a', block=True)",
    "with dview.sync_imports():\n    import os",
    "dview.apply_sync(lambda: os.getpid()) == dview.apply_sync(os.getpid)",
    "dview.map_sync(lambda x: x ** 2, range(32)) == [x ** 2 for x in range(32)]",
    "lview = rc.load_balanced_view()\nlview.map_sync(lambda x: x ** 2, range(32)) == [x ** 2 for x in range(32)]",
    "%px b = a + 1\ndview['b']",
    "%%px --targets 0\nprint('on engine', a)\n%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "def count_words(path):\n"
    "    from collections import Counter\n"
    "    with open(path) as file:\n"
    "        return Counter(file.read().split())\n"
    "total = sum(lview.map(count_words, paths), start=__import__('collections').Counter())\n"
    "sorted(total.items())",
    "%px 1 / 0",
]


def run(directory, environment, cells):
    """The outputs of the cells, in a notebook whose kernel runs in ``directory``. The last cell may fail."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells[-1].metadata["tags"] = ["raises-exception"]
    NotebookClient(notebook, timeout=TIMEOUT, resources={"metadata": {"path": str(directory)}}).execute(env=environment)
    return [cell.outputs for cell in notebook.cells]


def value(outputs):
    """What a cell's last expression shows."""
    return next(output.data["text/plain"] for output in outputs if output.output_type == "execute_result")


@pytest.mark.parametrize("names", ["martlet", "ipyparallel"])
def test_tutorial(names, place, tmp_path, monkeypatch):
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("ipcluster", "ipcontroller", "ipengine"):
        (commands / name).symlink_to(binary("martlet"))
    environment = dict(place.environment, MARTLET_PYTHON=sys.executable)
    program = binary("martlet") if names == "martlet" else str(commands / "ipcluster")
    cluster = [program, "{}", "--profile=lesson"]

    def command(verb, *arguments):
        done = subprocess.run(
            [part.format(verb) for part in cluster] + list(arguments),
            env=environment, capture_output=True, text=True, timeout=2 * TIMEOUT,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    texts = tmp_path / "texts"
    texts.mkdir()
    for number in range(10):
        (texts / f"{number}.txt").write_text(f"word word{number % 2}\n" * 5)
    paths = sorted(map(str, texts.iterdir()))
    command("start", "-n", "4", "--daemonize")
    try:
        cells = [CELLS[0] + f"\npaths = {paths!r}\nrc.ids", *CELLS[1:]]
        (ids, hello, pulled, _, same, squares, balanced, pushed, figure, words, error) = run(
            tmp_path, environment, cells
        )
    finally:
        command("stop")
    assert value(ids) == "[0, 1, 2, 3]"
    assert value(hello) == "['hi~', 'hi~', 'hi~', 'hi~']"
    assert value(pulled) == "[10, 10, 10, 10]"
    assert [value(outputs) for outputs in (same, squares, balanced)] == ["True"] * 3
    assert value(pushed) == "[11, 11, 11, 11]"
    assert "on engine 10" in str(figure), figure
    assert any("image/png" in output.get("data", {}) for output in figure), figure
    assert value(words) == "[('word', 50), ('word0', 25), ('word1', 25)]"
    assert error[-1].output_type == "error" and "ZeroDivisionError" in str(error)
    assert clean(place)
