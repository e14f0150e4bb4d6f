"""Notes of people to a run: what they are to say or do, bounded as all that comes from outside."""

from __future__ import annotations

import getpass
import secrets
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.errors import InputError
from fieldcraft.common.fields import Moment

NoteKind = Literal["say", "task", "pause", "go_on", "step", "skip", "stop", "approve"]
"""`say` and `task` carry a text, `approve` answers the parked call `call` with its text; others have none."""

TEXT_LIMIT = 4_000
"""Characters of a note's text."""
WITH_TEXT = frozenset({"say", "task", "approve"})


class BadNote(InputError, ValueError):
    """A note that cannot be sent: it has no text where one is needed, or too much of it."""


class Note(BaseModel):
    """One note of a person to a run.

    Attributes:
        id: names it once and for all: a note that was heard is not heard again.
        kind: what it is.
        text: the words of the person.
        call: the parked call that an `approve` answers, as `ApprovalParked.id` names it.
        by: the name of the person's account, for people to read.
        time: when it was sent, in seconds since the epoch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default_factory=lambda: secrets.token_hex(8), pattern=r"^[0-9a-f]{16}$")
    kind: NoteKind
    text: str = Field(default="", max_length=TEXT_LIMIT)
    call: str = Field(default="", max_length=100)
    by: str = Field(default="", max_length=100)
    time: Moment = 0.0


def account() -> str:
    """The name of this process's account, `someone` where it has none."""
    try:
        return getpass.getuser()[:100]
    except (ImportError, KeyError, OSError):
        return "someone"
