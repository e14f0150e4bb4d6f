"""The journal's events: one class for each `type`.

An effect is an intent event (`...Asked`, `...Started`) followed by its outcome; all other events
record decisions that follow from outcomes. `time` is seconds since the epoch.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from fieldcraft.agent.approvals.events import ApprovalHeard, ApprovalParked, ProgramSetAside
from fieldcraft.agent.journal.course.episodes import Episodes
from fieldcraft.agent.journal.effect_events import (
    ApprovalAnswered,
    ApprovalAsked,
    BaseEvent,
    HumanAnswered,
    HumanAsked,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    ModelWaited,
    ToolCalled,
    ToolReturned,
    WriterEvent,
)
from fieldcraft.agent.journal.past.events import RunForked, WorldBroughtBack
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.memory.keeping import FactsChange
from fieldcraft.agent.settings import FixedTask, RunSettings
from fieldcraft.agent.steering.events import Held, NoteHeard
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.common.fields import Amount, Count, Counts, Text
from fieldcraft.envs import EpisodeEnd, Happening, Observation, Progress
from fieldcraft.skills import Execution, Verified

__all__ = [
    "ApprovalAnswered",
    "ApprovalAsked",
    "ApprovalHeard",
    "ApprovalParked",
    "BaseEvent",
    "Held",
    "HumanAnswered",
    "HumanAsked",
    "ModelAnswered",
    "ModelAsked",
    "ModelFailed",
    "ModelWaited",
    "NoteHeard",
    "ProgramSetAside",
    "RunForked",
    "ToolCalled",
    "ToolReturned",
    "WorldBroughtBack",
    "WriterEvent",
]

FORMAT = 1
"""Version of the journal's format; older ones are migrated when read."""

LOOP = 1
"""Version of the loop: the kinds, the order and the meaning of its events.

It is raised whenever the loop would no longer find its own events where an older one wrote them. Runs of
another version are opened, but what they recorded of an unfinished task is not played back (`TailSetAside`).
"""


class RunStarted(WriterEvent):
    """The run was created; `settings` holds everything that it depends on.

    `library_at` is the absolute path of the library, for a resume from another folder; runs of 0.1.0 lack it.
    """

    type: Literal["run_started"] = "run_started"
    format: Count = FORMAT
    run: Text
    settings: RunSettings
    library_at: Text = ""


class Checkpoint(WriterEvent):
    """First event of a later segment: the state at its beginning, so a resume reads only this segment."""

    type: Literal["checkpoint"] = "checkpoint"
    format: Count = FORMAT
    run: Text
    settings: RunSettings
    library_at: Text = ""
    state: RunState


class WorldReset(BaseEvent):
    """The world was reset: its first observation and, if it has snapshots, a snapshot.

    `picture`, here as elsewhere, is the digest of what was drawn, if models are shown that
    (`RunSettings.see`).
    """

    type: Literal["world_reset"] = "world_reset"
    observation: Observation
    progress: Progress
    snapshot: Text | None = None
    picture: Text = ""


class EpisodeEnded(BaseEvent):
    """An `episode`, numbered from 1, ended, after its goals were checked; see `EndedEpisode`."""

    type: Literal["episode_ended"] = "episode_ended"
    episode: Count
    end: EpisodeEnd
    iteration: Count = 0
    ticks: Count = 0
    scores: dict[Text, float] = Field(default_factory=dict)
    found: Count = 0


class EpisodeBegan(BaseEvent):
    """The next episode began; what is seen in it, and a snapshot if the world has any.

    `elsewhere` is the change of the world's options that holds in it, see `RunSettings.options_of`; `refused`
    is one with which the world could not begin.
    """

    type: Literal["episode_began"] = "episode_began"
    episode: Count
    elsewhere: Count = 0
    refused: Count = 0
    observation: Observation
    progress: Progress
    snapshot: Text | None = None
    picture: Text = ""


class QuestionAnswered(BaseEvent):
    """A question about the world was answered; `key` names it and the evidence it rests on."""

    type: Literal["question_answered"] = "question_answered"
    key: Text
    question: Text
    answer: Text


class PlanMade(BaseEvent):
    """A given task was broken into steps; they replace the rest of the earlier plan."""

    type: Literal["plan_made"] = "plan_made"
    steps: list[FixedTask]


class ProposalRefused(BaseEvent):
    """The curriculum's model proposed no usable task, even after repairs; it is called again.

    `insisted`: it asked for what was done before, or failed too often; earlier journals never say so.
    """

    type: Literal["proposal_refused"] = "proposal_refused"
    problem: Text
    insisted: bool = False


class TaskProposed(BaseEvent):
    """A task begins. `task_number` counts from 1.

    `again` is the number of the same task when it was set aside, 0 where it was not.
    """

    type: Literal["task_proposed"] = "task_proposed"
    task_number: Count
    task: Task
    again: Count = 0


class AnswerRefused(BaseEvent):
    """An actor's answer contained no runnable program; it counts as an iteration."""

    type: Literal["answer_refused"] = "answer_refused"
    iteration: Count
    attempt: Count
    problem: Text


class ExecutionStarted(BaseEvent):
    """Intent: a program is about to run. `skills` binds entry names to digests.

    `improves` is the skill in whose place its author wants it kept, as the answer has it. `again` is the
    iteration in which it was set aside, whose randomness it has once more, 0 where it was not.
    """

    type: Literal["execution_started"] = "execution_started"
    iteration: Count
    attempt: Count
    source: Text
    language: Literal["python", "javascript"] = "python"
    skills: dict[Text, Text] = Field(default_factory=dict)
    improves: Text = ""
    again: Count = 0

    @property
    def chance(self) -> int:
        """The iteration that its randomness derives from."""
        return self.again or self.iteration


class ExecutionFinished(BaseEvent):
    """Outcome: the execution, the world after it, and what happened in between as the world reports it."""

    type: Literal["execution_finished"] = "execution_finished"
    iteration: Count
    execution: Execution
    observation: Observation
    progress: Progress
    snapshot: Text | None = None
    picture: Text = ""
    happenings: list[Happening] = Field(default_factory=list)


class ExecutionInterrupted(BaseEvent):
    """Outcome in a world without snapshots: the run died here; the current state of the world."""

    type: Literal["execution_interrupted"] = "execution_interrupted"
    iteration: Count
    observation: Observation
    progress: Progress
    picture: Text = ""


class FactsLearned(FactsChange, BaseEvent):
    """What a program, the end of a task, or the library at a run's start taught; see `FactsChange`."""

    type: Literal["facts_learned"] = "facts_learned"


class Judged(BaseEvent):
    """The critic's verdict on an attempt."""

    type: Literal["judged"] = "judged"
    iteration: Count
    verdict: Verdict


class VerificationStarted(BaseEvent):
    """Intent: a program is about to be rerun on a fork from the task's start."""

    type: Literal["verification_started"] = "verification_started"
    iteration: Count


class VerificationFinished(BaseEvent):
    """Outcome of the rerun; the world is restored to its state before it."""

    type: Literal["verification_finished"] = "verification_finished"
    iteration: Count
    success: bool
    detail: Text = ""
    seconds: Amount = 0.0


class SkillKept(BaseEvent):
    """A skill is in the library; it was written there before this event.

    `improves` is the entry of the skill whose place it took; `note` says with what reserve it was kept.
    """

    type: Literal["skill_kept"] = "skill_kept"
    iteration: Count
    name: Text
    entry: Text
    digest: Text
    verified: Verified
    improves: Text = ""
    note: Text = ""


class SkillRefused(BaseEvent):
    """A program that did its task was not kept, with the reason."""

    type: Literal["skill_refused"] = "skill_refused"
    iteration: Count
    reason: Text
    entry: Text = ""


class TaskFinished(BaseEvent):
    """A task ended, done or given up. The run's state is complete here: a resume starts after it.

    `given_up` is the author's reason for ending it before its attempts were used up. A task that waits for
    answers to the parked calls `awaiting` is set aside: it neither failed nor is it done.
    """

    type: Literal["task_finished"] = "task_finished"
    task_number: Count
    success: bool
    attempts: Count
    given_up: Text = ""
    awaiting: tuple[Text, ...] = ()


class TailSetAside(BaseEvent):
    """The events from `first` to `last`, of an unfinished task, are set aside: they are not played back.

    What they cost, taught and kept counts. The other fields say where the run goes on: after `task_number`
    tasks, in the world of `snapshot`, or where it has none, in the world as it is now, and in which of the
    `episodes`. `text` is for people.
    """

    type: Literal["tail_set_aside"] = "tail_set_aside"
    first: Count
    last: Count
    text: Text
    task_number: Count
    observation: Observation
    progress: Progress
    snapshot: Text | None = None
    reached: Counts = Field(default_factory=dict)
    episodes: Episodes | None = None


class DraftUndone(BaseEvent):
    """What a program that failed did in the world, from event `first` to `last`, is undone for another draft.

    The other fields say where its attempt began; `happened` is what the task's programs had done by then.
    """

    type: Literal["draft_undone"] = "draft_undone"
    first: Count
    last: Count
    observation: Observation
    progress: Progress
    snapshot: Text | None = None
    picture: Text = ""
    most_held: Counts = Field(default_factory=dict)
    happened: list[Happening] = Field(default_factory=list)


class StallNoticed(BaseEvent):
    """Nothing new came for `since` iterations; `newest` was the last new thing, empty where none was.

    `tries` is what is tried instead, `hint` what the curriculum's model is shown of it.
    """

    type: Literal["stall_noticed"] = "stall_noticed"
    iteration: Count
    since: Count
    newest: Text = ""
    tries: Text
    hint: Text = ""


class Warned(BaseEvent):
    """A note for people, without an effect on the run."""

    type: Literal["warned"] = "warned"
    text: Text


class RunPaused(BaseEvent):
    """The run stopped and can be resumed."""

    type: Literal["run_paused"] = "run_paused"
    reason: Text


class RunResumed(WriterEvent):
    """The run was resumed; `budget` applies from here on."""

    type: Literal["run_resumed"] = "run_resumed"
    settings: RunSettings
    library_at: Text = ""


class RunFinished(BaseEvent):
    """The curriculum has no more tasks."""

    type: Literal["run_finished"] = "run_finished"
    reason: Text


Event = Annotated[
    RunStarted
    | Checkpoint
    | WorldReset
    | EpisodeEnded
    | EpisodeBegan
    | ModelAsked
    | ModelAnswered
    | ModelFailed
    | HumanAsked
    | HumanAnswered
    | ToolCalled
    | ToolReturned
    | ApprovalAsked
    | ApprovalAnswered
    | ApprovalParked
    | ApprovalHeard
    | QuestionAnswered
    | PlanMade
    | ProposalRefused
    | TaskProposed
    | AnswerRefused
    | ExecutionStarted
    | ExecutionFinished
    | ExecutionInterrupted
    | ProgramSetAside
    | FactsLearned
    | Judged
    | VerificationStarted
    | VerificationFinished
    | SkillKept
    | SkillRefused
    | TaskFinished
    | TailSetAside
    | DraftUndone
    | StallNoticed
    | Warned
    | ModelWaited
    | NoteHeard
    | Held
    | RunPaused
    | RunResumed
    | RunForked
    | WorldBroughtBack
    | RunFinished,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Any] = TypeAdapter(Event)

ToolEvent = ToolCalled | ToolReturned | ApprovalAsked | ApprovalAnswered | ApprovalParked | ApprovalHeard
TOOL_EVENTS = (ToolCalled, ToolReturned, ApprovalAsked, ApprovalAnswered, ApprovalParked, ApprovalHeard)
"""Events of tool calls, which may occur between an effect's intent and its outcome."""

ASIDES = (Warned, ModelWaited, Held, RunPaused, RunResumed, RunForked, WorldBroughtBack)
"""Events about pauses and resumes of a run, which a replay skips."""

WITH_SETTINGS = (RunStarted, Checkpoint, RunResumed, RunForked)
"""Events with the settings in force from there on."""
