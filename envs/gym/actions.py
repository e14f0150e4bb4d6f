"""Actions of every space of Gymnasium: read from JSON data, written as JSON data, and described in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.types import PrimitiveError

_LONGEST, _NUMBERS_SHOWN, _DEPTH = 400, 8, 4


def read_action(space: Any, value: Any, where: str = "action") -> Any:
    """The action of `space` that JSON data stands for.

    Args:
        space: of Gymnasium.
        value: what a program passed.
        where: names the value in a message.

    Raises:
        PrimitiveError: it is none; the message says what the space takes.
    """
    if isinstance(space, spaces.Discrete):
        return _whole(space, value, where)
    match space:
        case spaces.Box():
            action = _numbers(space, value, where)
        case spaces.MultiDiscrete() | spaces.MultiBinary():
            action = _integers(space, value, where)
        case spaces.Tuple():
            parts = _listed(value, where, len(space.spaces), space)
            action = tuple(
                read_action(part, each, f"{where}[{number}]")
                for number, (part, each) in enumerate(zip(space.spaces, parts, strict=True))
            )
        case spaces.Dict():
            action = _keyed(space, value, where)
        case spaces.OneOf():
            number, each = _listed(value, where, 2, space)
            which = _whole(spaces.Discrete(len(space.spaces)), number, f"{where}[0]")
            action = (np.int64(which), read_action(space.spaces[which], each, f"{where}[1]"))
        case spaces.Sequence() if isinstance(value, list | tuple) and not space.stack:
            action = tuple(
                read_action(space.feature_space, each, f"{where}[{number}]")
                for number, each in enumerate(value)
            )
        case _:
            action = value
    if not _contains(space, action):
        raise _refusal(space, value, where)
    return action


def plain(action: Any) -> Any:
    """An action as JSON data, from which `read_action` makes it again."""
    if isinstance(action, np.ndarray | np.generic):
        return action.tolist()
    if isinstance(action, Mapping):
        return {str(key): plain(part) for key, part in action.items()}
    if isinstance(action, list | tuple):
        return [plain(part) for part in action]
    return action


def takes(space: Any, depth: int = 0) -> str:
    """What a space takes, in words a program's author can follow."""
    words = _simple(space) or (_composed(space, depth + 1) if depth <= _DEPTH else "")
    return words or str(type(space).__name__)


def _simple(space: Any) -> str:
    match space:
        case spaces.Discrete():
            words = f"a whole number from {space.start} to {space.start + space.n - 1}"
        case spaces.Box():
            words = _box(space)
        case spaces.MultiDiscrete():
            lows, highs = space.start.ravel(), (space.start + space.nvec - 1).ravel()
            limits = ", ".join(f"{low} to {high}" for low, high in zip(lows[:16], highs[:16], strict=True))
            words = f"a list of {_shape(space.shape)} whole numbers ({limits})"
        case spaces.MultiBinary():
            words = f"a list of {_shape(space.shape)} numbers, each 0 or 1"
        case spaces.Text():
            words = f"a text of {space.min_length} to {space.max_length} characters"
        case _:
            words = ""
    return words


def _composed(space: Any, depth: int) -> str:
    match space:
        case spaces.Tuple():
            words = f"a list [{'; '.join(takes(part, depth) for part in space.spaces)}]"
        case spaces.Dict():
            parts = "; ".join(f"{json.dumps(str(key))}: {takes(part, depth)}" for key, part in space.items())
            words = f"a dict {{{parts}}}"
        case spaces.OneOf():
            options = "; ".join(f"{number}: {takes(part, depth)}" for number, part in enumerate(space.spaces))
            words = f"a list [which, value] with, by which: {options}"
        case spaces.Sequence():
            words = f"a list, each {takes(space.feature_space, depth)}"
        case _:
            words = ""
    return words


def _contains(space: Any, action: Any) -> bool:
    try:
        return bool(space.contains(action))
    except Exception:  # of a space that others wrote
        return False


def _refusal(space: Any, value: Any, where: str) -> PrimitiveError:
    return PrimitiveError(f"{where} must be {takes(space)[:_LONGEST]} (got {value!r:.80})")


def _whole(space: Any, value: Any, where: str) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool)
    if not fits or not int(space.start) <= value < int(space.start + space.n):
        raise _refusal(space, value, where)
    return value


def _array(space: Any, value: Any, where: str, kinds: str) -> Any:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        raise _refusal(space, value, where) from None
    if array.dtype.kind not in kinds:
        raise _refusal(space, value, where)
    if array.shape != space.shape:
        if array.size != int(np.prod(space.shape)) or array.ndim > 1:
            raise _refusal(space, value, where)
        array = array.reshape(space.shape)
    return array


def _numbers(space: Any, value: Any, where: str) -> Any:
    array = _array(space, value, where, "biuf")
    if space.dtype.kind in "iu" and not np.array_equal(array, np.round(array)):
        raise _refusal(space, value, where)
    if not (np.isfinite(array).all() and (array >= space.low).all() and (array <= space.high).all()):
        array = np.clip(array, space.low, space.high) if _off_by_rounding(space, array) else array
        if not (np.isfinite(array).all() and (array >= space.low).all() and (array <= space.high).all()):
            raise _refusal(space, value, where)
    return np.asarray(np.clip(array.astype(space.dtype), space.low, space.high), dtype=space.dtype)


def _off_by_rounding(space: Any, array: Any) -> bool:
    """Whether it is out of bounds only because the bounds are less precise than a Python number."""
    near = np.clip(array, space.low, space.high)
    return bool(np.isfinite(array).all() and np.allclose(near, array, rtol=1e-6, atol=1e-7))


def _integers(space: Any, value: Any, where: str) -> Any:
    array = _array(space, value, where, "biu")
    return array.astype(space.dtype)


def _listed(value: Any, where: str, length: int, space: Any) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) != length:
        raise _refusal(space, value, where)
    return list(value)


def _keyed(space: Any, value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise _refusal(space, value, where)
    known = {str(key): key for key in space.spaces}
    for name in value:
        if str(name) not in known:
            raise PrimitiveError(
                f"{where} has no {str(name)!r:.60}{nearest(str(name), known)}; "
                f"it is {takes(space)[:_LONGEST]}"
            )
    if missing := [name for name in known if name not in value and known[name] not in value]:
        raise PrimitiveError(f"{where} lacks {', '.join(missing)[:100]}; it is {takes(space)[:_LONGEST]}")
    return {
        key: read_action(space.spaces[key], value[name] if name in value else value[key], f"{where}.{name}")
        for name, key in known.items()
    }


def _box(space: Any) -> str:
    lows, highs = space.low.ravel(), space.high.ravel()
    kind = "whole numbers" if space.dtype.kind in "iu" else "numbers"
    if space.shape == ():
        return f"a {kind.removesuffix('s')} from {lows[0]:g} to {highs[0]:g}"
    if (lows == lows[0]).all() and (highs == highs[0]).all():
        limits = f"each from {lows[0]:g} to {highs[0]:g}"
    else:
        pairs = list(zip(lows, highs, strict=True))
        limits = ", ".join(f"{low:g} to {high:g}" for low, high in pairs[:_NUMBERS_SHOWN])
        limits += f" and {len(pairs) - _NUMBERS_SHOWN} more" if len(pairs) > _NUMBERS_SHOWN else ""
    return f"a list of {_shape(space.shape)} {kind}, {limits}"


def _shape(shape: tuple[int, ...]) -> str:
    return " by ".join(map(str, shape))
