"""`bind`, `remove` and `get`: the namespace that Swift and Python share."""

import numpy
from ipyparallel.serialize import deserialize_object


def test_bind_get_and_remove(engine):
    values = numpy.arange(5000.0)
    engine.bind(number=5, array=values, nested={"a": [1, None]})
    assert engine.call(lambda: (number, nested, array.flags.writeable)) == (5, {"a": [1, None]}, True)  # noqa: F821
    found, frames = engine.get("number", "nobody", "array", "nested")
    assert found == [{"frames": 1}, {"undefined": True}, {"frames": 2}, {"frames": 1}]
    five, frames = deserialize_object(frames)
    back, frames = deserialize_object(frames)
    assert five == 5 and numpy.array_equal(back, values)
    assert deserialize_object(frames) == ({"a": [1, None]}, [])
    engine.send({"type": "remove", "names": ["number", "was_never_there"]})
    assert engine.get("number")[0] == [{"undefined": True}]


def test_values_that_cannot_travel(engine):
    engine.run("import threading; lock = threading.Lock(); fine = 1")
    values, frames = engine.get("lock", "fine")
    assert values[0]["ename"] == "TypeError" and "lock" in values[0]["evalue"]
    assert values[1] == {"frames": 1} and len(frames) == 1


def test_values_that_cannot_be_rebuilt(engine):
    names = [{"name": "broken", "frames": 1}, {"name": "after", "frames": 1}]
    engine.send({"type": "bind", "names": names}, [b"cno_such_module\nthing\n.", b"\x80\x04K\x07."])
    engine.wait_for_text(b"broken can't be rebuilt", "stderr")
    assert engine.call(lambda: after) == 7  # noqa: F821
    assert engine.get("broken")[0] == [{"undefined": True}]


def test_nothing_at_all(engine):
    engine.send({"type": "bind", "names": []})
    assert engine.get() == ([], [])


def test_names_set_by_cells(engine):
    engine.run("set_here = [1, 2]")
    _, frames = engine.get("set_here")
    assert deserialize_object(frames)[0] == [1, 2]
