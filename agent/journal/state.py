"""A run's state, computed only from its journal."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.settings import BudgetLimits, FixedTask
from fieldcraft.agent.task import Task
from fieldcraft.common.fields import Amount, Count, Counts, Text, Texts
from fieldcraft.envs import Observation, Progress


class Spent(BaseModel):
    """What a run has used of its budget so far.

    `unpriced` counts answers with unknown prices, `estimated` calls with estimated tokens. `cached_tokens`
    are part of the input, `reasoning_tokens` of the output. `waited` are the seconds that rate limits asked
    for, which are not part of `seconds` nor of any budget.
    """

    model_config = ConfigDict(extra="forbid")

    iterations: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    money: Amount = 0.0
    unpriced: Count = 0
    estimated: Count = 0
    seconds: Amount = 0.0
    waited: Amount = 0.0

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def exhausted(self, limits: BudgetLimits, *, another_program: bool) -> str | None:
        """A description of the first exhausted limit; `None` if there is none.

        Iterations are checked only before `another_program`, so that the last one's skill is still kept.
        """
        iterations = limits.iterations if another_program else None
        pairs: list[tuple[str, float, float | None]] = [
            ("iterations", self.iterations, iterations),
            ("tokens", self.tokens, limits.tokens),
            ("money", self.money, limits.money),
            ("seconds", self.seconds, limits.seconds),
        ]
        for name, used, limit in pairs:
            if limit is not None and used >= limit:
                return f"budget of {limit:g} {'USD' if name == 'money' else name} used up"
        return None


class Answered(BaseModel):
    """A cached answer about the world."""

    model_config = ConfigDict(extra="forbid")

    question: Text
    answer: Text


class SkillRecord(BaseModel):
    """How often a skill was called by programs that did their task, and by programs that did not."""

    model_config = ConfigDict(extra="forbid")

    successes: Count = 0
    failures: Count = 0


class Sighting(BaseModel):
    """Where a thing was last seen: how, from where or at which place, and when (ticks)."""

    model_config = ConfigDict(extra="forbid")

    words: Text
    tick: Count


class RunState(BaseModel):
    """The state of a run.

    `evidence` maps a message of the world without its numbers to the latest such message, oldest
    first; `calls` counts model calls by role; `reached` maps each milestone to the iteration in which it
    was first seen; `snapshot` names the latest snapshot, if any; `plan`
    holds the remaining steps of a given task, `solved` says that its last step was done; `barren` counts the
    tasks since the plan, or since the latest one in which an item was first held, and `items_before` the
    items ever held when the task in progress began; `seen` holds where each block, mob or chest content was
    last seen; `approvals` holds the tools that a person allowed or refused for all calls; `task_tools` counts
    the calls of the current task by tool, and `tools_used` those of every task with calls, by its number;
    `begun` says that the world's first reset is recorded (not kept before 0.2.0, where a run that finished a
    task has begun).
    """

    model_config = ConfigDict(extra="forbid")

    events: Count = 0
    task_number: Count = 0
    spent: Spent = Spent()
    calls: Counts = {}
    completed: Texts = []
    failed: Texts = []
    finished_tasks: list[tuple[Text, bool]] = []
    answers: dict[Text, Answered] = {}
    evidence: dict[Text, Text] = {}
    records: dict[Text, SkillRecord] = {}
    kept: dict[Text, Text] = {}
    reached: Counts = {}
    observation: Observation = Observation()
    progress: Progress = Progress()
    snapshot: Text | None = None
    task: Task | None = None
    plan: list[FixedTask] = []
    solved: bool = False
    barren: Count = 0
    items_before: Count = 0
    skills_in_use: Texts = []
    seen: dict[Text, Sighting] = {}
    approvals: dict[Text, bool] = {}
    task_tools: Counts = {}
    tools_used: dict[Count, Counts] = {}
    finished: bool = False
    begun: bool = False
