"""Swift and Python functions on one engine at a time: both see the same names, in whatever order they are called."""

import random
import sys

import ipyparallel as ipp
import pytest
from harness import TIMEOUT

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"

ASSIGN, READ, FORGET, ADD = map(ipp.Reference, ("assign", "read", "forget", "add"))
NAMES = ["a", "b", "c", "d"]


def assign(name, value):
    globals()[name] = value


def read(name):
    return globals().get(name)


def forget(name):
    globals().pop(name, None)


def extend(name, item):
    """Changes a value in place, behind the back of whoever has a copy."""
    if name in globals():
        globals()[name].append(item)


def play(view, seed, count):
    """Random calls, compared with a dictionary that sees the same changes."""
    choose = random.Random(seed)
    model = {}
    for number in range(count):
        name, value = choose.choice(NAMES), [float(number)] * choose.randrange(4)
        what = choose.randrange(10)
        if what == 0:
            view.apply_sync(ASSIGN, name, value)
        elif what == 1:
            view.apply_sync(assign, name, value)
        elif what == 2:
            view.push({name: value}, block=True)
        elif what == 3:
            view.execute(f"{name} = {value!r}", block=True)
        if what < 4:
            model[name] = value
        elif what == 4:
            view.apply_sync(choose.choice([FORGET, forget]), name)
            model.pop(name, None)
        elif what == 5:
            view.apply_sync(extend, name, float(number))
            if name in model:
                model[name] = model[name] + [float(number)]
        elif what == 6:
            assert view.apply_sync(READ, name) == model.get(name), (seed, number)
        elif what == 7:
            assert view.apply_sync(read, name) == model.get(name), (seed, number)
        elif what == 8 and name in model:
            assert view.pull(name, block=True) == model[name], (seed, number)
        else:
            assert view.apply_sync(ADD, number, 1) == number + 1
    for name in NAMES:
        assert view.apply_sync(READ, name) == view.apply_sync(read, name) == model.get(name), (seed, name)


@pytest.mark.parametrize("first", ["Swift", "Python"])
@pytest.mark.timeout(4 * TIMEOUT)
def test_a_thousand_calls(first, controller):
    controller.environment["MARTLET_PYTHON"] = sys.executable
    controller.start_swift_engines(1)
    view = controller.client(engines=1)[0]
    if first == "Python":
        assert view.apply_sync(lambda: 1) == 1
    play(view, seed=first, count=1_000)
