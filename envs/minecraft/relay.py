"""The relay: the trusted process between the bot and the server, which records a program's effects."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Annotated, Any

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.text import visible_line
from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.messages import MESSAGE_LIMIT, Name
from fieldcraft.envs.minecraft.options import Options
from fieldcraft.envs.minecraft.packages import BRIDGE

CONNECT_SECONDS, SIGN_IN_SECONDS = 30.0, 900.0
ORDER_SECONDS, REPORT_SECONDS = 5.0, 5.0
LINE = Limits(size=1 << 20, items=50_000)
READ_AT_ONCE = 1 << 16

Count = Annotated[int, Field(ge=0, le=1 << 31)]


class Facts(BaseModel):
    """What the server reported about the bot during a program.

    Attributes:
        confirmed: the server sent its statistics before and after; without them the rest may be incomplete.
        deaths: of the bot.
        killed: mobs by name.
        placed: blocks by name.
        held: items that were crafted or picked up.
        refused: packets of the program that were not sent on, by the protocol's name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    confirmed: bool = False
    deaths: Count = 0
    killed: dict[Name, Count] = {}
    placed: dict[Name, Count] = {}
    held: list[Name] = []
    refused: dict[Name, Count] = {}


class Relay:
    """One connection to a server; what it says on its standard output is its own, with words of the server's.

    Args:
        command: Node and the folder of its packages.
        options: which server, as whom.
        version: of Minecraft.
        descriptor: the socket that joins it to the bot's process.
        errors: takes its standard error.
    """

    def __init__(
        self, command: tuple[str, Path], options: Options, version: str, descriptor: int, errors: IO[bytes]
    ) -> None:
        node, packages = command
        self._options = options
        self._rest = b""
        settings = {
            "host": options.host,
            "port": options.port,
            "auth": options.auth,
            "username": options.username,
            "version": version,
            "tokens": str(user_data_path("fieldcraft", appauthor=False) / "minecraft-accounts"),
        }
        self.process = subprocess.Popen(
            [node, str(BRIDGE / "relay.js"), str(descriptor), json.dumps(settings)],
            env={**os.environ, "NODE_PATH": str(packages)},
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

    def await_connection(self, tell: Callable[[str], None]) -> str:
        """Wait until the server is reached; the name to enter under.

        Args:
            tell: called with what a person is to do to sign in.

        Raises:
            Lost: it cannot be reached.
        """
        microsoft = self._options.auth == "microsoft"
        deadline = time.monotonic() + (SIGN_IN_SECONDS if microsoft else CONNECT_SECONDS)
        while True:
            said = self._read(deadline)
            if said is None:
                raise Lost("the relay to the server ended before it was connected")
            words = visible_line(said.get("message"), MESSAGE_LIMIT)
            match said.get("status"):
                case "connected":
                    return str(said.get("username") or self._options.username)
                case "failed":
                    raise Lost(f"the server cannot be reached: {words}")
            tell(words)

    def begin_program(self, around: dict[int, str]) -> None:
        """Look into what the bot's process sends from now on, and read what the server says of it.

        Args:
            around: the living things in sight, by number.

        Raises:
            Lost: the relay ended.
        """
        self._order({"program": {str(number): name for number, name in around.items()}})
        if self._await("program", ORDER_SECONDS) is None:
            raise Lost("the relay to the server ended")

    def end_program(self) -> Facts:
        """Disconnect the bot from the server; returns what the server reported about it."""
        with contextlib.suppress(Lost, ValidationError):
            self._order({"report": True})
            said = self._await("facts", REPORT_SECONDS)
            return Facts.model_validate((said or {}).get("facts") or {})
        return Facts()

    def _await(self, status: str, seconds: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        while (said := self._read(deadline)) is not None:
            if said.get("status") == status:
                return said
        return None

    def _order(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except (OSError, ValueError):
            raise Lost("the relay to the server ended") from None

    def _read(self, deadline: float) -> dict[str, Any] | None:
        """What it says next; `None` where it has ended, or said nothing in time."""
        assert self.process.stdout is not None
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, left))
            data = os.read(self.process.stdout.fileno(), READ_AT_ONCE) if ready else b""
            if not data or len(self._rest) > LINE.size:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            said = read_json(line, LINE)
        except DataError:
            return {}
        return said if isinstance(said, dict) else {}
