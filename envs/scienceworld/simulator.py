"""The simulator, which is written in Scala: a Java process, and one episode in it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from contextlib import suppress
from typing import Any

from fieldcraft.common.errors import FieldcraftError, MissingRequirement
from fieldcraft.common.system import installed
from fieldcraft.common.text import cut_text
from fieldcraft.envs.missing import BrokenEnvironment

SAID = 6_000
"""Characters of an answer of the simulator that are kept."""
JAVA = "apt-get install default-jre-headless"
"""The command that brings Java."""
_OPTIONS = ("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2", "-Xmx1g")
"""One hash for all objects, so that Scala's sets keep the order of insertion whatever ran before."""
_PATIENCE = 10.0
"""Seconds in which the process ends by itself."""


class NeedsScienceWorld(BrokenEnvironment, MissingRequirement):
    """ScienceWorld or Java is not installed; the message has the command."""


class SimulatorEnded(FieldcraftError, RuntimeError):
    """The Java process does not answer any more; a reset starts another."""


def require_scienceworld() -> None:
    """Refuse this world where its package or Java is not installed.

    Raises:
        NeedsScienceWorld: one of them is not.
    """
    if not installed("scienceworld", "py4j"):
        raise NeedsScienceWorld(
            "scienceworld-v1 needs the extra 'scienceworld': pip install 'fieldcraft[scienceworld]'"
        )
    if shutil.which("java") is None:
        raise NeedsScienceWorld(f"scienceworld-v1 needs Java: {JAVA}")


class Java:
    """The process, started by the first episode. It ends with its host, whose end closes its input."""

    def __init__(self) -> None:
        self._gateway: Any = None
        self._process: subprocess.Popen[bytes] | None = None

    def interface(self) -> Any:
        """A new episode's interface to the simulator.

        Raises:
            NeedsScienceWorld: Java is not installed.
        """
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._start()
        return self._gateway.jvm.scienceworld.runtime.pythonapi.PythonInterface()

    def _start(self) -> None:
        from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
        from scienceworld.constants import BASEPATH, JAR_PATH

        require_scienceworld()
        port, self._process = launch_gateway(
            classpath=JAR_PATH, die_on_exit=True, cwd=BASEPATH, javaopts=list(_OPTIONS), return_proc=True
        )
        self._gateway = JavaGateway(
            gateway_parameters=GatewayParameters(auto_field=True, port=port), java_process=self._process
        )

    def close(self) -> None:
        """End the process, by its own way or else by force."""
        process, gateway = self._process, self._gateway
        self._process = self._gateway = None
        if process is None:
            return
        with suppress(Exception):  # it may have ended before
            gateway.shutdown()
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _close_output(process)


def _close_output(process: subprocess.Popen[bytes]) -> None:
    """Close the output of an ended process, once py4j has read it to its end; before, it would fail."""
    for thread in threading.enumerate():
        if process.stdout is not None and getattr(thread, "stream", None) is process.stdout:
            thread.join(_PATIENCE)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


class Simulator:
    """One episode in the process.

    Args:
        java: in which it is.
        task: its name.
        variation: its number.
        simplifications: separated by commas.
        gold: whether the gold path is worked out too.
    """

    def __init__(
        self, java: Java, task: str, variation: int, simplifications: str, *, gold: bool = False
    ) -> None:
        self._interface = java.interface()
        self._ask("load", task, variation, simplifications, gold)
        self._ask("reset")
        self.step("look around")

    def step(self, action: str) -> str:
        """What the simulator says to an action."""
        return _plain(self._ask("step", action))

    @property
    def score(self) -> int:
        """From -100 to 100."""
        return round(100 * float(self._ask("getScore")))

    @property
    def completed(self) -> bool:
        """Whether the task is over."""
        return bool(self._ask("getCompleted"))

    @property
    def moves(self) -> int:
        """The moves so far; looking around, and what is not understood, is none."""
        return int(self._ask("getNumMoves"))

    @property
    def look(self) -> str:
        """The room."""
        return _plain(self._ask("freeActionLook"))

    @property
    def inventory(self) -> str:
        """What is carried."""
        return _plain(self._ask("freeActionInventory"))

    @property
    def task(self) -> str:
        """The task in words."""
        return _plain(self._ask("freeActionTaskDesc")).removeprefix("Task Description:").strip()

    def actions(self) -> list[str]:
        """The actions that the simulator takes now, sorted."""
        return sorted(map(str, self._ask("getValidActionObjectCombinations")))

    def gold_path(self) -> list[str]:
        """The actions that do the task, where the episode was begun with them."""
        return [str(action) for action in self._ask("getGoldActionSequence")]

    def _ask(self, method: str, *arguments: Any) -> Any:
        from py4j.protocol import Py4JError, Py4JNetworkError

        try:
            return getattr(self._interface, method)(*arguments)
        except (Py4JNetworkError, OSError) as error:
            raise SimulatorEnded("the Java process of scienceworld-v1 has ended; reset the world") from error
        except Py4JError as error:
            raise RuntimeError(f"ScienceWorld failed in {method}: {str(error).splitlines()[0]}") from error


def variations_of(java: Java, task: str, split: str) -> list[int]:
    """The numbers of a task's variations in a split: `train`, `dev`, `test` or `all`."""
    interface = java.interface()
    if split == "all":
        return list(range(int(interface.getTaskMaxVariations(task))))
    interface.load(task, 0, "", False)
    return [int(each) for each in getattr(interface, f"getVariations{split.capitalize()}")()]


def _plain(text: Any) -> str:
    return cut_text(str(text).strip(), SAID)
