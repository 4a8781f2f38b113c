"""A first session with ipyparallel, cell by cell, on a cluster that ``ipp.Cluster`` starts with our controller."""

import asyncio
from collections import Counter

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, controller_command
from ipyparallel import interactive


@pytest.fixture(scope="module")
def rc(tmp_path_factory):
    """A client of a cluster of three engines. Only the controller's command differs from ipyparallel's own."""
    directory = tmp_path_factory.mktemp("p")
    patch = pytest.MonkeyPatch()
    patch.setenv("IPYTHONDIR", str(directory))
    cluster = ipp.Cluster(
        n=3,
        profile_dir=str(directory / "profile_tutorial"),
        cluster_id="tutorial",
        controller_args=["--ip=127.0.0.1", "--HeartMonitor.period=250"],
        controller=launcher(),
        engine_timeout=60,
    )
    cluster.start_cluster_sync()
    try:
        client = cluster.connect_client_sync()
        client.wait_for_engines(3, timeout=60)
        yield client
        client.close()
    finally:
        cluster.stop_cluster_sync()
        patch.undo()


def launcher():
    """A class with our ``c.LocalControllerLauncher.controller_cmd``: the plain local launcher with our command."""
    from ipyparallel.cluster.launcher import LocalControllerLauncher

    class MartletControllerLauncher(LocalControllerLauncher):
        controller_cmd = controller_command()

    return MartletControllerLauncher


def test_ids(rc):
    assert rc.ids == [0, 1, 2]
    assert len(rc[:]) == 3


def test_hello(rc):
    assert rc[:].apply_sync(interactive(lambda: "hi~")) == ["hi~"] * 3


def test_process_ids(rc):
    import os

    found = rc[:].apply_async(os.getpid).get_dict(timeout=TIMEOUT)
    assert sorted(found) == [0, 1, 2]
    assert len(set(found.values())) == 3 and os.getpid() not in found.values()


def test_push_and_pull(rc):
    rc[:].push({"a": 10, "b": "zehn"}, block=True)
    assert rc[:].pull(("a", "b"), block=True) == [[10, "zehn"]] * 3
    rc[:]["a"] = 11
    assert rc[:]["a"] == [11] * 3
    assert rc[:].apply_sync(interactive(lambda x: a + x), 1) == [12] * 3  # noqa: F821 (pushed)


@interactive
def halves(n):
    return str(fractions.Fraction(n, 2))  # noqa: F821 (imported on the engines)


def test_sync_imports(rc):
    with rc[:].sync_imports(quiet=True):
        import fractions  # noqa: F401 (on the engines)

    assert rc[:].apply_sync(halves, 3) == ["3/2"] * 3


def test_require(rc):
    @ipp.require("statistics")
    @interactive
    def middle(values):
        return statistics.median(values)  # noqa: F821

    assert rc[:].apply_sync(middle, [3, 1, 2]) == [2] * 3


def test_map(rc):
    cube = interactive(lambda x: x**3)
    expected = [x**3 for x in range(40)]
    assert rc[:].map_sync(cube, range(40)) == expected
    view = rc.load_balanced_view()
    assert view.map_sync(cube, range(40)) == expected
    assert list(view.map_async(cube, range(40), chunksize=7)) == expected
    assert list(view.imap(cube, range(40), max_outstanding=5)) == expected
    assert sorted(view.map_async(cube, range(40), ordered=False)) == expected


def test_decorators(rc):
    @rc[:].parallel(block=True)
    @interactive
    def plus_one(values):
        return [value + 1 for value in values]

    @rc[:].remote(block=True)
    @interactive
    def answer():
        return 42

    assert plus_one(list(range(9))) == list(range(1, 10))
    assert answer() == [42] * 3


def test_scatter_compute_gather(rc):
    view = rc[:]
    view.scatter("part", list(range(30)), block=True)
    view.execute("part = [x * x for x in part]").get(timeout=TIMEOUT)
    assert view.gather("part", block=True) == [x * x for x in range(30)]


def test_async_results(rc):
    result = rc.load_balanced_view().map_async(interactive(lambda x: x), range(6))
    result.wait_interactive(timeout=TIMEOUT, interval=0.1)
    assert result.ready() and result.successful() and result.progress == 6
    assert result.elapsed >= 0 and result.serial_time >= 0
    assert len(result.engine_id) == 6 and all(stamp is not None for stamp in result.completed)


def test_as_an_executor(rc):
    executor = rc.load_balanced_view().executor
    assert executor.submit(interactive(lambda a, b: a * b), 6, 7).result(timeout=TIMEOUT) == 42
    assert list(executor.map(interactive(lambda x: -x), range(5))) == [0, -1, -2, -3, -4]


async def test_awaiting(rc):
    result = rc[:].apply_async(interactive(lambda: 1))
    assert await asyncio.wait_for(asyncio.wrap_future(result), TIMEOUT) == [1, 1, 1]


def test_errors(rc):
    with pytest.raises(ipp.CompositeError) as caught:
        rc[:].execute("1/0", block=True)
    assert len(caught.value.elist) == 3
    with pytest.raises(ipp.RemoteError, match="ZeroDivisionError"):
        caught.value.raise_exception(1)


def test_dependencies(rc):
    view = rc.load_balanced_view()
    name = interactive(lambda: __import__("os").getpid())
    first = view.apply_async(name)
    with view.temp_flags(follow=first):
        second = view.apply_async(name)
    assert second.get(timeout=TIMEOUT) == first.get(timeout=TIMEOUT)


WORDS = """a rose is a rose is a rose
the rose and the thorn
is it a thorn or is it a rose""".splitlines()


def test_word_count(rc, tmp_path):
    for number, line in enumerate(WORDS):
        (tmp_path / f"{number}.txt").write_text(line)

    def count(path):
        from collections import Counter
        from pathlib import Path

        return Counter(Path(path).read_text().split())

    paths = sorted(map(str, tmp_path.glob("*.txt")))
    expected = Counter(" ".join(WORDS).split())
    for view in (rc[:], rc.load_balanced_view()):
        assert sum(view.map_sync(interactive(count), paths), Counter()) == expected


def test_magics(rc):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        rc.activate(targets="all")
        shell.run_line_magic("px", "y = 5")
        assert rc[:]["y"] == [5] * 3
    finally:
        InteractiveShell.clear_instance()


def test_the_controller_is_ours(rc):
    import psutil

    commands = [process.cmdline() for process in psutil.Process().children(recursive=True)]
    wanted = controller_command()
    assert any(command[: len(wanted)] == wanted for command in commands), commands
