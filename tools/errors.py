"""The errors of tools. Every message is for the caller: a model, a program or a person."""

from __future__ import annotations

from fieldcraft.common.errors import FieldcraftError, ForeignFault, InputError
from fieldcraft.common.secrets.redaction import redact


class ToolError(FieldcraftError):
    """A call failed: unknown tool, wrong arguments, a refusal, a timeout, an error of the tool.

    This is expected. The message is for the caller, which may try something else; known secrets and texts
    with the shape of a secret are removed from it.
    """

    def __init__(self, *parts: object) -> None:
        super().__init__(*(redact(part) if isinstance(part, str) else part for part in parts))


class UnknownTool(ToolError, InputError, LookupError):
    """There is no tool of this name; the message lists the nearest and the available ones."""


class BrokenTool(ToolError, ForeignFault):
    """A tool exists but cannot be used; the message gives the reason."""


class NoSuchName(BrokenTool):
    """`module:name` names no module or no object in it."""


class DuplicateTool(ToolError, ValueError):
    """Two tools have the same name; the message says which one is kept."""


class TransientToolError(ToolError):
    """A call failed but may succeed if it is repeated, which the executor does."""
