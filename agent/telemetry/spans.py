"""The spans of a run's events: one for each effect, and those of its tasks and of the run around them."""

from __future__ import annotations

from collections.abc import Mapping

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.telemetry import conventions as c
from fieldcraft.agent.telemetry.records import Attributes, Identity, Span, Value, line, said
from fieldcraft.common.text import cut_text

Key = tuple[str, str, int]
"""By what an open span is found again: its kind, whose it is, and a number."""

_RUN: Key = ("run", "", 0)
_TASK: Key = ("task", "", 0)
_PROGRAM: Key = ("program", "", 0)
_RERUN: Key = ("rerun", "", 0)
_PERSON: Key = ("person", "", 0)
_LASTING = (_RUN, _TASK)
"""What goes on while the run is paused, or is closed by itself."""


class Spans:
    """Follows a run's events in their order. An effect without an outcome ends when the run goes past it.

    Attributes:
        last: the number of the latest event.
        time: when that was, in seconds since the epoch.
    """

    def __init__(self, identity: Identity, *, content: bool = False) -> None:
        self.identity = identity
        self.last = 0
        self.time = identity.began
        self._content = content
        self._settings = RunSettings()
        self._task_number = 0
        self._open: dict[Key, Span] = {}
        self._done: list[Span] = []

    def take(self, event: e.BaseEvent) -> list[Span]:
        """The spans that an event ends."""
        if event.number <= self.last:
            return []
        self._follow(event)
        self.last, self.time = event.number, event.time
        done, self._done = self._done, []
        return done

    def go_on_from(self, number: int, begin: float) -> None:
        """Take up the run's own span, which event `number` began before those that are taken here."""
        attributes = c.of_run(self._settings, self.identity.run, "")
        parent = None if number == 1 else self.identity.root
        name = f"invoke_agent {c.AGENT}"
        self._open[_RUN] = Span(self.identity.span(number), parent, name, begin, attributes=attributes)

    def is_open(self, span: int) -> bool:
        """Whether the span of this id has not ended."""
        return any(each.id == span for each in self._open.values())

    def root_until_now(self) -> Span:
        """The run's first span where it is not known when that ended: up to the latest event."""
        attributes = c.of_run(self._settings, self.identity.run, "")
        attributes["fieldcraft.traced_from"] = self.last + 1
        name, begin = f"invoke_agent {c.AGENT}", self.identity.began
        return Span(self.identity.root, None, name, begin, max(begin, self.time), attributes=attributes)

    def unfinished(self) -> list[Span]:
        """The spans that are open, as they would be if the run ended with the latest event."""
        for key in list(self._open):
            self._cut_off(key, "fieldcraft.unfinished")
        done, self._done = self._done, []
        return done

    def _follow(self, event: e.BaseEvent) -> None:
        match event:
            case e.RunStarted() | e.Checkpoint() | e.RunResumed():
                self._take_up(event)
            case e.RunPaused() | e.RunFinished():
                self._end(_RUN, event, {"fieldcraft.outcome": said(event.reason)})
            case e.TaskProposed() | e.TaskFinished() | e.TailSetAside():
                self._follow_task(event)
            case e.ModelAsked() | e.ModelAnswered() | e.ModelFailed():
                self._follow_model(event)
            case e.ToolCalled() | e.ToolReturned() | e.ApprovalAsked() | e.ApprovalAnswered():
                self._follow_tool(event)
            case e.HumanAsked():
                self._begin(_PERSON, event, "ask_person", {"fieldcraft.question": said(event.question)})
            case e.HumanAnswered():
                self._end(_PERSON, event, {})
            case _:
                self._follow_program(event)
        if (mark := c.marked(event)) is not None and (span := self._here()) is not None:
            span.mark(event.time, *mark)

    def _take_up(self, event: e.RunStarted | e.Checkpoint | e.RunResumed) -> None:
        self._settings = event.settings
        if isinstance(event, e.Checkpoint):
            self._task_number = event.state.task_number
            return
        if isinstance(event, e.RunResumed):
            self._cut_off(_RUN, "fieldcraft.interrupted")
            for key, span in self._open.items():
                if key not in _LASTING:
                    span.begin = max(event.time, span.begin)
                    span.attributes["fieldcraft.interrupted"] = True
        attributes = c.of_run(event.settings, self.identity.run, event.version)
        if event.number > 1:
            attributes["fieldcraft.resumed"] = True
        self._begin(_RUN, event, f"invoke_agent {c.AGENT}", attributes)

    def _follow_task(self, event: e.TaskProposed | e.TaskFinished | e.TailSetAside) -> None:
        for key in [key for key in self._open if key not in _LASTING]:
            self._cut_off(key, "fieldcraft.interrupted")
        match event:
            case e.TaskProposed():
                self._cut_off(_TASK, "fieldcraft.set_aside")
                self._task_number = event.task_number
                attributes: Attributes = {
                    "fieldcraft.task.number": event.task_number,
                    "fieldcraft.task": said(event.task.words),
                    "fieldcraft.task.origin": line(event.task.origin),
                }
                self._begin(_TASK, event, "task", attributes)
            case e.TaskFinished():
                found: Attributes = {
                    "fieldcraft.success": event.success,
                    "fieldcraft.task.attempts": event.attempts,
                }
                if event.given_up:
                    found["fieldcraft.task.given_up"] = said(event.given_up)
                if not event.success:
                    found[c.ERROR_TYPE] = "not_done"
                self._end(_TASK, event, found, error=None if event.success else "the task was not done")
            case e.TailSetAside():
                self._task_number = event.task_number
                self._cut_off(_TASK, "fieldcraft.set_aside")

    def _follow_model(self, event: e.ModelAsked | e.ModelAnswered | e.ModelFailed) -> None:
        key: Key = ("model", event.role, event.call)
        match event:
            case e.ModelAsked():
                name, attributes = c.of_question(self._settings, self.identity.run, event)
                self._begin(key, event, name, attributes, client=True)
            case e.ModelAnswered():
                error = f"refused: {said(event.refusal)}" if event.refusal else None
                self._end(key, event, c.of_answer(event, content=self._content), error=error)
            case e.ModelFailed():
                self._end(key, event, c.of_failure(event), error=said(event.error))

    def _follow_tool(
        self, event: e.ToolCalled | e.ToolReturned | e.ApprovalAsked | e.ApprovalAnswered
    ) -> None:
        key: Key = ("tool", "", event.call)
        match event:
            case e.ToolCalled():
                attributes = c.of_tool_call(event, self._task_number, content=self._content)
                self._begin(key, event, f"execute_tool {line(event.tool)}", attributes)
            case e.ToolReturned():
                found = c.of_tool_result(event, content=self._content)
                error = None if event.error is None else said(event.error)
                self._end(key, event, found, error=error)
            case e.ApprovalAsked():
                attributes = {
                    "gen_ai.tool.name": line(event.tool),
                    "fieldcraft.question": said(event.question),
                }
                self._begin(("approval", "", event.call), event, "ask_approval", attributes)
            case e.ApprovalAnswered():
                answer: Attributes = {"fieldcraft.answer": said(event.text)}
                self._end(("approval", "", event.call), event, answer)

    def _follow_program(self, event: e.BaseEvent) -> None:
        match event:
            case e.ExecutionStarted():
                self._begin_program(event)
            case e.ExecutionFinished():
                error = event.execution.error_text()
                found = c.of_execution(event)
                self._end(_PROGRAM, event, found, error=None if error is None else said(error))
            case e.ExecutionInterrupted():
                found = {c.ERROR_TYPE: "interrupted", "fieldcraft.interrupted": True}
                self._end(_PROGRAM, event, found, error="the run was cut off in it")
            case e.ProgramSetAside():
                self._end(_PROGRAM, event, {"fieldcraft.set_aside": True})
            case e.VerificationStarted():
                self._begin(_RERUN, event, "verify_program", {"fieldcraft.iteration": event.iteration})
            case e.VerificationFinished():
                found = {"fieldcraft.success": event.success}
                self._end(_RERUN, event, found)
            case _:
                pass

    def _begin_program(self, event: e.ExecutionStarted) -> None:
        attributes: Attributes = {
            "fieldcraft.iteration": event.iteration,
            "fieldcraft.attempt": event.attempt,
            "fieldcraft.language": event.language,
        }
        if self._content:
            attributes["fieldcraft.program.source"] = cut_text(event.source, c.CONTENT_LIMIT)
        self._begin(_PROGRAM, event, "run_program", attributes)
        program = self._open[_PROGRAM]
        for entry, digest in event.skills.items():
            loaded: Attributes = {
                c.OPERATION: "load_skill",
                "gen_ai.skill.name": line(entry),
                "fieldcraft.skill.digest": line(digest),
            }
            self._done.append(
                Span(
                    id=self.identity.span(event.number, entry),
                    parent=program.id,
                    name=f"load_skill {line(entry)}",
                    begin=event.time,
                    end=event.time,
                    attributes=loaded,
                )
            )

    def _begin(
        self,
        key: Key,
        event: e.BaseEvent,
        name: str,
        attributes: Mapping[str, Value],
        *,
        client: bool = False,
    ) -> None:
        self._cut_off(key, "fieldcraft.interrupted")
        parent = None if event.number == 1 else self._parent(key)
        self._open[key] = Span(
            id=self.identity.span(event.number),
            parent=parent,
            name=name,
            begin=event.time,
            client=client,
            attributes=dict(attributes),
        )

    def _end(
        self, key: Key, event: e.BaseEvent, attributes: Mapping[str, Value], *, error: str | None = None
    ) -> None:
        span = self._open.pop(key, None)
        if span is not None:
            span.end = max(span.begin, event.time)
            span.attributes |= attributes
            span.error = error
            self._done.append(span)

    def _cut_off(self, key: Key, why: str) -> None:
        """End a span for which no outcome is recorded, at the latest event."""
        span = self._open.pop(key, None)
        if span is not None:
            span.end = max(span.begin, self.time)
            span.attributes[why] = True
            self._done.append(span)

    def _parent(self, key: Key) -> int:
        """The id of the span around one that begins: a program's, a task's, or the run's first."""
        inside = () if key in _LASTING else (_PROGRAM, _RERUN, _TASK)
        return next((self._open[each].id for each in inside if each in self._open), self.identity.root)

    def _here(self) -> Span | None:
        return next((self._open[key] for key in (_TASK, _RUN) if key in self._open), None)
