"""Crafter's score is the published one, and needs no Crafter; its world says which extra it needs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fieldcraft.envs.crafter import ACHIEVEMENTS, score, success_rates


@pytest.mark.parametrize("seed", range(5))
def test_the_score_is_the_published_formula(seed):
    draws = np.random.Generator(np.random.PCG64(seed))
    reached = draws.random((100, 22)) < draws.random(22) * draws.integers(0, 2, 22)
    percents = 100 * reached.mean(0)
    published = np.exp(np.nanmean(np.log(1 + percents), -1)) - 1
    episodes = [[name for name, there in zip(ACHIEVEMENTS, row, strict=True) if there] for row in reached]
    assert score(episodes) == pytest.approx(published, rel=0, abs=1e-9)
    assert list(success_rates(episodes).values()) == pytest.approx(percents.tolist())


def test_the_ends_of_the_scale():
    assert score([[], []]) == 0
    assert score([ACHIEVEMENTS] * 3) == pytest.approx(100)


@pytest.mark.parametrize(("episodes", "said"), [([], "at least one"), ([["collect_wod"]], "collect_wood")])
def test_what_has_no_score_is_refused(episodes, said):
    with pytest.raises(ValueError, match=said):
        score(episodes)


def test_without_crafter_the_world_names_its_extra(tmp_path):
    (tmp_path / "crafter").mkdir()
    code = (
        "import importlib.util as util, sys\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'crafter' else found(name, *rest)\n"
        "from fieldcraft.envs import make\n"
        "try:\n    make('crafter-v1')\nexcept Exception as error:\n    print(type(error).__name__, error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout == (
        "NeedsCrafter crafter-v1 needs the extra 'crafter': pip install 'fieldcraft[crafter]'\n"
    ), run.stderr
