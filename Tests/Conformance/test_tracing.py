"""The trace to which a request belongs, in its metadata: a Python client, a Swift engine whose program has a tracer, and
Python engines, which ignore it."""

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, binary


def call(client, function, *arguments, **metadata):
    """Calls a function with additional metadata, which views have no options for."""
    view = client.load_balanced_view()
    future = client.send_apply_request(view._socket, function, arguments, metadata=metadata)
    return ipp.AsyncResult(client, future, fname="call").get(timeout=TIMEOUT)


@pytest.fixture
def tracing(controller):
    """A client of an engine whose program installs a tracer in `engineStarted`."""
    controller.start("tracing-engine", [binary("command-program"), "engine", *controller.engine_arguments()])
    return controller.client(engines=1)


def test_an_engine_goes_on_with_the_trace(tracing):
    trace = {"in-memory-trace-id": "python's", "in-memory-span-id": "caller"}
    assert call(tracing, ipp.Reference("currentTrace"), trace=trace) == "python's engine-span-2 engine-span-1"
    # Without one, the engine begins one.
    assert call(tracing, ipp.Reference("currentTrace")) == "engine-trace-1 engine-span-4 engine-span-3"


@pytest.mark.parametrize("trace", [None, 7, "00-1-2-01", [], {}, {"in-memory-trace-id": 7, "in-memory-span-id": None}])
def test_what_is_no_trace_is_ignored(tracing, trace):
    assert call(tracing, ipp.Reference("currentTrace"), trace=trace) == "engine-trace-1 engine-span-2 engine-span-1"
    assert call(tracing, ipp.Reference("double"), 4, trace=trace) == 8


def test_python_engines_ignore_it(controller, python_engines):
    client = python_engines(1)
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    assert call(client, len, "four", trace=trace) == 4
