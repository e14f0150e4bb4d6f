"""Programs: source code that an actor wrote, as far as it could be read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.common.errors import FieldcraftError, MissingRequirement

Language = Literal["python", "javascript"]

RESERVED = frozenset({"bot", "tools", "PrimitiveError", "Position", "ToolError"})
"""Names that a program gets from the sandbox and may not define."""

SOURCE_LIMIT = 64_000
"""Characters of a source at most; reading one this long takes well under a second."""


class ProgramError(FieldcraftError, ValueError):
    """The source is no runnable program; the message tells its author what to change, with the line."""


class MissingParser(ProgramError, MissingRequirement):
    """What reads programs in this language is not installed; the message names the extra."""


class Parameter(BaseModel):
    """A keyword parameter of an entry function; `default` is its source text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    default: str


class Program(BaseModel):
    """Source whose last public top-level function, the entry, takes `bot` and further parameters.

    In JavaScript the entry is the last asynchronous one, as in Voyager. `names` are the global names its
    code reads but does not define: library skills are found among them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    entry: str
    language: Language = "python"
    parameters: tuple[Parameter, ...] = ()
    docstring: str = ""
    names: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()


def check_size(source: str) -> None:
    """Raise `ProgramError` for a source that is too large to be read in a short time."""
    if len(source) > SOURCE_LIMIT:
        raise ProgramError(
            f"the source has {len(source):,} characters; at most {SOURCE_LIMIT:,} are read: write less"
        )
