"""Every import path of 0.1.0 still works, warns with the new one, and gives the same objects."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
import warnings
from importlib.util import find_spec

import pytest

from fieldcraft.common import moved
from fieldcraft.skills.library.library import SkillLibrary
from fieldcraft.tools.announced import imported

NEEDS_TORCH = "fieldcraft.tools.toolformer"
NEEDS_PARSER = "fieldcraft.skills.program.javascript.javascript_reader"
OLD = sorted(set(moved._table) | set(moved._split))

DOCUMENTED = """
from fieldcraft import (Environment, EnvironmentSpec, Explorer, Goal, Observation, Position, PrimitiveError)
from fieldcraft import (Progress, Skill, SkillLibrary, ToolExecutor)
from fieldcraft import check_environment, explore, make, primitive, replay, run_study, solve, tool
from fieldcraft.agent import run_study, RunSettings, new_session, resumed_session
from fieldcraft.agent.study import tables, write_results
from fieldcraft.envs import Environment, EnvironmentSpec, Names, Observation, PrimitiveError, Progress
from fieldcraft.envs import check_environment, primitive
from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.skills import Skill, SkillLibrary
from fieldcraft.skills.formats.voyager import export_voyager, import_voyager
from fieldcraft.tools import ToolExecutor, ToolRegistry, ToolPolicy, declare
from fieldcraft.tools.toolformer import text
from fieldcraft.skills.library import Kept, SkillLibrary
from fieldcraft.skills.program import Program, ProgramError, parse_program
from fieldcraft.agent.journal import Journal, JournalError
from fieldcraft.agent.models.offline import OfflineChatModel
from fieldcraft.agent.prompting import AnswerUnusable, quoted, render
import fieldcraft.agent.offline.planner
import fieldcraft.agent.report.page
"""


@pytest.mark.parametrize("old", OLD)
def test_an_old_module_is_the_new_one(old: str) -> None:
    new = moved.new_path(old) or moved._split[old][0]
    if new.startswith(NEEDS_TORCH) and not find_spec("torch"):
        assert find_spec(new) is not None
        return
    if new.startswith(NEEDS_PARSER) and not find_spec("tree_sitter"):
        assert find_spec(new) is not None
        return
    sys.modules.pop(old, None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module = importlib.import_module(old)
    assert any(new in str(warning.message) and old in str(warning.message) for warning in caught)
    if old not in moved._split:
        assert module is sys.modules[new]


@pytest.mark.parametrize("line", DOCUMENTED.strip().splitlines())
def test_an_import_that_was_documented_works(line: str) -> None:
    """In a process of its own, where nothing was imported before."""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", line], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_warning_names_the_line_that_imports() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", "import fieldcraft.agent.critic"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.startswith("<string>:1: DeprecationWarning: fieldcraft.agent.critic is now ")
    assert done.stderr.count("DeprecationWarning") == 1


def test_the_present_paths_warn_of_nothing() -> None:
    code = "import fieldcraft, fieldcraft.agent.explorer, fieldcraft.study, fieldcraft.cli.main"
    subprocess.run([sys.executable, "-W", "error::DeprecationWarning:fieldcraft", "-c", code], check=True)


def test_an_old_class_is_the_same_object() -> None:
    with pytest.warns(DeprecationWarning, match=r"fieldcraft\.skills\.library\.library\.SkillLibrary"):
        from fieldcraft.skills.library import SkillLibrary as Old  # type: ignore[attr-defined]
    assert Old is SkillLibrary


def test_a_pickle_finds_a_class_under_its_old_path() -> None:
    sys.modules.pop("fieldcraft.agent.settings_of_old", None)
    sys.modules.pop("fieldcraft.skills.skill", None)
    stream = b"cfieldcraft.skills.skill\nVerified\n."
    with pytest.warns(DeprecationWarning):
        found = pickle.loads(stream)
    assert found is importlib.import_module("fieldcraft.skills.library.skill").Verified


def test_a_tool_is_found_under_an_old_module_path() -> None:
    sys.modules.pop("fieldcraft.tools.executor", None)
    with pytest.warns(DeprecationWarning):
        found = imported("fieldcraft.tools.executor:ToolExecutor")
    assert found is importlib.import_module("fieldcraft.tools").ToolExecutor


def test_a_module_that_never_was_is_still_missing() -> None:
    with (
        warnings.catch_warnings(action="ignore"),
        pytest.raises(ModuleNotFoundError, match=r"fieldcraft\.agent\.study\.nothing"),
    ):
        importlib.import_module("fieldcraft.agent.study.nothing")


def test_loading_tools_by_the_old_name_works() -> None:
    from fieldcraft.tools import ToolRegistry

    with pytest.warns(DeprecationWarning, match="load_tools"):
        assert ToolRegistry.load(["calculator"]).names() == ("calculator",)
