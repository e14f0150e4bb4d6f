"""How long the command line takes to start: wall time of whole processes, in seconds, as JSON.

The first, cold start of each command is left out; `--quick` takes fewer samples.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

COMMANDS = (("--help",), ("--version",), ("explore", "--help"), ("runs", "list"))
TARGET = 0.4
"""Seconds that `fieldcraft --help` may take."""


def main() -> None:
    """Time each command and print the medians and the slowest."""
    samples = 5 if "--quick" in sys.argv else 20
    figures = {" ".join(command): measure(command, samples) for command in COMMANDS}
    print(json.dumps({"samples": samples, "target_seconds": TARGET, "seconds": figures}, indent=2))


def measure(command: tuple[str, ...], samples: int) -> dict[str, float]:
    """Median and slowest of `samples` starts."""
    taken = [once(command) for _ in range(samples + 1)][1:]
    return {"median": round(statistics.median(taken), 3), "slowest": round(max(taken), 3)}


def once(command: tuple[str, ...]) -> float:
    """One start, from the call to the exit of the process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "fieldcraft", *command], capture_output=True, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
