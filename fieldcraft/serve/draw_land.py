"""Draws the land of runs, in a process of its own: a hostile snapshot or a faulty world ends only this one.

It reads one request a line from its input, as JSON, and answers each with a line of JSON and the picture.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from fieldcraft.report.land import draw_land

MEMORY = 3_000_000_000
"""The most bytes of data that the process may hold."""


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a world prints is no answer
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limits
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    for line in sys.stdin.buffer:
        _answer(json.loads(line), answers)


def _answer(request: dict[str, Any], answers: BinaryIO) -> None:
    chart = draw_land(Path(request["folder"]), request["snapshot"], request["world"])
    header: dict[str, Any] = {"bytes": 0}
    png = b""
    if chart is not None:
        place = [float(value) for value in (chart.west, chart.north, chart.across, chart.down)]
        if all(map(math.isfinite, place)):
            header, png = {"bytes": len(chart.png), "place": place}, chart.png
    answers.write(json.dumps(header).encode() + b"\n" + png)
    answers.flush()


if __name__ == "__main__":
    main()
