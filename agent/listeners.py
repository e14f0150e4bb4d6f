"""Those who follow a run without being part of it: found by name, and kept from doing it harm."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Listener
from fieldcraft.agent.redact import redact
from fieldcraft.common.errors import InputError
from fieldcraft.common.plugins import Kind, make
from fieldcraft.common.text import visible_line

logger = logging.getLogger(__name__)


class BadListener(InputError, ValueError):
    """A listener cannot be found, imported or made; the message names the cure."""


LISTENER = Kind(noun="listener", group="fieldcraft.listeners", unknown=BadListener, broken=BadListener)


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
    return _checked(name, make(LISTENER, name))


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
