"""Bringing a snapshot world back, even when its snapshots are damaged: rerun what the journal recorded."""

from __future__ import annotations

from fieldcraft.agent import events as e
from fieldcraft.agent.run import Run, SnapshotDamaged
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.envs import Environment
from fieldcraft.skills import parse_program


def restore_world(run: Run, environment: Environment, runner: ProgramRunner, snapshot: str) -> bool:
    """Make a freshly reset `environment` the world that `snapshot` was taken of.

    Returns:
        Whether the snapshot itself was used; else the recorded programs were run again from the latest
        sound snapshot, or from the reset, and the result was proven to be the same world.

    Raises:
        SnapshotDamaged: neither way leads there; the message says what to restore from a copy.
    """
    try:
        environment.restore(run.load_snapshot(snapshot))
        return True
    except SnapshotDamaged as damage:
        _rerun_to(run, environment, runner, snapshot)
        if run.save_snapshot(environment.snapshot()) != snapshot:
            raise SnapshotDamaged(
                f"{damage}, and rerunning the recorded programs led to another world. "
                "Restore that file from a copy of the run."
            ) from None
        return False


def _rerun_to(run: Run, environment: Environment, runner: ProgramRunner, snapshot: str) -> None:
    pending: list[tuple[int, e.ExecutionStarted]] = []
    started: e.ExecutionStarted | None = None
    for event in run.journal.read():
        if isinstance(event, e.WorldReset) and event.snapshot == snapshot:
            break
        if isinstance(event, e.ExecutionStarted):
            started = event
        elif isinstance(event, e.ExecutionFinished) and started is not None:
            pending.append((event.iteration, started))
            if event.snapshot == snapshot:
                break
            if event.snapshot is not None and _restored(run, environment, event.snapshot):
                pending.clear()
    for iteration, execution in pending:
        runner.run(parse_program(execution.source), iteration, execution.skills)


def _restored(run: Run, environment: Environment, snapshot: str) -> bool:
    try:
        environment.restore(run.load_snapshot(snapshot))
    except SnapshotDamaged:
        return False
    return True
