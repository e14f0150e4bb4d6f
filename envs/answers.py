"""What a world's methods returned, as what they have to return: data of primitives, observations, checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from math import isfinite
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from fieldcraft.common.text import valid_text, visible_line
from fieldcraft.envs.faults import WorldFault
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import GoalCheck, Progress

PLAIN = frozenset({int, bool, type(None)})
"""Types of which every value is data."""
MOST_ITEMS = 250_000
"""Values that an iterator may yield."""


class NoData(WorldFault, TypeError):
    """A primitive returned what JSON cannot hold; the message says what can be returned."""


def as_data(value: Any, name: str) -> Any:
    """`value` as JSON data: arrays of NumPy, sets and iterators become lists, NaN and infinity `None`.

    Args:
        value: what the primitive returned.
        name: of the primitive.

    Raises:
        NoData: it holds an object that is none of these.
    """
    kind = type(value)
    if kind in PLAIN or (kind is str and value.isascii()):
        return value
    if kind is float and isfinite(value):
        return value
    if isinstance(value, str):
        return valid_text(str(value))
    if isinstance(value, Iterator):
        value = list(islice(value, MOST_ITEMS + 1))
        if len(value) > MOST_ITEMS:
            raise NoData(
                f"bot.{name} returned a {kind.__name__} of more than {MOST_ITEMS:,} values; return a list"
            )
    try:
        return to_jsonable_python(value, inf_nan_mode="null", fallback=_other)
    except (PydanticSerializationError, TypeError, ValueError, RecursionError) as error:
        raise NoData(
            f"bot.{name} returned a {kind.__name__}, which is no JSON data ({visible_line(error, 100)}); "
            "return numbers, text, lists, dicts or pydantic models"
        ) from error


def _as(model: type[BaseModel]) -> Callable[[Any], Any]:
    """What makes a `model` of an answer that is none but can be read as one, such as a dict."""

    def read(result: Any) -> Any:
        return result if isinstance(result, model) else model.model_validate(result)

    return read


def as_check(result: Any) -> GoalCheck:
    """What a check answered as a `GoalCheck`: `True` and `False` stand for one."""
    if isinstance(result, bool):
        return GoalCheck(met=result, detail="the goal is met" if result else "the goal is not met")
    return result if isinstance(result, GoalCheck) else GoalCheck.model_validate(result)


READERS: dict[str, Callable[[Any], Any]] = {
    "observe": _as(Observation),
    "progress": _as(Progress),
    "check": as_check,
}
"""The methods whose answers are read, with what reads them; each raises where it cannot."""


def _other(value: Any) -> Any:
    """Data of types that pydantic does not know.

    Raises:
        TypeError: of what is no data.
    """
    if callable(getattr(value, "tolist", None)):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is in it")
