"""Which of the tools that were offered a provider does not take, by what its refusal says.

A provider refuses a whole request for one tool. Most name it: by its place (`tools[3]`, `tools.3`), or by the
function's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.agent.models.errors import ModelRefused, PromptTooLong, WindowTooSmall
from fieldcraft.agent.models.failures.error_parts import status_of, words_of

NOT_VALID = frozenset({400, 422})
"""What a provider says to a request that it does not take."""

_PLACE = re.compile(
    r"\b(?:tools|functions?_declarations|functions)(?:\[0\])?(?:\[|\.|['\", ]+)(\d{1,5})\b", re.IGNORECASE
)
"""Gemini puts all functions into its one tool: `tools[0].function_declarations[3]`."""
_DECLARATION = re.compile(r"functions?_?declarations\[(\d{1,5})\]", re.IGNORECASE)
_NAMED = re.compile(r"(?:function|tool)(?: named| name)?:? [`'\"]+([\w.-]{1,200})[`'\"]", re.IGNORECASE)
_TOO_MANY = re.compile(
    r"(?:tools|functions)['\"`]?\b.{0,120}?"
    r"(?:maximum|at most|up to|more than|limit|exceed)[^.\d]{0,60}(\d{1,5})\b",
    re.IGNORECASE | re.DOTALL,
)


def named_tools(error: Exception, tools: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The names of the offered tools that a refusal is about, as far as it says."""
    if status_of(error) not in NOT_VALID:
        return ()
    words = words_of(error)
    offered = [str(tool.get("function", {}).get("name", "")) for tool in tools]
    places = {int(place) for place in (_DECLARATION.findall(words) or _PLACE.findall(words))}
    by_name = [name for name in _NAMED.findall(words) if name in offered]
    by_place = [offered[place] for place in sorted(places) if place < len(offered)]
    return tuple(dict.fromkeys(by_name or by_place))


def most_taken(refusal: ModelRefused, offered: int) -> int | None:
    """How many tools the provider takes at most, where a refusal says so and more were offered."""
    found = [int(number) for number in _TOO_MANY.findall(str(refusal))]
    return next((number for number in found if 0 < number < offered), None)


def may_be_about_tools(refusal: ModelRefused) -> bool:
    """Whether the same request with fewer tools may be taken."""
    if isinstance(refusal, PromptTooLong | WindowTooSmall):
        return False
    return refusal.status in NOT_VALID
