"""What random play scores in Crafter, by the published formula. Prints JSON.

python benchmarks/crafter_score.py            200 episodes of Crafter's own random actions
python benchmarks/crafter_score.py --quick    3 episodes

`score` stands beside the published 1.6 of random play (Hafner 2021, arXiv 2109.06780); 1.3 to 1.8 is wanted
over 200 episodes. `success_percent` has each achievement that was reached.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np

from fieldcraft.envs.crafter import CrafterWorld, score, success_rates
from fieldcraft.envs.crafter.game import NeedsCrafter
from fieldcraft.envs.crafter.names import ACTIONS
from fieldcraft.envs.episodes import EpisodeEnded

PUBLISHED, LEAST, MOST = 1.6, 1.3, 1.8


def main() -> None:
    """Play and print; say what is missing where Crafter is not installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    try:
        world = CrafterWorld()
    except NeedsCrafter as error:
        print(json.dumps({"skipped": str(error)}))
        return
    report = played(world, 3 if quick else 200)
    print(json.dumps(report, indent=2))
    if not quick and not LEAST <= report["score"] <= MOST:
        sys.exit(f"random play scored {report['score']}, not {LEAST} to {MOST}")


def played(world: CrafterWorld, episodes: int) -> dict[str, Any]:
    """The figures of so many episodes of random actions."""
    began, achieved, steps = time.process_time(), [], 0
    for number in range(1, episodes + 1):
        world.begin_episode(seed=0, number=number)
        draws = np.random.Generator(np.random.PCG64(number))
        try:
            while True:
                world.step(ACTIONS[draws.integers(len(ACTIONS))])
        except EpisodeEnded:
            achieved.append(world.progress().achieved["achievements"])
            steps += world.tick
    rates = success_rates(achieved)
    return {
        "episodes": episodes,
        "steps": steps,
        "score": round(score(achieved), 3),
        "published": PUBLISHED,
        "success_percent": {name: round(rate, 1) for name, rate in rates.items() if rate},
        "processor_seconds": round(time.process_time() - began, 1),
    }


if __name__ == "__main__":
    main()
