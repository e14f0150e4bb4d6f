"""What a span is here, before it is encoded: plain data with ids that follow from the run and its events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line

Value = str | bool | int | float | tuple[str, ...]
Attributes = dict[str, Value]

MARKS_LIMIT = 64
"""The most marks on one span."""
SAID = 300
"""Characters of an attribute that is a text of somebody: a task, an error, a reason."""


@dataclass(frozen=True)
class Identity:
    """By what all ids of a run's spans are made: its name and when it began, in seconds since the epoch.

    A fork has another name, so its spans have other ids than those of the run that it came from.
    """

    run: str
    began: float

    @property
    def trace(self) -> int:
        """The id of the one trace that holds all spans of the run."""
        return self._number("trace", 16)

    @property
    def root(self) -> int:
        """The id of the run's first span, the ancestor of all others."""
        return self.span(1)

    def span(self, number: int, part: str = "") -> int:
        """The id of the span that event `number` begins; `part` tells those apart that it begins together."""
        return self._number(f"{number}\n{part}", 8)

    def _number(self, what: str, size: int) -> int:
        made = hashlib.sha256(f"{self.run}\n{self.began!r}\n{what}".encode("utf-8", "surrogateescape"))
        return int.from_bytes(made.digest()[:size], "big") or 1


@dataclass(frozen=True)
class Mark:
    """Something that happened at one moment of a span."""

    time: float
    name: str
    attributes: Mapping[str, Value]


@dataclass
class Span:
    """One span. Times are in seconds since the epoch.

    Attributes:
        id: of the span.
        parent: the id of the span above it; `None` for the root.
        name: what it is called.
        begin: when it began.
        end: when it ended.
        client: it asks something outside of this process.
        attributes: what is known of it.
        error: why it failed; `None` where it did not.
        marks: what happened meanwhile.
    """

    id: int
    parent: int | None
    name: str
    begin: float
    end: float = 0.0
    client: bool = False
    attributes: Attributes = field(default_factory=dict)
    error: str | None = None
    marks: list[Mark] = field(default_factory=list)

    def mark(self, time: float, name: str, attributes: Mapping[str, Value]) -> None:
        """Note what happened; beyond the limit nothing is noted."""
        if len(self.marks) < MARKS_LIMIT:
            self.marks.append(Mark(time, name, attributes))


def line(text: object, limit: int = 100) -> str:
    """A name as the value of an attribute: one visible line."""
    return visible_line(text, limit)


def said(text: object, limit: int = SAID) -> str:
    """What somebody wrote as the value of an attribute: one visible line without secrets."""
    return visible_line(redact(str(text)[: limit * 4]), limit)
