"""What a report tells of a run, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import Chart, Position
from fieldcraft.skills import Execution, Verified


@dataclass(frozen=True)
class ToolUse:
    """A tool call: who made it, how (as source), and what it gave or why it gave nothing."""

    user: str
    call: str
    outcome: str
    failed: bool


@dataclass
class Iteration:
    """One program written and executed, or one answer that held none.

    Attributes:
        number: from 1, as the budget counts.
        attempt: at its task, from 1.
        source: the program, `None` where the answer held none (`problem` says why).
        skills: entry names of the library skills that the program calls, with their digests.
        execution: without its list of calls, its log cut to the end; `None` while it runs or when cut off.
        tokens: of the calls that led to the program, judged it and described it, input and output.
        money: of the same calls, in USD.
        items: first held in this iteration.
        items_held: distinct items ever held, this iteration included.
        kept: name of the skill that it brought.
        tools: calls of tools that led to the program, made by it, or judged it.
        refused: why a program that worked was not kept.
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
    refused: str = ""
    tools: list[ToolUse] = field(default_factory=list)
    interrupted: bool = False

    @property
    def words(self) -> str:
        """The task's."""
        return self.task.words if self.task else "no task"

    @property
    def outcome(self) -> str:
        """`done`, `failed`, or `open` where no verdict was reached."""
        if self.problem:
            return "failed"
        if self.verdict is None:
            return "open"
        return "done" if self.verdict.success else "failed"


@dataclass
class Stage:
    """A rung of the tech tree: the items first held up to a milestone, each with its iteration.

    `milestone` is empty in the last stage, which no milestone has closed yet.
    """

    milestone: str
    iteration: int
    items: list[tuple[str, int]]


@dataclass
class LearnedSkill:
    """A skill that the run kept.

    Attributes:
        versions: how often it was kept, each time as a new version.
        iteration: of the first version.
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
        overview: where the run stands at its end.
        iterations: those that the journal holds, oldest first.
        walked: (iteration, position) after each program, beginning with iteration 0.
        held_at: iteration in which each item was first held, in that order.
        skills: those kept, in the order of their first versions.
        tokens_aside: tokens of calls that led to no iteration.
        land: what the agent saw of the world, where that could be drawn.
    """

    overview: Overview
    iterations: list[Iteration] = field(default_factory=list)
    walked: list[tuple[int, Position]] = field(default_factory=list)
    held_at: dict[str, int] = field(default_factory=dict)
    skills: list[LearnedSkill] = field(default_factory=list)
    tokens_aside: int = 0
    land: Chart | None = None

    @property
    def milestones(self) -> dict[str, int]:
        """Iteration of each milestone, in the order in which they were reached."""
        return self.overview.state.reached

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

    def curve(self) -> tuple[list[int], list[int]]:
        """Iterations at which the number of distinct items grew, and the number from there on."""
        numbers, counts = [0], [0]
        for count, iteration in enumerate(self.held_at.values(), 1):
            if iteration == numbers[-1]:
                counts[-1] = count
            else:
                numbers.append(iteration)
                counts.append(count)
        return [*numbers, self.overview.state.spent.iterations], [*counts, counts[-1]]
