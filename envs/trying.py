"""Trying out the primitives of a world: arguments that fit, and what is wrong with what they did."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from fieldcraft.envs.environment import Environment
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.faults import NeverReturned, WorldFault, faults_of, told, without_exit
from fieldcraft.envs.fuse import within
from fieldcraft.envs.types import PrimitiveError

_LONGEST = 500


def arguments_for(environment: Environment, name: str) -> dict[str, Any] | None:
    """Arguments that the primitive takes by its types; `None` where none were found for one of them."""
    function = environment.primitives[name]
    method = getattr(type(environment), name, function)
    try:
        types = typing.get_type_hints(method)
    except Exception:
        types = {}
    chosen: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        needed = parameter.default is parameter.empty
        if not needed or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        fitting = _fitting(environment, types.get(parameter.name, Any))
        if fitting is None:
            return None
        chosen[parameter.name] = fitting[0]
    return chosen


def _fitting(environment: Environment, wanted: Any) -> tuple[Any] | None:
    names = environment.spec.names
    words = [kind[0] for kind in (names.items, names.blocks, names.mobs) if kind] or ["something"]
    listed = typing.get_args(wanted) if typing.get_origin(wanted) is typing.Literal else ()
    place = {"x": 0, "y": 0, "z": 0}
    for value in (*listed, 1, 1.0, *words, False, place, [], {}, [1], None):
        try:
            TypeAdapter(wanted).validate_python(value, strict=wanted in (int, float, str, bool))
        except Exception:  # noqa: S112 - of a type that others wrote
            continue
        return (value,)
    return None


def tried(environment: Environment, name: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """Call a primitive once; what is wrong with what it did, in words."""
    shown = f"{name}({', '.join(f'{key}={value!r:.40}' for key, value in arguments.items())})"
    before = environment.tick
    seconds = environment.spec.seconds_limit

    def called() -> Any:
        return environment.call_primitive(name, (), arguments)

    try:
        limited = (called,) if environment.ends_its_calls else (within, seconds, called)
        json.dumps(without_exit(f"bot.{name}", *limited))
    except EpisodeEnded:
        return
    except PrimitiveError as refusal:
        if not str(refusal).strip():
            yield f"{name} refused without a message; say what is missing"
    except Exception as error:
        faults_of(environment).note(f"bot.{name}", error)
        yield f"{shown} {_what_failed(name, error, seconds)}"[:_LONGEST]
    if environment.tick < before:
        yield f"{shown} turned the clock back from {before} to {environment.tick}"


def _what_failed(name: str, error: Exception, seconds: float) -> str:
    if isinstance(error, NeverReturned):
        return f"had not returned after {seconds:g} s (spec.seconds_limit), and was ended"
    said = told(error).removeprefix(f"bot.{name} ")
    return said if isinstance(error, WorldFault) else f"failed: {said}"
