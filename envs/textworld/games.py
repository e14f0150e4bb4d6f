"""Which game an episode is: the options of a reset, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fieldcraft.common.errors import MissingRequirement
from fieldcraft.common.suggest import nearest, reason
from fieldcraft.common.system import installed
from fieldcraft.envs.missing import BrokenEnvironment
from fieldcraft.envs.types import OptionInfo

GameName = Literal["coin_collector", "cooking", "treasure_hunter"]
GAMES: tuple[str, ...] = get_args(GameName)
STEPS, MOST_STEPS = 80, 10_000
"""Commands after which an episode ends, as in BALROG, and the most that may be asked for."""

_LEVELS = {"coin_collector": (120, 300), "treasure_hunter": (20, 30)}
"""The level of each game by default, and its highest."""
_COOKING = ("recipe", "take", "go", "open", "cook", "cut", "drop")


class NeedsTextWorld(BrokenEnvironment, MissingRequirement):
    """TextWorld is not installed; the message names the extra."""


class Game(BaseModel):
    """A kind of game, apart from its seed.

    Attributes:
        game: which of the generators makes it.
        level: of a treasure hunt or a search for a coin; `None` for the default.
        recipe: ingredients of the meal.
        take: how many of them have to be found; all where it is `None`.
        go: rooms of the house.
        open, cook, cut: whether things have to be opened, and ingredients cooked and cut.
        drop: whether only as many things can be carried as the recipe has ingredients.
        guided: whether the objective tells each step, as the generators do by themselves.
        steps: commands after which the episode ends.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    game: GameName = "cooking"
    level: int | None = Field(default=None, ge=1, le=300)
    recipe: int = Field(default=3, ge=1, le=5)
    take: int | None = Field(default=None, ge=0, le=5)
    go: Literal[1, 6, 9, 12] = 6
    open: bool = True
    cook: bool = True
    cut: bool = True
    drop: bool = False
    guided: bool = False
    steps: int = Field(default=STEPS, ge=1, le=MOST_STEPS)

    @property
    def settings(self) -> dict[str, Any]:
        """What the package's generator is given."""
        if self.game != "cooking":
            return {"level": self.level or _LEVELS[self.game][0]}
        take = self.recipe if self.take is None else self.take
        given = {name: getattr(self, name) for name in ("recipe", "go", "open", "cook", "cut", "drop")}
        return {**given, "take": take, "recipe_seed": 0, "split": None}

    def __str__(self) -> str:
        words = ", ".join(f"{name} {value}" for name, value in self.settings.items() if value is not None)
        return f"{self.game} ({words})"


def require_textworld() -> None:
    """Refuse this world where its package is not installed.

    Raises:
        NeedsTextWorld: it is not.
    """
    if not installed("textworld", "jericho"):
        raise NeedsTextWorld("textworld-v1 needs the extra 'textworld': pip install 'fieldcraft[textworld]'")


def game_of(options: Mapping[str, Any]) -> Game:
    """The game that the options of a reset name.

    Raises:
        ValueError: an option is unknown, of another game, or out of range; the message has the nearest names.
    """
    for name in options:
        if name not in Game.model_fields:
            known = ", ".join(Game.model_fields)
            raise ValueError(
                f"unknown option {name!r:.60}{nearest(str(name), Game.model_fields)} (options: {known})"
            )
    wanted = options.get("game", "cooking")
    if wanted not in GAMES:
        hint = nearest(str(wanted), GAMES)
        raise ValueError(f"option game: there is no game {wanted!r:.60}{hint} (games: {', '.join(GAMES)})")
    for name in options:
        if (name in _COOKING and wanted != "cooking") or (name == "level" and wanted == "cooking"):
            raise ValueError(f"option {name}: {wanted} has none; leave it out, or choose another game")
    try:
        game = Game.model_validate(dict(options))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise ValueError(f"option {place}: {reason(detail['msg'])} (got {detail['input']!r:.60})") from None
    return _consistent(game)


def _consistent(game: Game) -> Game:
    if game.level is not None and game.level > _LEVELS[game.game][1]:
        raise ValueError(f"option level: {game.game} has levels from 1 to {_LEVELS[game.game][1]}")
    if game.take is not None and game.take > game.recipe:
        raise ValueError(f"option take: use at most {game.recipe}, as many as the recipe has ingredients")
    return game


def option_reference() -> tuple[OptionInfo, ...]:
    """The options, for people."""
    choices = {
        "cooking": "find a cookbook, gather the ingredients, cut and cook them, eat the meal",
        "treasure_hunter": "find an object in a maze and take it",
        "coin_collector": "find a coin behind many rooms",
    }
    about = {
        "level": "of treasure_hunter, 1 to 30 (20 by default; above 25 it takes minutes to make), or of "
        "coin_collector, 1 to 300 (120 by default)",
        "recipe": "cooking: ingredients, 1 to 5",
        "take": "cooking: how many of them have to be found; all by default",
        "go": "cooking: rooms, one of 1, 6, 9 and 12",
        "open": "cooking: whether doors and containers are closed",
        "cook": "cooking: whether ingredients have to be cooked",
        "cut": "cooking: whether ingredients have to be cut",
        "drop": "cooking: whether no more things than the recipe's ingredients can be carried",
        "guided": "whether the objective tells each step of the way",
        "steps": f"commands after which an episode ends, 1 to {MOST_STEPS:,}",
    }
    fields = Game.model_fields
    return (
        OptionInfo(name="game", about="which game is made", default="cooking", choices=choices),
        *(OptionInfo(name=name, about=text, default=fields[name].default) for name, text in about.items()),
    )
