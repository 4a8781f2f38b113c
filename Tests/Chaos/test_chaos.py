"""Processes are killed, stopped and cut off while clients send tasks: each task ends once, and nothing is left.

CHAOS_MINUTES, CHAOS_KILLS, CHAOS_PAUSE, CHAOS_SEED, CHAOS_FAULTS and CHAOS_CONTROLLER_ARGUMENTS choose how long, how many kills
at least in each scene that has them, the mean time between two faults, which run, which faults with which weights, and further
options of the controller.
"""

import os
import random
import shutil
import sys
import time

import pytest
from faults import JOURNALED, KILLS, LINKS, PROXIES, Faults, weights_from
from harness import REPOSITORY
from scene import Scene

MINUTES = float(os.environ.get("CHAOS_MINUTES") or 1)
KILLED = int(os.environ.get("CHAOS_KILLS") or 0)
PAUSE = float(os.environ.get("CHAOS_PAUSE") or 1)
SEED = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(10**6))
FAULTS = os.environ.get("CHAOS_FAULTS", "")

#: The members' way to the controller, faults, and whether the controller has a journal; None: as the seed says.
SCENES = {
    "kills": ("ipc", KILLS, False), "journal": ("ipc", JOURNALED, True), "proxies": ("proxies", PROXIES, None),
    "links": ("links", LINKS, None),
}


@pytest.mark.timeout(60 * MINUTES + 6 * KILLED + 300)
@pytest.mark.parametrize("name", SCENES)
def test_chaos(name):
    way, defaults, has_journal = SCENES[name]
    if way == "links" and sys.platform != "linux":
        pytest.skip("namespaces and TUN devices are those of Linux")
    seed = f"{SEED} {name}"
    weights = weights_from(FAULTS, defaults)
    if not any(weights.values()):
        pytest.skip(f"none of {FAULTS} is done in the scene {name}")
    if has_journal is None:
        has_journal = random.Random(seed).random() < 0.5
    print(f"\nchaos: SEED={SEED} {name} by {way} with{'' if has_journal else 'out'} a journal")
    scene = Scene(way, seed, has_journal)
    faults = Faults(scene, seed, weights, PAUSE)
    complaints = []
    began = time.monotonic()
    try:
        scene.begin()
        faults.run(MINUTES * 60 / len(SCENES), KILLED if way == "ipc" else 0)
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
    memory = f"{scene.samples[0] / 1e6:.0f} to {scene.samples[-1] / 1e6:.0f} MB" if scene.samples else "not measured"
    print(f"chaos: {took:.0f} s; {faults.kills} kills; a minute: {60 * faults.kills / took:.0f} kills, {60 * figures['tasks'] / took:.0f} tasks")
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
