"""What a model is offered of a tool: name, purpose and arguments, in the form of OpenAI's API.

A provider refuses a whole request for one tool that it does not take, so each offer is made to fit: see
`provider_names` and `provider_schemas`. A schema that is too long is shown with less detail.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.usage import estimated_tokens
from fieldcraft.agent.tooling.descriptions import shown
from fieldcraft.agent.tooling.offering.provider_names import fits, provider_names
from fieldcraft.agent.tooling.offering.provider_schemas import choices_of, fitted_schema, references_in
from fieldcraft.common.data import Limits, bounded
from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.tools import ToolRegistry
from fieldcraft.tools.calls.arguments import call_schema

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

LONGEST_DESCRIPTION = 1_024
"""Characters of a tool's description that OpenAI takes."""
LONGEST_OFFER = 16_000
"""The most characters of what a model is shown of one tool; a longer one loses detail."""
MARK = " ... (cut; search for the tool by its name to read the rest)"

_LIMITS = Limits(depth=64, items=100_000)
_LONGEST_WHOLE = 1_000_000
"""Characters of a description that are looked at."""
_BRIEF = 100
"""Characters of the descriptions of arguments in an offer that is too long."""
_LEVELS = (8, 5, 4, 3, 2, 1)
"""Levels of arguments within arguments that are shown, fewer and fewer."""
_SUBSCHEMAS = frozenset({"properties", "patternProperties", "dependentSchemas"})
_MOST_CHOICES, _LONGEST_CHOICES = 20, 300

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A tool as models are offered it.

    Attributes:
        function: the tool in the form of OpenAI's API.
        cut: whether its description is longer than what is shown.
        misfits: what of the tool no provider would have taken, in words.
    """

    function: dict[str, Any]
    cut: bool = False
    misfits: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """About how many tokens it takes in each request."""
        return estimated_tokens(json.dumps(self.function, ensure_ascii=False))


class Offers:
    """The offers of a registry's tools, each made when it is first asked for.

    Attributes:
        names: what each tool is called to models.
    """

    def __init__(self, registry: ToolRegistry) -> None:
        self._registry = registry
        self._made: dict[str, Offer | None] = {}
        self.names = provider_names(registry)

    def of(self, name: str) -> Offer | None:
        """The offer of a tool; nothing for one that cannot be shown, which is said once."""
        if name not in self._made:
            try:
                self._made[name] = offer_of(self.names.get(name, name), self._registry.get(name), name)
            except Exception as error:
                problem = visible_line(f"{type(error).__name__}: {error}")
                logger.warning("tool %s is offered to no model: %s", name, problem)
                self._made[name] = None
        return self._made[name]

    def all(self) -> tuple[Offer, ...]:
        """The offers of all tools that can be shown, by name."""
        return tuple(offer for name in self._registry if (offer := self.of(name)) is not None)


def offers(registry: ToolRegistry) -> tuple[dict[str, Any], ...]:
    """All tools in the form of OpenAI's API; one that cannot be shown is left out, with a warning."""
    return tuple(offer.function for offer in Offers(registry).all())


def offer_of(offered: str, tool: BaseTool, name: str) -> Offer:
    """The offer of one tool under the name that models call it by.

    Raises:
        ValueError: its schema cannot be shown.
    """
    schema = _schema_of(tool)
    fitted, misfits = fitted_schema(schema)
    visible = shown(fitted)
    whole = visible_line(tool.description, _LONGEST_WHOLE)
    chosen = _choices(schema)
    cut = len(whole) + len(chosen) > LONGEST_DESCRIPTION
    description = _cut(whole, LONGEST_DESCRIPTION - len(chosen)) + chosen if cut else whole + chosen

    def as_function(parameters: dict[str, Any]) -> dict[str, Any]:
        called = {"name": offered, "description": description, "parameters": parameters}
        return {"type": "function", "function": called}

    function, short = _short_enough(visible, as_function)
    if not fits(name):
        misfits.insert(0, f"its name (models call it {offered})")
    if len(whole) > LONGEST_DESCRIPTION:
        misfits.append(f"its long description ({len(whole):,} characters)")
    if short:
        misfits.append("its long schema (shown with less detail)")
    return Offer(function, cut=cut, misfits=tuple(dict.fromkeys(misfits)))


def _schema_of(tool: BaseTool) -> dict[str, Any]:
    schema = call_schema(tool)
    if not isinstance(schema, Mapping):
        schema = schema.model_json_schema() if hasattr(schema, "model_json_schema") else schema.schema()
    copy: dict[str, Any] = bounded(dict(schema), _LIMITS)
    copy.pop("description", None)
    return copy


def _cut(text: str, limit: int) -> str:
    return cut_text(text, limit - len(MARK), mark="") + MARK


def _choices(schema: Mapping[str, Any]) -> str:
    """What a schema says at its top of arguments of which one set is required, as a sentence."""
    sets = choices_of(schema)
    if not sets or len(sets) > _MOST_CHOICES:
        return ""
    choices = " or ".join(", ".join(names) for names in sets)
    return " " + visible_line(f"Give one of: {choices}.", _LONGEST_CHOICES)


def _short_enough(
    schema: dict[str, Any], as_function: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """The whole offer, else the most detailed one that is not too long."""
    function = as_function(_without_unused(schema))
    if _length(function) <= LONGEST_OFFER:
        return function, False
    for levels in _LEVELS:
        function = as_function(_shallow(schema, levels))
        if _length(function) <= LONGEST_OFFER:
            return function, True
    required = [name for name in schema.get("required", ()) if name in schema["properties"]]
    least: dict[str, Any] = {name: {} for name in required}
    return as_function({"type": "object", "properties": least, "required": required}), True


def _length(function: Mapping[str, Any]) -> int:
    return len(json.dumps(function, ensure_ascii=False))


def _without_unused(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with those definitions alone that it refers to."""
    definitions = schema.get("$defs", {})
    used: dict[str, Any] = {}
    top = {key: value for key, value in schema.items() if key != "$defs"}
    waiting = list(references_in(top))
    while waiting:
        name = waiting.pop()
        if name not in used and name in definitions:
            used[name] = definitions[name]
            waiting.extend(references_in(used[name]))
    kept = {name: definitions[name] for name in definitions if name in used}
    return {**top, **({"$defs": kept} if kept else {})}


def _shallow(schema: dict[str, Any], levels: int) -> dict[str, Any]:
    """A schema with brief descriptions, and so many levels of arguments; deeper ones take anything."""
    definitions = schema.get("$defs", {})
    top = {key: value for key, value in schema.items() if key != "$defs"}
    reached: dict[str, int] = {}
    made = {"": _cut_below(top, levels, reached)}
    waiting = list(reached)
    while waiting:
        name = waiting.pop(0)
        if name in made or name not in definitions:
            continue
        made[name] = _cut_below(definitions[name], reached[name], reached)
        waiting.extend(reached)
    top = made.pop("")
    return {**top, **({"$defs": made} if made else {})}


def _cut_below(part: Any, left: int, reached: dict[str, int]) -> Any:
    """A part of a schema down to so many levels; `reached` gets what is left where it names a definition."""
    if isinstance(part, list):
        return [_cut_below(each, left, reached) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        if left <= 0:
            return {}
        reached.setdefault(reference.removeprefix("#/$defs/"), left)
    found: dict[str, Any] = {}
    for key, value in part.items():
        if key == "description" and isinstance(value, str):
            found[key] = visible_line(value, _BRIEF)
        elif key in _SUBSCHEMAS and isinstance(value, dict):
            if left > 0:
                found[key] = {name: _cut_below(each, left - 1, reached) for name, each in value.items()}
        elif key != "required" or left > 0:
            found[key] = _cut_below(value, left, reached)
    return found
