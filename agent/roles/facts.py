"""The agent's memory of facts: what is learned after each program and task, and what each role is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.memory import wording as w
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.happenings import learn_happenings
from fieldcraft.agent.memory.learning import Change
from fieldcraft.agent.memory.messages import learn_messages
from fieldcraft.agent.memory.naming import Vocabulary
from fieldcraft.agent.memory.retrieval import Question, newest, relevant, vital
from fieldcraft.agent.memory.travelling import facts_of, share
from fieldcraft.agent.roles.log_reader import LogReader
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.task import Task
from fieldcraft.envs import Environment

logger = logging.getLogger(__name__)

ASKED = 2_000
"""Characters of a question by which facts are looked for."""
_FAILED_SHOWN = 5


def learns(settings: RunSettings) -> bool:
    """Whether a run keeps facts at all; without the world's answers there is nothing to learn from."""
    return settings.facts != "none" and settings.environment_feedback


class FactKeeper:
    """Records what programs and tasks teach. All of it is in the journal; nothing is kept here."""

    def __init__(self, recorder: Recorder, asker: Asker, environment: Environment, library: Path) -> None:
        self._recorder = recorder
        self._environment = environment.spec.id
        self._library = library
        self._names = Vocabulary(environment.spec.names)
        self._learns = learns(recorder.run.settings)
        self._reader = LogReader(recorder, asker, environment, self._names)

    def after_program(self, outcome: e.ExecutionFinished) -> None:
        """Learn from what happened while a program ran, what the world refused, and what a model reads.

        Raises:
            ModelsSilent, BudgetExhausted: as `Asker.parsed`, where a model reads logs.
        """
        notes, wrong = self._reader.read(outcome.execution) if self._learns else ([], [])

        def teach(change: Change) -> None:
            learn_happenings(change, outcome.happenings, self._names)
            if all(happening.what != "refused" for happening in outcome.happenings):
                learn_messages(change, outcome.execution.failed_calls, self._names)
            self._reader.teach(change, notes, wrong)

        self._record(teach, outcome.iteration)

    def after_task(self, task: Task, *, success: bool, given_up: str) -> None:
        """Learn that a task came to nothing, and why, or that one which did is done."""
        state = self._recorder.state
        goal = w.subject(goal_key(task.words, task.goal))
        setback = state.setbacks.get(goal_key(task.words, task.goal))
        why = given_up or state.critique or "; ".join(state.said[-1:])

        def teach(change: Change) -> None:
            change.event = "task's end"
            key = w.key("dead_end", goal)
            if success:
                for fact in change.siblings("dead_end", goal):
                    change.correct(fact, f"done in iteration {change.iteration}")
            elif given_up or setback is not None:
                text = f"{w.said(task.words)} came to nothing" + (f": {w.said(why)}" if why else "")
                change.see(
                    Fact(key=key, kind="dead_end", subject=goal, text=text, source="program", positive=False)
                )

        self._record(teach, state.spent.iterations)

    def begin(self) -> None:
        """Begin a run with what earlier runs learned in such a world, as far as this one has its names."""
        recorded = 0
        while self._recorder.upcoming(e.FactsLearned) is not None:
            self._recorder.record(e.FactsLearned())
            recorded += _TOGETHER
        if self._recorder.replaying or not self._learns or not self._recorder.run.settings.retrieved:
            return
        found = facts_of(self._library, self._environment)
        known = [fact for fact in found if self._names.fits([fact.subject, *fact.used, *fact.gave])]
        for start in range(recorded, len(known), _TOGETHER):
            self._recorder.record(e.FactsLearned(facts=known[start : start + _TOGETHER]))

    def share(self) -> None:
        """Write what was learned into the library, where the run keeps skills; a failure costs only that."""
        run = self._recorder.run
        if not self._learns or not run.settings.keep_skills or not self._recorder.state.facts.changes:
            return
        try:
            share(self._library, self._environment, self._recorder.facts.memory, run.id)
        except OSError as error:
            logger.warning("facts cannot be written into %s: %s", self._library, error.strerror or error)

    def _record(self, teach: Callable[[Change], None], iteration: int) -> None:
        """What the journal holds of it, where it is played back; else what is learned now, if anything."""
        if self._recorder.upcoming(e.FactsLearned) is not None:
            self._recorder.record(e.FactsLearned())
            return
        if self._recorder.replaying or not self._learns:
            return
        held = self._recorder.state.observation.holdings()
        change = Change(self._recorder.facts.memory, iteration=iteration, held=held)
        teach(change)
        if change.facts or change.again:
            self._recorder.record(
                e.FactsLearned(
                    iteration=iteration,
                    facts=list(change.facts.values()),
                    again=change.again,
                    new=len(change.new),
                )
            )


class KnownFacts:
    """What is shown of the facts: those that matter for a question, within a bound."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._shows = learns(recorder.run.settings)

    def on(
        self,
        question: str,
        *,
        lines: int = 12,
        room: int = 1_500,
        said: Collection[str] = (),
        deeper: bool = False,
        situated: bool = True,
    ) -> list[str]:
        """The facts on a question, a line each.

        Args:
            question: in words.
            lines: at most.
            room: characters at most.
            said: messages of the world that are shown anyway.
            deeper: whether to look up how to get what those facts say is needed, and where.
            situated: whether to leave out what is outdated by what the agent sees and holds now.
        """
        if not self._shows:
            return []
        asked = self._question(question, lines, room, said)
        if not situated:
            asked = asked.changed(now=None)
        return [w.line(fact) for fact in relevant(self._recorder.facts.memory, asked.changed(deeper=deeper))]

    def of_the_body(self, *, lines: int = 6) -> list[str]:
        """What killed the agent before, and what it holds or has in containers that can be eaten."""
        if not self._shows:
            return []
        now = self._recorder.state.observation
        stored = [item for contents in (now.chests or {}).values() for item in contents or ()]
        at_hand = list(dict.fromkeys([*now.inventory, *stored]))
        return [w.line(fact) for fact in vital(self._recorder.facts.memory, at_hand, lines=lines)]

    def to_choose(self, *, said: Collection[str] = (), lines: int = 24, room: int = 2_400) -> list[str]:
        """The facts that matter where the next task is chosen: on what failed and is near, and the newest."""
        if not self._shows:
            return []
        state, memory = self._recorder.state, self._recorder.facts.memory
        near = " ".join((state.observation.nearby_blocks or ())[:12])
        failed = " ".join(state.failed[-_FAILED_SHOWN:])
        asked = self._question(f"{failed} {near}", lines // 2, room // 2, said)
        facts = relevant(memory, asked) if asked.text.strip() else []
        latest = newest(memory, self._question("", lines - len(facts), room // 2, said))
        shown = [*facts, *latest]
        told = {fact.subject for fact in shown if fact.key == w.key("event", "explained", fact.subject)}
        kept = [fact for fact in shown if fact.kind != "refusal" or fact.subject not in told]
        return list(dict.fromkeys(map(w.line, kept)))

    def _question(self, text: str, lines: int, room: int, said: Collection[str]) -> Question:
        state = self._recorder.state
        open_ends = {
            w.subject(goal)
            for goal, setback in state.setbacks.items()
            if not setback.gained and not setback.anything_new
        }
        return Question(
            text[:ASKED],
            now=state.observation,
            said=said,
            lines=lines,
            room=room,
            dead_ends=open_ends,
            since=state.episodes.since,
        )


_TOGETHER = 500
"""Facts of a library in one event."""
