"""Serve the page on this machine only."""

from __future__ import annotations

import importlib.util
import logging
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.agent.journal.marks import secret_word
from fieldcraft.agent.models.errors import MissingExtra
from fieldcraft.common.errors import Unavailable

if TYPE_CHECKING:
    import uvicorn

    from fieldcraft.serve.watched import Describe

HOST = "127.0.0.1"
PORT = 8420
GRACE = 1
"""Seconds that answers in progress have when the server stops; streams of events end at once."""
_NEEDED = ("starlette", "uvicorn", "sse_starlette")

logger = logging.getLogger(__name__)


class PortTaken(Unavailable, OSError):
    """The page's port cannot be opened; the message names another way."""


class PageServer:
    """The page's server, listening on a port of this machine.

    Attributes:
        address: where the page is, with the token.
    """

    def __init__(self, server: uvicorn.Server, listening: socket.socket, token: str) -> None:
        self._server = server
        self._socket = listening
        self.address = f"http://{HOST}:{listening.getsockname()[1]}/{token}/"

    def run(self) -> None:
        """Serve until Ctrl-C, or `stop` from another thread."""
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Let `run` end."""
        self._server.should_exit = True


def open_page(
    runs: Path, *, describe: Describe, port: int = PORT, read_only: bool = False, token: str = ""
) -> PageServer:
    """Open the port of the page, which `PageServer.run` then serves.

    Args:
        runs: the folder of the runs; it need not exist yet.
        describe: says what an event means to a person, on lines.
        port: the port to listen on; 0 takes any that is free.
        read_only: show runs only, and refuse notes to them.
        token: what addresses begin with; by default a word that is the same at each start for this user.

    Raises:
        MissingExtra: a package of the extra `serve` is not installed.
        PortTaken: the port cannot be opened.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"the page needs {missing[0]}, which is not installed: pip install 'fieldcraft[serve]'"
        )
    import uvicorn

    from fieldcraft.serve.app import PageApp

    token = token or _token(runs)
    listening = _listen(port)
    config = uvicorn.Config(
        PageApp(runs, token=token, describe=describe, read_only=read_only).app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        loop="asyncio",
        timeout_graceful_shutdown=GRACE,
    )
    return PageServer(uvicorn.Server(config), listening, token)


def _token(runs: Path) -> str:
    """The same at each start, so that an open page finds the server again; else a new one."""
    try:
        return secret_word(f"page of {runs.absolute()}")
    except OSError as error:
        logger.info("the page's token is new: the user's key cannot be kept (%s)", error)
        return secrets.token_hex(20)


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"port {port} of this machine cannot be opened ({error.strerror}); "
            "is the page served already? --port 0 takes any port that is free"
        ) from error
    return listening
