"""Weights of faults as they are written on the command line."""

import pytest
from faults import ALL, KILLS, PROXIES, Faults, weights_from


def test_weights():
    assert weights_from("", KILLS) is KILLS
    assert weights_from("engine_kill=2,engine_reset=1", KILLS) == {"engine_kill": 2}
    assert weights_from("engine_kill=2,engine_reset=1", PROXIES) == {"engine_kill": 2, "engine_reset": 1}


def test_unknown_faults():
    with pytest.raises(ValueError, match="engine_hurt"):
        weights_from("engine_hurt=2", KILLS)


def test_each_fault_exists():
    for name in ALL:
        assert callable(getattr(Faults, name))
