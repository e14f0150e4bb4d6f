"""The frames that a worker may send. Every frame is untrusted: the program can write to the wire itself.

A frame is only data about the program; calls, failures and the world's clock are recorded by the host.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fieldcraft.common.suggest import reason


class BrokenProtocol(Exception):
    """A worker sent an invalid frame; the bounded message is for the record."""


DEEPEST = 100
"""Levels of nesting in a value; a journal holds values deeper inside, and must be able to read them."""


def _sound(value: Any) -> Any:
    """Refuse NaN, infinities and deep nesting, so that worlds and journals need not handle them."""
    _check(value, 0)
    return value


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"values must not be nested deeper than {DEEPEST} levels")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("numbers must be finite")
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)
    elif isinstance(value, dict):
        for inner in value.values():
            _check(inner, depth + 1)


Finite = AfterValidator(_sound)


class Frame(BaseModel):
    """The base of all frames: strict types, no unknown members."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Ready(Frame):
    """The worker is locked down and waits for its program."""

    type: Literal["ready"]


class Log(Frame):
    """A piece of the program's output; never empty, since an empty one would not count against a limit."""

    type: Literal["log"]
    text: str = Field(min_length=1)


class Call(Frame):
    """The program calls a primitive and waits. `id` counts calls of all kinds from 0."""

    type: Literal["call"]
    id: int = Field(ge=0)
    name: str = Field(max_length=200)
    args: Annotated[list[Any], Finite]
    kwargs: Annotated[dict[str, Any], Finite]


class ToolCall(Frame):
    """The program calls a tool and waits."""

    type: Literal["tool"]
    id: int = Field(ge=0)
    name: str = Field(max_length=200)
    arguments: Annotated[dict[str, Any], Finite]


class SkillCall(Frame):
    """The program calls a skill that the world runs, and waits. `name` is the skill's digest."""

    type: Literal["skill"]
    id: int = Field(ge=0)
    name: str = Field(max_length=200)
    args: Annotated[list[Any], Finite]
    kwargs: Annotated[dict[str, Any], Finite]


Counts = Annotated[dict[str, Annotated[int, Field(ge=0)]], Field(max_length=10_000)]


class SkillCounts(Frame):
    """How often each library skill was called so far, by entry name."""

    type: Literal["skills"]
    counts: Counts


class Fault(Frame):
    """The exception that ended the program: `skill` is the digest of the skill whose `line` it is."""

    kind: str = Field(max_length=200)
    message: str = Field(max_length=2000)
    line: int | None = Field(ge=1, le=10_000_000)
    skill: str | None = Field(max_length=200)


class Done(Frame):
    """The program's end. Later frames are not read."""

    type: Literal["done"]
    fault: Fault | None
    result: Annotated[Any, Finite]
    skills: Counts


AnyFrame = Ready | Log | Call | ToolCall | SkillCall | SkillCounts | Done

_FRAME: TypeAdapter[AnyFrame] = TypeAdapter(Annotated[AnyFrame, Field(discriminator="type")])


def read_frame(line: bytes) -> AnyFrame:
    """One validated frame. The parser itself bounds nesting (about 200 levels) and the digits of a number.

    Raises:
        BrokenProtocol: it is not a valid frame.
    """
    try:
        return _FRAME.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise BrokenProtocol(f"no valid frame: {place} {reason(first['msg'])}"[:300]) from None
    except RecursionError:
        raise BrokenProtocol("no valid frame: nested too deep") from None


class FrameBuffer:
    """Cuts a stream into lines, none longer than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pending = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        self._pending += data

    def next_line(self) -> bytes | None:
        """The next complete line; `None` if it is not complete yet.

        Raises:
            BrokenProtocol: a line is longer than the limit.
        """
        end = self._pending.find(b"\n", self._searched)
        self._searched = len(self._pending) if end < 0 else 0
        if end > self._limit or (end < 0 and len(self._pending) > self._limit):
            raise BrokenProtocol(f"a frame longer than {self._limit} bytes")
        if end < 0:
            return None
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        return line
