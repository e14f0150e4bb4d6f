"""What can go wrong between the agent and a Minecraft server."""

from __future__ import annotations

from fieldcraft.common.errors import Unavailable


class CannotPlay(Unavailable, ValueError):
    """No life can begin with these options on this machine; the message names the cure."""


class Refused(Exception):
    """The bridge carried a request out as far as the world allowed; the message says what is missing."""


class Lost(Exception):
    """The bridge, or its connection to the server, was lost while a request was under way."""


class ServerGone(Unavailable, RuntimeError):
    """The server did not come back in time; the run can be resumed once it is there again."""
