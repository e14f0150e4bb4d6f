"""One program in its own process: what it can name, how it is run, what is reported of its end."""

from __future__ import annotations

import builtins
import difflib
import random
import sys
from collections.abc import Callable
from types import CodeType, TracebackType
from typing import Any, NoReturn

from .channel import Channel, encode
from .values import Position, repr_of, text_of

PROGRAM_FILE = "<program>"
MESSAGE_LIMIT = 2000
RESULT_LIMIT = 1000


class PrimitiveError(Exception):
    """A primitive could not do what was asked; the message says what is missing."""


class ToolError(Exception):
    """A tool could not do what was asked; the message says why."""


ERRORS: dict[str, type[Exception]] = {"primitive": PrimitiveError, "tool": ToolError}


class Caller:
    """What `bot` and `tools` are: each attribute is a call to the host.

    A subclass says how arguments are written and what the names are called.
    """

    _kind = ""
    _what = ""

    def __init__(self, channel: Channel, names: list[str]) -> None:
        self._channel = channel
        self._names = names

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._names:
            close = difflib.get_close_matches(name.lower(), self._names, n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
            raise AttributeError(f"{self._what} {name!r}{hint}")
        call = self._method(name)
        call.__name__ = name
        self.__dict__[name] = call
        return call

    def __dir__(self) -> list[str]:
        return self._names

    def _method(self, name: str) -> Callable[..., Any]:
        raise NotImplementedError


class Bot(Caller):
    """The program's body in the world: its attributes are the environment's primitives."""

    _what = "bot has no primitive"

    def _method(self, name: str) -> Callable[..., Any]:
        request = self._channel.request

        def call(*args: Any, **kwargs: Any) -> Any:
            named = encode(kwargs) if kwargs else "{}"
            return _value(request("call", name, f'"args":{encode(args)},"kwargs":{named}'))

        return call


class Tools(Caller):
    """Functions outside the world: `tools.<name>(argument=...)`."""

    _what = "there is no tool"

    def _method(self, name: str) -> Callable[..., Any]:
        request = self._channel.request

        def call(*args: Any, **kwargs: Any) -> Any:
            if args:
                raise TypeError(f"tools.{name} takes keyword arguments only, e.g. tools.{name}(argument=...)")
            return _value(request("tool", name, f'"arguments":{encode(kwargs)}'))

        return call


class Log:
    """The program's `sys.stdout` and `sys.stderr`."""

    encoding = "utf-8"

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def write(self, text: str) -> int:
        """Keep the text; the host cuts the log at its limit."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._channel.log(text)
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        self._channel.flush()

    def isatty(self) -> bool:
        """Never a terminal."""
        return False


class Runner:
    """Runs one program and the skills it calls. `start` is the host's first frame."""

    def __init__(self, channel: Channel, start: dict[str, Any]) -> None:
        self._channel = channel
        self._start = start
        self._skills: dict[str, dict[str, Any]] = start["skills"]["modules"]
        self._loaded: dict[str, dict[str, Any]] = {}
        self._files = {_skill_file(skill["entry"], digest): digest for digest, skill in self._skills.items()}
        self._given = {
            "bot": Bot(channel, start["primitives"]),
            "tools": Tools(channel, start["tools"]),
            "PrimitiveError": PrimitiveError,
            "ToolError": ToolError,
            "Position": Position,
        }
        self._reserve = bytes(4 * 1024 * 1024)

    def run(self) -> None:
        """Run the program's entry and tell the host what came of it."""
        sys.stdout = sys.stderr = Log(self._channel)
        builtins.input = _no_keyboard
        random.seed(self._start["seed"])
        fault, result = None, None
        try:
            result = self._call()
        except BaseException as error:
            self._reserve = b""
            fault = self._describe(error)
        sys.settrace(None)
        sys.setprofile(None)
        self._finish(fault, result)

    def _call(self) -> Any:
        code = compile(self._start["source"], PROGRAM_FILE, "exec")
        namespace = self._namespace("program", self._start["skills"]["roots"])
        exec(code, namespace)  # noqa: S102 - running programs is what this process is for
        return namespace[self._start["entry"]](self._given["bot"], **self._start["arguments"])

    def _finish(self, fault: dict[str, Any] | None, result: Any) -> None:
        self._channel.flush()
        done = {"type": "done", "fault": fault, "result": None, "skills": self._channel.skill_counts}
        try:
            self._channel.send({**done, "result": result})
        except BaseException:
            self._channel.send({**done, "result": repr_of(result, RESULT_LIMIT)})

    def _namespace(self, name: str, skills: dict[str, str]) -> dict[str, Any]:
        bound = {entry: self._skill(entry, digest) for entry, digest in skills.items()}
        return {"__name__": name, "__builtins__": builtins, **self._given, **bound}

    def _skill(self, name: str, digest: str) -> Callable[..., Any]:
        in_world = self._skills[digest]["language"] != "python"

        def call(*args: Any, **kwargs: Any) -> Any:
            self._channel.count_skill(name)
            if in_world:
                return self._call_in_world(name, digest, args, kwargs)
            return self._module(digest)[self._skills[digest]["entry"]](*args, **kwargs)

        call.__name__ = call.__qualname__ = name
        return call

    def _call_in_world(self, name: str, digest: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Have the host run a skill in another language; the bot, which is there already, stays here."""
        bot, *rest = args or (kwargs.pop("bot", None),)
        if bot is not self._given["bot"]:
            raise TypeError(f"call it as {name}(bot, ...): the first argument is bot")
        content = f'"args":{encode(rest)},"kwargs":{encode(kwargs)}'
        return _value(self._channel.request("skill", digest, content))

    def _module(self, digest: str) -> dict[str, Any]:
        """The skill's namespace, run on first use; its dependencies are those it was kept with."""
        if digest not in self._loaded:
            skill = self._skills[digest]
            code: CodeType = compile(skill["source"], _skill_file(skill["entry"], digest), "exec")
            namespace = self._namespace(skill["entry"], skill["dependencies"])
            exec(code, namespace)  # noqa: S102
            self._loaded[digest] = namespace
        return self._loaded[digest]

    def _describe(self, error: BaseException) -> dict[str, Any]:
        message = text_of(error, MESSAGE_LIMIT)
        if isinstance(error, MemoryError) and not message:
            message = f"the program needed more than its {self._start['memory'] // 2**20} MiB of memory"
        file, line = self._place(error)
        return {
            "kind": text_of(type.__dict__["__name__"].__get__(type(error)), 200),
            "message": message,
            "line": line,
            "skill": self._files.get(file),
        }

    def _place(self, error: BaseException) -> tuple[str, int | None]:
        """File and line of the innermost frame that runs source of the program or of a skill."""
        files = {PROGRAM_FILE, *self._files}
        if isinstance(error, SyntaxError) and error.filename in files and error.lineno:
            return error.filename, error.lineno
        place: tuple[str, int | None] = PROGRAM_FILE, None
        trace: TracebackType | None = BaseException.__dict__["__traceback__"].__get__(error)
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in files:
                place = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        return place


def _skill_file(entry: str, digest: str) -> str:
    return f"<skill {entry} {digest[:12]}>"


def _value(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise ERRORS[answer["error"]](answer["message"])
    return answer["value"]


def _no_keyboard(*_: object) -> NoReturn:
    raise RuntimeError("a program has no keyboard: input() is not available; ask the world through bot")
