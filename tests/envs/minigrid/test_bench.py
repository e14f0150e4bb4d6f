"""The benchmark of BabyAI: the expert of the package reaches the full score, random play does not."""

from __future__ import annotations

from fieldcraft.bench import benchmark
from fieldcraft.bench.bench import open_bench
from fieldcraft.bench.plan import plan_of
from fieldcraft.bench.scoring import found

LEVELS = ("GoToObj", "PutNextLocal", "Unlock", "BossLevel")


def played(tmp_path, player):
    plan = plan_of(benchmark("babyai"), player=player, episodes=2, variants=LEVELS, steps=None)
    with open_bench(plan, tmp_path) as bench:
        bench.run(jobs=2)
        (arm,) = found(bench)
    return arm


def test_the_expert_succeeds_in_every_episode(tmp_path):
    arm = played(tmp_path, "expert")
    assert arm.score.score == arm.score.low == 100.0
    assert arm.parts == dict.fromkeys(LEVELS, 100.0) and len(arm.episodes) == 8


def test_random_play_fails_mostly_and_its_episodes_end(tmp_path):
    arm = played(tmp_path, "random")
    assert arm.score.score < 100.0
    assert all(one.end is not None for one in arm.episodes)


def test_every_level_of_the_paper_is_there():
    babyai = benchmark("babyai")
    from fieldcraft.envs.minigrid.levels import LEVELS

    assert {variant.options["id"] for variant in babyai.variants} <= set(LEVELS.ids())
