"""The story of a run: the data of its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.store import Memory
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import Chart, Position
from fieldcraft.report.notes import HeardNote
from fieldcraft.skills import Execution, Verified

FACTS_SHOWN = 100
"""Facts of a kind, and corrections, that a page lists."""


@dataclass(frozen=True)
class ToolUse:
    """A tool call: its caller, its source form, and its result or error."""

    user: str
    call: str
    outcome: str
    failed: bool


@dataclass
class Iteration:
    """One program written and executed, or one model answer without a program.

    Attributes:
        number: its number from 1, as the budget counts iterations.
        attempt: the number of the attempt at its task, from 1.
        source: the program; `None` if the answer held none (`problem` gives the reason).
        skills: entry names of the library skills that the program calls, with their digests.
        execution: its execution without the list of calls, with only the end of its log; `None` while it
            runs, or if it was interrupted.
        tokens: input and output tokens of the model calls that led to the program, judged and described it.
        money: the cost of the same calls, in USD.
        items: the items first held in this iteration.
        items_held: the number of distinct items ever held, including this iteration.
        kept: the name of the skill that was kept from it.
        tools: tool calls that led to the program, were made by it, or judged it.
        reserve: with what reserve it was kept.
        refused: why a program that worked was not kept.
        picture: the digest of the picture of the world that its author was shown, if any.
    """

    number: int
    task_number: int
    task: Task | None
    attempt: int
    source: str | None = None
    skills: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    execution: Execution | None = None
    verdict: Verdict | None = None
    tokens: int = 0
    money: float = 0.0
    items: tuple[str, ...] = ()
    milestones: tuple[str, ...] = ()
    items_held: int = 0
    kept: str = ""
    reserve: str = ""
    refused: str = ""
    tools: list[ToolUse] = field(default_factory=list)
    interrupted: bool = False
    picture: str = ""

    @property
    def words(self) -> str:
        """The task's."""
        return self.task.words if self.task else "no task"

    @property
    def outcome(self) -> str:
        """`done`, `failed`, or `open` if there is no verdict."""
        if self.problem:
            return "failed"
        if self.verdict is None:
            return "open"
        return "done" if self.verdict.success else "failed"


@dataclass
class Stage:
    """A stage of the tech tree: the items first held up to a milestone, each with its iteration.

    `milestone` is empty in the last stage if no milestone ends it yet.
    """

    milestone: str
    iteration: int
    items: list[tuple[str, int]]


@dataclass
class LearnedSkill:
    """A skill that the run kept.

    Attributes:
        versions: how many versions of it were kept.
        iteration: the iteration of the first version.
        calls: names of the skills that its latest version calls.
        called_by: names of the skills of this run whose latest versions call it.
        uses: calls at run time, by all programs of the run.
    """

    name: str
    entry: str
    iteration: int
    verified: Verified
    versions: int = 1
    calls: list[str] = field(default_factory=list)
    called_by: list[str] = field(default_factory=list)
    uses: int = 0


@dataclass
class Story:
    """A whole run, in order.

    Attributes:
        overview: the state of the run at the end of its journal.
        iterations: all iterations of the journal, the oldest first.
        walked: (iteration, position) after each program, beginning with iteration 0.
        held_at: iteration in which each item was first held, in that order.
        skills: the kept skills, in the order of their first versions.
        tokens_aside: tokens of model calls that belong to no iteration.
        refused_answers: answers that a model, or a filter of its provider, refused to give.
        cut_answers: answers that were cut at a limit of the model.
        land: a picture of what the agent saw of the world, if it could be drawn.
        memory: the facts that it learned.
        changes: what resumes changed of its settings, each with the iterations before it.
        folder: of the run, for its pictures.
        notes: what people said to it, and what became of that.
    """

    overview: Overview
    iterations: list[Iteration] = field(default_factory=list)
    walked: list[tuple[int, Position]] = field(default_factory=list)
    held_at: dict[str, int] = field(default_factory=dict)
    skills: list[LearnedSkill] = field(default_factory=list)
    tokens_aside: int = 0
    refused_answers: int = 0
    cut_answers: int = 0
    land: Chart | None = None
    memory: Memory = field(default_factory=Memory)
    changes: list[tuple[int, str]] = field(default_factory=list)
    folder: Path | None = None
    notes: list[HeardNote] = field(default_factory=list)

    @property
    def milestones(self) -> dict[str, int]:
        """The iteration of each milestone, in the order in which they were reached."""
        return self.overview.state.reached

    @property
    def models_counts(self) -> dict[str, float]:
        """What is worth knowing of the models' answers, by its name on a page, where there is any."""
        spent = self.overview.state.spent
        counts = {
            "cached tokens": spent.cached_tokens,
            "reasoning tokens": spent.reasoning_tokens,
            "answers with estimated tokens": spent.estimated,
            "refused answers": self.refused_answers,
            "answers cut at a limit": self.cut_answers,
            "seconds of rate limits": spent.waited,
        }
        return {name: count for name, count in counts.items() if count}

    def stages(self) -> list[Stage]:
        """The items between one milestone and the next; milestones of one iteration share their items."""
        left = list(self.held_at.items())
        found = []
        for milestone, iteration in self.milestones.items():
            found.append(Stage(milestone, iteration, [pair for pair in left if pair[1] <= iteration]))
            left = [pair for pair in left if pair[1] > iteration]
        if left or not found:
            found.append(Stage("", self.overview.state.spent.iterations, left))
        return found

    def facts_by_kind(self) -> list[tuple[str, int, list[Fact]]]:
        """Of each kind of fact that holds: its name, how many there are, and the latest, the newest first."""
        held: dict[str, list[Fact]] = {}
        for fact in self.memory.held():
            held.setdefault(fact.kind, []).append(fact)
        return [(kind, len(facts), facts[: -FACTS_SHOWN - 1 : -1]) for kind, facts in sorted(held.items())]

    def corrected_facts(self) -> list[Fact]:
        """The facts that were corrected last, the newest correction first."""
        wrong = [fact for fact in self.memory if fact.wrong]
        return sorted(wrong, key=lambda fact: -fact.wrong_since)[:FACTS_SHOWN]

    def curve(self) -> tuple[list[int], list[int]]:
        """Iterations at which the number of distinct items grew, and the new numbers."""
        numbers, counts = [0], [0]
        for count, iteration in enumerate(self.held_at.values(), 1):
            if iteration == numbers[-1]:
                counts[-1] = count
            else:
                numbers.append(iteration)
                counts.append(count)
        return [*numbers, self.overview.state.spent.iterations], [*counts, counts[-1]]
