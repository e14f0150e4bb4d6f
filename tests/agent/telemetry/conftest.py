"""A collector for every test of OpenTelemetry, and no variables of the machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings

sys.path.insert(0, str(Path(__file__).parent))

from otlp_receiver import Collector, collector

Settings = Callable[..., RunSettings]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def receiver() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans go out as soon as they are there."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "5")


@pytest.fixture
def with_tools(tmp_path: Path, toy_settings: Settings) -> RunSettings:
    """A run in which the actor and a program call tools, and one call fails."""
    from tool_workshop import DONE, WOOD, program, script, wants

    model = script(
        tmp_path,
        curriculum=[WOOD, {"task": "Chop 9 wood", "goal": None}],
        actor=[
            wants(("calculator", {"expression": "2 + 2"}), ("calculator", {"expression": "2 +"})),
            program("print(tools.calculator(expression='3 * 3'))"),
            program("bot.saw(50)", name="saw"),
        ],
        critic=[DONE, {"reasoning": "no", "success": False, "critique": "more"}],
    )
    return toy_settings(model=model, tools=("calculator",), attempts=1, budget=_budget(2))


def _budget(iterations: int) -> Any:
    from fieldcraft.agent.settings import BudgetLimits

    return BudgetLimits(iterations=iterations)
