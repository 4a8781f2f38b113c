"""What takes half a minute, and so begins with the first test."""

import pytest

from parallel_conformance.tests.controller.waiting import LongWait


@pytest.mark.requirement("R-10.15")
@pytest.mark.timeout(120)
def test_a_registration_without_a_beat_is_dropped(long_wait: LongWait) -> None:
    """Uuid and id are free again after the registration timeout."""
    long_wait.wait_until_free()
