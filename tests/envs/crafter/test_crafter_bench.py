"""The benchmark of Crafter: its score over real episodes is the published formula."""

from __future__ import annotations

import numpy as np
import pytest

from fieldcraft.bench import benchmark
from fieldcraft.bench.bench import open_bench
from fieldcraft.bench.plan import plan_of
from fieldcraft.bench.scoring import found
from fieldcraft.envs.crafter import ACHIEVEMENTS


def played(tmp_path, player, episodes, **more):
    with open_bench(
        plan_of(benchmark("crafter"), player=player, episodes=episodes, **more), tmp_path
    ) as bench:
        bench.run(jobs=2)
        (arm,) = found(bench)
    return arm


def test_random_play_scores_by_the_published_formula(tmp_path):
    arm = played(tmp_path, "random", 5)
    reached = np.array(
        [[name in one.achieved["achievements"] for name in ACHIEVEMENTS] for one in arm.episodes]
    )
    percents = 100 * reached.mean(0)
    published = np.exp(np.nanmean(np.log(1 + percents))) - 1
    assert arm.score.score == pytest.approx(published, rel=0, abs=1e-9)
    assert list(arm.parts.values()) == pytest.approx(percents.tolist())
    assert published > 0 and all(one.end.outcome == "terminated" for one in arm.episodes)


def test_the_scripted_player_does_far_better_and_the_limit_of_steps_holds(tmp_path):
    arm = played(tmp_path, "expert", 2, steps=150)
    assert arm.score.score > 10
    assert all(one.steps <= 150 for one in arm.episodes)
