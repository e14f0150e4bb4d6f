"""TextWorld as a world: games in words that are made for each seed, with points and an objective."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fieldcraft.envs.goals.own import kept_goal
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.textworld.acting import Acting
from fieldcraft.envs.textworld.engine import Engine
from fieldcraft.envs.textworld.games import MOST_STEPS, Game, game_of, option_reference, require_textworld
from fieldcraft.envs.textworld.goals import WinGoal
from fieldcraft.envs.textworld.kept import story_of
from fieldcraft.envs.textworld.play import ACHIEVEMENTS, Play, played, read
from fieldcraft.envs.types import EnvironmentSpec, Examples, Names, OptionInfo, Progress

_ENGINES = 4
"""Games that are kept loaded."""
_EXAMPLES = Examples(
    tasks=("Read the cookbook", "Enter three new rooms", "Win the game"),
    task="Win the game",
    goal={"kind": "win"},
    step="Open a closed door",
    step_goal={"kind": "achieve", "achievement": "open_thing"},
    question="What does it take to open a locked door?",
    program="find_and_take",
    needs="a thing, a tool or a room",
    about="knife",
    fact="food is cut with a knife that is carried",
    advice=(
        "A program that finds rooms and things by explore(), map() and look() serves other games too.",
        "Each command counts: look(), map(), inventory() and commands() take no step.",
    ),
)


class TextWorld(Acting):
    """A game of TextWorld. A command takes one tick; an episode ends with the game or at the limit of steps.

    Raises:
        NeedsTextWorld: the package is not installed.
    """

    goal_types = (WinGoal,)

    def __init__(self) -> None:
        require_textworld()
        self._free: OrderedDict[Path, Engine] = OrderedDict()
        self.spec = _specified(Game())

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin the game that is made for a seed; the first time takes seconds, for then it is made.

        Raises:
            ValueError: an option is unknown or out of range, or there is no such game for this seed.
        """
        game = game_of(dict(options or {}))
        number = seed % 2**31
        self._begin(game, number, lambda engine: Play(game, number, engine))
        return self.observe()

    def observe(self) -> Observation:
        """The objective, the room, what is carried, what the game said, and the map."""
        play = self._begun
        return Observation(
            tick=len(play.commands),
            words=_words(play),
            events=list(play.events),
            extra={"map": play.rooms.drawn()},
            scores={"score": play.scene.score, "progress": play.share},
            task=play.shown_objective,
            goal=kept_goal(WinGoal()),
            ended=play.end,
        )

    def progress(self) -> Progress:
        """What was done, the rooms that were entered and the things that were taken."""
        play = self._begun
        return Progress(
            achieved={
                "achievements": dict(play.firsts),
                "rooms": dict(play.entered),
                "taken": dict(play.taken),
            },
            times={"achievements": dict(play.times)},
            given=play.given,
        )

    def happenings(self) -> Sequence[Happening]:
        """What was taken and let go since this was last asked."""
        if self._play is None:
            return ()
        happened, self._play.happened = self._play.happened, []
        return happened

    def standing(self) -> tuple[bool, int, int]:
        """Whether the game is won, its points, and the most there can be."""
        play = self._begun
        return play.scene.won, play.scene.score, play.most

    def walkthrough(self) -> list[str]:
        """The commands that win the game from its beginning, for experts; no primitive tells them."""
        return self._begun.engine.walkthrough

    def snapshot(self) -> bytes:
        """The game, its seed and the commands of the episode."""
        return self._begun.written()

    def restore(self, snapshot: bytes) -> None:
        """Give the commands of a snapshot again.

        Raises:
            ValueError: the bytes are no snapshot of this world, or lead elsewhere.
        """
        saved = read(snapshot)
        self._begin(saved.game, saved.seed, lambda engine: played(saved, engine))

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The game and what it is made of."""
        return option_reference()

    def close(self) -> None:
        """End the interpreters."""
        if self._play is not None:
            self._free[self._play.engine.story] = self._play.engine
            self._play = None
        while self._free:
            self._free.popitem()[1].close()

    def _begin(self, game: Game, seed: int, play_with: Callable[[Engine], Play]) -> None:
        """Take up an episode; that of before stays if it cannot be begun."""
        story = story_of(game, seed)
        engine = self._free.pop(story, None) or Engine(story)
        try:
            now = play_with(engine)
        except BaseException:
            self._set_free(engine)
            raise
        if self._play is not None:
            self._set_free(self._play.engine)
        self._play = now
        now.stepped = self._stepped
        self._stepped(len(now.commands))
        self.spec = _specified(game)

    def _set_free(self, engine: Engine) -> None:
        """Keep an interpreter for later, and end the one that was kept longest where there are too many."""
        self._free[engine.story] = engine
        while len(self._free) > _ENGINES:
            self._free.popitem(last=False)[1].close()

    def _stepped(self, steps: int) -> None:
        self.tick = steps


def _specified(game: Game) -> EnvironmentSpec:
    return EnvironmentSpec(
        id="textworld-v1",
        description=(
            "TextWorld: rooms in words, with doors, containers and things, and a game to win. Commands "
            f"move the player and change things. This game is {game}."
        ),
        can_snapshot=True,
        tick_limit=MOST_STEPS,
        goals=("achieve", "score"),
        names=Names(kinds={"achievements": ACHIEVEMENTS}),
        aim="win each game in few commands, by ways that serve other games too",
        examples=_EXAMPLES,
        options=game.model_dump(exclude_defaults=True),
    )


def _words(play: Play) -> str:
    """What is so, in words."""
    scene = play.scene
    exits = ", ".join(
        f"{direction}{f' ({found})' if found.door else ''}" for direction, found in scene.exits.items()
    )
    return "\n".join(
        [
            f"Objective: {play.objective}",
            scene.description,
            f"Exits: {exits or 'none'}.",
            f"Things here: {', '.join(scene.things) or 'none'}.",
            f"Carrying: {', '.join(scene.carrying) or 'nothing'}.",
            f"Score {scene.score} of {play.most}, command {len(play.commands)} of {play.game.steps}.",
        ]
    )
