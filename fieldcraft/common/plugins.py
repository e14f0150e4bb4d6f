"""Finding parts by name: a built-in one, one that an installed package announces, or `module:Name`.

A package announces a part by an entry point. Its group is that of the part's kind.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Any

from fieldcraft.common.errors import ForeignFault, InputError
from fieldcraft.common.suggest import nearest


class UnknownPart(InputError, ValueError):
    """No part of this name; the message lists the nearest names and how to give one's own."""


class BrokenPart(ForeignFault, RuntimeError):
    """A part was found, but cannot be loaded or made, or does something other than its kind says."""


class UnusablePart(BrokenPart, InputError):
    """A part that was named is none of its kind, or cannot be made: another name is needed."""


@dataclass(frozen=True)
class Kind:
    """A kind of part that can be replaced.

    Attributes:
        noun: `curriculum`.
        group: of entry points.
        method: what a part must have, by which a class is distinguished from a ready part; empty for a
            function.
        built_in: its names; to the place of each as `module:Name`, empty where the caller makes it itself.
        ways: other names that are good, for the message about one that is not.
        unknown, broken: the errors that `load` and `make` raise.
    """

    noun: str
    group: str
    method: str = ""
    built_in: Mapping[str, str] = field(default_factory=dict)
    ways: str = ""
    unknown: type[Exception] = UnknownPart
    broken: type[Exception] = UnusablePart


def available(kind: Kind) -> dict[str, EntryPoint]:
    """Every part of a kind by name, sorted: the built-in ones and those that packages announce.

    A built-in name stays the built-in part's. A name that two packages announce is not here, see `load`.
    """
    found = {name: EntryPoint(name, value, kind.group) for name, value in kind.built_in.items()}
    announced = _announced(kind)
    found.update({name: points[0] for name, points in announced.items() if len(points) == 1})
    return dict(sorted(found.items()))


def check_name(kind: Kind, name: str) -> None:
    """Refuse a name that is neither built in nor announced nor of the form `module:Name`. Imports nothing.

    Raises:
        kind.unknown: the message lists the nearest names.
        kind.broken: two packages announce this name.
    """
    if name in kind.built_in or ":" in name:
        return
    if rivalry := rivals(kind, name):
        raise kind.broken(rivalry)
    if name not in _announced(kind):
        known = available(kind)
        raise kind.unknown(
            f"no {kind.noun} {name!r}{nearest(name, known) or '.'} Known: {', '.join(known) or 'none'}"
            f"{kind.ways}. Your own: module:Name, or an entry point of the group {kind.group!r}."
        )


def rivals(kind: Kind, name: str) -> str:
    """Why a name that several packages announce says nothing, with the cure; empty where one does at most."""
    points = _announced(kind).get(name, [])
    if len(points) < 2:
        return ""
    packages = " and ".join(sorted(_package(point) for point in points))
    targets = " or ".join(sorted(point.value for point in points))
    return f"{packages} both announce a {kind.noun} {name!r}; name the one you mean as module:Name: {targets}"


def load(kind: Kind, name: str) -> Any:
    """What a name stands for, imported. Modules of the working directory are found too.

    Raises:
        kind.unknown: no such name, module, or attribute of the module.
        kind.broken: the import failed, or two packages announce this name.
    """
    check_name(kind, name)
    target = kind.built_in.get(name, name if ":" in name else None)
    if target is None:
        target = available(kind)[name].value
    try:
        return imported(target)
    except UnknownPart as error:
        raise kind.unknown(f"{kind.noun} {name!r}: {error}") from error
    except BrokenPart as error:
        raise kind.broken(f"{kind.noun} {name!r}: {error}") from error


def make(kind: Kind, name: str) -> Any:
    """The part of a name: an object with the kind's method as it is, a class or factory called.

    Raises:
        kind.unknown, kind.broken: as `load` does; it cannot be made without arguments; it is no such part.
    """
    found = load(kind, name)
    if isinstance(found, type) or (callable(found) and not hasattr(found, kind.method or "__call__")):
        try:
            found = found()
        except Exception as error:
            raise kind.broken(
                f"{kind.noun} {name!r} cannot be made without arguments ({type(error).__name__}: {error}); "
                "name a class or function that needs none, or give the object itself from Python"
            ) from error
    check_part(kind, found, name)
    return found


def check_part(kind: Kind, part: Any, name: str) -> None:
    """Refuse what lacks the kind's method.

    Raises:
        kind.broken: it does.
    """
    method = kind.method or "__call__"
    if not callable(getattr(part, method, None)):
        lacks = f"has no method {kind.method}" if kind.method else "cannot be called"
        raise kind.broken(f"{kind.noun} {name!r} {lacks} ({type(part).__name__})")


def name_of(part: Any) -> str:
    """`module:Name` of an object's class, or of a function itself."""
    named = part if hasattr(part, "__qualname__") else type(part)
    return f"{named.__module__}:{named.__qualname__}"


def _announced(kind: Kind) -> dict[str, list[EntryPoint]]:
    """The announced parts that take no built-in name, each once however often its package is found."""
    found: dict[str, list[EntryPoint]] = {}
    for point in _entry_points(kind.group, _places()):
        others = found.setdefault(point.name, [])
        if point.name not in kind.built_in and point.value not in [other.value for other in others]:
            others.append(point)
    return {name: points for name, points in found.items() if points}


def _places() -> tuple[tuple[str, int], ...]:
    """Where packages may be installed, and when one last was."""
    places = []
    for place in sys.path:
        changed = 0
        with suppress(OSError):
            changed = Path(place).stat().st_mtime_ns
        places.append((place, changed))
    return tuple(places)


@lru_cache(maxsize=32)
def _entry_points(group: str, places: tuple[tuple[str, int], ...]) -> EntryPoints:  # noqa: ARG001
    """What the packages in these places announce: all their metadata is read for it, but once."""
    return entry_points(group=group)


def _public(found: object) -> list[str]:
    return [name for name in dir(found) if not name.startswith("_")]


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def imported(target: str) -> Any:
    """What `module:Name` names; modules of the working directory are found too.

    Raises:
        UnknownPart: it is not written so, there is no such module, or the module has no such name.
        BrokenPart: the import failed, another module that it needs is missing, for example.
    """
    module_name, _, attribute = target.partition(":")
    if not (module_name and attribute):
        raise UnknownPart(f"{target!r} is incomplete; write it as module:Name")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            raise UnknownPart(f"no module {error.name!r} can be imported") from error
        raise BrokenPart(f"importing {module_name!r} failed: {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise UnknownPart(f"module {module_name!r} has no {attribute!r}{nearest(part, _public(found))}")
        found = getattr(found, part)
    return found
