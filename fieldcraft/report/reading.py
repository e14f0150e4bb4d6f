"""Build the story of a run from the events of its journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.memory.keeping import remember
from fieldcraft.agent.redact import clean
from fieldcraft.agent.tooling.changed_settings import differences
from fieldcraft.report.notes import Notes
from fieldcraft.report.story import Iteration, LearnedSkill, Story, ToolUse
from fieldcraft.skills import Execution
from fieldcraft.tools.calls.results import as_text

LOG_KEPT = 4_000
"""The most characters of a program's log that are kept, from its end."""
SOURCE_KEPT = 20_000
"""The most characters of a program that are kept, from its beginning."""
TOOLS_KEPT = 50
"""The most tool calls of an iteration that are kept: its first ones."""
TOOL_TEXT_KEPT = 300
CHANGES_KEPT = 1_000
"""The most changes of settings that are kept."""
AFTERWARDS = ("critic", "describer")
"""The roles that judge or describe a program that has run; calls of other roles lead to the next one."""


def read_story(folder: Path) -> Story:
    """Read the story of the run in `folder` from its whole journal, one event at a time.

    Raises:
        JournalError: the journal is missing, damaged, or of an unknown format.
    """
    story = tell(Journal(folder).events(), run=folder.name)
    story.folder = folder
    return story


def tell(events: Iterable[e.Event], *, run: str = "") -> Story:
    """The story of these events; `run` is the run's name until an event gives it."""
    teller = Teller(Story(Overview(run=run)))
    for event in events:
        if isinstance(event, e.RunResumed):
            teller.note_changes(event)
        if teller.story.overview.take(event):
            teller.take(event)
            if isinstance(event, e.FactsLearned):
                remember(teller.story.memory, event)
    return teller.end()


class Teller:
    """Follows the events in order, each after the story's overview took it, and fills the story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._tokens = 0
        self._money = 0.0
        self._tools: list[ToolUse] = []
        self._calls: dict[int, e.ToolCalled] = {}
        self._kept: list[tuple[e.SkillKept, dict[str, str]]] = []
        self._uses: Counter[str] = Counter()
        self._notes = Notes(story.notes)

    def take(self, event: e.Event) -> None:
        """Go on with an event that the overview has just taken."""
        overview, current = self.story.overview, self._current
        self._notes.take(event, overview.state)
        for item in overview.new_items:
            self.story.held_at.setdefault(item, overview.state.spent.iterations)
        match event:
            case e.ModelAnswered() | e.ModelFailed():
                self._spend(event, event.role)
            case e.ToolCalled() | e.ToolReturned():
                self._use_tool(event)
            case e.AnswerRefused():
                self._begin(event).problem = event.problem
            case e.ExecutionStarted():
                begun = self._begin(event)
                source = clean(event.source[: 2 * SOURCE_KEPT])[:SOURCE_KEPT]
                begun.source, begun.skills = source, event.skills
            case e.WorldReset():
                self._see(event)
            case e.TailSetAside() | e.DraftUndone():
                held = overview.state.found()
                self.story.held_at = {item: at for item, at in self.story.held_at.items() if item in held}
            case e.ExecutionFinished() | e.ExecutionInterrupted() | e.ProgramSetAside() if current:
                self._end_execution(current, event)
            case e.Judged() if current:
                current.verdict = event.verdict
            case e.SkillKept() if current:
                current.kept, current.reserve = event.name, event.note
                self._kept.append((event, current.skills))
            case e.SkillRefused() if current:
                current.refused = event.reason
            case _:
                pass

    def note_changes(self, event: e.RunResumed) -> None:
        """What a resume changes of the settings before it."""
        overview, said = self.story.overview, self.story.changes
        lines = differences(overview.settings, event.settings)
        said += [(overview.state.spent.iterations, line) for line in lines[: CHANGES_KEPT - len(said)]]

    def end(self) -> Story:
        """Complete the story with what is only known at its end."""
        self.story.tokens_aside = self._tokens
        self.story.skills = _skills(self._kept, self._uses)
        return self.story

    @property
    def _current(self) -> Iteration | None:
        return self.story.iterations[-1] if self.story.iterations else None

    def _begin(self, event: e.AnswerRefused | e.ExecutionStarted) -> Iteration:
        state = self.story.overview.state
        begun = Iteration(
            event.iteration,
            state.task_number,
            state.task,
            event.attempt,
            tokens=self._tokens,
            money=self._money,
            items_held=len(state.found()),
            picture=state.picture if "actor" in self.story.overview.settings.see else "",
        )
        begun.tools, self._tools = self._tools, []
        self._tokens, self._money = 0, 0.0
        self.story.iterations.append(begun)
        return begun

    def _use_tool(self, event: e.ToolCalled | e.ToolReturned) -> None:
        if isinstance(event, e.ToolCalled):
            self._calls[event.call] = event
            return
        called = self._calls.pop(event.call, None)
        given = {} if called is None else called.arguments
        arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
        outcome = as_text(event.value) if event.error is None else event.error
        use = ToolUse(
            event.user,
            clean(f"{event.tool}({arguments})")[:TOOL_TEXT_KEPT],
            clean(outcome)[:TOOL_TEXT_KEPT],
            failed=event.error is not None,
        )
        current = self._current if event.user in (*AFTERWARDS, "programs") else None
        tools = self._tools if current is None else current.tools
        if len(tools) < TOOLS_KEPT:
            tools.append(use)
        self._spend(event, event.user)

    def _spend(self, event: e.ModelAnswered | e.ModelFailed | e.ToolReturned, who: str) -> None:
        tokens = event.input_tokens + event.output_tokens
        if isinstance(event, e.ModelAnswered):
            self.story.refused_answers += bool(event.refusal)
            self.story.cut_answers += event.truncated
        if who in (*AFTERWARDS, "programs") and self._current:
            self._current.tokens += tokens
            self._current.money += event.money
        else:
            self._tokens += tokens
            self._money += event.money

    def _see(self, event: e.WorldReset | e.ExecutionFinished | e.ExecutionInterrupted) -> None:
        if event.observation.position is not None:
            iteration = self.story.overview.state.spent.iterations
            self.story.walked.append((iteration, event.observation.position))

    def _end_execution(
        self, current: Iteration, event: e.ExecutionFinished | e.ExecutionInterrupted | e.ProgramSetAside
    ) -> None:
        if isinstance(event, e.ProgramSetAside):
            current.refused = "it was stopped at a call that awaits a person's approval"
            return
        self._see(event)
        overview = self.story.overview
        current.items, current.milestones = overview.new_items, overview.new_milestones
        current.items_held = len(overview.state.found())
        if isinstance(event, e.ExecutionInterrupted):
            current.interrupted = True
            return
        current.execution = _without_bulk(event.execution)
        self._uses.update(event.execution.skills_called)


def _without_bulk(execution: Execution) -> Execution:
    """Redact the text before it is cut: half a secret would not be recognized."""
    log = clean(execution.log)[-LOG_KEPT:]
    return execution.model_copy(update={"calls": [], "result": None, "log": log})


def _skills(kept: list[tuple[e.SkillKept, dict[str, str]]], uses: Counter[str]) -> list[LearnedSkill]:
    """The skills of a run; the calls of each latest version are read from its program's bindings."""
    skills: dict[str, LearnedSkill] = {}
    names = {event.entry: event.name for event, _ in kept}
    for event, bindings in kept:
        skill = skills.setdefault(
            event.name, LearnedSkill(event.name, event.entry, event.iteration, event.verified, versions=0)
        )
        skill.versions += 1
        skill.verified = event.verified
        skill.uses = uses[event.entry]
        skill.calls = sorted(names.get(entry, entry.replace("_", "-")) for entry in bindings)
    for skill in skills.values():
        for called in skill.calls:
            if called in skills:
                skills[called].called_by.append(skill.name)
    return list(skills.values())
