"""What runs in the process of a world: it makes the world and answers for it, call by call.

Before each program of a world that has no snapshots, the process forks a copy of itself that waits. Where the
process has to be ended, the copy takes over, in the world as it was before the program.
"""

from __future__ import annotations

import base64
import faulthandler
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter

from fieldcraft.envs.apart.channel import ChannelEnded, receive, send
from fieldcraft.envs.environment import Environment
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.faults import WorldFault, told, traceback_of, without_exit
from fieldcraft.envs.programs import RunsPrograms
from fieldcraft.envs.registry import UnknownEnvironment, make
from fieldcraft.envs.types import Goal, OwnGoal, PrimitiveError, Progress

_GOAL: TypeAdapter[Goal | None] = TypeAdapter(Goal | None)
_OOM_SCORE = "500"
"""Where memory runs out, the kernel ends this process rather than the run."""


class Server:
    """Answers for one world over a socket."""

    def __init__(self, channel: socket.socket, control: socket.socket, lifeline: int) -> None:
        self._channel = channel
        self._control = control
        self._lifeline = lifeline
        self._world: Environment | None = None
        self._copy = 0

    def serve(self) -> None:
        """Answer until the run is gone or closes the world."""
        _die_with(self._lifeline)
        while True:
            try:
                message, content = receive(self._channel)
                answer, blob = self._answered(message, content)
                send(self._channel, answer, blob)
            except ChannelEnded:
                return
            if message["do"] == "close":
                return

    def _answered(self, message: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            value, blob = without_exit(message["name"], self._done, message, content)
        except PrimitiveError as error:
            answer: dict[str, Any] = {"error": "primitive", "message": str(error)}
        except EpisodeEnded as error:
            answer = {"error": "ended", "end": error.end.model_dump(mode="json")}
        except NotImplementedError as error:
            answer = {"error": "missing", "message": str(error)}
        except Exception as error:
            kind = "value" if isinstance(error, ValueError) else "fault"
            answer = {"error": kind, "message": told(error), "plain": str(error)}
            answer |= {"unknown": isinstance(error, UnknownEnvironment)}
            answer |= {"fault": isinstance(error, WorldFault), "traceback": traceback_of(error)[-20_000:]}
        else:
            return self._with_tick({"value": value}), blob
        return self._with_tick(answer), b""

    def _with_tick(self, answer: dict[str, Any]) -> dict[str, Any]:
        with suppress(Exception, SystemExit):
            answer["tick"] = int(self.world.tick)
        return answer

    @property
    def world(self) -> Environment:
        """The world, once it was made."""
        assert self._world is not None
        return self._world

    def _done(self, message: dict[str, Any], content: bytes) -> tuple[Any, bytes]:
        what, arguments = message["do"], message.get("arguments", {})
        if what == "call":
            value = self.world.call_primitive(arguments["name"], arguments["args"], arguments["kwargs"])
            return value, b""
        if what == "restore":
            self.world.restore(content)
            return None, b""
        if what == "chart":
            chart = self.world.chart(whole=arguments["whole"])
            place = {name: getattr(chart, name) for name in ("west", "north", "across", "down")}
            return place, _bytes(what, chart.png)
        if what in ("snapshot", "render"):
            return None, _bytes(what, getattr(self.world, what)())
        return self._data(what, arguments), b""

    def _data(self, what: str, arguments: dict[str, Any]) -> Any:
        """The methods that take and give data."""
        if what == "make":
            self._world = make(arguments["world"])
            return self._reference()
        world = self.world
        does: dict[str, Callable[[], Any]] = {
            "reset": lambda: self._reset(arguments["seed"], arguments["options"]),
            "begin_episode": lambda: self._begin_episode(arguments),
            "copy": self._copied,
            "observe": lambda: world.observe().model_dump(mode="json"),
            "progress": lambda: world.progress().model_dump(mode="json"),
            "happenings": lambda: [each.model_dump(mode="json") for each in world.happenings()],
            "pursue": lambda: world.pursue(_GOAL.validate_python(arguments["goal"])),
            "check": lambda: self._checked(arguments["goal"], arguments["since"]),
            "read_goal": lambda: self._read_goal(arguments["goal"]),
            "options_to_resume": lambda: dict(world.options_to_resume(arguments["options"])),
            "resume": lambda: world.resume(Progress.model_validate(arguments["progress"])),
            "close": world.close,
        }
        return does[what]()

    def _reset(self, seed: int, options: dict[str, Any]) -> dict[str, Any]:
        self.world.reset(seed=seed, options=options)
        return self._reference()

    def _begin_episode(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self.world.begin_episode(**arguments)
        return self._reference()

    def _checked(self, goal: Any, since: Any) -> dict[str, Any]:
        found = self.world.check(_checkable(goal), Progress.model_validate(since))
        return found.model_dump(mode="json")

    def _read_goal(self, goal: Any) -> dict[str, Any]:
        return self.world.read_goal(OwnGoal.model_validate(goal)).model_dump(mode="json")

    def _reference(self) -> dict[str, Any]:
        """What the run knows of the world without asking."""
        world = self.world
        return {
            "spec": world.spec.model_dump(mode="json"),
            "primitives": list(world.primitives),
            "judged": sorted(world.judged_primitives),
            "reference": world.api_reference(),
            "goal_forms": [form.model_dump(mode="json") for form in world.goal_forms()],
            "options": [option.model_dump(mode="json") for option in world.option_reference()],
            "remarks": list(world.remarks()),
            "runs_programs": isinstance(world, RunsPrograms),
        }

    def _copied(self) -> dict[str, int] | None:
        """Fork a copy that waits in the world as it is, in place of the one before.

        Where it takes over, it goes on from here with a copy of its own.

        Returns:
            The processes; `None` where the world has threads, of which a copy would have none.
        """
        if self._copy:
            with suppress(OSError):
                os.kill(self._copy, signal.SIGKILL)
                os.waitpid(self._copy, 0)
            self._copy = 0
        if threading.active_count() > 1:
            return None
        while (copy := os.fork()) == 0:
            self._channel = _taken_over(self._control, self._channel)
            _die_with(self._lifeline)
        self._copy = copy
        return {"server": os.getpid(), "copy": copy}


def _taken_over(control: socket.socket, channel: socket.socket) -> socket.socket:
    """Wait until the run hands this copy a channel of its own; the end of the run ends the wait."""
    channel.close()
    message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    if not message or not descriptors:
        os._exit(0)
    return socket.socket(fileno=descriptors[0])


def _checkable(goal: Any) -> Goal:
    found = _GOAL.validate_python(goal)
    if found is None:
        raise ValueError("there is no goal")
    return found


def _bytes(name: str, content: Any) -> bytes:
    if not isinstance(content, bytes):
        raise WorldFault(f"{name} gave a {type(content).__name__}; it must return bytes")
    return content


def _die_with(lifeline: int) -> None:
    """Be killed by the kernel where the run is gone, even within code that never returns."""
    import fcntl

    if not hasattr(fcntl, "F_SETSIG"):
        return
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def main() -> None:
    """Serve the world that the arguments name."""
    settings = json.loads(base64.b64decode(sys.argv[1]))
    sys.path[:] = settings["path"]
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(_OOM_SCORE)
    faulthandler.enable(settings["traces"], all_threads=False)
    if hasattr(signal, "SIGUSR2"):
        faulthandler.register(signal.SIGUSR2, file=settings["traces"], all_threads=False)
    channel, control = (socket.socket(fileno=settings[name]) for name in ("channel", "control"))
    Server(channel, control, settings["lifeline"]).serve()


if __name__ == "__main__":
    main()
