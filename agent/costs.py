"""What a run's model calls cost, by role and by iteration, from its journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import RunSettings

_AFTER_THE_PROGRAM = frozenset({"critic", "describer"})
"""Roles that are asked about a program that has run; the others are asked for the next one."""


@dataclass
class Cost:
    """Calls and what they took: tokens, US dollars, seconds.

    `cached_tokens` are those of the input that came from the provider's prompt cache; `unpriced` counts
    answers without a known price, `estimated` calls whose tokens were estimated.
    """

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0
    unpriced: int = 0
    estimated: int = 0

    @property
    def cached_share(self) -> float:
        """The part of the input that came from the cache, from 0 to 1."""
        return self.cached_tokens / self.input_tokens if self.input_tokens else 0.0

    def add(self, other: Cost) -> None:
        """Count what another one counts as well."""
        for each in fields(Cost):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass
class ModelCost(Cost):
    """What one model took that answered for a role, from the iteration `since` until another one did."""

    role: str = ""
    model: str = ""
    since: int = 1


@dataclass
class RunCosts:
    """The costs of a run: in all, by role, by model, and by iteration and role.

    What was asked for before a program counts with that program's iteration, what was asked about it as well.
    """

    total: Cost = field(default_factory=Cost)
    roles: dict[str, Cost] = field(default_factory=dict)
    models: list[ModelCost] = field(default_factory=list)
    iterations: dict[int, dict[str, Cost]] = field(default_factory=dict)

    def _add(self, iteration: int, role: str, model: str, cost: Cost) -> None:
        here = self.iterations.setdefault(iteration, {})
        places = (self.total, self.roles.setdefault(role, Cost()), here.setdefault(role, Cost()))
        for place in (*places, self._of_model(iteration, role, model)):
            place.add(cost)

    def _of_model(self, iteration: int, role: str, model: str) -> ModelCost:
        latest = next((each for each in reversed(self.models) if each.role == role), None)
        if latest is None or latest.model != model:
            latest = ModelCost(role=role, model=model, since=iteration)
            self.models.append(latest)
        return latest


def costs_of(events: Iterable[e.Event]) -> RunCosts:
    """The costs of the calls among a run's events, which are in order."""
    costs, programs, settings = RunCosts(), 0, RunSettings()
    for event in events:
        match event:
            case e.RunStarted() | e.Checkpoint() | e.RunResumed():
                settings = event.settings
            case e.ExecutionStarted() | e.AnswerRefused():
                programs = event.iteration
            case e.ModelAnswered() | e.ModelFailed():
                after = event.role in _AFTER_THE_PROGRAM
                model = settings.model_for(event.role)
                costs._add(max(1, programs + (not after)), event.role, model, _of_call(event))
            case e.ToolReturned() if event.model_calls:
                iteration = max(1, programs + (event.user != "programs"))
                costs._add(iteration, "tools", settings.model_for("tools"), _of_tool(event))
            case _:
                pass
    return costs


def _of_call(event: e.ModelAnswered | e.ModelFailed) -> Cost:
    answered = isinstance(event, e.ModelAnswered)
    return Cost(
        calls=1,
        failed=not answered,
        input_tokens=event.input_tokens,
        cached_tokens=event.cached_tokens,
        output_tokens=event.output_tokens,
        money=event.money,
        seconds=event.seconds,
        unpriced=isinstance(event, e.ModelAnswered) and not event.priced,
        estimated=event.estimated,
    )


def _of_tool(event: e.ToolReturned) -> Cost:
    return Cost(
        calls=event.model_calls,
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        money=event.money,
        unpriced=event.unpriced,
    )
