"""The errors that Fieldcraft raises on purpose: one base, and what kind of thing went wrong.

Each message is one line that names the thing and the cure. The classes of the rooms (`ModelError`,
`LibraryError`, `ToolError` and so on) derive from these kinds, and from the built-in class that fits.
"""

from __future__ import annotations


class FieldcraftError(Exception):
    """Base of every error that Fieldcraft raises on purpose."""


class InputError(FieldcraftError):
    """Something that a person gave cannot be used: a name, a setting, an argument, a file."""


class MissingRequirement(InputError):
    """What was asked for needs something first: a package, a key, a folder of texts."""


class Unavailable(FieldcraftError):
    """Something outside does not work now: a sandbox, a server, a lock held elsewhere, a read-only disk."""


class ForeignFault(FieldcraftError):
    """Code or data that came from elsewhere is faulty: a tool, a world, a skill, a file, an answer."""


class DamagedRecord(FieldcraftError):
    """What Fieldcraft wrote earlier cannot be read back, or is not what it was."""


class Paused(FieldcraftError):
    """The work stopped at a point from which it can be resumed."""
