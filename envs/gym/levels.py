"""Worlds whose levels are ids of Gymnasium: which there are, and what their options say."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from fieldcraft.common.suggest import nearest

MOST_STEPS = 100_000
"""Steps of an episode at most."""
_OPTIONS = ("id", "max_steps")


class Level(NamedTuple):
    """A level by its id, and after how many steps its episodes end; `None` for the level's own limit."""

    id: str
    max_steps: int | None = None


@dataclass(frozen=True)
class Levels:
    """The levels of one package.

    Attributes:
        package: whose import registers them.
        families: how their ids begin.
        default: the id where none is given.
        named: what is said of the ids where no name is near, such as "BabyAI's begin with BabyAI-".
    """

    package: str
    families: tuple[str, ...]
    default: str
    named: str

    def ids(self) -> tuple[str, ...]:
        """The ids of all levels, sorted."""
        with quiet():
            importlib.import_module(self.package)
            from gymnasium.envs.registration import registry
        return tuple(sorted(known for known in registry if known.startswith(self.families)))

    def of(self, options: Mapping[str, Any]) -> Level:
        """The level that the options of a reset name.

        Raises:
            ValueError: an option or level is unknown or of the wrong type; the message has the nearest names.
        """
        for name in options:
            if name not in _OPTIONS:
                raise ValueError(
                    f"unknown option {name!r}{nearest(name, _OPTIONS)} (there are id and max_steps)"
                )
        return Level(self._known(options.get("id", self.default)), _limit(options.get("max_steps")))

    def _known(self, wanted: Any) -> str:
        ids = self.ids()
        if isinstance(wanted, str):
            if wanted in ids:
                return wanted
            if versions := [known for known in ids if known.rpartition("-v")[0] == wanted]:
                return versions[-1]
        hint = nearest(str(wanted)[:100], ids) or f"; {self.named}, as {self.default}"
        raise ValueError(f"option id: there is no level {wanted!r:.100}{hint}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep back what a package prints and warns of, such as each draw that it rejects."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _limit(wanted: Any) -> int | None:
    if wanted is None:
        return None
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_STEPS:
        raise ValueError(f"option max_steps: give a whole number from 1 to {MOST_STEPS} (got {wanted!r:.60})")
    return wanted
