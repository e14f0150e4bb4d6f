"""Drawing calls of a world's primitives: arguments by their types, and of the names that the world tells."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from pydantic import TypeAdapter

from fieldcraft.envs.environment import Environment
from fieldcraft.envs.observation import Observation

WORDS_KEPT, LONGEST_WORD = 300, 60
_TRIES, _DEPTH = 12, 6
_INTEGERS, _NUMBERS = (1, 1, 1, 2, 3, 0, -1, 16), (1.0, 0.5, 2.5, 0.0, -1.0, 10.0)
_WRONG_WORD = "nothing_of_this_name"
_OPTIONAL = 0.3


class Drawer:
    """Draws calls of one world.

    Args:
        environment: the world.
        seed: of what is drawn.
    """

    def __init__(self, environment: Environment, seed: int) -> None:
        self._environment = environment
        self._random = Random(seed)  # noqa: S311 - draws trials
        self._place = (0.0, 0.0, 0.0)
        names = environment.spec.names
        self._listed = [*names.items, *names.blocks, *names.mobs]
        self._told: dict[str, None] = {}

    def call(self, names: typing.Sequence[str]) -> tuple[str, dict[str, Any]] | None:
        """One of these primitives with arguments; `None` where none were found that it takes."""
        name = self._random.choice(names)
        arguments = self.arguments(name)
        return None if arguments is None else (name, arguments)

    def arguments(self, name: str) -> dict[str, Any] | None:
        """Arguments that the primitive takes; `None` where none were found for one of them."""
        function = self._environment.primitives[name]
        types = hints_of(function)
        chosen: dict[str, Any] = {}
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.default is not parameter.empty and self._random.random() > _OPTIONAL:
                continue
            found = self._fitting(types.get(parameter.name, Any))
            if found is not None:
                chosen[parameter.name] = found[0]
            elif parameter.default is parameter.empty:
                return None
        return chosen

    def hear(self, value: Any) -> None:
        """Know the names in what the world answered or showed, for later calls."""
        if isinstance(value, Observation):
            if value.position is not None:
                self._place = (value.position.x, value.position.y, value.position.z)
            value = value.model_dump(exclude={"extra", "events", "time"})
        for word in _words(value, 0):
            if len(self._told) >= WORDS_KEPT:
                return
            self._told[word] = None

    def _fitting(self, wanted: Any) -> tuple[Any] | None:
        try:
            adapter = TypeAdapter(wanted)
        except Exception:  # of a type that others wrote
            return None
        try:
            schema = adapter.json_schema()
        except Exception:
            schema = {}
        for attempt in range(_TRIES):
            value = self._value(schema if attempt < _TRIES - 2 else {}, schema.get("$defs", {}), 0)
            try:
                adapter.validate_python(value)
            except Exception:  # noqa: S112 - of a type that others wrote
                continue
            return (value,)
        return None

    def _value(self, schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> Any:
        draw = self._random
        if "$ref" in schema:
            schema = defs.get(str(schema["$ref"]).rpartition("/")[2], {})
        for listed in ("examples", "enum"):
            if isinstance(schema.get(listed), list) and schema[listed]:
                return draw.choice(schema[listed])
        if "const" in schema:
            return schema["const"]
        for union in ("anyOf", "oneOf", "allOf"):
            if schema.get(union) and depth < _DEPTH:
                return self._value(draw.choice(schema[union]), defs, depth + 1)
        kind = schema.get("type") or draw.choice(("integer", "string", "null", "boolean"))
        if kind in ("array", "object"):
            return self._container(kind, schema, defs, depth)
        return self._simple(str(kind), schema)

    def _simple(self, kind: str, schema: Mapping[str, Any]) -> Any:
        draw = self._random
        if kind in ("integer", "number"):
            low = schema.get("minimum", schema.get("exclusiveMinimum", -(10**9)))
            high = schema.get("maximum", schema.get("exclusiveMaximum", 10**9))
            numbers = _INTEGERS if kind == "integer" else _NUMBERS
            return draw.choice([number for number in numbers if low <= number <= high] or [low, high])
        if kind == "string":
            return self._word(int(schema.get("minLength", 0)))
        return draw.random() < 0.5 if kind == "boolean" else None

    def _word(self, shortest: int) -> str:
        chance, told = self._random.random(), list(self._told)
        if told and chance < 0.6:
            word = self._random.choice(told)
        elif self._listed and chance < 0.9:
            word = self._random.choice(self._listed)
        else:
            word = _WRONG_WORD
        return word.ljust(shortest, "_")

    def _container(self, kind: str, schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> Any:
        draw = self._random
        if depth >= _DEPTH:
            return [] if kind == "array" else {}
        if kind == "array":
            first = [self._value(part, defs, depth + 1) for part in schema.get("prefixItems", ())]
            least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 3))
            length = draw.randint(least, max(least, min(most, least + 3))) - len(first)
            return first + [self._value(schema.get("items") or {}, defs, depth + 1) for _ in range(length)]
        parts: Mapping[str, Any] = schema.get("properties", {})
        if {"x", "y", "z"} <= parts.keys():
            return {axis: at + draw.randint(-4, 4) for axis, at in zip("xyz", self._place, strict=True)}
        needed = schema.get("required", ())
        chosen = [name for name in parts if name in needed or draw.random() < _OPTIONAL]
        made = {name: self._value(parts[name], defs, depth + 1) for name in chosen}
        if isinstance(more := schema.get("additionalProperties"), Mapping):
            made |= {self._word(0): self._value(more, defs, depth + 1) for _ in range(draw.randint(0, 2))}
        return made


def hints_of(function: Any) -> dict[str, Any]:
    """The types of a primitive's arguments, with what is said of them; none where they cannot be read."""
    try:
        return typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except Exception:  # of types that others wrote
        return {}


def _words(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if value and len(value) <= LONGEST_WORD and "\n" not in value:
            yield value
    elif depth < _DEPTH and isinstance(value, Mapping):
        for key, part in list(value.items())[:WORDS_KEPT]:
            if depth or part:
                yield from _words(str(key), depth + 1) if depth else ()
                yield from _words(part, depth + 1)
    elif depth < _DEPTH and isinstance(value, list | tuple):
        for part in value[:WORDS_KEPT]:
            yield from _words(part, depth + 1)
