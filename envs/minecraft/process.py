"""The bridge: the process that owns the bot, and the relay that joins it to the one server."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from fieldcraft.envs.launching import Launcher
from fieldcraft.envs.minecraft.errors import CannotPlay, Lost
from fieldcraft.envs.minecraft.options import Options
from fieldcraft.envs.minecraft.packages import BRIDGE, find_node, find_packages
from fieldcraft.envs.minecraft.rpc import Channel, HostCall

PROTOCOL = 1
HELLO_SECONDS, JOIN_SECONDS = 30.0, 30.0
SIGN_IN_SECONDS = 900.0
ERRORS_SHOWN = 5


class Bridge:
    """One bot in one server, from its start until it is lost or stopped; never started twice.

    Args:
        options: which server, as whom.
        version: of Minecraft.
        launcher: starts the bot's process.
        tell: called with each event.
    """

    def __init__(
        self, options: Options, version: str, launcher: Launcher, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        self._options = options
        self._version = version
        self._launcher = launcher
        self._tell = tell
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._processes: list[subprocess.Popen[bytes]] = []
        self._channel: Channel | None = None
        self._ended: str | None = None

    def start(self, **state: Any) -> dict[str, Any]:
        """Start both processes and enter the world; what the bot says of itself.

        Args:
            state: what an earlier bridge of this life knew (`opened`, `held`).

        Raises:
            CannotPlay: Node or the packages are missing, or speak another protocol.
            Lost: the server did not let the bot in, or is not there.
        """
        node, packages = find_node(), find_packages()
        bots_end, relays_end = socket.socketpair()
        with bots_end, relays_end:
            relay = self._start_relay(node, packages, relays_end.fileno())
            process = self._launcher.start(
                [node, str(BRIDGE / "main.js")],
                environment={"NODE_PATH": str(packages), "HOME": "/"},
                readable=[BRIDGE, packages],
                descriptors=[bots_end.fileno()],
                errors=self._errors,
            )
            self._processes.append(process)
            self._channel = Channel(process, self._take)
            descriptor = bots_end.fileno()
        self._check_hello()
        username = self._await_relay(relay)
        joined: dict[str, Any] = self._channel.call(
            "join",
            {"fd": descriptor, "version": self._version, "username": username, **state},
            seconds=JOIN_SECONDS,
        )
        return joined

    @property
    def tick(self) -> int:
        """Physics ticks since this bridge joined."""
        return 0 if self._channel is None else self._channel.tick

    @property
    def walked(self) -> float:
        """Blocks walked since this bridge joined."""
        return 0.0 if self._channel is None else self._channel.walked

    @property
    def pid(self) -> int | None:
        """The process that owns the bot."""
        return self._processes[-1].pid if len(self._processes) > 1 else None

    def call(
        self, method: str, params: dict[str, Any], *, seconds: float, host_call: HostCall | None = None
    ) -> Any:
        """Carry out a request; see `Channel.call`."""
        if self._channel is None:
            raise Lost("the bridge was not started")
        self._channel.drain()
        if self._ended is not None:
            raise Lost(self._ended)
        return self._channel.call(method, params, seconds=seconds, host_call=host_call)

    def ended(self) -> str | None:
        """Why the bot is in the world no more; `None` while it is."""
        if self._channel is not None and self._ended is None:
            with contextlib.suppress(Lost):
                self._channel.drain()
        return self._ended

    def cancel(self) -> None:
        """End the request under way soon. Safe from other threads."""
        if self._channel is not None:
            with contextlib.suppress(Lost):
                self._channel.cancel()

    def stop(self) -> None:
        """End both processes at once. Safe to call twice."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self._processes.clear()
        self._channel = None
        self._errors.close()

    def last_words(self) -> str:
        """The last lines that the bot's process wrote to its standard error."""
        if self._errors.closed:
            return ""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 4000))
        lines = self._errors.read().decode(errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines if line.strip())[-600:]

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("event") == "end":
            self._ended = str(event.get("text"))[:300]
        self._tell(event)

    def _check_hello(self) -> None:
        assert self._channel is not None
        try:
            said = self._channel.call("hello", {}, seconds=HELLO_SECONDS)
        except Lost as lost:
            words = self.last_words()
            raise CannotPlay(
                f"the Minecraft bridge does not start: {lost}{f'; it said: {words}' if words else ''}"
            ) from None
        if said.get("protocol") != PROTOCOL:
            raise CannotPlay(
                f"the Minecraft bridge speaks protocol {said.get('protocol')} and not {PROTOCOL}; "
                "reinstall Fieldcraft"
            )

    def _start_relay(self, node: str, packages: Path, descriptor: int) -> subprocess.Popen[bytes]:
        chosen = self._options
        settings = {
            "host": chosen.host,
            "port": chosen.port,
            "auth": chosen.auth,
            "username": chosen.username,
            "tokens": str(user_data_path("fieldcraft", appauthor=False) / "minecraft-accounts"),
        }
        relay = subprocess.Popen(
            [node, str(BRIDGE / "relay.js"), str(descriptor), json.dumps(settings)],
            env={**os.environ, "NODE_PATH": str(packages)},
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._processes.append(relay)
        return relay

    def _await_relay(self, relay: subprocess.Popen[bytes]) -> str:
        """Wait until the relay has reached the server; the name to enter under."""
        assert relay.stdout is not None
        deadline = time.monotonic() + (
            SIGN_IN_SECONDS if self._options.auth == "microsoft" else HELLO_SECONDS
        )
        while True:
            ready, _, _ = select.select([relay.stdout], [], [], max(0.0, deadline - time.monotonic()))
            line = relay.stdout.readline() if ready else b""
            if not line:
                raise Lost("the relay to the server ended before it was connected")
            said = json.loads(line)
            match said["status"]:
                case "connected":
                    return str(said.get("username") or self._options.username)
                case "failed":
                    raise Lost(f"the server cannot be reached: {said['message']}")
            self._tell({"event": "event", "text": str(said["message"]), "urgent": True})
