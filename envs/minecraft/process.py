"""The bridge: the bot's process, and the relay that connects it to the one server."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from fieldcraft.common.system import unsupported
from fieldcraft.common.text import decoded, visible_line
from fieldcraft.envs.launching import Launcher
from fieldcraft.envs.minecraft.answers import ANSWERS, Hello, Joined, checked
from fieldcraft.envs.minecraft.errors import CannotPlay, Lost
from fieldcraft.envs.minecraft.messages import PROGRAM, Event
from fieldcraft.envs.minecraft.options import Options
from fieldcraft.envs.minecraft.packages import BRIDGE, find_node, find_packages
from fieldcraft.envs.minecraft.relay import Facts, Relay
from fieldcraft.envs.minecraft.rpc import Channel, HostCall

PROTOCOL = 1
HELLO_SECONDS, JOIN_SECONDS = 30.0, 30.0
WORDS_READ, WORDS_SHOWN, WHY_LIMIT = 4000, 600, 300


class Bridge:
    """One bot on one server, from its start until it is lost or stopped; never restarted.

    Args:
        options: which server, as whom.
        version: of Minecraft.
        launcher: starts the bot's process.
        tell: called with each event.
    """

    def __init__(
        self, options: Options, version: str, launcher: Launcher, tell: Callable[[Event], None]
    ) -> None:
        self._options = options
        self._version = version
        self._launcher = launcher
        self._tell = tell
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._processes: list[subprocess.Popen[bytes]] = []
        self._channel: Channel | None = None
        self._relay: Relay | None = None
        self._ended: str | None = None

    def start(self, **state: Any) -> Joined:
        """Start both processes and join the world; returns the bot's greeting.

        Args:
            state: the knowledge of an earlier bridge of this episode (`opened`, `held`).

        Raises:
            CannotPlay: Node or the packages are missing, or speak another protocol.
            Lost: the server did not let the bot in, or is not there.
        """
        problem = unsupported("Minecraft bots")
        if problem is not None:
            raise CannotPlay(problem)
        node, packages = find_node(), find_packages()
        bots_end, relays_end = socket.socketpair()
        with bots_end, relays_end:
            self._relay = Relay(
                (node, packages), self._options, self._version, relays_end.fileno(), self._errors
            )
            self._processes.append(self._relay.process)
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
        username = self._relay.await_connection(
            lambda text: self._tell(Event(event="event", text=text, urgent=True))
        )
        joined = self._channel.call(
            "join",
            {"fd": descriptor, "version": self._version, "username": username, **state},
            seconds=JOIN_SECONDS,
        )
        entered: Joined = checked(Joined, joined)
        return entered

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
        value = self._channel.call(method, params, seconds=seconds, host_call=host_call)
        return checked(ANSWERS[method], value) if method in ANSWERS else value

    def begin_program(self, around: dict[int, str]) -> None:
        """Stop trusting the bot's process, because it runs a program from now on.

        Args:
            around: the entities in sight, by number.

        Raises:
            Lost: the relay has ended.
        """
        if self._relay is None or self._channel is None:
            raise Lost("the bridge was not started")
        self._relay.begin_program(around)
        self._channel.bind(PROGRAM)

    def end_program(self) -> Facts:
        """End the process that ran a program; returns what the server reported about its bot."""
        if self._relay is None:
            return Facts()
        self._processes[-1].kill()
        return self._relay.end_program()

    def ended(self) -> str | None:
        """The reason why the bot left the world; `None` while it is there."""
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
        self._channel = self._relay = None
        self._errors.close()

    def last_words(self) -> str:
        """The last lines that the bot's process wrote to its standard error."""
        if self._errors.closed:
            return ""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - WORDS_READ))
        lines = decoded(self._errors.read(WORDS_READ)).splitlines()
        said = " | ".join(line.strip() for line in lines if line.strip())
        return visible_line(said[-WORDS_SHOWN:], WORDS_SHOWN)

    def _take(self, event: Event) -> None:
        if event.event == "end":
            self._ended = visible_line(event.text, WHY_LIMIT)
        self._tell(event)

    def _check_hello(self) -> None:
        assert self._channel is not None
        try:
            said: Hello = checked(Hello, self._channel.call("hello", {}, seconds=HELLO_SECONDS))
        except Lost as lost:
            words = self.last_words()
            raise CannotPlay(
                f"the Minecraft bridge does not start: {lost}{f'; it said: {words}' if words else ''}"
            ) from None
        if said.protocol != PROTOCOL:
            raise CannotPlay(
                f"the Minecraft bridge speaks protocol {said.protocol} and not {PROTOCOL}; "
                "reinstall Fieldcraft"
            )
