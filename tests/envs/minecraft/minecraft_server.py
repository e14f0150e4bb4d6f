"""The fixture server as the tests and benchmarks use it: a process of its own, asked over a socket."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

FOLDER = Path(__file__).parent / "server"
START_SECONDS = 300.0


def missing() -> str | None:
    """What this machine lacks to start one; `None` where nothing."""
    if shutil.which("node") is None:
        return "Node.js"
    if not (FOLDER / "node_modules" / "flying-squid").is_dir():
        return "Node packages"
    return None


class FixtureServer:
    """A Minecraft server on a free loopback port, with the rules in `server/rules`.

    Args:
        version: of Minecraft.
        port: 0 for a free one.
        folder: where the world and its players are kept; a temporary one if omitted.
        options: `maxPlayers`, `whitelist`, `operators`,
            `protectedRadius`, `arena`.
    """

    def __init__(
        self, version: str = "1.20.4", *, port: int = 0, folder: Path | None = None, **options: Any
    ) -> None:
        self._ours, theirs = socket.socketpair()
        self._temporary = TemporaryDirectory(prefix="minecraft-") if folder is None else None
        kept = str(folder) if self._temporary is None else self._temporary.name
        chosen = json.dumps({"version": version, "port": port, "folder": kept, **options})
        with theirs:
            self.process = subprocess.Popen(
                ["node", "server.js", chosen, str(theirs.fileno())],
                cwd=FOLDER,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._ours.settimeout(START_SECONDS)
        self._answers = self._ours.makefile("r")
        line = self._answers.readline()
        if not line:
            self.close()
            raise RuntimeError("the fixture server does not start")
        self.port: int = json.loads(line)["port"]

    def ask(self, command: str, **arguments: Any) -> Any:
        """Carry out one command of `server/control.js`; its answer."""
        self._ours.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
        answer = json.loads(self._answers.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def inventory(self, name: str) -> dict[str, int]:
        """What the server says that a player holds."""
        held: dict[str, int] = self.ask("player", name=name)["inventory"]
        return held

    def block(self, at: Sequence[float]) -> str:
        """The name of a block, as the server has it."""
        name: str = self.ask("block", at=list(at))
        return name

    def kill(self) -> None:
        """As `kill -9`: nothing is saved, nobody is told."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the process."""
        self.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._answers.close()
        self._ours.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
