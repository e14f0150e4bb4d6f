"""Bringing a world without snapshots back on resume, and recording how it went."""

from __future__ import annotations

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.past.living_worlds import Return, bring_back, losses, repeats
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.envs import Environment, Progress
from fieldcraft.envs.needed import needed


def return_to_the_end(
    recorder: Recorder, environment: Environment, runner: ProgramRunner, reached: Progress
) -> Return:
    """Bring a world, which was just reset, to where the run's journal ends, as far as that is possible.

    Args:
        recorder: of the run.
        environment: without snapshots.
        runner: runs recorded programs.
        reached: by where the journal ends.

    Returns:
        How it stands. A world that lives on is never `whole`, and nothing that it lost stops the run.

    Raises:
        StopRequested: before one of the programs.
    """
    run = recorder.run
    if not repeats(environment, run.settings.options):
        needed(environment, "take up its counts", environment.resume, reached)
        if missing := losses(environment, run):
            recorder.record_metadata(e.Warned(text=missing))
        return Return(whole=False)
    back = bring_back(run, environment, runner, recorder.raise_if_stopping)
    if not back.whole and not back.programs:
        needed(environment, "take up its counts", environment.resume, reached)
    if back.programs or not back.whole:
        recorder.record_metadata(e.WorldBroughtBack(programs=back.programs, whole=back.whole))
    if back.lost:
        recorder.record_metadata(e.Warned(text=back.lost))
    return back
