"""Pictures of the land that runs have seen, drawn one at a time by a process of its own with a deadline."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fieldcraft.envs import Chart
from fieldcraft.envs.pictures import LARGEST

DEADLINE = 30.0
"""Seconds for one picture, the start of the process included."""
EVERY = 10.0
"""Seconds at least between two pictures of a run."""
KEPT = 16
"""Runs whose pictures are kept."""
_HEADER = 2_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drawn:
    """A picture, with the name of the snapshot it was drawn from; `chart` is `None` where none could be."""

    name: str
    chart: Chart | None
    time: float


@dataclass(frozen=True)
class Picture:
    """A picture that can be shown."""

    name: str
    chart: Chart


class Land:
    """The pictures of all runs that are looked at. Several threads may call."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[Path, Drawn] = OrderedDict()
        self._news: set[Path] = set()
        self._lock = threading.Lock()
        self._drawing = False
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def look(self, folder: Path, snapshot: str | None, world: str) -> bool:
        """Begin to draw the land of a run where it may have changed; returns whether one was just drawn."""
        with self._lock:
            new = folder in self._news
            self._news.discard(folder)
            before = self._drawn.get(folder)
            due = before is None or (before.name != snapshot and time.monotonic() - before.time >= EVERY)
            if snapshot is None or not due or self._drawing or self._closed:
                return new
            self._drawing = True
        threading.Thread(target=self._draw, args=(folder, snapshot, world), daemon=True).start()
        return new

    def chart_of(self, folder: Path) -> Picture | None:
        """The latest picture of a run's land, if there is one."""
        with self._lock:
            drawn = self._drawn.get(folder)
        return Picture(drawn.name, drawn.chart) if drawn and drawn.chart else None

    def close(self) -> None:
        """End the process that draws."""
        self._closed = True
        self._end()

    def _draw(self, folder: Path, snapshot: str, world: str) -> None:
        chart = None
        try:
            chart = self._asked(folder, snapshot, world)
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.info("no picture of the land of %s: %s", folder, error)
            self._end()
        with self._lock:
            kept = self._drawn.pop(folder, None)
            self._drawn[folder] = Drawn(snapshot, chart or (kept.chart if kept else None), time.monotonic())
            self._news.add(folder)
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
            self._drawing = False

    def _asked(self, folder: Path, snapshot: str, world: str) -> Chart | None:
        """What the process answers.

        Raises:
            ValueError: the answer is none, or the process ended or passed the deadline.
        """
        child = self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        deadline = threading.Timer(DEADLINE, child.kill)
        deadline.start()
        try:
            request = {"folder": str(folder.absolute()), "snapshot": snapshot, "world": world}
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            header = json.loads(child.stdout.readline(_HEADER))
            size = int(header["bytes"])
            if not 0 <= size <= LARGEST:
                raise ValueError(f"the picture has {size:,} bytes")
            png = child.stdout.read(size)
            if len(png) < size:
                raise ValueError("the process that draws ended")
            return Chart(png, *map(float, header["place"])) if size else None
        finally:
            deadline.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "fieldcraft.serve.draw_land"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            with suppress(OSError):
                child.communicate()
