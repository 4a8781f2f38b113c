"""The oracle finds each kind of fault, and finds none where there is none."""

import pytest
from fates import GRACE, LEAVING, PYTHON_GONE
from ledger import Ledger

E1, E2 = "1f" * 16, "2e" * 16


def submitted(task, at=1.0, expected="3", via="task", **more):
    return {"event": "submitted", "task": task, "at": at, "via": via, "expected": expected, **more}


def replied(task):
    return {"event": "replied", "task": task}


def ended(task, value="3", at=2.0):
    return {"event": "ended", "task": task, "at": at, "value": value}


def failed(task, ename="EngineError", evalue=f"engine {E1} died", at=2.0, engine=None):
    return {"event": "ended", "task": task, "at": at, "error": {"ename": ename, "evalue": evalue, "engine": engine}}


CLOSED = {"event": "closed"}


def ledger_of(*events, **options):
    ledger = Ledger(**options)
    ledger.read("client", [*events, CLOSED])
    return ledger


def the_complaint(ledger):
    [complaint] = ledger.complaints()
    return complaint


def test_a_right_answer():
    ledger = ledger_of(submitted("a"), replied("a"), ended("a"))
    assert ledger.complaints() == []
    assert ledger.figures()["right"] == 1


def test_an_expected_error():
    assert not ledger_of(submitted("a", expected="raises X: y"), replied("a"), ended("a", "raises X: y")).complaints()


def test_a_lost_task():
    assert "never ended" in the_complaint(ledger_of(submitted("a")))


def test_a_reply_without_an_end_is_a_lost_task():
    assert "never ended" in the_complaint(ledger_of(submitted("a"), replied("a")))


def test_the_tasks_of_a_killed_client_need_no_end():
    ledger = Ledger()
    ledger.read("client", [submitted("a")])
    ledger.client_lost("client")
    assert ledger.complaints() == []
    assert ledger.figures()["abandoned"] == 1


def test_a_client_that_hangs():
    ledger = Ledger()
    ledger.read("client", [submitted("a"), replied("a"), ended("a")])
    assert "did not end" in the_complaint(ledger)


def test_a_double_answer():
    assert "answered 2 times" in the_complaint(ledger_of(submitted("a"), replied("a"), ended("a"), replied("a")))


def test_a_double_end():
    assert "ended 2 times" in the_complaint(ledger_of(submitted("a"), replied("a"), ended("a"), ended("a")))


def test_a_wrong_answer():
    assert "wrong answer: 4 instead of 3" in the_complaint(ledger_of(submitted("a"), replied("a"), ended("a", "4")))


def test_a_value_instead_of_an_error():
    assert "wrong answer" in the_complaint(ledger_of(submitted("a", expected="raises X: y"), ended("a", "3")))


def test_a_reply_to_nothing():
    assert "never submitted" in the_complaint(ledger_of(replied("b")))
    assert "never submitted" in the_complaint(ledger_of(ended("b")))


def test_an_id_used_twice():
    assert "submitted twice" in ledger_of(submitted("a"), submitted("a"), ended("a")).complaints()[0]


@pytest.mark.parametrize("evalue, engine", [("it died", E1), (f"engine {E1} died", None), ("Engine 7 died", None)])
def test_a_true_reason(evalue, engine):
    ledger = ledger_of(submitted("a"), failed("a", evalue=evalue, engine=engine))
    ledger.harm({E1, "7"}, "killed", since=1.5)
    assert ledger.complaints() == []
    assert ledger.figures()["heard of a killed engine after"] == (0.5, 0.5)


@pytest.mark.parametrize("what, is_true", [("its connections were reset", True), ("killed", False)])
def test_a_request_lost_on_the_way(what, is_true):
    ledger = ledger_of(submitted("a"), failed("a", "TaskLost", "engine 7 answered a later request", engine=E1))
    ledger.harm({E1, "7"}, what, since=1.5, until=1.5)
    assert ("were not harmed" not in " ".join(ledger.complaints())) == is_true


def test_an_engine_that_was_never_harmed():
    ledger = ledger_of(submitted("a"), failed("a"))
    ledger.harm({E2, "8"}, "killed", since=1.5)
    assert "was not harmed" in the_complaint(ledger)


def test_an_engine_harmed_afterwards():
    ledger = ledger_of(submitted("a"), failed("a"))
    ledger.harm({E1}, "killed", since=3.0)
    assert "was not harmed" in the_complaint(ledger)


def test_an_engine_harmed_long_before():
    ledger = ledger_of(submitted("a", at=100.0 + GRACE), failed("a", at=101.0 + GRACE))
    ledger.harm({E1}, "stopped", since=10.0, until=20.0)
    assert "was not harmed" in the_complaint(ledger)


def test_a_loss_that_names_no_engine():
    ledger = ledger_of(submitted("a"), failed("a", evalue="it died"))
    ledger.harm({E1}, "killed", since=1.5)
    assert "no engine is named" in the_complaint(ledger)


def test_an_error_that_nothing_explains():
    ledger = ledger_of(submitted("a"), failed("a", ename="TaskTimeout", engine=E1))
    ledger.harm({E1}, "killed", since=1.5)
    assert "nothing that was done" in the_complaint(ledger)


@pytest.mark.parametrize("what, complaints", [(LEAVING, 0), (PYTHON_GONE, 0), ("killed", 1)])
def test_a_cancelled_function(what, complaints):
    ledger = ledger_of(submitted("a"), failed("a", ename="CancellationError", engine=E1))
    ledger.harm({E1}, what, since=1.5)
    assert len(ledger.complaints()) == complaints


def test_a_failed_dependency():
    events = [submitted("a"), failed("a"), submitted("b", after=["a"]), failed("b", ename="ImpossibleDependency")]
    ledger = ledger_of(*events)
    ledger.harm({E1}, "killed", since=1.5)
    assert ledger.complaints() == []


def test_a_dependency_that_was_to_fail():
    events = [submitted("a", expected="raises X: y"), ended("a", "raises X: y")]
    assert not ledger_of(*events, submitted("b", after=["a"]), failed("b", ename="ImpossibleDependency")).complaints()


def test_a_dependency_that_did_not_fail():
    events = [submitted("a"), ended("a"), submitted("b", after=["a"]), failed("b", ename="ImpossibleDependency")]
    assert "it waited for succeeded" in the_complaint(ledger_of(*events))


def test_a_task_that_ran_too_often():
    ledger = ledger_of(submitted("a", mark="m", retries=1), ended("a"))
    ledger.began("m")
    ledger.began("m")
    assert ledger.complaints() == []
    ledger.began("m")
    assert "the mark m ran 3 times, 2 are allowed" in the_complaint(ledger)


def test_a_broadcast_runs_once_on_each_target():
    ledger = ledger_of(*(event for name in "ab" for event in (submitted(name, mark="m", via="broadcast"), ended(name))))
    ledger.began("m")
    ledger.began("m")
    assert ledger.complaints() == []
    ledger.began("m")
    assert "the mark m ran 3 times, 2 are allowed" in the_complaint(ledger)


def test_a_reply_that_is_read_before_the_submission_is_written():
    assert ledger_of(replied("a"), submitted("a"), ended("a")).complaints() == []


def test_an_answer_from_nowhere():
    assert "without having run" in the_complaint(ledger_of(submitted("a", mark="m"), ended("a")))


def innocents(count, what="killed"):
    events = [event for name in "abcdef"[:count] for event in (submitted(name, mark=name), failed(name))]
    ledger = ledger_of(*events)
    ledger.harm({E1}, what, since=1.5)
    return ledger


def test_innocents():
    assert innocents(1).complaints() == []
    assert f"2 tasks that never began failed with engine {E1}: a, b" in the_complaint(innocents(2))
    assert innocents(2, PYTHON_GONE).complaints() == []
    assert f"3 tasks that never began failed with engine {E1}: a, b, c" in the_complaint(innocents(3, PYTHON_GONE))


def test_tasks_that_began_are_no_innocents():
    ledger = innocents(2)
    ledger.began("b")
    assert ledger.complaints() == []


def outage_ledger(*events, has_journal=True, since=1.5, until=2.5):
    ledger = ledger_of(*events, has_journal=has_journal)
    ledger.controller_killed(since, until)
    return ledger


@pytest.mark.parametrize("via, has_journal, complaint", [
    ("mux", True, None), ("task", False, None), ("task", True, "its controller had a journal"),
])
def test_a_request_that_its_controller_lost(via, has_journal, complaint):
    ledger = outage_ledger(submitted("a", via=via), failed("a", "ControllerLost", at=3.0), has_journal=has_journal)
    assert complaint in the_complaint(ledger) if complaint else ledger.complaints() == []


def test_a_controller_that_is_missing_for_longer_than_clients_wait():
    events = [submitted("a"), failed("a", "ControllerLost", at=32.0)]
    assert outage_ledger(*events, until=40.0).complaints() == []


def test_a_controller_that_was_not_lost():
    ledger = outage_ledger(submitted("a", via="mux", at=3.0), failed("a", "ControllerLost", at=4.0))
    assert "its controller was not killed" in the_complaint(ledger)


def test_a_task_that_was_lost_on_its_way():
    assert outage_ledger(submitted("a", mark="m"), failed("a", "Unknown", at=9.0)).complaints() == []


def test_an_unknown_task_that_has_begun():
    ledger = outage_ledger(submitted("a", mark="m"), failed("a", "Unknown", at=9.0))
    ledger.began("m")
    assert "it has begun" in the_complaint(ledger)


@pytest.mark.parametrize("at", [-20.0, 3.0])
def test_an_unknown_task_that_was_sent_at_another_time(at):
    ledger = outage_ledger(submitted("a", at=at), failed("a", "Unknown", at=9.0))
    assert "neither its client nor its controller had been killed" in the_complaint(ledger)


def test_an_unknown_task_whose_client_was_killed():
    ledger = ledger_of(submitted("a"), failed("a", "Unknown", at=9.0), has_journal=True)
    ledger.client_killed("client", 1.1)
    assert ledger.complaints() == []


@pytest.mark.parametrize("answered, complaints", [(1.4, 1), (3.0, 0)])
def test_an_unknown_task_before_one_that_was_accepted(answered, complaints):
    """What is sent on one connection arrives in order."""
    events = [submitted("a"), failed("a", "Unknown", at=9.0), submitted("b", at=1.2), ended("b", at=answered)]
    ledger = outage_ledger(*events)
    assert len(ledger.complaints()) == complaints


def test_requests_that_a_killed_client_gives_up():
    ledger = Ledger(has_journal=True)
    ledger.client_killed("client", 1.5)
    ledger.read("client", [submitted("a", via="mux"), {"event": "started"}, {"event": "abandoned", "task": "a"}, CLOSED])
    assert ledger.complaints() == []
    assert ledger.figures()["abandoned"] == 1


def test_a_killed_client_that_forgets_a_task():
    ledger = Ledger(has_journal=True)
    ledger.client_killed("client", 1.5)
    ledger.read("client", [submitted("a"), {"event": "started"}, CLOSED])
    assert "never ended" in the_complaint(ledger)


@pytest.mark.parametrize("end, has_journal, complaints", [
    (failed("a", "Unknown", at=9.0), True, 0), (ended("a", at=9.0), True, 1), (ended("a"), False, 0),
])
def test_a_dependency_that_was_lost(end, has_journal, complaints):
    """With a journal it is sent again, or unknown for good; otherwise no later controller knows it."""
    events = [submitted("a"), end, submitted("b", at=3.0, after=["a"]), failed("b", "InvalidDependency", at=8.0)]
    assert len(outage_ledger(*events, has_journal=has_journal).complaints()) == complaints
