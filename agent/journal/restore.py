"""Bringing a snapshot world back, even when its snapshots are damaged: rerun what the journal recorded."""

from __future__ import annotations

from collections.abc import Iterator

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run, SnapshotDamaged
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.tooling.replayed_calls import RecordedTools, record_key
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment, Goal
from fieldcraft.skills import ProgramError, parse_program
from fieldcraft.tools import ToolOutcome


def restore_world(
    run: Run, environment: Environment, runner: ProgramRunner, snapshot: str, *, fresh: bool
) -> bool:
    """Make `environment` the world that `snapshot` was taken of.

    Args:
        run: whose snapshot it is.
        environment: reset at least once.
        runner: runs the recorded programs where the snapshot is damaged.
        snapshot: its name.
        fresh: whether nothing has happened in `environment` since its reset.

    Returns:
        Whether the snapshot itself was used; else the recorded programs were run again from the latest
        valid snapshot, or from the reset, and the result was proven to be the same world.

    Raises:
        SnapshotDamaged: neither way leads there; the message says what to restore from a copy.
    """
    try:
        _restore(run, environment, snapshot)
        return True
    except SnapshotDamaged as damage:
        if not fresh:
            environment.reset(seed=run.settings.seed, options=run.settings.options)
        _rerun_to(run, environment, runner, snapshot)
        if run.save_snapshot(environment.snapshot()) != snapshot:
            raise SnapshotDamaged(
                f"{damage}, and rerunning the recorded programs led to another world. "
                "Restore that file from a copy of the run."
            ) from None
        return False


def _rerun_to(run: Run, environment: Environment, runner: ProgramRunner, snapshot: str) -> None:
    pending: list[_Rerun] = []
    started: _Rerun | None = None
    goal: Goal | None = None
    for event in _history(run):
        if isinstance(event, e.WorldReset) and event.snapshot == snapshot:
            break
        if isinstance(event, e.TaskProposed):
            goal = event.task.goal
        elif isinstance(event, e.ExecutionStarted):
            started = _Rerun(event, goal)
        elif isinstance(event, e.ToolCalled | e.ToolReturned) and started is not None:
            started.take(event)
        elif isinstance(event, e.ExecutionFinished) and started is not None:
            pending.append(started)
            if event.snapshot == snapshot:
                break
            if event.snapshot is not None and _restored(run, environment, event.snapshot):
                pending.clear()
    for rerun in pending:
        recorded = rerun.started
        tools = RecordedTools(rerun.tools(), rerun.outcomes)
        try:
            program = parse_program(recorded.source, recorded.language)
        except ProgramError as error:
            raise SnapshotDamaged(
                f"the snapshot of iteration {recorded.iteration} is damaged, and its program, which would "
                f"lead there again, cannot be read ({error}). Restore the snapshots from a copy of the run."
            ) from error
        runner.run(program, recorded.chance, recorded.skills, goal=rerun.goal, tools=tools)


def _history(run: Run) -> Iterator[e.Event]:
    """The run's events, without those that were set aside: the world does not hold what they did."""
    tails = [(t.first, t.last) for t in run.journal.events() if isinstance(t, e.TailSetAside)]
    tails.sort(reverse=True)
    until = 0
    for event in run.journal.events():
        while tails and tails[-1][0] <= event.number:
            until = max(until, tails.pop()[1])
        if event.number > until:
            yield event


class _Rerun:
    """A recorded program, with its task's goal and what its tool calls gave."""

    def __init__(self, started: e.ExecutionStarted, goal: Goal | None) -> None:
        self.started = started
        self.goal = goal
        self.outcomes: dict[tuple[str, str], list[ToolOutcome]] = {}
        self._called: dict[int, tuple[str, str]] = {}

    def tools(self) -> list[str]:
        """The tools that were called."""
        return sorted({name for name, _ in self.outcomes})

    def take(self, event: e.ToolCalled | e.ToolReturned) -> None:
        if isinstance(event, e.ToolCalled):
            self._called[event.call] = record_key(event.tool, event.arguments)
        elif event.call in self._called:
            outcome = ToolOutcome(event.value, event.error)
            self.outcomes.setdefault(self._called[event.call], []).append(outcome)


def _restored(run: Run, environment: Environment, snapshot: str) -> bool:
    try:
        _restore(run, environment, snapshot)
    except SnapshotDamaged:
        return False
    return True


def _restore(run: Run, environment: Environment, snapshot: str) -> None:
    """Who wrote a snapshot's name may have written its bytes too: the world judges them."""
    content = run.load_snapshot(snapshot)
    try:
        environment.restore(content)
    except Exception as error:
        problem = visible_line(f"{type(error).__name__}: {error}", 200)
        raise SnapshotDamaged(f"the world does not take the snapshot {snapshot[:12]} ({problem})") from error
