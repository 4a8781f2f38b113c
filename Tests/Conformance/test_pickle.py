"""Compares the pickle codec with Python's own, through `pickle-probe`."""

import array
import collections
import datetime
import decimal
import math
import os
import pickle
import struct
import subprocess
from functools import partial

import ipyparallel as ipp
import numpy as np
import pytest
from harness import binary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ipyparallel.serialize import (
    PrePickled,
    Reference,
    deserialize_object,
    pack_apply_message,
    serialize_object,
    unpack_apply_message,
)


class Probe:
    def __init__(self):
        self.process = subprocess.Popen(
            [binary("pickle-probe")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode().rstrip("\n")
        assert answer, "the probe died"
        return answer

    def frames(self, command, frames):
        answer = self.ask(f"{command} {','.join(bytes(f).hex() for f in frames)}")
        assert not answer.startswith("error"), answer
        return [bytes.fromhex(f) for f in answer.split(",")]

    def roundtrip(self, value, read, write):
        answer = self.ask(f"roundtrip {write} {pickle.dumps(value, read).hex()}")
        assert not answer.startswith("error"), answer
        return pickle.loads(bytes.fromhex(answer))


@pytest.fixture(scope="module")
def probe():
    probe = Probe()
    yield probe
    probe.process.stdin.close()
    probe.process.wait(10)


def same(left, right):
    """Equality that distinguishes types, NaN, signed zeros, dtypes and dict order."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right) or (
            math.isnan(left) and math.isnan(right)
        )
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items()))
    if isinstance(left, np.ndarray):
        return (
            left.dtype == right.dtype
            and left.shape == right.shape
            and (
                left.tobytes() == right.tobytes()
                if left.dtype != object
                else same(left.tolist(), right.tolist())
            )
        )
    return left == right


text = st.text(st.characters(exclude_categories=["Cs"]))
hashable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**2000), 2**2000)
    | st.floats(allow_nan=False)
    | text
    | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4),
    max_leaves=5,
)
values = st.recursive(
    hashable
    | st.floats()
    | st.complex_numbers(allow_nan=False)
    | st.binary(max_size=2000)
    | st.builds(bytearray, st.binary()),
    lambda inner: st.lists(inner)
    | st.lists(inner).map(tuple)
    | st.dictionaries(hashable, inner)
    | st.sets(hashable),
    max_leaves=30,
)
dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="?")
    | hnp.unsigned_integer_dtypes(endianness="?")
    | hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64))
    | hnp.complex_number_dtypes(endianness="?", sizes=(64, 128))
    | hnp.datetime64_dtypes(endianness="?")
    | hnp.timedelta64_dtypes(endianness="?")
    | hnp.byte_string_dtypes(endianness="?", min_len=1)
    | hnp.unicode_string_dtypes(endianness="?", min_len=1)
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0))
structured = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "<i4"), ("b", ">f8")])
quick = settings(
    max_examples=int(os.environ.get("PICKLE_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
protocols = st.integers(0, 5)
written = st.sampled_from([4, 5])


@quick
@given(value=values, read=protocols, write=written)
def test_data(probe, value, read, write):
    assert same(probe.roundtrip(value, read, write), value)


@quick
@given(array=arrays, read=st.integers(2, 5), write=written, fortran=st.booleans())
def test_arrays(probe, array, read, write, fortran):
    if fortran:
        array = np.asfortranarray(array)
    # Python's own round trip: numpy makes big-endian elements native when it reads them.
    expected = pickle.loads(pickle.dumps([array, array.copy()], 4))
    assert same(probe.roundtrip([array, array], read, write), expected)


@quick
@given(array=arrays, read=st.integers(2, 5))
def test_scalars(probe, array, read):
    if array.size == 0:
        return
    scalar = array.flat[0]
    back = probe.roundtrip(scalar, read, 4)
    if array.dtype.kind in "Mm":
        assert same(np.array(back), np.array(scalar))
    elif array.dtype.kind in "fc":
        assert same(np.array(back, array.dtype), np.array(scalar, array.dtype))
    else:
        assert back == scalar.item() and type(back) is type(scalar.item())


class Custom:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return type(other) is Custom and other.x == self.x


class CustomList(list):
    pass


class CustomDict(dict):
    pass


class Slots:
    __slots__ = ("a", "b")

    def __eq__(self, other):
        return type(other) is Slots and other.a == self.a


class Keywords(str):
    def __new__(cls, text, *, end):
        return super().__new__(cls, text + end)

    def __getnewargs_ex__(self):
        return (str(self)[:-1],), {"end": str(self)[-1:]}


def slots():
    made = Slots()
    made.a = [1]
    return made


@pytest.mark.parametrize("read", range(6))
@pytest.mark.parametrize("write", [4, 5])
@pytest.mark.parametrize(
    "value",
    [
        Custom([1, {"a": Custom(2)}]),
        CustomList([1, 2]),
        CustomDict(a=1),
        slots(),
        Keywords("ab", end="!"),
        collections.defaultdict(int, a=1),
        collections.Counter("abca"),
        collections.deque([1, 2]),
        decimal.Decimal("1.50"),
        datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
        datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc),
        datetime.timedelta(1, 2, 3),
        datetime.date(2020, 1, 1),
        range(3),
        slice(1, None),
        len,
        dict,
        ValueError("a", 1),
        np.dtype("<f4"),
        structured,
        np.array([1, "a", None], dtype=object),
        np.matrix([[1, 2]]),
        np.longdouble(1.5),
        [{"key": i, "other": str(i)} for i in range(400)],
        list(range(3000)),
        {i: str(i) for i in range(3000)},
        set(range(3000)),
        "x" * 70000,
        b"x" * 70000,
        2**100000,
        -(2**63),
        2**63,
        [[1, 2]] * 3,
    ],
    ids=lambda v: type(v).__name__,
)
def test_objects(probe, value, read, write):
    if isinstance(value, Slots) and read < 2 or isinstance(value, Keywords) and read < 4:
        pytest.skip("not before protocol 2; keywords not before 4, where Python calls a partial object")
    if type(value) is int and value == 2**100000 and read < 2:
        pytest.skip("Python does not write decimals of this length")
    back = probe.roundtrip(value, read, write)
    if isinstance(value, ValueError):
        assert back.args == value.args
    elif isinstance(value, np.ndarray):
        assert same(back, value)
    else:
        assert back == value and type(back) is type(value)


def test_ordered_dict_becomes_a_dict(probe):
    for read in range(2, 6):
        value = collections.OrderedDict([("b", 1), ("a", [2])])
        assert same(probe.roundtrip(value, read, 4), {"b": 1, "a": [2]})


def test_reference(probe):
    for read in range(6):
        for write in (4, 5):
            back = probe.roundtrip([Reference("é" * 9), Reference("x" * 300)], read, write)
            assert [type(r) for r in back] == [Reference, Reference]
            assert [r.__dict__ for r in back] == [
                {"name": "é" * 9, "buffers": []},
                {"name": "x" * 300, "buffers": []},
            ]
    assert probe.ask("decode " + pickle.dumps(Reference("a")).hex()) == '{"reference":"a"}'


def test_cycles_and_persistent_ids_are_errors(probe):
    loop = []
    loop.append(loop)
    assert probe.ask("decode " + pickle.dumps(loop).hex()).startswith("error unsupported")
    loop = ([],)
    loop[0].append(loop)
    assert probe.ask("decode " + pickle.dumps(loop).hex()).startswith("error unsupported")
    assert probe.ask("decode " + b"\x80\x04K\x01Q.".hex()).startswith("error unsupported")


canned = (
    values
    | arrays
    | st.binary(min_size=1000, max_size=1100)
    | st.builds(Reference, text)
    | st.lists(arrays | st.binary(min_size=1020, max_size=1030), max_size=70)
    | st.dictionaries(text, arrays | st.binary(min_size=1020, max_size=1030) | values)
)


def equal(left, right):
    if isinstance(right, Reference):
        return type(left) is Reference and left.__dict__ == right.__dict__
    return same(left, right)


def can(value):
    """The value after ipyparallel's own round trip, or None if ipyparallel cannot send it."""
    try:
        frames = serialize_object(value)
    except (TypeError, ValueError):  # dict keys that can't be sorted, dates without a buffer
        return None, None
    try:
        # a Reference is evaluated on uncanning
        return frames, deserialize_object(frames, {value.name: value} if isinstance(value, Reference) else None)[0]
    except (ValueError, SyntaxError, NameError, AttributeError, TypeError):
        return None, None


@quick
@given(value=canned)
def test_results(probe, value):
    frames, expected = can(value)
    if frames is None:
        return
    back = probe.frames("result", frames)
    assert len(back) == len(frames)
    assert equal(deserialize_object(back, {getattr(value, "name", ""): value})[0], expected)


@quick
@given(args=st.lists(canned, max_size=4), kwargs=st.dictionaries(text, canned, max_size=4))
def test_apply(probe, args, kwargs):
    if any(isinstance(v, Reference) or can(v)[0] is None for v in [*args, *kwargs.values()]):
        return
    frames = pack_apply_message(Reference("f"), args, kwargs)
    back = probe.frames("apply", frames)
    assert len(back) == len(frames)
    expected = unpack_apply_message(frames, {"f": test_apply})
    function, args, kwargs = unpack_apply_message(back, {"f": test_apply})
    assert function is test_apply
    assert equal(list(args), list(expected[1]))
    assert equal(kwargs, expected[2])


def test_apply_is_written_as_in_python(probe):
    for args, kwargs in [((), {}), ((1, "a", [2.5]), {}), ((1,) * 300, {}), ((), {"k": 1}), ((), {"b": 1, "a": 2})]:
        frames = pack_apply_message(Reference("some.name"), args, kwargs)
        back = probe.frames("apply", frames)
        assert back[:2] == frames[:2]


def test_info_whose_keyword_repeats_a_key(probe):
    frames = pack_apply_message(Reference("f"), (), {"nargs": 1, "x" * 300: 2})
    assert unpack_apply_message(probe.frames("apply", frames), {"f": 1})[2] == {"nargs": 1, "x" * 300: 2}


def add(a, b=2, *, c: int = 3):
    return a + b + c


def closure():
    y = [999]
    return lambda x: x + y[-1]


@ipp.depend(len, "a")
def dependent(x):
    return x


@pytest.mark.parametrize(
    "function, arguments, result",
    [
        (add, (1,), 6),
        (closure(), (1,), 1000),
        (partial(add, 1, b=5), (), 9),
        (partial(lambda a, b: len(a) + len(b), b"x" * 5000, b=b"y" * 3000), (), 8000),
        (len, ("abc",), 3),
    ],
)
def test_functions_pass_through(probe, function, arguments, result):
    frames = pack_apply_message(function, arguments, {})
    back, args, _ = unpack_apply_message(probe.frames("apply", frames))
    assert back(*args) == result
    frames = serialize_object([function, b"z" * 2000])
    back, tail = deserialize_object(probe.frames("result", frames))[0]
    assert back(*arguments) == result
    assert tail == b"z" * 2000


def test_other_canned_objects(probe):
    view = memoryview(b"m" * 3000)
    assert deserialize_object(probe.frames("result", serialize_object(view)))[0] == view
    array = np.zeros(200, dtype=[("a", "<i4"), ("b", "<f8")])
    for value in (array, array[:3]):
        frames = serialize_object(value)
        assert probe.frames("result", frames)[1:] == [bytes(f) for f in frames[1:]]
    pickled = PrePickled([b"p" * 2000, 1])
    assert same(
        deserialize_object(probe.frames("result", serialize_object(pickled)))[0], [b"p" * 2000, 1]
    )
    frames = pack_apply_message(dependent, (1,), {})
    assert len(probe.frames("apply", frames)) == len(frames)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_pickles_never_end_the_process(probe, data):
    pickled = bytearray(pickle.dumps(data.draw(values), data.draw(protocols)))
    for _ in range(data.draw(st.integers(1, 4))):
        pickled[data.draw(st.integers(0, len(pickled) - 1))] = data.draw(st.integers(0, 255))
    probe.ask("decode " + pickled.hex())


NUMBERS = [
    ("f8", "d", [1.5, -0.0, math.inf, 5e-324]),
    ("f4", "f", [1.5, -0.0, math.inf, 2**-149]),
    ("i8", "q", [-(2**63), 0, 2**63 - 1]),
    ("i4", "i", [-(2**31), 0, 2**31 - 1]),
    ("i2", "h", [-(2**15), 0, 2**15 - 1]),
    ("i1", "b", [-128, 0, 127]),
    ("u8", "Q", [0, 2**64 - 1]),
    ("u4", "I", [0, 2**32 - 1]),
    ("u2", "H", [0, 2**16 - 1]),
    ("b1", None, [True, False]),
]


@pytest.mark.parametrize(("dtype", "typecode", "some"), NUMBERS, ids=[case[0] for case in NUMBERS])
@pytest.mark.parametrize("count", [3, 63, 64, 1000])
def test_arrays_of_swift_numbers_are_lists(probe, dtype, typecode, some, count):
    numbers = (some * count)[:count]
    forms = [numbers, tuple(numbers), np.array(numbers, dtype), np.array(numbers, np.dtype(dtype).newbyteorder(">"))]
    if typecode:
        forms.append(array.array(typecode, numbers))
    for form in forms:
        answer = probe.ask(f"numbers {dtype} {pickle.dumps(form).hex()}")
        assert not answer.startswith("error"), answer
        received = bytes.fromhex(answer)
        value = pickle.loads(received)
        assert type(value) is list
        assert value == numbers
        assert {type(item) for item in value} == {type(item) for item in numbers}
        if count == 1000:
            assert len(received) < count * np.dtype(dtype).itemsize + 200


@pytest.mark.parametrize(
    "seconds", [0.0, 0.25, 1e-7, 790123456.1234567, -63113904000.0, 252423993599.9999, -12345678901.234567]
)
def test_swift_dates_are_datetimes(probe, seconds):
    value = pickle.loads(bytes.fromhex(probe.ask(f"date {seconds!r}")))
    reference = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
    assert value == reference + datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [-63114076800.0, 252423993600.0, 1e300, -math.inf])
def test_swift_dates_outside_of_pythons_years_are_dicts(probe, seconds):
    value = pickle.loads(bytes.fromhex(probe.ask(f"date {seconds!r}")))
    assert value == {"secondsSinceReferenceDate": seconds}
