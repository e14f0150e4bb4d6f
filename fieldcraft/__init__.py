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
    from fieldcraft.agent import Explorer, explore, replay, solve
    from fieldcraft.envs import (
        Environment,
        EnvironmentSpec,
        Goal,
        Observation,
        Position,
        PrimitiveError,
        Progress,
        check_environment,
        make,
        primitive,
    )
    from fieldcraft.skills import Skill, SkillLibrary
    from fieldcraft.study import run_study
    from fieldcraft.tools import ToolExecutor, tool

__version__ = "0.2.0"

_HOME = {
    "Environment": "fieldcraft.envs",
    "EnvironmentSpec": "fieldcraft.envs",
    "Explorer": "fieldcraft.agent",
    "Goal": "fieldcraft.envs",
    "Observation": "fieldcraft.envs",
    "Position": "fieldcraft.envs",
    "PrimitiveError": "fieldcraft.envs",
    "Progress": "fieldcraft.envs",
    "Skill": "fieldcraft.skills",
    "SkillLibrary": "fieldcraft.skills",
    "ToolExecutor": "fieldcraft.tools",
    "check_environment": "fieldcraft.envs",
    "explore": "fieldcraft.agent",
    "make": "fieldcraft.envs",
    "primitive": "fieldcraft.envs",
    "replay": "fieldcraft.agent",
    "run_study": "fieldcraft.study",
    "solve": "fieldcraft.agent",
    "tool": "fieldcraft.tools",
}

__all__ = [
    "Environment",
    "EnvironmentSpec",
    "Explorer",
    "Goal",
    "Observation",
    "Position",
    "PrimitiveError",
    "Progress",
    "Skill",
    "SkillLibrary",
    "ToolExecutor",
    "__version__",
    "check_environment",
    "explore",
    "make",
    "primitive",
    "replay",
    "run_study",
    "solve",
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


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'fieldcraft' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
