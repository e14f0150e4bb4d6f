"""An HTTP client for providers' servers whose answers are bounded, and readable for providers' packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.wire.mending import bound, mend, mend_lines

if TYPE_CHECKING:
    import httpx


def response_hooks(*, by_line: bool = False) -> dict[str, list[Any]]:
    """Event hooks of an httpx client (not an asynchronous one), for answers as a whole or by the line."""
    return {"response": [bound, mend_lines if by_line else mend]}


def bounded_client(seconds: float) -> httpx.Client:
    """A client with these hooks, and a timeout in seconds, that otherwise does as httpx does."""
    import httpx

    return httpx.Client(timeout=seconds, event_hooks=response_hooks(), follow_redirects=True)
