"""`apply_request`: functions, arguments and results of every kind."""

import functools
import importlib

import ipyparallel
import numpy
import pandas
import pytest
from fake_engine import at_home
from ipyparallel.serialize import Reference, canning


def test_lambdas_and_arguments(engine):
    assert engine.call(lambda a, b=2, *, c: (a, b, c), 1, c=3) == (1, 2, 3)


def test_an_ok_reply_is_short(engine):
    reply = engine.apply(lambda: None)
    assert reply.head == {"type": "reply", "status": "ok", "dependencies_met": True}
    assert reply.content == {"status": "ok"}
    assert reply.events == []


def test_closures(engine):
    factor = 6

    def times(number):
        return factor * number

    assert engine.call(times, 7) == 42
    assert engine.call(functools.partial(at_home(times), 2)) == 12


def test_functions_use_the_namespace(engine):
    engine.run("number = 4")

    @ipyparallel.interactive
    def change():
        global number
        number += 1
        return number

    assert engine.call(change) == 5
    assert engine.call(lambda: number) == 5  # noqa: F821
    assert engine.call(abs, Reference("number")) == 5
    assert engine.call(lambda a: a, [Reference("number * 2")]) == [10]


def test_references_are_functions_too(engine):
    engine.run("def square(x): return x * x")
    assert engine.call(Reference("square"), 9) == 81


def test_results_that_are_functions_and_classes(engine):
    assert engine.call(lambda: lambda x: x + 1)(2) == 3

    def define():
        class Point:
            x = 1

        Point.__module__ = "__main__"
        return Point

    assert engine.call(define).x == 1


def test_temporary_names_are_not_left(engine):
    before = engine.call(lambda: sorted(globals()))
    engine.apply(lambda: 1)
    engine.apply(lambda: 1 / 0)
    assert engine.call(lambda: sorted(globals())) == before


def test_main_is_the_namespace(engine):
    engine.run("here = 1")

    def main_module():
        import sys

        return sys.modules["__main__"].here, get_ipython().user_ns["here"]  # noqa: F821

    assert engine.call(main_module) == (1, 1)


def test_classes_of_main_can_be_pickled(engine):
    engine.run("class Pair:\n  def __init__(self): self.a = 1\npair = Pair()")
    assert engine.call(lambda: __import__("pickle").loads(__import__("pickle").dumps(pair)).a) == 1  # noqa: F821


def test_large_arrays_are_not_copied(engine):
    array = numpy.arange(10_000_000 // 8, dtype=float)

    def check(array):
        buffer = array
        while getattr(buffer, "base", None) is not None:
            buffer = buffer.base
        buffer = buffer.obj if isinstance(buffer, memoryview) else buffer
        array[0] = 42  # what arrives belongs to the task
        return type(buffer).__name__, array.flags.writeable, float(array.sum())

    kind, writeable, total = engine.call(check, array)
    assert (kind, writeable, total) == ("bytearray", True, float(array.sum()) + 42)
    reply = engine.apply(lambda a: a * 2, array)
    assert [len(buffer) for buffer in reply.buffers][1:] == [array.nbytes]
    assert numpy.array_equal(reply.value, array * 2)


def test_many_buffers(engine):
    arrays = [numpy.full(2000, index, dtype=numpy.uint8) for index in range(60)]
    back = engine.call(lambda arrays: arrays[::-1], arrays)
    assert all(numpy.array_equal(a, b) for a, b in zip(back, arrays[::-1]))
    # More buffers than one system call takes.
    assert engine.call(lambda *arrays: len(arrays), *(arrays * 40)) == 2400


def test_arrays_without_items_and_with_objects(engine):
    for array in (
        numpy.zeros((0, 3)),
        numpy.array([{"a": 1}, None], dtype=object),
        numpy.array("x"),
        numpy.arange(6)[::2],
    ):
        assert numpy.array_equal(engine.call(lambda a: a, array), array)


def test_frames_of_pandas(engine):
    frame = pandas.DataFrame({"a": range(1000), "b": list("xy") * 500})
    counts = engine.call(lambda frame: frame.groupby("b").sum(), frame)
    assert counts.equals(frame.groupby("b").sum())


def test_large_and_small_bytes(engine):
    for size in (0, 10, 1024, 1025, 65_537, 5_000_000):
        data = bytes(range(256)) * (size // 256) + b"z" * (size % 256)
        assert engine.call(lambda data: data, data) == data
    assert engine.call(lambda view: view.nbytes, memoryview(bytes(5000))) == 5000


@pytest.mark.parametrize("library", ["cloudpickle", "dill"])
def test_other_picklers(start, library):
    pickler = importlib.import_module(library)
    engine = start()
    if library == "dill":
        # Otherwise it takes along all names of this module.
        pickler.settings["recurse"] = True
    use = getattr(canning, f"use_{library}")
    engine.call(use)
    use()
    try:
        made = engine.call(lambda: lambda x: x + 1)
        assert made(1) == 2
        base = 10
        assert engine.call(lambda x: x + base, 5) == 15
    finally:
        canning.use_pickle()
    engine.call(canning.use_pickle)
    assert engine.call(lambda: 3) == 3


def test_push_and_pull_of_ipyparallel(engine):
    from ipyparallel import util

    engine.call(util._push, pushed=5, other=[1])
    assert engine.call(util._pull, ("pushed", "other")) == [5, [1]]
    assert engine.call(util._pull, "pushed + 1") == 6


def test_the_package_itself(start):
    engine = start()

    def uses():
        import ipyparallel
        from ipyparallel import Client, error

        return Client.__name__, ipyparallel.__version__, error.UnmetDependency.__name__

    assert engine.call(uses) == ("Client", ipyparallel.__version__, "UnmetDependency")


def test_dependencies(engine):
    @ipyparallel.require("json")
    @ipyparallel.interactive
    def dumped(value):
        return json.dumps(value)  # noqa: F821

    assert engine.call(dumped, [1]) == "[1]"

    @ipyparallel.require("no_such_module_anywhere")
    @ipyparallel.interactive
    def never():
        pass

    reply = engine.apply(never)
    assert reply.head == {"type": "reply", "status": "error", "dependencies_met": False}
    assert reply.content["ename"] == "UnmetDependency"

    @ipyparallel.depend(at_home(lambda: False))
    @ipyparallel.interactive
    def never_either():
        pass

    assert engine.apply(never_either).head["dependencies_met"] is False


def test_data_is_published_from_a_running_task(engine):
    def publish():
        from ipyparallel.datapub import publish_data

        publish_data({"step": 1, "array": bytes(3000)})
        return "done"

    reply = engine.apply(publish)
    assert reply.value == "done"
    ((_, content, head, buffers),) = [event for event in reply.events if event[0] == "data_message"]
    assert content == {"keys": ["step", "array"]}
    assert head["topic"] == "datapub"
    from ipyparallel.serialize import deserialize_object

    assert deserialize_object(buffers)[0] == {"step": 1, "array": bytes(3000)}


def test_calls_can_display(engine):
    def show():
        from IPython.display import display

        print("before")
        display({"a": 1})

    reply = engine.apply(show)
    assert reply.text() == "before\n"
    assert reply.published("display_data")[0]["data"]["text/plain"] == "{'a': 1}"


def test_the_parent_message_can_be_read(engine):
    def parent():
        shell = get_ipython()  # noqa: F821
        return shell.kernel.get_parent()["header"]["msg_id"], shell.parent_header["msg_type"]

    assert engine.call(parent) == ("id-1", "apply_request")
