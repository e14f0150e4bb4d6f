"""Bringing a snapshot world back, even when its snapshots are damaged: rerun what the journal recorded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.past.programs import ProgramReader, RecordedProgram
from fieldcraft.agent.journal.run import Run, SnapshotDamaged
from fieldcraft.agent.journal.snapshots import SnapshotMissing
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment
from fieldcraft.envs.needed import begin_episode, needed, taken_snapshot
from fieldcraft.skills import LibraryError, ProgramError


def restore_world(
    run: Run, environment: Environment, runner: ProgramRunner, snapshot: str, *, fresh: bool
) -> str:
    """Make `environment` the world that `snapshot` was taken of.

    Args:
        run: whose snapshot it is.
        environment: reset at least once.
        runner: runs the recorded programs where the snapshot is damaged.
        snapshot: its name.
        fresh: whether nothing has happened in `environment` since its reset.

    Returns:
        Nothing where the snapshot itself was used; else why the recorded programs were run again from the
        latest valid snapshot, or from the reset. The result was proven to be the same world.

    Raises:
        SnapshotDamaged: neither way leads there; the message says what to restore from a copy.
    """
    try:
        _restore(run, environment, snapshot)
        return ""
    except SnapshotDamaged as damage:
        if not fresh:
            again = partial(environment.reset, seed=run.settings.seed, options=run.settings.options)
            needed(environment, "reset", again)
        _rerun_to(run, environment, runner, snapshot)
        if run.save_snapshot(taken_snapshot(environment)) != snapshot:
            raise SnapshotDamaged(
                f"{damage}, and rerunning the recorded programs led to another world. "
                "Restore that file from a copy of the run."
            ) from None
        missing = isinstance(damage, SnapshotMissing)
        return "no snapshot of this moment is kept" if missing else "the latest snapshot was damaged"


def _rerun_to(run: Run, environment: Environment, runner: ProgramRunner, snapshot: str) -> None:
    for recorded in _programs_to(run, environment, snapshot):
        try:
            recorded.run_again(runner)
        except (ProgramError, LibraryError) as error:
            problem = "read" if isinstance(error, ProgramError) else "run"
            raise SnapshotDamaged(
                f"the snapshot of iteration {recorded.started.iteration} is damaged, and its program, which "
                f"would lead there again, cannot be {problem} ({error}). Restore the snapshots from a copy "
                "of the run."
            ) from error


def _programs_to(run: Run, environment: Environment, snapshot: str) -> list[RecordedProgram]:
    """The programs that lead to a snapshot from the latest valid one before it, which is restored."""
    pending: list[RecordedProgram] = []
    reader = ProgramReader()
    for event in _history(run):
        if isinstance(event, e.WorldReset) and event.snapshot == snapshot:
            break
        if isinstance(event, e.EpisodeBegan):
            options = run.settings.options_of(event.elsewhere)
            begin_episode(environment, event.episode, seed=run.settings.seed, options=options)
            pending.clear()
            if event.snapshot == snapshot:
                break
        ended = reader.take(event)
        if ended is None or not isinstance(event, e.ExecutionFinished):
            continue
        pending.append(ended)
        if event.snapshot == snapshot:
            break
        if event.snapshot is not None and _restored(run, environment, event.snapshot):
            pending.clear()
    return pending


def _history(run: Run) -> Iterator[e.Event]:
    """The run's events, without those set aside or undone: the world does not hold what they did."""
    tails = [(t.first, t.last) for t in run.journal.events() if isinstance(t, e.TailSetAside | e.DraftUndone)]
    tails.sort(reverse=True)
    until = 0
    for event in run.journal.events():
        while tails and tails[-1][0] <= event.number:
            until = max(until, tails.pop()[1])
        if event.number > until:
            yield event


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
