"""The metrics of a run, counted from its events: they are the run's own totals, so a resume doubles none."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.telemetry import conventions as c
from fieldcraft.agent.telemetry.records import line
from fieldcraft.common.fields import Amount, Count
from fieldcraft.envs import Progress

TOKENS, SECONDS, TOOL_SECONDS = (
    "gen_ai.client.token.usage",
    "gen_ai.client.operation.duration",
    "gen_ai.execute_tool.duration",
)
BOUNDS = {
    TOKENS: tuple(float(4**power) for power in range(14)),
    SECONDS: tuple(0.01 * 2**power for power in range(14)),
    TOOL_SECONDS: tuple(0.01 * 2**power for power in range(14)),
}
"""The boundaries that the conventions give for each histogram."""
SERIES_LIMIT = 500
"""The most histograms, by name and attributes; what is beyond is counted together."""


class Totals(BaseModel):
    """What a run did and used so far. Money is in US dollars."""

    model_config = ConfigDict(extra="ignore")

    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    money: Amount = 0.0
    iterations: Count = 0
    tasks_done: Count = 0
    tasks_failed: Count = 0
    skills: Count = 0
    stalls: Count = 0
    items: Count = 0
    milestones: Count = 0
    deaths: Count = 0


class Series(BaseModel):
    """One histogram: how often which values came for these attributes."""

    model_config = ConfigDict(extra="ignore")

    name: Literal[
        "gen_ai.client.token.usage", "gen_ai.client.operation.duration", "gen_ai.execute_tool.duration"
    ]
    attributes: dict[str, str]
    buckets: list[Count]
    total: Amount = 0.0
    least: Amount = 0.0
    most: Amount = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.least = value if not self.count else min(self.least, value)
        self.most = max(self.most, value)
        self.total += value
        self.buckets[bisect_left(BOUNDS[self.name], value)] += 1

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.buckets)


@dataclass(frozen=True)
class Figure:
    """One number of a run as a metric."""

    name: str
    unit: str
    value: float
    grows: bool = True
    attributes: tuple[tuple[str, str | bool], ...] = ()


class Measures:
    """The metrics up to the latest event that was taken.

    Attributes:
        totals: of the whole run.
        counted: the number of the latest event in them.
    """

    def __init__(
        self, totals: Totals | None = None, series: list[Series] | None = None, counted: int = 0
    ) -> None:
        self.totals = totals or Totals()
        self.counted = counted
        self._settings = RunSettings()
        self._series = {_key(each.name, each.attributes): each for each in series or []}

    @property
    def series(self) -> list[Series]:
        """The histograms."""
        return list(self._series.values())

    def copy(self) -> Measures:
        """The figures as they are now."""
        series = [each.model_copy(deep=True) for each in self.series]
        return Measures(self.totals.model_copy(), series, self.counted)

    def take(self, event: e.BaseEvent, *, totals_only: bool = False) -> None:
        """Count an event; one that was counted before changes nothing."""
        if isinstance(event, e.RunStarted | e.Checkpoint | e.RunResumed):
            self._settings = event.settings
        if event.number <= self.counted:
            return
        if isinstance(event, e.Checkpoint) and event.number > self.counted + 1:
            self.totals = _totals_of(event.state, self.totals.stalls)
        self.counted = event.number
        self._count(event)
        if not totals_only:
            self._observe(event)

    def figures(self) -> list[Figure]:
        """The totals as metrics."""
        totals = self.totals
        kinds = {
            "input": totals.input_tokens,
            "output": totals.output_tokens,
            "cache_read": totals.cached_tokens,
            "reasoning": totals.reasoning_tokens,
        }
        return [
            *(
                Figure("fieldcraft.tokens", "{token}", count, attributes=(("gen_ai.token.type", kind),))
                for kind, count in kinds.items()
            ),
            Figure("fieldcraft.cost", "{USD}", totals.money),
            Figure("fieldcraft.iterations", "{program}", totals.iterations),
            Figure(
                "fieldcraft.tasks", "{task}", totals.tasks_done, attributes=(("fieldcraft.success", True),)
            ),
            Figure(
                "fieldcraft.tasks", "{task}", totals.tasks_failed, attributes=(("fieldcraft.success", False),)
            ),
            Figure("fieldcraft.skills", "{skill}", totals.skills),
            Figure("fieldcraft.stalls", "{stall}", totals.stalls),
            Figure("fieldcraft.items", "{item}", totals.items, grows=False),
            Figure("fieldcraft.milestones", "{milestone}", totals.milestones, grows=False),
            Figure("fieldcraft.deaths", "{death}", totals.deaths, grows=False),
        ]

    def _count(self, event: e.BaseEvent) -> None:
        totals = self.totals
        match event:
            case e.ModelAnswered() | e.ModelFailed():
                totals.input_tokens += event.input_tokens
                totals.output_tokens += event.output_tokens
                totals.cached_tokens += event.cached_tokens
                totals.reasoning_tokens += event.reasoning_tokens
                totals.money += event.money
            case e.ToolReturned():
                totals.input_tokens += event.input_tokens
                totals.output_tokens += event.output_tokens
                totals.money += event.money
            case e.ExecutionStarted() | e.AnswerRefused():
                totals.iterations += 1
            case e.TaskFinished():
                totals.tasks_done += event.success
                totals.tasks_failed += not event.success
            case e.SkillKept():
                totals.skills += 1
            case e.StallNoticed():
                totals.stalls += 1
            case e.WorldReset() | e.ExecutionFinished() | e.ExecutionInterrupted() | e.TailSetAside():
                _see(totals, event.progress)
            case _:
                pass

    def _observe(self, event: e.BaseEvent) -> None:
        match event:
            case e.ModelAnswered() | e.ModelFailed():
                asked = self._asked(event.role)
                kind = c.of_failure(event)[c.ERROR_TYPE] if isinstance(event, e.ModelFailed) else ""
                failed = {c.ERROR_TYPE: str(kind)} if kind else {}
                self._add(SECONDS, {**asked, **failed}, event.seconds)
                self._add_tokens(asked, event.input_tokens, event.output_tokens)
            case e.ToolReturned():
                called = {"gen_ai.tool.name": line(event.tool)}
                failed = {} if event.error is None else {c.ERROR_TYPE: "tool_error"}
                self._add(TOOL_SECONDS, {**called, **failed}, event.seconds)
                if event.model_calls:
                    self._add_tokens(self._asked("tools"), event.input_tokens, event.output_tokens)
            case _:
                pass

    def _asked(self, role: str) -> dict[str, str]:
        provider, model = c.asked_model(self._settings, role)
        return {c.OPERATION: "chat", c.PROVIDER: provider, c.REQUEST_MODEL: model}

    def _add_tokens(self, asked: dict[str, str], given: int, answered: int) -> None:
        self._add(TOKENS, {**asked, "gen_ai.token.type": "input"}, given)
        self._add(TOKENS, {**asked, "gen_ai.token.type": "output"}, answered)

    def _add(self, name: str, attributes: dict[str, str], value: float) -> None:
        key = _key(name, attributes)
        if key not in self._series:
            if len(self._series) >= SERIES_LIMIT:
                attributes = {"otel.metric.overflow": "true"}
                key = _key(name, attributes)
            empty = [0] * (len(BOUNDS[name]) + 1)
            self._series.setdefault(
                key, Series.model_validate({"name": name, "attributes": attributes, "buckets": empty})
            )
        self._series[key].add(value)


def _key(name: str, attributes: dict[str, str]) -> str:
    return "\n".join([name, *(f"{key}={value}" for key, value in sorted(attributes.items()))])


def _totals_of(state: RunState, stalls: int) -> Totals:
    """What a state says of the run up to it; of its stalls it knows those since the latest new thing."""
    spent = state.spent
    done = sum(success for _, success in state.finished_tasks)
    totals = Totals(
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cached_tokens=spent.cached_tokens,
        reasoning_tokens=spent.reasoning_tokens,
        money=spent.money,
        iterations=spent.iterations,
        tasks_done=done,
        tasks_failed=len(state.finished_tasks) - done,
        skills=len(state.kept),
        stalls=max(stalls, state.stalls),
    )
    _see(totals, state.progress)
    return totals


def _see(totals: Totals, progress: Progress) -> None:
    totals.items = len(progress.items)
    totals.milestones = len(progress.milestones)
    totals.deaths = progress.deaths
