"""An environment of Gymnasium as a world: actions are primitives, rewards a score, its ends episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from fieldcraft.common.errors import FieldcraftError
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.faults import WorldFault, faults_of, told, without_exit
from fieldcraft.envs.gym.picture import draws_pictures, picture
from fieldcraft.envs.gym.play import Play
from fieldcraft.envs.gym.primitives import Offered, offered, reference
from fieldcraft.envs.gym.saved import read, written
from fieldcraft.envs.gym.source import Source
from fieldcraft.envs.gym.tally import end_of
from fieldcraft.envs.gym.wording import about, cure_of, episode_text, info_text, score_text
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import EnvironmentSpec, OptionInfo, Progress

AIM = "as high a score in an episode as it can get, by ways that it can use again"
TICK_LIMIT = 10_000
"""Steps that one program may take."""


class GymWorld(Environment):
    """A world made of an environment of Gymnasium.

    A step takes one tick. The call in which an episode ends says so; the next step raises `EpisodeEnded`,
    which ends the program, and so does `end_episode()`. The next episode begins with `begin_episode`.

    Args:
        source: where the environment comes from; by default the class's.

    Raises:
        ValueError: there is none.
    """

    source: ClassVar[Source | None] = None

    def __init__(self, source: Source | None = None) -> None:
        found = source or type(self).source
        if found is None:
            raise ValueError("this class has no environment; use from_gymnasium(...) or the name gym:ENV_ID")
        self._source = found
        self._play: Play | None = None
        self._unmade: Exception | None = None
        self._options: dict[str, Any] = {}
        self._space: Any = None
        self._limit = found.episode_steps
        self._offered: dict[str, Offered] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        self._warned: dict[str, str] = {}
        self._undrawn = "it was not reset"
        self.spec = EnvironmentSpec(id=found.world_id, description=found.about or found.name, goals=())
        self._make()

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin the first episode, with this seed where Gymnasium takes it.

        Raises:
            ValueError: the environment cannot be made or reset with these options; the message says why.
        """
        wanted = dict(options or {})
        if wanted and not self._source.takes_options:
            raise ValueError(
                f"{self._source.name} was given as an environment that is made already and takes no options "
                f"({', '.join(wanted)}); give a function that makes it"
            )
        if wanted != self._options or self._play is None:
            self.close()
            self._options = wanted
            self._make()
        if self._play is None:
            error = self._unmade or RuntimeError("nothing made it")
            raise ValueError(self._not_made(error)) from error
        try:
            self._play.start(seed)
            self._try_drawing(seed)
        except Exception as error:
            if cure := cure_of(error):
                raise ValueError(f"{self._source.name} cannot be reset: {cure} ({told(error)})") from error
            raise
        self._follow()
        return self.observe()

    def begin_episode(
        self,
        *,
        seed: int,
        number: int,
        options: Mapping[str, Any] | None = None,  # noqa: ARG002 - the reset's, with which it was made
    ) -> Observation:
        """Begin the episode `number`; its seed derives from both. The counts of those before it go on."""
        play = self._playing
        play.next_episode(seed, number)
        self._follow()
        return self.observe()

    def observe(self) -> Observation:
        """What the environment showed last, with score and episode."""
        play = self._playing
        standing = play.tally.standing
        extra = {
            **play.texts(),
            "episode": episode_text(standing, play.episode.steps, self._limit),
            "score": score_text(standing),
        }
        if info := info_text(play.info):
            extra["info"] = info
        return Observation(
            tick=standing.tick,
            events=list(standing.events),
            extra=extra,
            scores={"score": standing.score},
            ended=end_of(standing),
        )

    def progress(self) -> Progress:
        """The milestones that were reached."""
        return Progress(milestones=dict(self._playing.tally.standing.milestones))

    def happenings(self) -> Sequence[Happening]:
        """Rewards and ends of episodes since this was last asked."""
        return self._playing.tally.happenings()

    def snapshot(self) -> bytes:
        """The seed and the actions of the episode, and what was counted over all of them."""
        if not self.spec.can_snapshot:
            return super().snapshot()
        return written(self._playing.saved(self.spec.id, self._options))

    def restore(self, snapshot: bytes) -> None:
        """Bring back what a snapshot holds.

        Raises:
            ValueError: it is none of this world, or playing its actions again led elsewhere.
        """
        saved = read(snapshot)
        if saved.world != self.spec.id or saved.options != self.spec.options:
            raise ValueError(f"a snapshot of {saved.world} with the options {saved.options!r:.200}")
        self._playing.bring_back(saved)
        self._follow()

    def render(self) -> bytes:
        """What the environment draws (`rgb_array`), as a PNG.

        Raises:
            ValueError: it drew nothing that is a picture.
        """
        return picture(self._playing.episode.environment) if self.spec.can_render else super().render()

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """Any option goes to what makes the environment."""
        if not self._source.takes_options:
            return ()
        said = "any argument of the environment, or of gymnasium.make (max_episode_steps, render_mode)"
        return (OptionInfo(name="NAME", about=said),)

    def remarks(self) -> tuple[str, ...]:
        """Why the environment could not be made yet, and warnings on what it did."""
        unmade = () if self._unmade is None else (self._not_made(self._unmade),)
        return (*unmade, *self._warned.values())

    def close(self) -> None:
        """Close the environment, unless its user made it."""
        play, self._play = self._play, None
        if play is not None and self._source.takes_options:
            play.episode.environment.close()

    @property
    def primitives(self) -> dict[str, Callable[..., Any]]:
        """The primitives by name, sorted, as the action space gives them."""
        return self._functions

    def api_reference(self) -> str:
        """See `Environment.api_reference`."""
        return reference(self._offered)

    @property
    def _playing(self) -> Play:
        if self._play is None:
            raise WorldFault(self._not_made(self._unmade or RuntimeError("it is closed; reset it")))
        return self._play

    def _make(self) -> None:
        """Make the environment; what prevents it is said at the reset, which may give other options."""
        self._unmade = None
        try:
            environment = without_exit("its environment", self._source.make, self._options)
            limit = _time_limit(environment)
            self._limit = limit or _steps_of(environment) or self._source.episode_steps
            self._play = Play(
                environment, self._source, limit=self._limit, own_limit=bool(limit), warn=self._warn
            )
            self._learn_spaces()
        except FieldcraftError:
            raise
        except Exception as error:
            self._play, self._unmade = None, error

    def _not_made(self, error: Exception) -> str:
        cure = cure_of(error)
        return f"{self._source.name} cannot be made: {f'{cure} ' if cure else ''}({told(error)})"

    def _follow(self) -> None:
        """Set the clock, and see whether the environment changed its action space."""
        play = self._playing
        self.tick = play.tally.standing.tick
        space = play.episode.environment.action_space
        if space is not self._space and space != self._space:
            self._warn("action_space", f"it changed from {self._space} to {space}; the primitives follow it")
            self._learn_spaces()

    def _learn_spaces(self) -> None:
        environment = self._playing.episode.environment
        self._space = environment.action_space
        self._offered = offered(
            environment,
            names=self._source.actions,
            step=self._step,
            observe=self._look,
            end_episode=self._end_episode,
        )
        self._functions = {name: one.function for name, one in self._offered.items()}
        self.spec = EnvironmentSpec(
            id=self._source.world_id,
            description=about(self._source.name, environment, self._source.about, self._limit),
            can_snapshot=self._source.repeatable,
            can_render=not self._undrawn,
            repeatable=self._source.repeatable,
            tick_limit=TICK_LIMIT,
            goals=("score",),
            aim=AIM,
            options=self._options,
        )

    def _step(self, name: str, action: Any, times: int) -> dict[str, Any]:
        play = self._playing
        try:
            return play.step(name, action, times)
        finally:
            self.tick = play.tally.standing.tick

    def _look(self, whole: bool) -> dict[str, Any]:
        return self._playing.look(whole)

    def _end_episode(self) -> None:
        self._playing.give_up()

    def _try_drawing(self, seed: int) -> None:
        """Find out once whether the environment draws pictures; then begin again."""
        play = self._playing
        if self._undrawn != "it was not reset":
            return
        self._undrawn = draws_pictures(play.episode.environment)
        if not self._undrawn:
            play.start(seed)
        self.spec = self.spec.model_copy(update={"can_render": not self._undrawn})

    def _warn(self, where: str, text: str) -> None:
        """Say once what is wrong with the environment."""
        if where not in self._warned:
            self._warned[where] = f"{where}: {text}"
            faults_of(self).note(where, WorldFault(text))


def _time_limit(environment: Any) -> int | None:
    """The limit of the wrapper `TimeLimit`, where there is one."""
    from gymnasium import Wrapper
    from gymnasium.wrappers import TimeLimit

    layer = environment
    while isinstance(layer, Wrapper):
        if isinstance(layer, TimeLimit):
            return int(layer._max_episode_steps)
        layer = layer.env
    return None


def _steps_of(environment: Any) -> int | None:
    """The limit that an environment keeps itself, as MiniGrid's do."""
    steps = getattr(environment.unwrapped, "max_steps", None)
    return steps if isinstance(steps, int) and steps > 0 else None
