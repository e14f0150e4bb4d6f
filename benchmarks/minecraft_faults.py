"""Faults done to a Minecraft life, twenty of each: does it go on, and is the agent told? Prints JSON.

Needs Node.js and the fixture server's packages (`npm ci --prefix tests/envs/minecraft/server`).
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "envs" / "minecraft"))

from minecraft_faults import FAULTS, Rig, opened, strike

from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.skills.sandbox import process_launcher


def survived(rig: Rig, held: dict[str, int]) -> bool:
    """Whether the life goes on where it was: same things held, and the next primitive works."""
    seen = rig.world.observe()
    rig.world.wait(1)
    return seen.inventory == held and seen.health == 20


def measure(rig: Rig, fault: str, times: int) -> dict[str, object]:
    """Do one fault a number of times."""
    words, lived, told, seconds = FAULTS[fault][1], 0, 0, []
    held = rig.world.observe().inventory
    for _ in range(times):
        began = time.perf_counter()
        said = strike(rig, fault)
        told += words in said and "\n" not in said
        lived += survived(rig, held)
        seconds.append(time.perf_counter() - began)
        time.sleep(1.2)
    return {
        "times": times,
        "survived": lived,
        "told_in_one_line": told,
        "seconds_median": round(statistics.median(seconds), 2),
        "seconds_worst": round(max(seconds), 2),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one of each, with a cut of one second")
    parser.add_argument("--times", type=int, default=20, help="how often each fault is done")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    times, cut = (1, 1.0) if chosen.quick else (chosen.times, 10.0)
    with (
        tempfile.TemporaryDirectory(prefix="minecraft-") as folder,
        opened(Path(folder), MinecraftWorld(process_launcher()), cut_seconds=cut) as rig,
    ):
        found = {fault: measure(rig, fault, times) for fault in FAULTS}
        pages = rig.world.observe().events
    print(json.dumps({"cut_seconds": cut, "faults": found, "last_events": pages}, indent=2))


if __name__ == "__main__":
    main()
