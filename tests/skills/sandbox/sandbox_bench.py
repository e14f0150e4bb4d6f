"""A small real world, and every kind of sandbox that isolates, for the tests of all of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Observation,
    Position,
    PrimitiveError,
    Progress,
    primitive,
)
from fieldcraft.skills.sandbox import DockerSandbox, ProcessSandbox, Sandbox, SandboxUnavailable, probe


class Bench(Environment):
    """A workbench with just enough primitives to try every promise of a sandbox on."""

    def __init__(self) -> None:
        self.spec = EnvironmentSpec(
            id="bench-v1", description="A workbench", tick_limit=1000, failure_limit=3
        )
        self.clock = 0
        self.heard: list[Any] = []
        self.interrupt: Callable[[], None] = lambda: None

    @property
    def tick(self) -> int:
        return self.clock

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        self.clock = 0
        return self.observe()

    def observe(self) -> Observation:
        return Observation(tick=self.clock)

    def progress(self) -> Progress:
        return Progress()

    @primitive
    def add(self, a: int, b: int = 1) -> int:
        """Add two numbers."""
        return a + b

    @primitive
    def say(self, thing: Any) -> Any:
        """Hear and give back."""
        self.heard.append(thing)
        return thing

    @primitive
    def wait(self, ticks: int) -> None:
        """Let the clock run."""
        self.clock += ticks

    @primitive
    def places(self) -> dict[str, Any]:
        """Positions, plain and nested."""
        return {
            "here": Position(x=1, y=64, z=2),
            "all": [{"at": Position(x=4, y=64, z=6)}],
            "xyz": {"x": 1, "y": 2},
        }

    @primitive
    def walk(self, to: Position) -> float:
        """The distance from (1, 64, 2)."""
        return to.distance(Position(x=1, y=64, z=2))

    @primitive
    def fail(self, why: str = "nothing to mine here") -> None:
        """Fail as primitives do."""
        raise PrimitiveError(why)

    @primitive
    def break_down(self) -> None:
        """Fail as plug-ins do."""
        raise ZeroDivisionError("a plug-in's own mistake")

    @primitive
    def signal(self) -> None:
        """Let the test act while a program runs."""
        self.interrupt()


class Shed:
    """A tool room of three tools, run in threads."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2)
        self.released = threading.Event()
        self.affinities: list[set[int]] = []

    def names(self) -> Sequence[str]:
        return ["double", "broken", "slow"]

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        return self._pool.submit(getattr(self, name), **arguments)

    def double(self, number: int) -> dict[str, int]:
        self.affinities.append(os.sched_getaffinity(0))
        return {"doubled": 2 * number}

    def broken(self) -> None:
        raise ValueError("the search engine is on fire")

    def slow(self) -> str:
        self.released.wait(30)
        return "late"

    def close(self) -> None:
        self.released.set()
        self._pool.shutdown()


def attempt(*lines: str, imports: str = "os") -> str:
    """A program that runs these lines and returns `"refused"` where the system refuses."""
    body = "".join(f"        {line}\n" for line in lines)
    return (
        f"import {imports}\n\ndef attack(bot, path='', number=0):\n    try:\n{body}"
        "    except (OSError, ImportError, RuntimeError, MemoryError) as error:\n"
        "        print(type(error).__name__, error)\n        return 'refused'\n"
    )


SANDBOXES: dict[str, Callable[[], Sandbox]] = {
    "landlock": lambda: ProcessSandbox("landlock"),
    "bubblewrap": lambda: ProcessSandbox("bubblewrap"),
    "docker": lambda: DockerSandbox(transport="socket"),
    "docker-streams": lambda: DockerSandbox(transport="streams"),
}


def open_for_test(kind: str) -> Sandbox:
    """A sandbox of one of the kinds above."""
    from machine import lacking

    layer = next((layer for layer in probe() if layer.name == kind), None)
    if layer is not None and not layer.holds:
        lacking("Landlock" if kind == "landlock" else kind)
    try:
        return SANDBOXES[kind]()
    except SandboxUnavailable:
        lacking("Docker" if kind.startswith("docker") else "Landlock")
