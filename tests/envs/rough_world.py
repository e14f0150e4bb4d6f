"""A world whose primitives do what no code should, for tests of a world in a process of its own."""

from __future__ import annotations

import ctypes
import os
import threading
import time

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Names,
    Observation,
    PrimitiveError,
    Progress,
    primitive,
)


class Rough(Environment):
    """Steps that are counted; without snapshots."""

    spec = EnvironmentSpec(id="rough-v1", description="R.", seconds_limit=1.5, names=Names(items=("gem",)))

    def reset(self, *, seed, options=None):
        if options and set(options) - {"dull"}:
            raise ValueError("unknown option; leave it out")
        self.steps, self.before = seed, 0
        return self.observe()

    def observe(self):
        return Observation(tick=self.steps, inventory={"gem": self.steps} if self.steps else {})

    def progress(self):
        return Progress(items={"gem": 1} if self.steps + self.before else {})

    def resume(self, progress):
        self.before = len(progress.items)

    @primitive
    def step(self, count: int = 1) -> int:
        """Step."""
        if count > 9:
            raise PrimitiveError("too far")
        self.steps += count
        return self.steps

    @primitive
    def process(self) -> int:
        """The process it lives in."""
        return os.getpid()

    @primitive
    def bug(self) -> int:
        """Has a bug."""
        return {}["gem"]

    @primitive
    def leave(self) -> None:
        """End the process at once."""
        self.steps += 100
        os._exit(7)

    @primitive
    def crash(self) -> None:
        """Read where nothing is."""
        ctypes.string_at(0)

    @primitive
    def stubborn(self) -> None:
        """Take no notice of being ended."""
        self.steps += 100
        while True:
            try:
                time.sleep(1)
            except BaseException:
                continue

    @primitive
    def deep(self) -> int:
        """A loop in C, which nothing interrupts."""
        return (10**6) ** (10**7) % 7


class Kept(Rough):
    """The same with snapshots."""

    spec = Rough.spec.model_copy(update={"can_snapshot": True})

    def snapshot(self):
        return b"kept:%d" % self.steps

    def restore(self, snapshot):
        self.steps = int(snapshot.removeprefix(b"kept:"))


class Threaded(Rough):
    """Keeps a thread, so that no copy of its process can wait."""

    def reset(self, *, seed, options=None):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        return super().reset(seed=seed, options=options)


class Unmade(Rough):
    """Cannot be made."""

    def __init__(self):
        raise RuntimeError("no server")
