"""The errors for a world that there is not, or that cannot be loaded."""

from __future__ import annotations

from fieldcraft.common.errors import ForeignFault, InputError


class UnknownEnvironment(InputError, LookupError):
    """No world of this name; the message lists the nearest names and how to register one."""


class BrokenEnvironment(ForeignFault, RuntimeError):
    """A world was found but could not be loaded; the message says why."""
