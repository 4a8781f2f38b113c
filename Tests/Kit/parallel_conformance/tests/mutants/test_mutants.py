"""Each peer with a fault is caught by a test that names the right requirement, and one without a fault by none."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from parallel_conformance.mutants.client import FAULTS as CLIENTS
from parallel_conformance.mutants.controller import FAULTS as CONTROLLERS
from parallel_conformance.mutants.engine import FAULTS as ENGINES

PACKAGES = Path(__file__).parents[3]

#: The requirement that each engine breaks, and the test that shows it.
BROKEN_BY_ENGINES = {
    "unsigned": ("R-12.19", "test_output_belongs_to_its_request"),
    "signs-buffers": ("R-8.2", "test_identities_and_buffers_are_not_signed"),
    "verifies-nothing": ("R-8.5", "test_wrong_signatures_are_not_answered"),
    "accepts-replays": ("R-8.6", "test_replays_are_dropped"),
    "mirrors-identities": ("R-9.2", "test_identities_come_back_unchanged"),
    "loses-parents": ("R-7.6", "test_errors"),
    "rewrites-parents": ("R-7.5", "test_the_whole_header_is_the_parent"),
    "echoes-the-time": ("R-10.17", "test_a_ping_comes_back_unchanged"),
    "forgets-the-engine": ("R-12.7", "test_metadata_of_replies"),
    "sends-buffers-with-errors": ("R-12.4", "test_an_error_has_no_buffers"),
    "wrong-topic": ("R-15.2", "test_topics"),
    "ignores-aborts": ("R-12.11", "test_waiting_requests_are_aborted"),
    "wrong-leaf": ("R-10.13", "test_shell_is_connected_to_mux_task_and_the_leaf_of_its_id"),
    "is-idle-too-early": ("R-12.18", "test_busy_and_idle"),
    "counts-silent-code": ("R-12.10", "test_silent_code_is_not"),
    "repeats-ids": ("R-7.3", "test_ids_differ"),
    "limits-its-output": ("R-6.5", "test_bursts_of_output_are_not_cut"),
}

#: The requirement that each controller breaks, and the test that shows it.
BROKEN_BY_CONTROLLERS = {
    "unsigned-notifications": ("R-8.8", "test_notifications_are_signed"),
    "mirrors-identities": ("R-9.4", "test_direct_replies_have_the_engines_identity"),
    "forgets-the-period": ("R-10.2", "test_registration_is_accepted"),
    "reverses-the-order": ("R-1.7", "test_order_is_kept and mux"),
    "accepts-replays": ("R-8.6", "test_the_hub_drops_replays"),
    "verifies-nothing": ("R-8.5", "test_the_hub_drops_wrong_signatures"),
    "takes-any-echo": ("R-10.18", "test_other_frames_are_no_beats"),
    "tells-no-one": ("R-10.5", "test_clients_are_told_of_new_engines"),
    "uses-ids-again": ("R-10.10", "test_ids_are_not_used_again"),
    "accepts-any-uuid": ("R-10.11", "test_a_uuid_in_use_is_refused"),
    "loses-topics": ("R-15.1", "test_output_passes_as_it_came"),
    "rewrites-json": ("R-1.2", "test_relays_change_nothing and mux"),
}

#: The requirement that each client breaks, and the test that shows it.
BROKEN_BY_CLIENTS = {
    "unsigned": ("R-8.1", "test_messages"),
    "verifies-nothing": ("R-8.5", "test_a_forged_reply_is_dropped"),
    "accepts-replays": ("R-8.6", "test_replayed_output_is_dropped"),
    "matches-by-order": ("R-9.9", "test_replies_are_matched_by_their_parent"),
    "waits-for-the-dead": ("R-9.11", "test_requests_to_an_engine_that_has_left_end"),
    "mixes-output": ("R-12.19", "test_output_belongs_to_its_parent"),
    "forgets-the-targets": ("R-14.1", "test_broadcasts and test_request"),
    "leaves-keywords-unsorted": ("R-16.2", "test_keywords_are_in_ascending_order"),
    "swaps-buffers": ("R-16.1", "test_buffers_of_several_members"),
    "knows-no-new-engines": ("R-10.5", "test_engines_come_and_go"),
    "limits-its-requests": ("R-6.5", "test_any_number_of_requests_can_be_open"),
}

#: What the commands of the peers end in.
FILES = {"engine": "{file}", "client": "{file}", "controller": "{client_file} {ping}"}

Run = Callable[[str, str, str], dict[str, set[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(role, fault, tests)`` gives the requirements by the outcomes of these tests."""

    def run_tests(role: str, fault: str, tests: str) -> dict[str, set[str]]:
        results = tmp_path / f"{role}-{fault}.json"
        template = f"{sys.executable} -m parallel_conformance.mutants.{role} {fault} {FILES[role]}"
        command = [sys.executable, "-m", "parallel_conformance", f"--{role}={template}", "-k", tests]
        command += [f"--results={results}", "--implementation=mutant", "-p", "pytest_timeout"]
        if fault != "none":
            command.append("--patience=3")
        done = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGES, env=environment(), timeout=280)
        assert results.exists(), done.stdout + done.stderr
        found: dict[str, set[str]] = {}
        for result in json.loads(results.read_text())["results"]:
            found.setdefault(result["outcome"], set()).add(result["requirement"])
        return found

    return run_tests


def environment() -> dict[str, str]:
    """This process's environment, with the package's folder among those that are searched.

    Plugins that the kit doesn't need take longer to load than the tests of a fault.
    """
    return {**os.environ, "PYTHONPATH": str(PACKAGES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def selection(broken: dict[str, tuple[str, str]]) -> str:
    """The expression that selects the tests of all faults."""
    return " or ".join(sorted({f"({test})" for _, test in broken.values()}))


def test_every_fault_is_listed() -> None:
    assert set(BROKEN_BY_ENGINES) | {"none"} == set(ENGINES)
    assert set(BROKEN_BY_CONTROLLERS) | {"none"} == set(CONTROLLERS)
    assert set(BROKEN_BY_CLIENTS) | {"none"} == set(CLIENTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("role", "broken"),
    [("engine", BROKEN_BY_ENGINES), ("controller", BROKEN_BY_CONTROLLERS), ("client", BROKEN_BY_CLIENTS)],
    ids=["engine", "controller", "client"],
)
def test_a_peer_without_a_fault_passes(run: Run, role: str, broken: dict[str, tuple[str, str]]) -> None:
    found = run(role, "none", selection(broken))
    assert "failed" not in found
    assert {requirement for requirement, _ in broken.values()} <= found["passed"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", BROKEN_BY_ENGINES)
def test_an_engine_with_a_fault_is_caught(run: Run, fault: str) -> None:
    requirement, test = BROKEN_BY_ENGINES[fault]
    assert requirement in run("engine", fault, test).get("failed", set())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", BROKEN_BY_CONTROLLERS)
def test_a_controller_with_a_fault_is_caught(run: Run, fault: str) -> None:
    requirement, test = BROKEN_BY_CONTROLLERS[fault]
    assert requirement in run("controller", fault, test).get("failed", set())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", BROKEN_BY_CLIENTS)
def test_a_client_with_a_fault_is_caught(run: Run, fault: str) -> None:
    requirement, test = BROKEN_BY_CLIENTS[fault]
    assert requirement in run("client", fault, test).get("failed", set())
