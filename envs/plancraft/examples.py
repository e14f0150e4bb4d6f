"""The examples of Plancraft's data sets: what is held at the beginning, and what to craft."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fieldcraft.common.fields import Text
from fieldcraft.common.suggest import nearest
from fieldcraft.envs.missing import BrokenEnvironment
from fieldcraft.envs.plancraft.package import data_folder
from fieldcraft.envs.plancraft.slots import SLOTS

Split = Literal["train", "val", "val.small", "val.small.easy", "test", "test.small", "test.small.easy"]
SPLITS: tuple[str, ...] = get_args(Split)
DEFAULT_SPLIT = "val.small"
STEPS = 30
"""After how many an episode ends in the paper."""
MOST_STEPS = 1_000
_OPTIONS = ("split", "example", "impossible", "max_steps")


class Held(BaseModel):
    """What is in a slot."""

    model_config = ConfigDict(frozen=True)

    type: Text
    quantity: Annotated[int, Field(ge=1, le=64)]


class Example(BaseModel):
    """An example of a data set, as far as it is used.

    Attributes:
        id: by which Plancraft knows it.
        target: the item to craft.
        slotted_inventory: what is held at the beginning, by the package's numbers of slots.
        impossible: whether the target cannot be made of that.
        optimal_path: the items that are made one after the other on the shortest way, the target last.
        complexity_split: `easy`, `medium`, `hard` or `impossible`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Text
    target: Text
    slotted_inventory: dict[Annotated[int, Field(ge=1, lt=len(SLOTS))], Held]
    impossible: bool
    optimal_path: tuple[Text, ...] | None = None
    complexity_split: Text = ""


class Choice(NamedTuple):
    """Which examples episodes are of, and after how many steps one ends."""

    split: str = DEFAULT_SPLIT
    example: str = ""
    impossible: bool = True
    max_steps: int = STEPS

    def at(self, seed: int) -> Example:
        """The example of a seed; so many consecutive seeds as there are examples lead to each once."""
        found = self.examples()
        return found[seed % len(found)]

    def examples(self) -> tuple[Example, ...]:
        """All of them, in a fixed order that mixes easy and hard ones."""
        every = examples_of(self.split)
        if self.example:
            return tuple(one for one in every if one.id == self.example)
        return tuple(one for one in every if self.impossible or not one.impossible)


_LIST: TypeAdapter[tuple[Example, ...]] = TypeAdapter(tuple[Example, ...])


@lru_cache(maxsize=len(SPLITS))
def examples_of(split: str) -> tuple[Example, ...]:
    """The examples of a data set, in the order of a digest of their ids: the package lists easy ones first.

    Raises:
        BrokenEnvironment: the installed package has no such file, or another one than is known.
    """
    path = data_folder() / f"{split}.json"
    try:
        found = _LIST.validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        wrong = error.error_count() if isinstance(error, ValidationError) else error
        raise BrokenEnvironment(
            f"the examples {split} of plancraft cannot be read ({wrong}); install plancraft 0.4.9 again"
        ) from None
    return tuple(sorted(found, key=lambda one: sha256(one.id.encode()).hexdigest()))


def choice_of(options: Mapping[str, Any]) -> Choice:
    """Which examples the options of a reset name.

    Raises:
        ValueError: an option is unknown or of the wrong type; the message has the nearest names.
    """
    for name in options:
        if name not in _OPTIONS:
            raise ValueError(f"unknown option {name!r}{nearest(name, _OPTIONS)} ({', '.join(_OPTIONS)})")
    split = options.get("split", DEFAULT_SPLIT)
    if split not in SPLITS:
        hint = nearest(str(split)[:100], SPLITS)
        raise ValueError(f"option split: there is no {split!r:.100}{hint} ({', '.join(SPLITS)})")
    impossible = options.get("impossible", True)
    if not isinstance(impossible, bool):
        raise ValueError(f"option impossible: use true or false (got {impossible!r:.60})")
    return Choice(split, _known(split, options.get("example", "")), impossible, _limit(options))


def _known(split: str, example: Any) -> str:
    ids = {one.id for one in examples_of(split)}
    if example == "" or (isinstance(example, str) and example in ids):
        return str(example)
    hint = nearest(str(example)[:100], ids)
    raise ValueError(f"option example: {split} has no example {example!r:.100}{hint}")


def _limit(options: Mapping[str, Any]) -> int:
    wanted = options.get("max_steps", STEPS)
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_STEPS:
        raise ValueError(f"option max_steps: give a whole number from 1 to {MOST_STEPS} (got {wanted!r:.60})")
    return wanted
