"""Facts that a model reads in what programs printed, for worlds that do not report what happens in them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from fieldcraft.agent.extensions import OBJECT
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.memory import wording as w
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.learning import Change
from fieldcraft.agent.memory.naming import Vocabulary
from fieldcraft.agent.memory.retrieval import Question, relevant
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_json
from fieldcraft.agent.prompts.world_words import words_of
from fieldcraft.agent.roles.model_calls import AnswerWithheld, Asker
from fieldcraft.agent.settings import RunSettings
from fieldcraft.envs import Environment
from fieldcraft.skills import Execution

TEMPLATE = "read_log"
NOTES = 5
"""Facts of one program."""
KNOWN = 12
"""Known facts that are shown to be judged."""
LOG_READ = 2_000
"""Characters of what a program printed, from its end."""
_NO_READERS = ("offline", "scripted:", "toolformer:", OBJECT)
"""Models that read a log only where the settings say so: those without a provider."""


class Note(BaseModel):
    """A fact as the model writes it."""

    about: str = ""
    fact: str = Field(min_length=3, max_length=1_000)


class Notes(BaseModel):
    """Facts as the model writes them, and the numbers of known ones that are wrong."""

    facts: list[Note] = []
    wrong: list[int] = []


def reads(settings: RunSettings, environment: Environment) -> bool:
    """Whether a model reads the logs of a run."""
    if settings.facts != "auto":
        return settings.facts == "model"
    reports = type(environment).happenings is not Environment.happenings
    return not reports and not settings.model_for("answerer").startswith(_NO_READERS)


class LogReader:
    """Asks the answerer's model what a program's log shows."""

    def __init__(self, recorder: Recorder, asker: Asker, environment: Environment, names: Vocabulary) -> None:
        self._recorder = recorder
        self._asker = asker
        self._spec = environment.spec
        self._names = names
        self._reads = reads(recorder.run.settings, environment)

    def read(self, execution: Execution) -> tuple[list[Note], list[Fact]]:
        """What the log shows, and which known facts it contradicts; nothing where no model reads it.

        Raises:
            ModelsSilent, BudgetExhausted: as `Asker.parsed`.
        """
        log = execution.log[-LOG_READ:].strip()
        if not self._reads or not log or self._was_not_asked():
            return [], []
        memory = self._recorder.facts.memory
        found = relevant(memory, Question(log, lines=3 * KNOWN, room=6_000))
        known = [fact for fact in found if fact.source == "model"][:KNOWN]
        try:
            notes = self._asker.parsed(
                "answerer",
                TEMPLATE,
                lambda answer: parse_json(answer, Notes),
                shape=Notes,
                repairs=0,
                world=self._spec.description,
                examples=words_of(self._spec.examples),
                log=log,
                error=execution.error_text(),
                known=[fact.text for fact in known],
                limit=NOTES,
            )
        except (AnswerUnusable, AnswerWithheld):
            return [], []
        wrong = [known[number - 1] for number in dict.fromkeys(notes.wrong) if 0 < number <= len(known)]
        return notes.facts[:NOTES], wrong

    def teach(self, change: Change, notes: list[Note], wrong: list[Fact]) -> None:
        """Take in what was read: quoted, and marked as a model's reading."""
        change.event = "log"
        for fact in wrong:
            change.doubt(fact, "; ".join(note.fact for note in notes) or "a later log")
        for note in notes:
            about = note.about if self._names.knows(note.about) else ""
            subject = w.subject(about or next(iter(self._names.mentioned(note.fact)), ""))
            text = f"noted: {w.said(note.fact)}"
            key = w.key("note", subject, w.said(note.fact).lower())
            change.see(Fact(key=key, kind="note", subject=subject, text=text, source="model"))

    def _was_not_asked(self) -> bool:
        """Whether the journal goes on without the question: it was written by another version."""
        asked = self._recorder.upcoming(e.ModelAsked)
        return self._recorder.replaying and (asked is None or asked.template != TEMPLATE)
