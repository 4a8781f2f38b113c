"""Processes are killed, stopped and cut off while clients send tasks: each task ends once, and nothing is left.

CHAOS_MINUTES, CHAOS_SEED, CHAOS_FAULTS and CHAOS_CONTROLLER_ARGUMENTS choose how long, which run, which faults with
which weights, and further options of the controller.
"""

import os
import random
import shutil
import time

import pytest
from faults import KILLS, LINKS, Faults, weights_from
from harness import REPOSITORY
from scene import Scene

MINUTES = float(os.environ.get("CHAOS_MINUTES") or 1)
SEED = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(10**6))
FAULTS = os.environ.get("CHAOS_FAULTS", "")


@pytest.mark.timeout(60 * MINUTES + 300)
@pytest.mark.parametrize("transport, defaults", [("ipc", KILLS), ("tcp", LINKS)], ids=["kills", "links"])
def test_chaos(transport, defaults):
    seed = f"{SEED} {transport}"
    weights = weights_from(FAULTS, defaults)
    if not any(weights.values()):
        pytest.skip(f"none of {FAULTS} is done over {transport}")
    print(f"\nchaos: SEED={SEED} over {transport}")
    scene = Scene(transport, seed)
    faults = Faults(scene, seed, weights, pause=1)
    complaints = []
    began = time.monotonic()
    try:
        scene.begin()
        faults.run(MINUTES * 60 / 2)
        took = time.monotonic() - began
        scene.settle()
    except Exception as error:
        complaints.append(f"{type(error).__name__}: {error}")
        took = time.monotonic() - began
        faults.undo_until(float("inf"))
    finally:
        complaints += scene.close()
    report(scene, faults, took)
    if complaints:
        pytest.fail(explain(scene, complaints))
    shutil.rmtree(scene.directory)


def report(scene, faults, took):
    figures = scene.ledger.figures()
    kills = sum(count for name, count in faults.counts.items() if name.endswith("kill"))
    memory = f"{scene.samples[0] / 1e6:.0f} to {scene.samples[-1] / 1e6:.0f} MB" if scene.samples else "not measured"
    print(f"chaos: {took:.0f} s; a minute: {60 * kills / took:.0f} kills, {60 * figures['tasks'] / took:.0f} tasks")
    print(f"chaos: {', '.join(f'{name} {count}' for name, count in figures.items() if count)}")
    print(f"chaos: {', '.join(f'{name} {count}' for name, count in faults.counts.items() if count)}; memory {memory}")


def explain(scene, complaints):
    """What is needed to find the fault: everything is kept, and the most important part shown."""
    kept = REPOSITORY / ".build" / "chaos" / scene.directory.name
    shutil.copytree(scene.directory, kept, ignore=lambda folder, names: [n for n in names if n[:2] in ("s-", "s:")])
    shutil.rmtree(scene.directory)
    (kept / "timeline").write_text("\n".join(scene.timeline) + "\n")
    (kept / "complaints").write_text("\n".join(complaints) + "\n")
    lines = [
        f"{len(complaints)} complaints; repeat with SEED={SEED}; logs, journals, timeline and complaints are in {kept}",
        *(complaint[:500] for complaint in complaints[:20]), "", "The last faults:", *scene.timeline[-20:],
    ]
    return "\n".join(lines)
