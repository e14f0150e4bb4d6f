"""The episodes of a run as the loop follows them: noted when they end, begun before the next program."""

from __future__ import annotations

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.loop.world import WorldOfLoop
from fieldcraft.agent.task import Attempt
from fieldcraft.envs import EpisodeEnd


class EpisodesOfLoop:
    """Ends and begins the episodes of one run.

    Args:
        recorder: of the run.
        world: of the run.
    """

    def __init__(self, recorder: Recorder, world: WorldOfLoop) -> None:
        self._recorder = recorder
        self._world = world

    @property
    def over(self) -> bool:
        """Whether the present episode ended."""
        return self._recorder.state.episodes.ended is not None

    def note_end(self, attempt: Attempt) -> None:
        """Record that the episode ended in an attempt, where it did."""
        run = attempt.execution
        end = (run.ended if run is not None else None) or self._recorder.state.observation.ended
        if end is not None and run is not None:
            self._end(end)

    def leave(self) -> None:
        """Record that the agent leaves the episode, because its task is over."""
        self._end(EpisodeEnd(outcome="left", why="its task is over"))

    def begin_next(self) -> bool:
        """Begin the next episode where the present one ended; whether it did."""
        if not self.over:
            return False
        self._begin(self._recorder.state.episodes.elsewhere)
        return True

    def move_on(self, why: str) -> None:
        """Leave the present episode, and begin the next with the next change of the world's options."""
        self._end(EpisodeEnd(outcome="left", why=why))
        self._begin(self._recorder.state.episodes.tried + 1)

    def _begin(self, elsewhere: int) -> None:
        number = self._recorder.state.episodes.number + 1
        self._recorder.record_decision(e.EpisodeBegan, lambda: self._world.begin_episode(number, elsewhere))

    def _end(self, end: EpisodeEnd) -> None:
        state = self._recorder.state
        if self.over:
            return
        self._recorder.record(
            e.EpisodeEnded(
                episode=state.episodes.number,
                end=end,
                iteration=state.spent.iterations,
                ticks=state.observation.tick,
                scores=state.observation.scores,
                found=len(state.progress.found()),
            )
        )
