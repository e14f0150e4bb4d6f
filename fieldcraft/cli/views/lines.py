"""Describe a run line by line: what each event means to a person who watches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fieldcraft.agent.approvals.wording import in_words
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview, clock
from fieldcraft.cli.options.naming import program
from fieldcraft.cli.views.console import counted, one_line
from fieldcraft.cli.views.figures import duration

if TYPE_CHECKING:
    from rich.text import Text

GOOD, BAD, STAR = "✓", "✗", "★"
_EACH_SHOWN = 20.0
"""Seconds of waiting for an answer in which each wait has a line; after them one has in a minute."""


@dataclass(frozen=True)
class Line:
    """The description of an event. `lasting` ones stay above the live view; others appear only in it."""

    mark: str
    style: str
    words: str
    detail: str = ""
    lasting: bool = False
    indent: int = 0

    def text(self) -> Text:
        """The line as it is printed, without its time."""
        from rich.text import Text

        return Text.assemble(
            "  " * self.indent,
            (self.mark, self.style),
            " " if self.mark else "",
            (one_line(self.words, 300), self.style if not self.mark else ""),
            (f"  {one_line(self.detail, 300)}" if self.detail else "", "quiet"),
        )


def opening_line(view: Overview) -> Text:
    """The first line: which run starts or resumes, and with what settings."""
    settings, used = view.settings, view.state.spent.iterations
    begun = f"resumed after iteration {used}" if used else "resumed" if view.resumed else "starts"
    words = f"run {view.run} {begun}"
    detail = f"{settings.world}, seed {settings.seed}, model {settings.model}, library {settings.library}"
    return Line("", "head", words, detail).text()


def lines(event: e.Event, view: Overview) -> Iterator[Line]:
    """Describe `event`, which `view` has just taken; `None` if there is nothing to show."""
    yield from _happening(event, view)
    for name in view.new_milestones:
        words = f"milestone: {name}"
        yield Line(STAR, "warn", words, f"iteration {view.state.reached[name]}", lasting=True, indent=1)
    if view.new_deaths:
        total = view.state.progress.deaths
        yield Line(
            "†", "bad", f"died{_causes(event)}", f"{counted(total, 'death')} so far", lasting=True, indent=1
        )
    if view.new_items:
        held = counted(len(view.state.found()), f"different {view.state.noun}")
        yield Line("+", "good", f"first {', '.join(view.new_items)}", held, indent=1)


def _causes(event: e.Event) -> str:
    """What the world says the agent died of, in the last program."""
    if not isinstance(event, e.ExecutionFinished):
        return ""
    deaths = [happening for happening in event.happenings if happening.what == "died"]
    causes = list(dict.fromkeys(death.subject or death.why for death in deaths))
    return f" of {', '.join(causes)}" if any(causes) else ""


def _happening(event: e.Event, view: Overview) -> Iterator[Line]:
    match event:
        case e.TaskProposed():
            goal = f"goal: {event.task.goal}" if event.task.goal else ""
            yield Line("", "head", f"task {event.task_number}: {event.task.words}", goal)
        case e.Judged() | e.AnswerRefused():
            yield _attempt(view)
        case e.SkillKept():
            words = f"{'replaced' if event.improves else 'kept'} the skill {event.name}"
            noted = f"; {event.note}" if event.note else ""
            yield Line(GOOD, "good", words, f"verified: {event.verified}{noted}", indent=1)
        case e.SkillRefused():
            yield Line("·", "quiet", "not kept as a skill", event.reason, indent=1)
        case e.TaskFinished() if event.awaiting:
            words = f"task {event.task_number} is set aside: {view.state.finished_tasks[-1][0]}"
            yield Line("…", "warn", words, "it comes again once its calls are answered", lasting=True)
        case e.TaskFinished():
            yield _task(event, view)
        case e.ApprovalParked():
            answer = f"{program()} runs approve {view.run} {event.id}"
            yield Line("?", "warn", f"a call waits for a person: {event.shown}", answer, lasting=True)
        case e.ApprovalHeard():
            words = f"the call {event.id} of {event.tool} was answered"
            yield Line("·", "quiet", words, in_words(event.text, event.by), lasting=True)
        case e.PlanMade():
            steps = "; ".join(step.task for step in event.steps)
            yield Line("", "head", f"plan of {counted(len(event.steps), 'step')}", steps, lasting=True)
        case e.Held():
            words = f"paused by {event.by}"
            yield Line("", "warn", words, f"`runs go-on {view.run}` lets it go on", lasting=True)
        case _:
            yield from _course(event)


def _course(event: e.Event) -> Iterator[Line]:
    """Describe an event about the run itself."""
    match event:
        case e.ModelFailed():
            yield Line("!", "warn", f"the {event.role}'s model did not answer", event.error, lasting=True)
        case e.ModelWaited() if _worth_a_line(event):
            until = clock(event.time + event.seconds)
            words = f"rate limit of {event.model}: the {event.role} goes on at {until}"
            before = f", after {duration(event.waited)} of waiting" if event.waited else ""
            yield Line("!", "warn", words, f"in {duration(event.seconds)}{before}", lasting=True)
        case e.ModelAnswered() if event.refusal and event.role != "actor":
            yield Line("!", "warn", f"the {event.role}'s model refused to answer", event.refusal)
        case e.ToolReturned():
            mark, style = ("·", "quiet") if event.error is None else (BAD, "bad")
            outcome = event.value if event.error is None else event.error
            yield Line(mark, style, f"{event.user}: {event.tool}", str(outcome)[:500], indent=1)
        case e.ExecutionInterrupted():
            yield Line(
                "!", "warn", "a program was interrupted; continuing from the current state of the world"
            )
        case e.StallNoticed():
            words = f"nothing new in {counted(event.since, 'iteration')}; trying {event.tries}"
            last = f"the last was {event.newest}" if event.newest else ""
            yield Line("!", "warn", words, last, lasting=True)
        case e.EpisodeEnded():
            scores = ", ".join(f"{name} {score:g}" for name, score in sorted(event.scores.items()))
            yield Line("", "head", f"episode {event.episode} ended: {event.end}", scores, lasting=True)
        case _:
            yield from _driven(event)


def _driven(event: e.Event) -> Iterator[Line]:
    """Describe how the run is driven: where it begins, goes on and stops."""
    match event:
        case e.RunForked():
            yield Line("", "head", f"forked from {event.of}", lasting=True)
        case e.WorldBroughtBack() if event.whole:
            ran = f"{counted(event.programs, 'recorded program')} ran again"
            yield Line("·", "quiet", "the world is as the run left it", ran, lasting=True)
        case e.Warned() | e.TailSetAside():
            yield Line("!", "warn", event.text, lasting=True)
        case e.DraftUndone():
            yield Line("·", "quiet", "another draft, in the world as the attempt found it", indent=1)
        case e.NoteHeard():
            yield from _note(event)
        case e.RunPaused():
            yield Line("", "warn", f"paused: {event.reason}", lasting=True)
        case e.RunFinished():
            yield Line("", "good", f"finished: {event.reason}", lasting=True)
        case _:
            return


def _note(heard: e.NoteHeard) -> Iterator[Line]:
    """What a person said or wants; a pause and a stop have lines of their own once they hold."""
    words = {
        "say": f"{heard.by} says:",
        "task": f"{heard.by} sets a task:",
        "skip": f"{heard.by} skips the task in progress",
        "step": f"{heard.by} lets one iteration pass",
        "go_on": f"{heard.by} lets the run go on",
    }.get(heard.kind)
    if words is not None:
        yield Line(">", "name", words, heard.text, lasting=True)


def _worth_a_line(wait: e.ModelWaited) -> bool:
    """Whether it is among the first waits for an answer, or the one that begins another minute of them."""
    return wait.waited < _EACH_SHOWN or wait.waited // 60 != (wait.waited + wait.seconds) // 60


def _attempt(view: Overview) -> Line:
    assert view.verdict is not None
    words = f"attempt {view.attempt}"
    if view.execution is not None:
        words += f", {view.execution.ticks} ticks"
    if view.verdict.success:
        return Line(GOOD, "good", words, view.verdict.reasoning, indent=1)
    error = view.execution.error_text() if view.execution else None
    return Line(BAD, "bad", words, error or view.verdict.critique, indent=1)


def _task(event: e.TaskFinished, view: Overview) -> Line:
    words, success = view.state.finished_tasks[-1]
    mark, style = (GOOD, "good") if success else (BAD, "bad")
    attempts = f"{event.attempts} attempt{'s' if event.attempts != 1 else ''}"
    detail = f"{attempts}, iteration {view.state.spent.iterations}"
    if event.given_up:
        detail += f", given up: {event.given_up}"
    if view.kept is not None:
        detail += f", kept {view.kept.name}"
    elif view.not_kept:
        detail += f", not kept: {view.not_kept}"
    return Line(mark, style, f"task {event.task_number}: {words}", detail, lasting=True)
