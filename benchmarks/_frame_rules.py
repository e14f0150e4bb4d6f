"""The rules of a frame once more, out of nothing but the standard library, for the fuzzer to compare with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

DEEPEST = 100
FAULT_MEMBERS = {"kind", "message", "line", "skill"}


def valid_content(line: bytes) -> dict[str, Any] | None:
    """What a valid frame says, `None` for any other line: the rules, once more."""
    try:
        said = json.loads(line.decode(), parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        return None
    rules = RULES.get(said["type"])
    if rules is None or said.keys() != {"type", *rules}:
        return None
    return said if all(rule(said[name]) for name, rule in rules.items()) else None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs)


def _text(longest: int = 1 << 30, least: int = 0) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and least <= len(value) <= longest and _unicode(value)


def _unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _count(value: Any, least: int = 0) -> bool:
    return type(value) is int and value >= least


def _sound(value: Any, depth: int = 0) -> bool:
    """JSON data of finite numbers and real text, not nested too deep."""
    if depth > DEEPEST:
        return False
    match value:
        case float():
            return math.isfinite(value)
        case str():
            return _unicode(value)
        case list():
            return all(_sound(inner, depth + 1) for inner in value)
        case dict():
            return all(_unicode(name) and _sound(inner, depth + 1) for name, inner in value.items())
    return True


def _sound_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is kind and _sound(value)


def _counts(value: Any) -> bool:
    return type(value) is dict and all(_unicode(name) and _count(number) for name, number in value.items())


def _fault(value: Any) -> bool:
    if value is None:
        return True
    return (
        type(value) is dict
        and value.keys() == FAULT_MEMBERS
        and _text(200)(value["kind"])
        and _text(2000)(value["message"])
        and (value["line"] is None or (_count(value["line"], 1) and value["line"] <= 10_000_000))
        and (value["skill"] is None or _text(200)(value["skill"]))
    )


CALL: dict[str, Callable[[Any], bool]] = {"id": _count, "name": _text(200)}
RULES: dict[str, dict[str, Callable[[Any], bool]]] = {
    "ready": {},
    "log": {"text": _text(least=1)},
    "call": {**CALL, "args": _sound_of(list), "kwargs": _sound_of(dict)},
    "tool": {**CALL, "arguments": _sound_of(dict)},
    "skill": {**CALL, "args": _sound_of(list), "kwargs": _sound_of(dict)},
    "skills": {"counts": _counts},
    "done": {"fault": _fault, "result": _sound, "skills": _counts},
}


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type, which `==` does not ask: 1 is not True, nor 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)
