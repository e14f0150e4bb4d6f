"""A run's state, computed only from its journal."""

from __future__ import annotations

import copy

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from fieldcraft.agent.approvals.parked import ParkedCall, SetAsideTask, Settled
from fieldcraft.agent.journal.course.episodes import Episodes
from fieldcraft.agent.memory.facts import FactsMark
from fieldcraft.agent.settings import BudgetLimits, FixedTask
from fieldcraft.agent.steering.course import Steering
from fieldcraft.agent.task import Task
from fieldcraft.common.fields import Amount, Count, Counts, Text, Texts
from fieldcraft.envs import Happening, Observation, Progress


class Spent(BaseModel):
    """What a run has used of its budget so far.

    `unpriced` counts answers with unknown prices, `estimated` calls with estimated tokens. `cached_tokens`
    are part of the input, `reasoning_tokens` of the output. `waited` are the seconds that rate limits asked
    for, which are not part of `seconds` nor of any budget. `episodes` are those that ended.
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
    episodes: Count = 0

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def exhausted(self, limits: BudgetLimits, *, another_program: bool) -> str | None:
        """A description of the first exhausted limit; `None` if there is none.

        Iterations and episodes are checked only before `another_program`, so that the last one's skill is
        still kept.
        """
        iterations = limits.iterations if another_program else None
        episodes = limits.episodes if another_program else None
        pairs: list[tuple[str, float, float | None]] = [
            ("iterations", self.iterations, iterations),
            ("episodes", self.episodes, episodes),
            ("tokens", self.tokens, limits.tokens),
            ("money", self.money, limits.money),
            ("seconds", self.seconds, limits.seconds),
        ]
        for name, used, limit in pairs:
            if limit is not None and used >= limit:
                return f"budget of {limit:,.10g} {'USD' if name == 'money' else name} used up"
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


class Setback(BaseModel):
    """A goal all of whose latest tasks failed.

    `failures` counts them, `least` is the smallest number of things that one asked for, `wordings` are the
    latest tasks' plain words. `said` and `critique` are what the world and the critic said of the last one,
    and `held` is how much of what they name was held at its end. `gained` is what of that was gained since,
    and `anything_new` says whether anything was that had not been held before.
    """

    model_config = ConfigDict(extra="forbid")

    failures: Count = 0
    least: Count = 1
    wordings: Texts = []
    said: Texts = []
    critique: Text = ""
    held: Counts = {}
    gained: Texts = []
    anything_new: bool = False


class RunState(BaseModel):
    """The state of a run.

    `answers` holds the newest answers about the world (`course/answers.py`); `evidence` maps a message of
    the world without its numbers to the latest such message, oldest first; `calls` counts model calls by
    role; `reached` maps each milestone to the iteration in which it was first seen; `snapshot` names the
    latest snapshot, if any; `plan` holds the remaining steps of a given task,
    `solved` says that its last step was done; `stalled_tasks` counts the tasks since the plan, or since the
    latest one in which an item was first held, and `items_before` the items ever held when the task in
    progress began; `seen` holds where each block, mob or chest content was last seen; `approvals` holds the
    tools that a person allowed or refused for all calls; `task_tools` counts the calls of the current task by
    tool, and `tools_used` those of every task with calls, by its number; `shortened` counts the answers to
    prompts from which something was left out to fit the model's context window, and `shortened_for` is the
    smallest such window in tokens; `refused_answers` counts what models or filters refused to answer;
    `refused_proposals` says what was wrong with proposals since the last task,
    and `insisted` counts those that asked for what was done or failed too often;
    `setbacks` holds the goals that failed and were not reached since; of the task in progress, `asked`
    is how many things it asks for, `said` what the world said, `happened` what it reports of the programs so
    far, `critique` what the critic wants changed; `explained` is what the world says, where it was asked,
    of how to get a thing; `chores` counts the iterations spent on making room;
    `questions` are those that came with the latest task, answered before the next one is chosen;
    `called_lately` holds the skills that each of the latest programs called, the last program last;
    `not_kept` says why the latest program that did its task was not kept, or was kept with reserve;
    `facts` is the mark up to which the file of facts counts, see `fieldcraft.agent.memory.keeping`;
    `episodes` is where the run stands in its episodes;
    `begun` says that the world's first reset is recorded (not kept before 0.2.0, where a run that finished a
    task has begun); `done` is by goal the most things that a task which was done asked for, `most_held` the
    most of each item that was held after a program, `trodden` how often a program ended on each square of
    the ground; `newest` is the latest item, milestone or skill that was new, at iteration `newest_at`, and
    `stalls` how often it was noticed since that nothing new comes, `stall_hint` what is to be tried then;
    `parked` holds by their ids the tool calls that wait for a person or are still to be made, `settled` what
    became of others, `set_aside` the tasks that wait for them, by number; `repeated` counts the tasks that
    were set again, `again` is the earlier number of the task in progress where it is one of them,
    `task_began` the number of its first event, and `lapsed` says that nobody answered it in time.
    `steering` is what people asked of it.
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
    picture: Text = ""
    task: Task | None = None
    plan: list[FixedTask] = []
    solved: bool = False
    stalled_tasks: Count = Field(default=0, validation_alias=AliasChoices("stalled_tasks", "barren"))
    items_before: Count = 0
    skills_in_use: Texts = []
    seen: dict[Text, Sighting] = {}
    approvals: dict[Text, bool] = {}
    task_tools: Counts = {}
    tools_used: dict[Count, Counts] = {}
    shortened: Count = 0
    shortened_for: Count = 0
    refused_answers: Count = 0
    refused_proposals: Texts = []
    insisted: Count = 0
    setbacks: dict[Text, Setback] = {}
    asked: Count = 1
    said: Texts = []
    critique: Text = ""
    happened: list[Happening] = []
    explained: dict[Text, Text] = {}
    chores: Count = 0
    questions: Texts = []
    called_lately: list[Texts] = []
    not_kept: Texts = []
    facts: FactsMark = FactsMark()
    finished: bool = False
    begun: bool = False
    episodes: Episodes = Episodes()
    done: Counts = {}
    most_held: Counts = {}
    trodden: Counts = {}
    newest: Text = ""
    newest_at: Count = 0
    stalls: Count = 0
    stall_hint: Text = ""
    steering: Steering = Steering()
    parked: dict[Text, ParkedCall] = {}
    settled: dict[Text, Settled] = {}
    set_aside: dict[Count, SetAsideTask] = {}
    repeated: Count = 0
    again: Count = 0
    task_began: Count = 0
    lapsed: Text = ""

    def copied(self) -> RunState:
        """A copy that changes by itself. The ends of tasks, which never change, are shared: they are many."""
        return copy.deepcopy(self, {id(self.finished_tasks): list(self.finished_tasks)})

    def found(self) -> dict[str, int]:
        """Everything that the run found, in all episodes; see `Progress.found`."""
        found = self.episodes.earlier.found()
        for name, tick in self.progress.found().items():
            found.setdefault(name, tick)
        return found

    def items_held(self) -> list[str]:
        """The items ever held, in all episodes, the oldest first."""
        first, earlier = self.progress.items, list(self.episodes.earlier.items)
        now = sorted((item for item in first if item not in earlier), key=lambda item: (first[item], item))
        return [*earlier, *now]

    @property
    def noun(self) -> str:
        """What one of the things that were found is called."""
        return "thing" if self.progress.achieved or self.observation.scores else "item"

    @property
    def nouns(self) -> str:
        """What those things are called together: the world's own word where all are of one of its kinds."""
        progress = (self.episodes.earlier, self.progress)
        kinds = {kind.replace("_", " ") for each in progress for kind in each.achieved}
        if any(each.items for each in progress) or len(kinds) != 1:
            return f"{self.noun}s"
        return kinds.pop()
