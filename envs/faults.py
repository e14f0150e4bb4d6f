"""Faults of a world's own code: named with the method they come from, its traceback kept for its author.

The methods of every `Environment` are called through `contained`: what would end this process (`sys.exit`) or
never return becomes an ordinary exception, what is awaitable is awaited, and what is raised is noted.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import sysconfig
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any

import pydantic

from fieldcraft.common.errors import FieldcraftError, ForeignFault
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import valid_text, visible_line
from fieldcraft.envs.fuse import TookTooLong, within

FILE = "world-faults.log"
"""Of a run's folder: the tracebacks of its world."""
LEAST_SECONDS, RESET_SECONDS = 10.0, 600.0
"""What `observe` and its like may take where the spec allows a program less, and what a reset may take."""
_FILE_LIMIT, _TRACEBACK_LIMIT, _KINDS = 1_000_000, 20_000, 200
"""Bytes of the file before it begins again, characters of a traceback, and kinds of faults kept apart."""
_WORDS = 500
_BY_CONTRACT = (FieldcraftError, NotImplementedError)
_LIBRARIES = tuple(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "purelib", "platlib"))
_OURS = tuple(
    f"{folder}{os.sep}"
    for folder in (Path(__file__).parents[1], Path(pydantic.__file__).parent, Path(asyncio.__file__).parent)
)
"""Folders of the code between a run and a world's own lines."""

logger = logging.getLogger(__name__)


class WorldFault(ForeignFault, RuntimeError):
    """A method of a world did what a method must not: it ended the process, or did not end.

    Attributes:
        traceback: the author's, where that comes from another process.
    """

    traceback = ""


class NeverReturned(WorldFault):
    """A method of a world was ended because it did not return in time."""


class Faults:
    """The faults of one world: those that nobody has read yet, and the file that keeps their tracebacks.

    Attributes:
        hung: the methods that did not return.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._waiting: list[str] = []
        self._known: set[bytes] = set()
        self._unsaid: list[str] = []
        self.hung: set[str] = set()

    def keep_in(self, folder: Path) -> None:
        """Write tracebacks into `folder` from now on, those of before included."""
        self._path = folder / FILE
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            self._write(entry)

    def unsaid(self) -> list[str]:
        """A line for each kind of fault that was noted since this was last asked."""
        lines, self._unsaid = self._unsaid, []
        return lines

    def note(self, where: str, error: BaseException) -> None:
        """Keep a fault of the method `where`."""
        if getattr(error, "fieldcraft_noted", False):
            return
        with suppress(Exception):
            error.fieldcraft_noted = True  # type: ignore[attr-defined]
        if isinstance(error, NeverReturned):
            self.hung.add(where)
        line = f"{where}: {told(error)}"
        text = valid_text(redact(traceback_of(error)))[-_TRACEBACK_LIMIT:]
        logger.info("the world failed in %s\n%s", line, text)
        kind = sha256(f"{where}\n{text}".encode()).digest()
        new = kind not in self._known and len(self._known) < _KINDS
        if new:
            self._known.add(kind)
            self._unsaid.append(line)
        moment = time.strftime("%Y-%m-%d %H:%M:%S")
        entry = f"{moment} {redact(line)}\n{text if new else ''}"
        if self._path is not None:
            self._write(entry)
        elif new:
            self._waiting.append(entry)

    def _write(self, entry: str) -> None:
        """A folder that cannot be written costs the tracebacks only."""
        path = self._path
        if path is None:
            return
        with suppress(OSError):
            if path.is_symlink():
                return
            if path.exists() and path.stat().st_size > _FILE_LIMIT:
                path.replace(path.with_suffix(".old.log"))
                self._known.clear()
            with path.open("a", encoding="utf-8") as file:
                file.write(entry.rstrip("\n") + "\n")


def told(error: BaseException) -> str:
    """An exception in one line, with the place in the author's code: `KeyError: 'gem' (world.py, line 8)`."""
    try:
        said = visible_line(error, _WORDS)
    except Exception:
        said = "(an error without a text)"
    if isinstance(error, WorldFault):
        return said
    place = _place(error)
    return f"{type(error).__name__}{': ' if said else ''}{said}{f' ({place})' if place else ''}"


def traceback_of(error: BaseException) -> str:
    """The traceback as Python prints it, without our own frames before the author's."""
    if isinstance(error, WorldFault) and error.traceback:
        return error.traceback
    if isinstance(error, WorldFault):
        if error.__cause__ is None or not _authors(error.__cause__):
            return f"{error}\n"
        error = error.__cause__
    frames = _authors(error)
    try:
        shown = traceback.TracebackException.from_exception(error)
        if frames:
            shown.stack = traceback.StackSummary.from_list(frames)
        return "".join(shown.format())
    except Exception:
        return f"{type(error).__name__} without a text\n"


def without_ours(stack: str) -> str:
    """The lines of a stack as the interpreter dumps it, without our own frames."""
    shown = [line for line in stack.splitlines() if not line.partition('File "')[2].startswith((*_OURS, "<"))]
    return "\n".join(shown)


def _place(error: BaseException) -> str:
    """The last line of the author's own that it went through."""
    frames = _authors(error)
    own = [frame for frame in frames if not frame.filename.startswith(_LIBRARIES)] or frames
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""


def _authors(error: BaseException) -> list[traceback.FrameSummary]:
    """The author's frames, from the first one behind our door to the last; none where all are ours."""
    frames = list(traceback.extract_tb(error.__traceback__))
    ours = [frame.filename.startswith(_OURS) for frame in frames]
    door = ours.index(True) if True in ours else 0
    theirs = [number for number, own in enumerate(ours) if number >= door and not own]
    return frames[theirs[0] : theirs[-1] + 1] if theirs else []


def faults_of(environment: object) -> Faults:
    """The faults of a world."""
    found = environment.__dict__.get("_faults")
    if found is None:
        found = environment.__dict__["_faults"] = Faults()
    assert isinstance(found, Faults)
    return found


def contained(
    method: Callable[..., Any],
    *,
    expected: tuple[type[Exception], ...] = (),
    read: Callable[[Any], Any] | None = None,
) -> Callable[..., Any]:
    """`method` of a world's class, with its faults contained and noted.

    Args:
        method: overrides one of `Environment`.
        expected: what it may raise by contract, which is no fault.
        read: makes of what it returned what it has to return, or raises.
    """
    name = method.__name__

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            result = _ended(self, name, method, args, kwargs)
            return result if read is None else read(result)
        except Exception as error:
            if isinstance(error, WorldFault) or not isinstance(error, (*_BY_CONTRACT, *expected)):
                faults_of(self).note(name, error)
            else:
                logger.info("%s of the world refused", name, exc_info=error)
            if name != "close":
                raise
            logger.warning("the world failed to close: %s", told(error))
            return None

    call.__fieldcraft_contained__ = True  # type: ignore[attr-defined]
    return call


def _ended(self: Any, name: str, method: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    def called() -> Any:
        return settled(self, method(self, *args, **kwargs))

    if getattr(self, "ends_its_calls", False):
        return without_exit(name, called)
    seconds = RESET_SECONDS if name in ("reset", "begin_episode") else max(_limit(self), LEAST_SECONDS)
    return without_exit(name, within, seconds, called)


def _limit(self: Any) -> float:
    """The spec's limit, of a world whose spec may be anything."""
    seconds = getattr(getattr(self, "spec", None), "seconds_limit", LEAST_SECONDS)
    return float(seconds) if isinstance(seconds, int | float) else LEAST_SECONDS


def without_exit(name: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The function's result; what would end this process is an ordinary exception.

    Raises:
        WorldFault: it tried to end the process, or was ended at its deadline.
        Exception: what else it raises. Ctrl-C passes too.
    """
    try:
        return function(*arguments, **named)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        fault = as_exception(name, error)
        if fault is error:
            raise
        raise fault from (error.__cause__ if isinstance(error, TookTooLong) else error)


def as_exception(name: str, error: BaseException) -> Exception:
    """An error of the method `name` as an ordinary exception, which it mostly is."""
    if isinstance(error, TookTooLong):
        return NeverReturned(f"{name} had not returned in time, and was ended")
    return error if isinstance(error, Exception) else WorldFault(f"{name} raised {told(error)}")


def settled(self: Any, result: Any) -> Any:
    """The result of a coroutine function, awaited; anything else as it is."""
    if not inspect.isawaitable(result):
        return result
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _awaited(self, result)
    found: Future[Any] = Future()

    def work() -> None:
        try:
            found.set_result(_awaited(self, result))
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return found.result()


def _awaited(self: Any, awaitable: Any) -> Any:
    """In the world's own event loop, which lives as long as the world, as its connections do."""
    loop = self.__dict__.get("_loop")
    if loop is None or loop.is_closed():
        loop = self.__dict__["_loop"] = asyncio.new_event_loop()
        weakref.finalize(self, loop.close)

    async def finished() -> Any:
        return await awaitable

    try:
        return loop.run_until_complete(finished())
    except BaseException as error:
        if not isinstance(error, Exception):
            with suppress(Exception):
                loop.close()
        raise
