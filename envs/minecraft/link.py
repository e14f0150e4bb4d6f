"""The link to a world that may be lost at any moment: found again, told in one line, and the life goes on."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from fieldcraft.envs.launching import Launcher
from fieldcraft.envs.minecraft.errors import CannotPlay, Lost, Refused, ServerGone
from fieldcraft.envs.minecraft.life import Life
from fieldcraft.envs.minecraft.options import Options
from fieldcraft.envs.minecraft.packages import find_node, find_packages
from fieldcraft.envs.minecraft.process import Bridge
from fieldcraft.envs.minecraft.rpc import HostCall
from fieldcraft.envs.minecraft.status import Announcement, ask_status
from fieldcraft.envs.types import PrimitiveError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
OBSERVE_SECONDS = 15.0
FINAL = ("white", "ban", "not allowed", "outdated", "version", "Invalid session", "not authenticated")
"""Words of a refusal that waiting does not cure."""

logger = logging.getLogger(__name__)


class Link:
    """Keeps one bot in one server.

    Args:
        options: which server, as whom.
        launcher: starts the bot's process.
        life: told of every event.

    Attributes:
        username: the bot's name in the world, which is the account's where one is used.
    """

    def __init__(self, options: Options, launcher: Launcher, life: Life) -> None:
        self.options = options
        self.life = life
        self.username = options.username
        self._launcher = launcher
        self._bridge: Bridge | None = None
        self._version: str | None = None
        self._tick_before = 0
        self._listener: Callable[[dict[str, Any]], None] | None = None

    @property
    def version(self) -> str:
        """Of Minecraft, as it is spoken here."""
        if self._version is None:
            self._version = choose_version(self.options, self._announced())
        return self._version

    @property
    def pid(self) -> int | None:
        """The process that owns the bot, or what confines it, while there is one."""
        return None if self._bridge is None else self._bridge.pid

    def connect(self) -> None:
        """Enter the world, once: for the beginning of a life.

        Raises:
            CannotPlay: it cannot be entered; the message says why and what to do, what this machine lacks
                before what the server lacks.
        """
        find_node()
        find_packages()
        announced = self._announced()
        self._version = choose_version(self.options, announced)
        try:
            self._enter()
        except Lost as lost:
            raise CannotPlay(explain(str(lost), self.options, announced)) from None

    def begin_life(self, options: Options, life: Life) -> None:
        """Go on in the same place, counting for a new life."""
        self.options, self.life = options, life
        self._tick_before = 0 if self._bridge is None else -self._bridge.tick
        self.ask("new_life")

    def ask(self, method: str, *, seconds: float = OBSERVE_SECONDS, **params: Any) -> Any:
        """Ask something that can be asked again: if the bridge is lost, it is found again and asked anew.

        Raises:
            PrimitiveError: the world refused.
            ServerGone: the server did not come back in time.
        """
        for _ in range(3):
            try:
                return self._call(method, params, seconds)
            except Lost as lost:
                self._recover(str(lost))
        raise ServerGone(f"Minecraft was lost three times in a row while asked to {method}")

    def do(self, method: str, *, seconds: float, host_call: HostCall | None = None, **params: Any) -> Any:
        """Do something once.

        Raises:
            PrimitiveError: the world refused, or it was lost meanwhile and is found again.
            ServerGone: the server did not come back in time.
        """
        if self._bridge is None:
            self._recover("the bridge was not running")
        try:
            return self._call(method, {**params, "seconds": seconds}, seconds + 2, host_call)
        except Lost as lost:
            why = str(lost)
        except PrimitiveError:
            ended = None if self._bridge is None else self._bridge.ended()
            if ended is None:
                raise
            why = ended
        passed = self._recover(why)
        raise PrimitiveError(
            f"{method} was interrupted: {why}; back in the world after {passed:.1f} s, "
            "and what it had done is done"
        )

    def do_and_renew(
        self,
        method: str,
        *,
        seconds: float,
        host_call: HostCall,
        tell: Callable[[dict[str, Any]], None],
        **params: Any,
    ) -> Any:
        """Do something in this process, then replace it by a fresh one, whatever came of it.

        Args:
            method: of the bridge.
            seconds: that it may take.
            host_call: answers what it asks of the host.
            tell: called with its events too.
            params: of the method.

        Raises:
            Lost: the process died, hung, or lost its server; it is found again by now.
            ServerGone: the server did not come back in time.
        """
        if self._bridge is None:
            self._recover("the bridge was not running")
        self._listener = tell
        try:
            return self._call(method, {**params, "seconds": seconds}, seconds + 1, host_call)
        finally:
            self._listener = None
            self.renew()

    def renew(self) -> None:
        """Replace the bot's process by a fresh one in the same place of the world."""
        self.leave()
        self._recover("")

    def leave(self) -> None:
        """Leave the world and end the processes. Safe to call twice."""
        if self._bridge is not None:
            self._tick_before += self._bridge.tick
            self._bridge.stop()
            self._bridge = None

    def cancel(self) -> None:
        """End what is being done soon. Safe from any thread."""
        if self._bridge is not None:
            self._bridge.cancel()

    def _call(
        self, method: str, params: dict[str, Any], seconds: float, host_call: HostCall | None = None
    ) -> Any:
        if self._bridge is None:
            raise Lost("the bridge was not running")
        try:
            return self._bridge.call(method, params, seconds=seconds, host_call=host_call)
        except Refused as refusal:
            raise PrimitiveError(str(refusal)) from None
        finally:
            if self._bridge is not None:
                self.life.elapsed = self._tick_before + self._bridge.tick
                self.life.walk(self._bridge.walked)

    def _recover(self, why: str) -> float:
        """Enter the world again; the seconds that it took."""
        began, pause = time.monotonic(), FIRST_PAUSE
        if why:
            logger.warning("Minecraft: %s; starting the bridge again", why)
        while True:
            self.leave()
            try:
                self._announced()
                self._enter()
                break
            except (Lost, CannotPlay) as problem:
                passed = time.monotonic() - began
                if passed + pause > self.options.reconnect_seconds or _is_final(str(problem)):
                    raise ServerGone(
                        f"Minecraft was lost ({why}) and not found again in {passed:.0f} s: {problem}"
                    ) from None
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        passed = time.monotonic() - began
        if why:
            self.life.note(f"{why}; back in the world after {passed:.1f} s")
        return passed

    def _enter(self) -> None:
        bridge = Bridge(self.options, self.version, self._launcher, self._take)
        self._bridge = bridge
        self.life.begin_bridge()
        try:
            self.username = str(bridge.start(held=self.life.held, opened=self.life.chests)["username"])
        except BaseException:
            with contextlib.suppress(Exception):
                self.leave()
            raise

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("urgent"):
            logger.warning("%s", event.get("text"))
        if self._listener is not None:
            self._listener(event)
        self.life.take(event)

    def _announced(self) -> Announcement:
        return ask_status(self.options.host, self.options.port)


def choose_version(options: Options, announced: Announcement) -> str:
    """The version to speak.

    Raises:
        CannotPlay: the server announces another than the one asked for, or none that is understood.
    """
    release = announced.release
    if options.version is None:
        if release is None:
            raise CannotPlay(
                f"{options.host}:{options.port} announces the version {announced.version!r}, which names no "
                "release; set the option version, such as version=1.20.4"
            )
        return release
    if release is not None and options.version not in announced.version:
        raise CannotPlay(
            f"{options.host}:{options.port} announces version {announced.version!r}, not {options.version}; "
            f"set version={release}, or leave the option out"
        )
    return options.version


def explain(problem: str, options: Options, announced: Announcement) -> str:
    """Why the server did not let the bot in, with the cure."""
    where = f"{options.host}:{options.port}"
    words = problem.lower()
    if "white" in words:
        cure = f"it keeps a whitelist; on its console: whitelist add {options.username}"
    elif "full" in words or (announced.most_players and announced.players >= announced.most_players):
        cure = f"it is full ({announced.players} of {announced.most_players}); make room or raise max-players"
    elif "ban" in words:
        cure = f"{options.username} is banned; on its console: pardon {options.username}"
    elif "not supported" in words or "unsupported" in words or "version" in words or "outdated" in words:
        cure = f"it announces version {announced.version!r}; the bridge plays 1.8 to 1.21"
    elif "verify" in words or "session" in words or "authenticated" in words:
        cure = "it checks accounts; use auth=microsoft, or online-mode=false on your own server"
    else:
        cure = "look at the server's log"
    return f"{where} did not let {options.username} in ({problem}): {cure}"


def _is_final(problem: str) -> bool:
    return any(word in problem for word in FINAL)
