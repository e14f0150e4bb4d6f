"""What can go wrong with a tool. Every message is for whoever called: a model, a program, a person."""

from __future__ import annotations

from fieldcraft.common.errors import FieldcraftError, ForeignFault, InputError
from fieldcraft.common.redaction import redact


class ToolError(FieldcraftError):
    """A call gave no result: unknown tool, wrong arguments, a refusal, a timeout, a fault of the tool.

    An expected event. The text goes to the caller, who may do something else; it holds no secret that this
    process knows, and nothing of the shape of one.
    """

    def __init__(self, *told: object) -> None:
        super().__init__(*(redact(part) if isinstance(part, str) else part for part in told))


class UnknownTool(ToolError, InputError, LookupError):
    """No tool of this name; the message names the nearest and what there is."""


class BrokenTool(ToolError, ForeignFault):
    """A tool was found but cannot be used; the message says why."""


class NoSuchName(BrokenTool):
    """Nothing has the name that is written as `module:name`."""


class DuplicateTool(ToolError, ValueError):
    """Two tools of one name; the message says which one stayed."""


class TransientToolError(ToolError):
    """A call gave no result now and may give one when it is made again; the executor does."""
