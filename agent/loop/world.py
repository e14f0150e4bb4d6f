"""The world of a run as the loop sees, keeps and restores it; its own faults cost no more than they must."""

from __future__ import annotations

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.past.living_worlds import Return
from fieldcraft.agent.journal.past.returning import return_to_the_end
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.restore import restore_world
from fieldcraft.agent.redact import redact
from fieldcraft.agent.roles.critic import Moment
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.seeing import RunPictures, taken_picture
from fieldcraft.common.errors import Paused
from fieldcraft.common.text import visible_line
from fieldcraft.envs import BrokenEnvironment, Environment, Observation, Progress, happened, seen_of
from fieldcraft.envs.faults import FILE, faults_of, told
from fieldcraft.envs.needed import begin_episode, taken_snapshot

BLIND_LIMIT = 3
"""Failed observations in a row after which a run stops, resumable."""


class Stalled(Paused):
    """The run cannot go on as things are, and nobody asked it to stop; the message says why."""


class WorldOfLoop:
    """The world of one run.

    Args:
        recorder: of the run.
        environment: the world, which was reset.
        runner: runs recorded programs where a snapshot is damaged or not kept.

    Attributes:
        brought_back: it has no snapshots, and recorded programs brought it to where the run left it.
    """

    def __init__(self, recorder: Recorder, environment: Environment, runner: ProgramRunner) -> None:
        self._recorder = recorder
        self._environment = environment
        self._runner = runner
        self._blind = 0
        self._undrawn = False
        self.brought_back = False

    def look(self) -> tuple[Observation, Progress]:
        """What is seen and reached now, or what was last, where the world's own code fails.

        Raises:
            Stalled: it failed several times in a row.
        """
        try:
            seen = seen_of(self._environment)
        except Exception as error:
            return self._reuse_last_observation(error)
        self._blind = 0
        RunPictures(self._recorder.run.folder).keep_carried(seen[0])
        return seen

    def now(self) -> Moment:
        """What was seen last, and what happened in the task so far."""
        state = self._recorder.state
        return Moment(
            observation=state.observation,
            progress=state.progress,
            snapshot=state.snapshot,
            happened=list(state.happened),
        )

    def snapshot(self) -> str | None:
        """Keep a snapshot with the run; its name, or `None` in a world that takes none."""
        if not self._environment.spec.can_snapshot:
            return None
        return self._recorder.run.save_snapshot(taken_snapshot(self._environment))

    def picture(self, seen: Observation) -> str:
        """Keep a picture with the run, where models are shown it; its digest, empty where there is none.

        It is what the world draws, or else the first picture that the observation carries.
        """
        run = self._recorder.run
        if not run.settings.see:
            return ""
        try:
            png = taken_picture(self._environment, seen)
        except ValueError as error:
            if not self._undrawn:
                self._undrawn = True
                text = f"the world cannot be drawn, so no model sees it: {visible_line(error, 500)}"
                self._recorder.record_metadata(e.Warned(text=redact(text)))
            return ""
        return RunPictures(run.folder).keep(png)

    def first_look(self) -> e.WorldReset:
        """What is seen in the world as it was reset.

        Raises:
            BrokenEnvironment: it cannot be seen.
        """
        spec = self._environment.spec
        try:
            observation, progress = seen_of(self._environment)
        except Exception as error:
            fault = visible_line(told(error), 500)
            raise BrokenEnvironment(
                f"environment {spec.id!r} failed to observe: {fault}; "
                f"`envs check {self._recorder.run.settings.environment}` tries everything it promises"
            ) from error
        RunPictures(self._recorder.run.folder).keep_carried(observation)
        return e.WorldReset(
            observation=observation,
            progress=progress,
            snapshot=self.snapshot(),
            picture=self.picture(observation),
        )

    def begin_episode(self, number: int, elsewhere: int) -> e.EpisodeBegan:
        """Begin the next episode, and see what is there.

        Args:
            number: of the episode.
            elsewhere: the change of the world's options, see `RunSettings.options_of`. Where the world cannot
                begin with it, it keeps the one it has.

        Raises:
            BrokenEnvironment: the world failed to begin it, or cannot be seen.
        """
        now, refused = self._recorder.state.episodes.elsewhere, 0
        try:
            self._begin(number, elsewhere)
        except BrokenEnvironment as error:
            if elsewhere == now:
                raise
            text = f"the world cannot begin with `elsewhere` number {elsewhere}: {visible_line(error, 500)}"
            self._recorder.record_metadata(e.Warned(text=redact(text)))
            self._begin(number, now)
            elsewhere, refused = now, elsewhere
        happened(self._environment)
        seen = self.first_look()
        return e.EpisodeBegan(
            episode=number,
            elsewhere=elsewhere,
            refused=refused,
            observation=seen.observation,
            progress=seen.progress,
            snapshot=seen.snapshot,
            picture=seen.picture,
        )

    def _begin(self, number: int, elsewhere: int) -> None:
        settings = self._recorder.run.settings
        begin_episode(self._environment, number, seed=settings.seed, options=settings.options_of(elsewhere))

    def restore(self, snapshot: str, *, fresh: bool) -> None:
        """Bring the world back to a snapshot; `fresh` says that nothing happened in it since its reset."""
        episodes = self._recorder.state.episodes
        if fresh and episodes.elsewhere:
            self._begin(episodes.number, episodes.elsewhere)
        if why := restore_world(self._recorder.run, self._environment, self._runner, snapshot, fresh=fresh):
            self._recorder.record_metadata(e.Warned(text=f"{why}; the world was rebuilt by rerunning"))

    def undo_program(self) -> None:
        """Make the world what it was before the program that was stopped, of which nothing is left."""
        snapshot = self._recorder.state.snapshot
        assert snapshot is not None
        self.restore(snapshot, fresh=False)
        happened(self._environment)

    def bring_back(self, reached: Progress) -> Return:
        """Bring a world without snapshots to where the journal ends, as far as that is possible."""
        back = return_to_the_end(self._recorder, self._environment, self._runner, reached)
        self.brought_back = back.whole
        return back

    def say_faults(self) -> None:
        """Say what failed in the world's own code, once for each kind."""
        for line in faults_of(self._environment).unsaid():
            text = f"the world failed in {line}; its traceback is in {FILE} in the run's folder"
            self._recorder.record_metadata(e.Warned(text=redact(visible_line(text, 1000))))

    def _reuse_last_observation(self, error: Exception) -> tuple[Observation, Progress]:
        """The environment's own fault: keep the last view, but not for ever."""
        self._blind += 1
        fault = visible_line(told(error), 500)
        if self._blind >= BLIND_LIMIT:
            raise Stalled(
                f"the environment failed to observe {self._blind} times in a row: {fault}"
            ) from error
        self._recorder.record_metadata(e.Warned(text=f"the environment failed to observe: {fault}"))
        return self._recorder.state.observation, self._recorder.state.progress
