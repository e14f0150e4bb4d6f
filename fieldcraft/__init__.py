"""Fieldcraft: agents that live in a world, write programs, and keep the ones that work as skills.

The public names are loaded when they are first used, so that `import fieldcraft` and
`fieldcraft --help` stay fast.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.common.moved import install

if TYPE_CHECKING:
    from fieldcraft.agent.api import explore, replay, solve
    from fieldcraft.agent.asynchronous import aexplore, areplay, asolve
    from fieldcraft.agent.explorer import Explorer
    from fieldcraft.agent.journal.state import RunState
    from fieldcraft.agent.protocols import (
        Actor,
        Assignment,
        Critic,
        Curriculum,
        Embeddings,
        Listener,
        Outcome,
        Retriever,
        Sandbox,
        Situation,
    )
    from fieldcraft.agent.result import RunResult
    from fieldcraft.agent.settings import BudgetLimits, FixedTask, RunSettings
    from fieldcraft.agent.task import Attempt, Task, Verdict
    from fieldcraft.common.errors import FieldcraftError
    from fieldcraft.envs import (
        Environment,
        EnvironmentSpec,
        GainGoal,
        Goal,
        GoalCheck,
        Happening,
        ItemGoal,
        KillGoal,
        MineGoal,
        Names,
        Observation,
        OptionInfo,
        PlaceGoal,
        Position,
        PrimitiveError,
        Progress,
        ReachGoal,
        RoomGoal,
        check_environment,
        from_gymnasium,
        make,
        primitive,
        to_gymnasium,
    )
    from fieldcraft.skills import Execution, Skill, SkillLibrary
    from fieldcraft.skills.sandbox import ProgramLimits
    from fieldcraft.study import arun_study, run_study
    from fieldcraft.tools import ToolExecutor, ToolPolicy, tool

__version__ = "0.2.0"

_HOME = {
    "Actor": "fieldcraft.agent.protocols",
    "Assignment": "fieldcraft.agent.protocols",
    "Attempt": "fieldcraft.agent.task",
    "BudgetLimits": "fieldcraft.agent.settings",
    "Critic": "fieldcraft.agent.protocols",
    "Curriculum": "fieldcraft.agent.protocols",
    "Embeddings": "fieldcraft.agent.protocols",
    "Environment": "fieldcraft.envs",
    "EnvironmentSpec": "fieldcraft.envs",
    "Execution": "fieldcraft.skills",
    "Explorer": "fieldcraft.agent.explorer",
    "FieldcraftError": "fieldcraft.common.errors",
    "FixedTask": "fieldcraft.agent.settings",
    "GainGoal": "fieldcraft.envs",
    "Goal": "fieldcraft.envs",
    "GoalCheck": "fieldcraft.envs",
    "Happening": "fieldcraft.envs",
    "ItemGoal": "fieldcraft.envs",
    "KillGoal": "fieldcraft.envs",
    "Listener": "fieldcraft.agent.protocols",
    "MineGoal": "fieldcraft.envs",
    "Names": "fieldcraft.envs",
    "Observation": "fieldcraft.envs",
    "OptionInfo": "fieldcraft.envs",
    "Outcome": "fieldcraft.agent.protocols",
    "PlaceGoal": "fieldcraft.envs",
    "Position": "fieldcraft.envs",
    "PrimitiveError": "fieldcraft.envs",
    "ProgramLimits": "fieldcraft.skills.sandbox",
    "Progress": "fieldcraft.envs",
    "ReachGoal": "fieldcraft.envs",
    "Retriever": "fieldcraft.agent.protocols",
    "RoomGoal": "fieldcraft.envs",
    "RunResult": "fieldcraft.agent.result",
    "RunSettings": "fieldcraft.agent.settings",
    "RunState": "fieldcraft.agent.journal.state",
    "Sandbox": "fieldcraft.agent.protocols",
    "Situation": "fieldcraft.agent.protocols",
    "Skill": "fieldcraft.skills",
    "SkillLibrary": "fieldcraft.skills",
    "Task": "fieldcraft.agent.task",
    "ToolExecutor": "fieldcraft.tools",
    "ToolPolicy": "fieldcraft.tools",
    "Verdict": "fieldcraft.agent.task",
    "aexplore": "fieldcraft.agent.asynchronous",
    "areplay": "fieldcraft.agent.asynchronous",
    "arun_study": "fieldcraft.study",
    "asolve": "fieldcraft.agent.asynchronous",
    "check_environment": "fieldcraft.envs",
    "explore": "fieldcraft.agent.api",
    "from_gymnasium": "fieldcraft.envs",
    "make": "fieldcraft.envs",
    "primitive": "fieldcraft.envs",
    "replay": "fieldcraft.agent.api",
    "run_study": "fieldcraft.study",
    "solve": "fieldcraft.agent.api",
    "to_gymnasium": "fieldcraft.envs",
    "tool": "fieldcraft.tools",
}

__all__ = [
    "Actor",
    "Assignment",
    "Attempt",
    "BudgetLimits",
    "Critic",
    "Curriculum",
    "Embeddings",
    "Environment",
    "EnvironmentSpec",
    "Execution",
    "Explorer",
    "FieldcraftError",
    "FixedTask",
    "GainGoal",
    "Goal",
    "GoalCheck",
    "Happening",
    "ItemGoal",
    "KillGoal",
    "Listener",
    "MineGoal",
    "Names",
    "Observation",
    "OptionInfo",
    "Outcome",
    "PlaceGoal",
    "Position",
    "PrimitiveError",
    "ProgramLimits",
    "Progress",
    "ReachGoal",
    "Retriever",
    "RoomGoal",
    "RunResult",
    "RunSettings",
    "RunState",
    "Sandbox",
    "Situation",
    "Skill",
    "SkillLibrary",
    "Task",
    "ToolExecutor",
    "ToolPolicy",
    "Verdict",
    "__version__",
    "aexplore",
    "areplay",
    "arun_study",
    "asolve",
    "check_environment",
    "explore",
    "from_gymnasium",
    "make",
    "primitive",
    "replay",
    "run_study",
    "solve",
    "to_gymnasium",
    "tool",
]


def _require_rooms() -> None:
    """Say what to do where version control turned the links to the rooms into text files."""
    here = Path(__file__).parent
    broken = [room for room in ("agent", "envs", "skills", "tools") if not (here / room).is_dir()]
    if broken:
        raise ImportError(
            f"fieldcraft/{broken[0]} is not a folder: the symbolic links of this checkout were lost. "
            "Run `git config core.symlinks true && git checkout -- fieldcraft`, "
            "or install the package with pip, whose wheels hold real files."
        )


_require_rooms()
install()


if not TYPE_CHECKING:  # to a type checker a misspelt name is an error

    def __getattr__(name: str) -> Any:
        """Load a public name on first use."""
        if name in _HOME:
            return getattr(importlib.import_module(_HOME[name]), name)
        raise AttributeError(f"module 'fieldcraft' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
