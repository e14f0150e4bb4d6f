"""The offline model lives in worlds it was not written for, and works its way up by what they tell it."""

import json

import pytest

from fieldcraft.agent.api import explore
from fieldcraft.envs.gridworld.scramble import scramble


@pytest.fixture
def nonsense(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(scramble(None, seed=3)), encoding="utf-8")
    return path


@pytest.mark.slow
def test_it_learns_to_make_tools_where_every_name_and_recipe_is_new(tmp_path, nonsense):
    state = explore(
        iterations=60,
        seed=7,
        options={"rules": str(nonsense)},
        runs=tmp_path / "runs",
        library=str(tmp_path / "library"),
    )
    assert len(state.progress.milestones) >= 2
    assert len(state.kept) >= 10
