"""Observations of every space of Gymnasium: as bounded text for a reader, as bounded data for a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fieldcraft.common.fields import fitted_text
from fieldcraft.common.text import cut_text

Describer = Callable[[Any], "str | Mapping[str, str]"]
"""Makes readable text of an observation: one text, or several by name."""

TEXT_LIMIT, PART_LIMIT = 6_000, 3_000
"""Characters of a whole observation, and of one text within it."""
NUMBERS_IN_FULL, ALL_NUMBERS = 512, 250_000
"""Numbers of one array that reach a program in full, and where it asks for all of them."""
_LISTED, _PARTS, _DEPTH = 48, 24, 6
_GRID_SIDE, _GRID_CHANNELS, _FLOAT_SIDE = 40, 4, 10


def described(observation: Any) -> str:
    """An observation in words: numbers, small grids as pictures of text, larger arrays summed up."""
    return cut_text(_text(observation, 0), TEXT_LIMIT, mark=" ...")


def data_of(observation: Any, *, numbers: int = NUMBERS_IN_FULL) -> Any:
    """An observation as JSON data; an array of more than so many numbers by shape and range."""
    return _data(observation, numbers, 0)


def copied(observation: Any) -> Any:
    """An observation that the environment cannot change afterwards."""
    if isinstance(observation, np.ndarray):
        return observation.copy()
    if isinstance(observation, int | float | str | bytes | np.generic | None):
        return observation
    if type(observation) is dict:
        return {key: copied(part) for key, part in observation.items()}
    if type(observation) is tuple:
        return tuple(copied(part) for part in observation)
    if type(observation) is list:
        return [copied(part) for part in observation]
    return _remade(observation)


def _remade(observation: Any) -> Any:
    """The copy of an object of another type; the object itself where it is one that nobody can copy."""
    fields = getattr(observation, "_fields", None)
    if isinstance(observation, tuple) and fields:
        return type(observation)(*(copied(part) for part in observation))
    if isinstance(observation, Mapping):
        return {key: copied(part) for key, part in observation.items()}
    return observation


def same(one: Any, other: Any) -> bool:
    """Whether two observations are equal, undefined numbers in the same places included."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return (
            isinstance(one, np.ndarray)
            and isinstance(other, np.ndarray)
            and one.shape == other.shape
            and one.dtype == other.dtype
            and (one.tolist() == other.tolist() if one.dtype.hasobject else one.tobytes() == other.tobytes())
        )
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    try:
        return bool(one == other) or repr(one) == repr(other) == "nan"
    except Exception:  # of a type that others wrote
        return False


def _text(value: Any, depth: int) -> str:
    if isinstance(value, np.ndarray):
        return _array_text(value)
    simple = _simple_text(value)
    if simple is not None:
        return simple
    parts = _parts(value) if depth < _DEPTH else None
    if parts is None:
        return cut_text(_shown(value) if depth < _DEPTH else f"a {type(value).__name__}", 200, mark=" ...")
    if isinstance(value, list | tuple) and all(
        isinstance(part, int | float | np.number) for _, part in parts
    ):
        return _row(list(value))
    return _parts_text(parts, depth)


def _simple_text(value: Any) -> str | None:
    match value:
        case str():
            return cut_text(value, PART_LIMIT, mark=" ...")
        case bool() | np.bool_():
            return str(bool(value)).lower()
        case int() | np.integer():
            return str(int(value))
        case float() | np.floating():
            return f"{float(value):.6g}"
    return "none" if value is None else None


def _parts(value: Any) -> list[tuple[str, Any]] | None:
    """What a container holds, by name or number; `None` of anything else."""
    if isinstance(value, Mapping):
        return [(str(key), part) for key, part in value.items()]
    fields = getattr(value, "_fields", None)
    if isinstance(value, tuple) and fields:
        return [(str(name), getattr(value, name, None)) for name in fields]
    if isinstance(value, list | tuple):
        return [(str(number), part) for number, part in enumerate(value)]
    return None


def _shown(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # of a type that others wrote
        return f"a {type(value).__name__}"


def _parts_text(parts: list[tuple[str, Any]], depth: int) -> str:
    lines = []
    for name, part in parts[:_PARTS]:
        shown = _text(part, depth + 1)
        lines.append(f"{name}:\n{shown}" if "\n" in shown else f"{name}: {shown}")
    if len(parts) > _PARTS:
        lines.append(f"and {len(parts) - _PARTS} more")
    return "\n".join(lines) if lines else "nothing"


def _array_text(array: Any) -> str:
    if array.ndim == 0:
        return _text(array.item(), _DEPTH)
    if array.dtype.kind not in "biuf":
        return _summary(array)
    if array.ndim == 1 and array.size <= _LISTED:
        return _row(array.tolist())
    if array.ndim == 2 and max(array.shape) <= _side(array):
        return _grid(array)
    if array.ndim == 3 and array.shape[2] <= _GRID_CHANNELS and max(array.shape) <= _GRID_SIDE // 2:
        return "\n".join(f"layer {layer}:{_layer(array[:, :, layer])}" for layer in range(array.shape[2]))
    return _summary(array)


def _layer(array: Any) -> str:
    first = array.flat[0] if array.size else 0
    return f" {first:g} everywhere" if (array == first).all() else f"\n{_grid(array)}"


def _side(array: Any) -> int:
    return _FLOAT_SIDE if array.dtype.kind == "f" else _GRID_SIDE


def _row(numbers: list[Any]) -> str:
    shown = ", ".join(_text(number, _DEPTH) for number in numbers[:_LISTED])
    return f"[{shown}{f', and {len(numbers) - _LISTED} more' if len(numbers) > _LISTED else ''}]"


def _grid(array: Any) -> str:
    """A picture of text: a character for each digit, columns of equal width for larger numbers."""
    cells = [
        [f"{number:.3g}" if isinstance(number, float) else str(int(number)) for number in row]
        for row in array.tolist()
    ]
    width = max((len(cell) for row in cells for cell in row), default=1)
    return "\n".join((" " if width > 1 else "").join(cell.rjust(width) for cell in row) for row in cells)


def _summary(array: Any) -> str:
    shape = " by ".join(map(str, array.shape))
    if array.dtype.kind not in "biuf" or not array.size:
        return f"an array of {shape} ({array.dtype})"
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    if not finite.size:
        return f"an array of {shape} numbers, none of them finite"
    kind = "an image" if _is_image(array) else "an array"
    return (
        f"{kind} of {shape} numbers from {finite.min():g} to {finite.max():g}, {finite.mean():.4g} on average"
    )


def _is_image(array: Any) -> bool:
    return bool(array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] in (1, 3, 4))


def _data(value: Any, numbers: int, depth: int) -> Any:
    if isinstance(value, np.ndarray):
        if value.size > numbers or value.dtype.kind not in "biufSU":
            return {"shape": list(value.shape), "summary": _summary(value)}
        return value.tolist()
    if isinstance(value, np.generic | int | float | None):
        return value.item() if isinstance(value, np.generic) else value
    parts = _parts(value) if depth < _DEPTH else None
    if parts is None:
        return fitted_text(value if isinstance(value, str) else _shown(value), TEXT_LIMIT)
    if isinstance(value, list) or (isinstance(value, tuple) and not hasattr(value, "_fields")):
        return [_data(part, numbers, depth + 1) for _, part in parts[:ALL_NUMBERS]]
    return {name: _data(part, numbers, depth + 1) for name, part in parts}
