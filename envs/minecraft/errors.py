"""The errors of the connection to a Minecraft server."""

from __future__ import annotations

from fieldcraft.common.errors import Unavailable


class CannotPlay(Unavailable, ValueError):
    """No episode can begin with these options on this machine; the message names the remedy."""


class Refused(Exception):
    """The world did not allow all of a request; the message says what is missing."""


class Lost(Exception):
    """The bridge, or its connection to the server, was lost during a request."""


class ServerGone(Unavailable, RuntimeError):
    """The server did not come back in time; the run can be resumed when it is available again."""
