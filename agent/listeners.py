"""Those who follow a run without being part of it: found by name, and kept from doing it harm."""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Listener
from fieldcraft.agent.redact import redact
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line

GROUP = "fieldcraft.listeners"

logger = logging.getLogger(__name__)


class BadListener(ValueError):
    """A listener cannot be found, imported or made; the message names the cure."""


class GuardedListener:
    """A listener whose errors end nothing but itself: after the first one it is not called again."""

    def __init__(self, name: str, listener: Listener) -> None:
        self._name = name
        self._listener: Listener | None = listener

    def __call__(self, event: e.Event) -> None:
        """Pass on an event. Only what is no `Exception` (Ctrl-C) comes through."""
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception as error:
            self._listener = None
            problem = visible_line(redact(f"{type(error).__name__}: {error}"), 500)
            logger.warning(
                "the listener %s failed and is not called again while this run is open: %s",
                self._name,
                problem,
                exc_info=error,
            )


def guarded(names: Iterable[str], listeners: Iterable[Listener]) -> tuple[Listener, ...]:
    """The listeners of these names, then those given, each guarded.

    Args:
        names: `module:Name`, or announced by an entry point.
        listeners: objects.

    Raises:
        BadListener: one cannot be had, before any was called.
    """
    named = [GuardedListener(name, load_listener(name)) for name in dict.fromkeys(names)]
    return (*named, *(GuardedListener(_called(each), _checked(_called(each), each)) for each in listeners))


def load_listener(name: str) -> Listener:
    """The listener of this name: a function, an object, or one made of a class without arguments.

    Raises:
        BadListener: there is none, it cannot be imported or made, or it cannot be called with an event.
    """
    announced = {point.name: point.value for point in entry_points(group=GROUP)}
    target = announced.get(name, name)
    module, colon, attribute = target.partition(":")
    if not (colon and module and attribute):
        known = f" Announced: {', '.join(sorted(announced))}." if announced else ""
        raise BadListener(
            f"no listener {visible_line(name)!r}{nearest(name, announced) or '.'}{known} "
            "Your own: --listener module:Name, a function that takes one event"
        )
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            if not hasattr(found, part):
                raise BadListener(
                    f"the listener {visible_line(name)}: there is no {part!r}{nearest(part, vars(found))}"
                )
            found = getattr(found, part)
        made = found() if inspect.isclass(found) else found
    except BadListener:
        raise
    except (Exception, SystemExit) as error:
        problem = visible_line(f"{type(error).__name__}: {error}", 500)
        raise BadListener(f"the listener {visible_line(name)} cannot be loaded: {problem}") from error
    return _checked(name, made)


def _checked(name: str, listener: Any) -> Listener:
    """The listener, where it can be called with one event.

    Raises:
        BadListener: it cannot.
    """
    if inspect.isclass(listener):
        raise BadListener(f"the listener {name} is a class; give an object of it: {listener.__name__}()")
    if not callable(listener):
        raise BadListener(
            f"the listener {visible_line(name)} is {type(listener).__name__}, which cannot be called; give a "
            "function that takes one event, or an object with such a __call__"
        )
    if inspect.iscoroutinefunction(listener) or inspect.iscoroutinefunction(type(listener).__call__):
        raise BadListener(
            f"the listener {name} is async, and nothing would await it; make it a plain function"
        )
    try:
        inspect.signature(listener).bind(None)
    except TypeError:
        raise BadListener(f"the listener {name} does not take one event as its argument") from None
    except ValueError:  # a built-in that does not say what it takes
        pass
    return listener  # type: ignore[no-any-return]


def _called(listener: Any) -> str:
    """What a person calls an object by."""
    name = getattr(listener, "__qualname__", None) or type(listener).__qualname__
    return visible_line(f"{getattr(listener, '__module__', None) or ''}:{name}".removeprefix(":"))
