"""The facts of a run: read from the file beside its journal, or built again from the journal itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.memory.facts import FactsMark
from fieldcraft.agent.memory.keeping import FactsFile, remember
from fieldcraft.agent.memory.store import Memory

logger = logging.getLogger(__name__)


class RunFacts:
    """The memory of a run that goes on, and its file.

    Attributes:
        memory: every fact up to the latest event.
    """

    def __init__(self, memory: Memory, file: FactsFile) -> None:
        self.memory = memory
        self._file = file

    @classmethod
    def open(cls, run: Run) -> RunFacts:
        """The facts at the last finished task; what a resume plays back is taken as it comes."""
        file = FactsFile(run.folder)
        memory = file.read(run.state.facts)
        if memory is None:
            logger.info("the facts of run %s are built again from its journal", run.id)
            changes = list(_recorded(run.folder, run.state))
            file.write(changes)
            memory = Memory()
            for change in changes:
                remember(memory, change)
        else:
            file.cut(run.state.facts)
        return cls(memory, file)

    def take(self, event: e.FactsLearned) -> None:
        """Apply a change and write it."""
        remember(self.memory, event)
        self._file.append(event)


def read_facts(folder: Path) -> Memory:
    """The facts of a run that another process may have open, up to the last event that is written.

    Raises:
        JournalError: the journal is damaged or of an unknown format.
    """
    state, later = RunState(), list[e.FactsLearned]()
    mark = FactsMark()
    for event in Journal(folder).events(last_segment=True):
        if isinstance(event, e.Checkpoint):
            state = event.state.model_copy(deep=True)
            mark, later = state.facts, []
        apply(state, event)
        if isinstance(event, e.FactsLearned):
            later.append(event)
    memory = FactsFile(folder).read(mark)
    if memory is None:
        memory, later = Memory(), list(_recorded(folder, state))
    for change in later:
        remember(memory, change)
    return memory


def _recorded(folder: Path, state: RunState) -> Iterator[e.FactsLearned]:
    """The changes that the journal holds up to a state.

    Earlier segments may be damaged, which a resume does not ask for: what is before that is left out.
    """
    try:
        for event in Journal(folder).events():
            if event.number > state.events:
                return
            if isinstance(event, e.FactsLearned):
                yield event
    except JournalError as error:
        logger.warning("facts of run %s are lost: %s", folder.name, error)
