"""Several programs for one attempt, in worlds that can go back: each is run where the attempt began."""

from __future__ import annotations

from collections.abc import Callable

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.envs import Observation


class AttemptStart:
    """Where the attempt that begins now finds the world, and the way back there.

    Args:
        recorder: of the run.
        restore: brings the world back to a snapshot.
    """

    def __init__(self, recorder: Recorder, restore: Callable[[str], None]) -> None:
        state = recorder.state
        self._recorder = recorder
        self._restore = restore
        self._first = state.events + 1
        self._observation, self._progress, self._snapshot = state.observation, state.progress, state.snapshot
        self._picture = state.picture
        self._most_held, self._happened = dict(state.most_held), list(state.happened)

    @property
    def observation(self) -> Observation:
        """What was seen there."""
        return self._observation

    def go_back(self) -> None:
        """Undo what the programs run since then did in the world, where any was."""
        if self._recorder.state.snapshot != self._snapshot:
            self._recorder.record_decision(e.DraftUndone, self._undo)

    def _undo(self) -> e.DraftUndone:
        if self._snapshot is not None:
            self._restore(self._snapshot)
        return e.DraftUndone(
            first=self._first,
            last=self._recorder.state.events,
            observation=self._observation,
            progress=self._progress,
            snapshot=self._snapshot,
            picture=self._picture,
            most_held=self._most_held,
            happened=self._happened,
        )
