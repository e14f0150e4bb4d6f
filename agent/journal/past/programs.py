"""The programs that a journal recorded, as they are run again to bring a world back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.tooling.replayed_calls import RecordedTools, record_key
from fieldcraft.envs import Goal, Observation
from fieldcraft.skills import parse_program
from fieldcraft.tools import ToolOutcome


class RecordedProgram:
    """A recorded program, with its task's goal and what its tool calls gave.

    Attributes:
        started: its intent, with the source and the skills that it called.
        seen: the observation after it, once that is known.
    """

    def __init__(self, started: e.ExecutionStarted, goal: Goal | None) -> None:
        self.started = started
        self.seen: Observation | None = None
        self._goal = goal
        self._outcomes: dict[tuple[str, str], list[ToolOutcome]] = {}
        self._called: dict[int, tuple[str, str]] = {}

    def take(self, event: e.ToolCalled | e.ToolReturned) -> None:
        """Note a call of a tool that the program made, or what it gave."""
        if isinstance(event, e.ToolCalled):
            self._called[event.call] = record_key(event.tool, event.arguments)
        elif event.call in self._called:
            outcome = ToolOutcome(event.value, event.error)
            self._outcomes.setdefault(self._called[event.call], []).append(outcome)

    def run_again(self, runner: ProgramRunner) -> None:
        """Run it in the world as it is, with the recorded results of its tool calls.

        Raises:
            ProgramError: its source cannot be read.
            LibraryError: a skill that it called is missing, or cannot be loaded.
        """
        program = parse_program(self.started.source, self.started.language)
        tools = RecordedTools(sorted({name for name, _ in self._outcomes}), self._outcomes)
        runner.run(program, self.started.chance, self.started.skills, goal=self._goal, tools=tools)


@dataclass
class ProgramReader:
    """Puts the recorded programs together while the events of a journal pass, in order."""

    goal: Goal | None = None
    running: RecordedProgram | None = field(default=None)

    def take(self, event: e.Event) -> RecordedProgram | None:
        """The program that ended with this event, if one did."""
        match event:
            case e.TaskProposed():
                self.goal = event.task.goal
            case e.ExecutionStarted():
                self.running = RecordedProgram(event, self.goal)
            case e.ToolCalled() | e.ToolReturned() if self.running is not None:
                self.running.take(event)
            case e.ExecutionInterrupted() | e.ProgramSetAside():
                self.running = None
            case e.ExecutionFinished() if self.running is not None:
                ended, self.running = self.running, None
                ended.seen = event.observation
                return ended
            case _:
                pass
        return None


def programs_of(events: Iterable[e.Event]) -> list[RecordedProgram]:
    """The programs that ran to an end among these events."""
    reader = ProgramReader()
    return [ended for event in events if (ended := reader.take(event)) is not None]
