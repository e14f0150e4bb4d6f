"""Tasks that are set aside until a person answers, and set again then."""

from __future__ import annotations

from fieldcraft.agent.approvals.begun import Begun, begun
from fieldcraft.agent.approvals.desk import Desk
from fieldcraft.agent.approvals.parked import SetAsideTask
from fieldcraft.agent.approvals.reducing import of_task
from fieldcraft.agent.approvals.wording import in_words, with_remark
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.roles.actor import Written
from fieldcraft.agent.task import Task
from fieldcraft.agent.tooling.access import ToolAccess
from fieldcraft.common.errors import Paused
from fieldcraft.common.text import visible_line
from fieldcraft.skills import ProgramError, parse_program


class TaskEnds(Paused):
    """A task ends before it is judged: it is set aside, or nobody answered in time.

    Attributes:
        attempts: that were begun.
        awaiting: the parked calls that it waits for; empty where it does not come again.
        why: in words.
    """

    def __init__(self, attempts: int, awaiting: tuple[str, ...], why: str) -> None:
        super().__init__(why)
        self.attempts, self.awaiting, self.why = attempts, awaiting, why


class SetAside:
    """What the loop asks about tasks that wait for a person. All that it knows is in the run's state."""

    def __init__(self, recorder: Recorder, desk: Desk, tools: ToolAccess) -> None:
        self._recorder = recorder
        self._desk = desk
        self._tools = tools
        self._begun = Begun()

    def hear(self) -> None:
        """At a task's start: take the answers that came, and wait for others where nothing goes on.

        Raises:
            StopRequested: the run is to stop.
        """
        self._desk.hear()
        if not self._recorder.replaying and not self._desk.goes_on:
            self._desk.wait(lambda: self._awaited() if self._due() is None else [])

    def listen(self) -> None:
        """Between two attempts, and after a task was chosen: take the answers that came meanwhile.

        Raises:
            StopRequested: the run is to stop.
        """
        self._desk.hear()

    def due(self) -> e.TaskProposed | None:
        """A task that was set aside and whose calls are all answered, as it is set again."""
        number = self._due()
        return None if number is None else self._again(number, self._recorder.state.set_aside[number])

    def is_left(self) -> bool:
        """Whether a task comes again although the curriculum has none; waits for the first answer.

        Raises:
            StopRequested: the run is to stop.
        """
        state = self._recorder.state
        before = len(state.set_aside)
        if not before:
            return False
        self._desk.hear()
        self._desk.wait(
            lambda: self._awaited() if self._due() is None and len(state.set_aside) == before else []
        )
        return True

    def begin(self, proposed: e.TaskProposed) -> None:
        """A task begins: the calls that it made before it was set aside are not made again."""
        held = self._recorder.state.set_aside.get(proposed.again)
        self._begun = Begun()
        if held is not None:
            self._begun = begun(self._recorder.run.folder, held.first, held.last)
            self._tools.carry(self._begun.outcomes)

    def program(self, attempts: int) -> Written | None:
        """The program that was stopped at a call, as the first attempt."""
        started = self._begun.started
        if attempts or started is None:
            return None
        try:
            program = parse_program(started.source, started.language)
        except ProgramError:
            return None
        return Written(
            source=program.source,
            program=program,
            problem=None,
            improves=started.improves,
            again=started.chance,
        )

    def check(self, attempts: int, *, cut_off: bool = False) -> None:
        """End the task where it waits for a person.

        Args:
            attempts: that were begun.
            cut_off: the latest program did not run to its end, so that a call which was answered may not
                have been made.

        Raises:
            TaskEnds: it waits, or nobody answered in time.
        """
        state = self._recorder.state
        if attempts and self._begun.started is not None:
            self._begun.started = None
            self._tools.carry({})
        if state.lapsed:
            raise TaskEnds(attempts, (), in_words(state.lapsed, ""))
        parked = {name: state.parked[name] for name in of_task(state, state.task_number)}
        awaiting = tuple(name for name, call in parked.items() if cut_off or not call.answer)
        if awaiting:
            tools = ", ".join(dict.fromkeys(visible_line(parked[name].tool, 100) for name in awaiting))
            raise TaskEnds(attempts, awaiting, f"set aside: {tools} awaits a person's approval")

    def _again(self, number: int, held: SetAsideTask) -> e.TaskProposed:
        state = self._recorder.state
        calls = [(state.parked[name], name) for name in held.awaiting if name in state.parked]
        answers = [f"{call.shown} {in_words(call.answer, call.by)}" for call, _ in calls]
        gone = [name for name in held.awaiting if name not in state.parked and name in state.settled]
        answers += [f"the call {name}: {state.settled[name].words}" for name in gone]
        if any(call.answer.startswith(("yes", "always")) for call, _ in calls):
            answers.append("what was allowed is allowed for the very same call, once")
        made = begun(self._recorder.run.folder, held.first, held.last).made
        task: Task = with_remark(held.task, answers, made)
        return e.TaskProposed(task_number=state.task_number + 1, task=task, again=number)

    def _due(self) -> int | None:
        """The number of the first task all of whose calls are answered."""
        state = self._recorder.state
        for number, held in state.set_aside.items():
            if all(name not in state.parked or state.parked[name].answer for name in held.awaiting):
                return number
        return None

    def _awaited(self) -> list[str]:
        open_now = set(self._desk.open())
        held = self._recorder.state.set_aside.values()
        return [name for task in held for name in task.awaiting if name in open_now]
