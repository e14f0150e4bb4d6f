"""The agent: the lifelong loop, its roles, and its journal."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fieldcraft.agent.api import explore, replay, solve
    from fieldcraft.agent.asynchronous import aexplore, areplay, asolve
    from fieldcraft.agent.explorer import Explorer
    from fieldcraft.agent.journal.events import Event
    from fieldcraft.agent.journal.run import Run
    from fieldcraft.agent.journal.state import RunState
    from fieldcraft.agent.result import RunResult
    from fieldcraft.agent.session import Session, new_session, resumed_session
    from fieldcraft.agent.settings import BudgetLimits, RunSettings
    from fieldcraft.agent.task import Task, Verdict

_HOME = {
    "BudgetLimits": "settings",
    "Event": "journal.events",
    "Explorer": "explorer",
    "Run": "journal.run",
    "RunResult": "result",
    "RunSettings": "settings",
    "RunState": "journal.state",
    "Session": "session",
    "Task": "task",
    "Verdict": "task",
    "aexplore": "asynchronous",
    "areplay": "asynchronous",
    "asolve": "asynchronous",
    "explore": "api",
    "new_session": "session",
    "replay": "api",
    "resumed_session": "session",
    "solve": "api",
}

__all__ = [
    "BudgetLimits",
    "Event",
    "Explorer",
    "Run",
    "RunResult",
    "RunSettings",
    "RunState",
    "Session",
    "Task",
    "Verdict",
    "aexplore",
    "areplay",
    "asolve",
    "explore",
    "new_session",
    "replay",
    "resumed_session",
    "solve",
]


if not TYPE_CHECKING:  # to a type checker a misspelt name is an error

    def __getattr__(name: str) -> Any:
        """Load a public name on first use, so that the command line starts fast."""
        if name == "run_study":
            warnings.warn(
                "run_study has moved: from fieldcraft import run_study", DeprecationWarning, stacklevel=2
            )
            return importlib.import_module("fieldcraft.study").run_study
        if name in _HOME:
            return getattr(importlib.import_module(f"fieldcraft.agent.{_HOME[name]}"), name)
        raise AttributeError(f"module 'fieldcraft.agent' has no attribute {name!r}")
