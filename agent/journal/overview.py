"""An overview of a run for people who watch it: the state and the current activity."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.task import Verdict
from fieldcraft.skills import Execution

RECENT = 40
"""Tasks that ended of which an overview tells."""


@dataclass(frozen=True)
class TaskEnd:
    """A task that ended: whether it was done, and in words what was kept, or why nothing was."""

    number: int
    words: str
    success: bool
    came_to: str


@dataclass
class Overview:
    """An overview of one run, updated with its events in order; repeated events change nothing.

    Attributes:
        run: the run's name: that of its folder if given, else that of its first event.
        state: the state computed from the events.
        doing: a description of the current activity.
        resumed: it was resumed since its beginning.
        held_by: who paused the run, while it waits for that person; else empty.
        waits_until: the end of the wait for a rate limit that is going on, in seconds since the epoch, or 0.
        attempt: the number of the current or latest attempt, 0 before a task's first.
        execution: the execution of the latest program.
        verdict: the latest verdict; `None` since a task began.
        kept: the skill that was kept from the current or latest task.
        not_kept: why no skill was kept from it, where one might have been; else empty.
        source: the code of the latest program.
        recent: the latest tasks that ended, newest last, each with what it came to.
        outcome: why the run stopped; empty while it is running.
        new_items: items first held in the last event.
        new_milestones: milestones first reached in the last event.
        new_deaths: how often the agent died in the last event.
        began: time of the first event, in seconds since the epoch.
        latest: time of the last event.
        opened: when the run was opened this time, and the iterations that it had by then.
    """

    run: str = ""
    settings: RunSettings = field(default_factory=RunSettings)
    state: RunState = field(default_factory=RunState)
    doing: str = "waking up"
    resumed: bool = False
    held_by: str = ""
    waits_until: float = 0.0
    attempt: int = 0
    execution: Execution | None = None
    verdict: Verdict | None = None
    kept: e.SkillKept | None = None
    not_kept: str = ""
    source: str = ""
    recent: deque[TaskEnd] = field(default_factory=lambda: deque(maxlen=RECENT))
    outcome: str = ""
    new_items: tuple[str, ...] = ()
    new_milestones: tuple[str, ...] = ()
    new_deaths: int = 0
    began: float = 0.0
    latest: float = 0.0
    opened: tuple[float, int] = (0.0, 0)

    def take(self, event: e.Event) -> bool:
        """Update the overview with one event.

        Returns:
            Whether the event was new.
        """
        if event.number <= self.state.events:
            return False
        items, milestones = set(self.state.found()), set(self.state.reached)
        deaths = self.state.progress.deaths
        if isinstance(event, e.Checkpoint):
            self.state = event.state.copied()
            items, milestones = set(self.state.found()), set(self.state.reached)
            deaths = self.state.progress.deaths
        apply(self.state, event)
        self.new_items = tuple(item for item in self.state.found() if item not in items)
        self.new_milestones = tuple(name for name in self.state.reached if name not in milestones)
        self.new_deaths = max(0, self.state.progress.deaths - deaths)
        self.began = self.began or event.time
        if isinstance(event, e.WriterEvent) or not self.opened[0]:
            self.opened = event.time, self.state.spent.iterations
        self.latest = event.time
        self._follow(event)
        return True

    def activity(self, now: float) -> str:
        """What goes on at `now`, in seconds since the epoch: after a wait, its model is asked again."""
        if self.waits_until and now > self.waits_until:
            return "asking the model again after its rate limit"
        return self.doing

    def _follow(self, event: e.Event) -> None:
        self.waits_until = event.time + event.seconds if isinstance(event, e.ModelWaited) else 0.0
        self._follow_pause(event)
        match event:
            case e.RunStarted() | e.Checkpoint():
                self.run, self.settings = self.run or event.run, event.settings
            case e.RunResumed() | e.RunForked():
                self.settings, self.resumed = event.settings, True
                self.run, self.outcome = _named(self.run, event)
            case e.RunPaused() | e.RunFinished():
                self.outcome = event.reason
            case e.TaskProposed() | e.TailSetAside():
                self.attempt, self.verdict, self.execution, self.kept = 0, None, None, None
                self.not_kept = ""
            case e.AnswerRefused():
                self.attempt = event.attempt
                self.execution = None
                self.verdict = Verdict(success=False, critique=event.problem)
            case e.ExecutionStarted():
                self.attempt, self.source = event.attempt, event.source
            case e.ExecutionFinished():
                self.execution = event.execution
            case e.Judged():
                self.verdict = event.verdict
            case e.SkillKept():
                self.kept, self.not_kept = event, ""
            case e.SkillRefused():
                self.not_kept = event.reason
            case e.TaskFinished():
                words, success = self.state.finished_tasks[-1]
                self.recent.append(TaskEnd(event.task_number, words, success, self._came_to(event)))
            case _:
                pass
        self.doing = _doing(event) or self.doing

    def _follow_pause(self, event: e.Event) -> None:
        match event:
            case e.Held():
                self.held_by, self.doing = event.by, f"paused by {event.by}"
            case e.NoteHeard() if event.kind in {"go_on", "step", "stop"}:
                self.held_by, self.doing = "", "going on"
            case e.NoteHeard():
                pass
            case e.Warned():
                pass
            case _:
                self.held_by = ""

    def rate(self, now: float) -> tuple[float, float]:
        """Seconds since the run was opened this time, and iterations an hour since then."""
        since, before = self.opened
        seconds = max(0.0, now - since) if since else 0.0
        done = self.state.spent.iterations - before
        return seconds, done * 3600 / seconds if seconds >= 1 else 0.0

    def _came_to(self, event: e.TaskFinished) -> str:
        if self.kept is not None:
            return f"kept {self.kept.name}"
        if self.not_kept:
            return f"not kept: {self.not_kept}"
        return f"given up: {event.given_up}" if event.given_up else ""


def shortened_prompts(state: RunState) -> str:
    """How many prompts were shortened to fit a context window, in words; empty where none was."""
    if not state.shortened:
        return ""
    calls = sum(count for role, count in state.calls.items() if role != "tools")
    window = f"a window of {state.shortened_for:,} tokens"
    return f"prompts shortened to fit {window}: {state.shortened:,} of {calls:,}"


_ASKING = {
    "curriculum_task": "choosing a task",
    "curriculum_questions": "asking itself questions",
    "answer": "answering a question from what it saw",
    "decompose": "breaking the task into steps",
    "actor": "writing a program",
    "critic": "judging the outcome",
    "describe": "describing a new skill",
    "read_log": "noting what the log shows",
}


_DOING: dict[type[e.BaseEvent], str] = {
    e.HumanAsked: "waiting for you",
    e.ApprovalAsked: "waiting for you to allow a tool call",
    e.ApprovalParked: "waiting for a person to allow a tool call",
    e.ExecutionStarted: "running the program",
    e.ExecutionFinished: "judging the outcome",
    e.VerificationStarted: "proving the program from the task's start",
}


def clock(moment: float) -> str:
    """The local time of day, with the date where that is another day."""
    local = time.localtime(min(moment, 32_503_680_000.0))
    today = local[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", local)


def _doing(event: e.Event) -> str:
    match event:
        case e.ModelAsked():
            return _ASKING.get(event.template, f"asking the {event.role}")
        case e.ToolCalled():
            return f"calling the tool {event.tool}"
        case e.ModelWaited():
            return f"waiting out a rate limit of {event.model} until {clock(event.time + event.seconds)}"
        case e.ModelFailed():
            return f"the {event.role}'s model did not answer: {event.error}"
        case _:
            return _DOING.get(type(event), "")


def _named(name: str, event: e.RunResumed | e.RunForked) -> tuple[str, str]:
    """The run's name, which is that of another run in a fork's past, and why it is not running."""
    if isinstance(event, e.RunResumed):
        return name, ""
    return event.run if name == event.of else name, f"forked from {event.of}"
