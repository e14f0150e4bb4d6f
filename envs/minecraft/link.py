"""The connection to a world, which reconnects when it is lost, so that the episode continues."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from fieldcraft.common.text import visible_line
from fieldcraft.envs.launching import Launcher
from fieldcraft.envs.minecraft.admission import choose_version, explain, is_final
from fieldcraft.envs.minecraft.episode import Episode
from fieldcraft.envs.minecraft.errors import CannotPlay, Lost, Refused, ServerGone
from fieldcraft.envs.minecraft.messages import Event
from fieldcraft.envs.minecraft.options import Options
from fieldcraft.envs.minecraft.packages import find_node, find_packages
from fieldcraft.envs.minecraft.playing import Playing
from fieldcraft.envs.minecraft.process import Bridge
from fieldcraft.envs.minecraft.relay import Facts
from fieldcraft.envs.minecraft.rpc import Fault, HostCall
from fieldcraft.envs.minecraft.status import Announcement, ask_status
from fieldcraft.envs.types import PrimitiveError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
OBSERVE_SECONDS = 15.0

WHY_LIMIT, WHY_NOTED = 500, 200

logger = logging.getLogger(__name__)


class Link:
    """Keeps one bot in one server.

    Args:
        options: the server and the account.
        launcher: starts the bot's process.
        episode: receives every event.

    Attributes:
        username: the bot's name in the world, or that of its account.
    """

    def __init__(self, options: Options, launcher: Launcher, episode: Episode) -> None:
        self.options = options
        self.episode = episode
        self.username = options.username
        self._launcher = launcher
        self._bridge: Bridge | None = None
        self._version: str | None = None
        self._tick_before = 0
        self._playing: Playing | None = None

    @property
    def version(self) -> str:
        """The version of Minecraft that is used."""
        if self._version is None:
            self._version = choose_version(self.options, self._announced())
        return self._version

    @property
    def pid(self) -> int | None:
        """The bot's process, or the one that confines it, if it is running."""
        return None if self._bridge is None else self._bridge.pid

    def connect(self) -> None:
        """Join the world without retries, at the beginning of an episode.

        Raises:
            CannotPlay: joining failed; the message gives the reason and the remedy, problems of this
                machine before those of the server.
        """
        find_node()
        find_packages()
        announced = self._announced()
        self._version = choose_version(self.options, announced)
        try:
            self._enter()
        except Lost as lost:
            raise CannotPlay(explain(str(lost), self.options, announced)) from None

    def begin_episode(self, options: Options, episode: Episode) -> None:
        """Continue in the same place, and count for a new episode."""
        self.options, self.episode = options, episode
        self._tick_before = 0 if self._bridge is None else -self._bridge.tick
        self.ask("new_life")

    def ask(self, method: str, *, seconds: float = OBSERVE_SECONDS, **params: Any) -> Any:
        """Send a repeatable request: if the bridge is lost, reconnect and send it again.

        Raises:
            PrimitiveError: the world refused.
            ServerGone: the server did not come back in time.
        """
        if self._playing is not None:
            return self._call_playing(method, params, seconds)
        for _ in range(3):
            try:
                return self._call(method, params, seconds)
            except Lost as lost:
                self._recover(str(lost))
        raise ServerGone(f"Minecraft was lost three times in a row while asked to {method}")

    @property
    def believed(self) -> bool:
        """Whether the bot's process is trusted, because it is not running a program."""
        return self._playing is None

    def do(self, method: str, *, seconds: float, **params: Any) -> Any:
        """Send a request once.

        Raises:
            PrimitiveError: the world refused, or the connection was lost and is restored.
            ServerGone: the server did not come back in time.
        """
        if self._playing is not None:
            return self._call_playing(method, {**params, "seconds": seconds}, seconds + 2)
        if self._bridge is None:
            self._recover("the bridge was not running")
        try:
            return self._call(method, {**params, "seconds": seconds}, seconds + 2)
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

    def play(
        self,
        method: str,
        *,
        seconds: float,
        host_call: HostCall,
        tell: Callable[[Event], None],
        **params: Any,
    ) -> Any:
        """Run a program in this process, then replace the process by a new one in any case.

        Nothing that the process reports meanwhile counts as a fact; only the relay's record of the server's
        messages does, and what the new process finds.

        Args:
            method: the method of the bridge.
            seconds: the timeout.
            host_call: answers its requests to the host.
            tell: called with its events.
            params: the parameters of the method.

        Raises:
            Lost: the process died, hung, sent an invalid message, or lost its server; it is replaced by now.
            PrimitiveError: a program runs already, or the bot is dead.
            ServerGone: the server did not come back in time.
        """
        if self._playing is not None:
            raise PrimitiveError("a skill that a program of the world waits for cannot start another one")
        around, start = self.ask("living"), self.ask("position")
        assert self._bridge is not None
        try:
            self._bridge.begin_program(around)
        except Lost:
            self.renew()
            raise
        playing = self._playing = Playing(tell, start)
        try:
            return self._call(method, {**params, "seconds": seconds}, seconds + 1, host_call)
        except Fault as fault:
            raise Lost(f"the program's process failed: {visible_line(fault, WHY_LIMIT)}") from None
        finally:
            self._settle(playing)

    def _settle(self, playing: Playing) -> None:
        """Replace the process that ran a program, and count its confirmed effects."""
        facts = self._bridge.end_program() if self._bridge is not None else Facts()
        self._tick_before += playing.ticks
        self._playing = None
        self.episode.confirm(facts)
        for at in playing.claimed("chest"):
            self.episode.forget_chest(at)
        self.renew()
        if not facts.deaths:
            with contextlib.suppress(PrimitiveError):
                self.episode.walk_more(playing.walked(self.ask("position")))
        doubtful = playing.unconfirmed(facts, self.episode.held)
        if doubtful:
            self.episode.note(doubtful)

    def renew(self) -> None:
        """Replace the bot's process by a new one in the same place of the world."""
        self.leave()
        self._recover("")

    def leave(self) -> None:
        """Leave the world and end the processes. Safe to call twice."""
        if self._bridge is not None:
            self._tick_before += self._bridge.tick
            self._bridge.stop()
            self._bridge = None

    def cancel(self) -> None:
        """Cancel the current request. Safe from any thread."""
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
                more = 0 if self._playing is None else self._playing.ticks
                self.episode.elapsed = self._tick_before + self._bridge.tick + more
                self.episode.walk(self._bridge.walked)

    def _call_playing(self, method: str, params: dict[str, Any], seconds: float) -> Any:
        """Send a request to the process that runs a program, for a skill that the program waits for."""
        try:
            return self._call(method, params, seconds)
        except (Lost, Fault) as problem:
            raise PrimitiveError(
                f"{method} failed: the program's process is no more ({visible_line(problem, WHY_LIMIT)})"
            ) from None

    def _recover(self, why: str) -> float:
        """Join the world again; returns the seconds that it took."""
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
                if passed + pause > self.options.reconnect_seconds or is_final(str(problem)):
                    raise ServerGone(
                        f"Minecraft was lost ({why}) and not found again in {passed:.0f} s: {problem}"
                    ) from None
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        passed = time.monotonic() - began
        if why:
            self.episode.note(f"{visible_line(why, WHY_NOTED)}; back in the world after {passed:.1f} s")
        return passed

    def _enter(self) -> None:
        bridge = Bridge(self.options, self.version, self._launcher, self._take)
        self._bridge = bridge
        self.episode.begin_bridge()
        try:
            self.username = bridge.start(held=self.episode.held, opened=self.episode.chests).username
        except BaseException:
            with contextlib.suppress(Exception):
                self.leave()
            raise

    def _take(self, event: Event) -> None:
        if self._playing is not None:
            self._playing.take(event)
            return
        if event.urgent:
            logger.warning("%s", visible_line(event.text, WHY_LIMIT))
        self.episode.take(event)

    def _announced(self) -> Announcement:
        return ask_status(self.options.host, self.options.port)
