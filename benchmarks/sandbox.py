"""What the process sandbox costs, through its public interface. Prints JSON.

python benchmarks/sandbox.py
python benchmarks/sandbox.py --quick    100 programs in a row, fewer round trips

Validation is on; "pinned" keeps host and program on one core. `container.py` measures the Docker sandbox.
"""

from __future__ import annotations

import argparse
import json

from _sandboxes import (
    NOTHING,
    ROUND_TRIPS,
    Counter,
    finished,
    machine,
    many_programs,
    round_trips,
    spread,
    start_ms,
    timed,
    until_first_call,
)

from fieldcraft.skills.sandbox import ProcessSandbox, open_sandbox, probe


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    samples, trips, programs = (50, 10_000, 100) if quick else (200, ROUND_TRIPS, 1_000)
    world = Counter()
    with ProcessSandbox() as pinned, ProcessSandbox(pin=False) as unpinned:
        for sandbox in (pinned, unpinned):
            finished(sandbox.run(NOTHING, world))
        report = {
            "machine": machine(),
            "layers": {layer.name: layer.detail for layer in probe() if layer.holds},
            "sandbox_start_ms": round(start_ms(open_sandbox, world), 1),
            "fresh_worker_ms": spread(lambda: until_first_call(pinned, world), samples),
            "whole_empty_run_ms": spread(
                lambda: timed(lambda: finished(pinned.run(NOTHING, world))), samples
            ),
            "round_trips_per_second": {
                "pinned": round_trips(pinned, world, trips),
                "unpinned": round_trips(unpinned, world, trips),
            },
            "many_programs": many_programs(pinned, world, programs),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
