"""The messages of the bridge's process, one JSON object a line, read within limits and by schema."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.envs.minecraft.errors import Lost

BROKEN = "the bridge does not keep to its protocol"
TEXT_LIMIT, NAME_LIMIT, MESSAGE_LIMIT = 2000, 100, 2000
SHORT_LINE = 1 << 16
"""The most bytes of a line that is parsed without a check of its structure."""

MOST_TICKS, MOST_WALKED = 1 << 40, 1e9


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Limits on the messages of a process.

    Attributes:
        line: the most bytes of one message.
        total: the most bytes of all messages; `None` for a bot that is not running a program.
        messages: the most messages; `None` as with `total`.
        items: the most values in one message.
    """

    line: int
    total: int | None = None
    messages: int | None = None
    items: int = 250_000

    @functools.cached_property
    def limits(self) -> Limits:
        """The limits for parsing one message."""
        return Limits(size=self.line, items=self.items)


BOT = Bounds(line=32 << 20)
"""A trusted bot: its longest message is the land for a picture."""

PROGRAM = Bounds(line=1 << 20, total=8 << 20, messages=150_000)
"""A bot that runs a program, which may control all its messages."""

_PlainName = Annotated[str, Field(strict=True, pattern=f"^[!-~]{{1,{NAME_LIMIT}}}$")]
_MendedName = Annotated[str, BeforeValidator(lambda text: visible_line(text, NAME_LIMIT))]
Name = Annotated[_PlainName | _MendedName, Field(union_mode="left_to_right")]
"""One short visible line; what is one already, as nearly every name, is not looked at twice."""

Line = Annotated[str, BeforeValidator(lambda text: visible_line(text, MESSAGE_LIMIT))]
Text = Annotated[str, AfterValidator(lambda text: cut_text(text, TEXT_LIMIT))]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    tick: int = Field(default=0, ge=0, le=MOST_TICKS)
    walked: float | None = Field(default=None, ge=0, le=MOST_WALKED)


class Problem(BaseModel):
    """The reason why a request failed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["refused", "lost", "fault"] = "fault"
    message: Line


class Answer(_Message):
    """The answer to the request `id`."""

    id: int = Field(ge=0, le=1 << 53)
    value: Any = None
    error: Problem | None = None


class Event(_Message):
    """An event. Which fields are set depends on its kind, `event`."""

    event: Annotated[str, Field(max_length=NAME_LIMIT)]
    text: Text = ""
    name: Name = ""
    at: Name = ""
    contents: Any = None
    arguments: Text = ""
    error: Text | None = None
    urgent: bool = False


class Call(_Message):
    """A request to the host: the program calls a skill of another language."""

    call: int = Field(ge=0, le=1 << 53)
    name: Annotated[str, Field(max_length=NAME_LIMIT)]
    args: list[Any] = Field(default=[], max_length=1000)


Message = Answer | Event | Call
_ADAPTER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(union_mode="left_to_right")])


def read_message(line: bytes, bounds: Bounds) -> Message:
    """Parse the message in a line.

    Raises:
        Lost: it is invalid, or exceeds a limit.
    """
    try:
        if bounds.total is None and len(line) <= SHORT_LINE:
            return _read_short(line, bounds)
        return _ADAPTER.validate_python(read_json(line, bounds.limits))
    except (DataError, ValidationError):
        raise Lost(BROKEN) from None


def _read_short(line: bytes, bounds: Bounds) -> Message:
    """As fast as can be; what holds half a character is no JSON to this reader, and mended by the other."""
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError:
        return _ADAPTER.validate_python(read_json(line, bounds.limits))
