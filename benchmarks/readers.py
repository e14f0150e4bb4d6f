"""Hostile inputs at every reader of what others wrote. Prints JSON.

python benchmarks/readers.py                        100,000 inputs for each reader
python benchmarks/readers.py --cases 5000 --only yaml --only skill
python benchmarks/readers.py --quick                500 for each

Each reader runs in a process of its own. A finding is an exception other than the reader's own, an input that
takes over a second of processor time, a process that grows by over 256 MB, makes no progress for a minute, or
dies. Each is given with the input that caused it (base64, cut). The exit code is 1 where there is
one.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from _mutations import hostile
from _readers import READERS, Reader
from _sandboxes import machine

SECONDS, MEGABYTES, STUCK_SECONDS = 1.0, 256, 60.0
REPORT_EVERY, MOST_FINDINGS, LONGEST_SHOWN = 0.5, 20, 1500


def main() -> None:
    """Fuzz and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=sorted(READERS), default=[])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    cases = 500 if options.quick else options.cases
    names = options.only or list(READERS)
    results = {}
    for name in names:
        print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
        results[name] = fuzzed(name, cases, options.seed)
        print(f"{results[name]['seconds']} s, {len(results[name]['findings'])} findings", file=sys.stderr)
    findings = sum(len(result["findings"]) for result in results.values())
    print(
        json.dumps({"machine": machine(), "cases": cases, "findings": findings, "readers": results}, indent=2)
    )
    sys.exit(1 if findings else 0)


def fuzzed(name: str, cases: int, seed: int) -> dict[str, Any]:
    """What came of so many inputs at one reader, in a process that is ended if it gets stuck."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_fuzz, args=(theirs, name, cases, seed), daemon=True)
    began = time.perf_counter()
    process.start()
    theirs.close()
    last: dict[str, Any] = {"cases": 0, "findings": []}
    try:
        for report in _reports(ours):
            last = report
    except TimeoutError:
        process.kill()
        last["findings"].append(
            {"problem": f"no progress for {STUCK_SECONDS:g} s", "input": last.pop("at", "")}
        )
    process.join()
    if not last.get("over") and process.exitcode:
        last["findings"].append(
            {"problem": f"the process ended with {process.exitcode}", "input": last.pop("at", "")}
        )
    return {
        **{key: value for key, value in last.items() if key not in {"over", "at"}},
        "seconds": round(time.perf_counter() - began, 1),
    }


def _reports(ours: Connection) -> Iterator[dict[str, Any]]:
    while ours.poll(STUCK_SECONDS):
        try:
            yield ours.recv()
        except EOFError:
            return
    raise TimeoutError


def _fuzz(report: Connection, name: str, cases: int, seed: int) -> None:
    rng = random.Random(f"{seed} {name}")
    state: dict[str, Any] = {"cases": 0, "accepted": 0, "slowest_ms": 0.0, "grown_mb": 0, "findings": []}
    reported = 0.0
    with READERS[name]() as reader:
        reader.read(reader.seeds[0])
        before = _peak_mb()
        for number in range(cases):
            data = hostile(rng, reader.seeds)
            if time.monotonic() - reported > REPORT_EVERY:
                reported = time.monotonic()
                report.send({**state, "at": _shown(data)})
            grown = _peak_mb()
            _tried(reader, data, state)
            if _peak_mb() - grown > MEGABYTES:
                _found(state, f"grew by {_peak_mb() - grown} MB", data)
            state["cases"] = number + 1
        state["grown_mb"] = _peak_mb() - before
    report.send({**state, "slowest_ms": round(state["slowest_ms"], 1), "over": True})


def _tried(reader: Reader, data: bytes, state: dict[str, Any]) -> None:
    began = time.process_time()
    try:
        reader.read(data)
        state["accepted"] += 1
    except reader.errors:
        pass
    except Exception as error:
        _found(state, f"{type(error).__name__}: {error}"[:300], data)
    seconds = time.process_time() - began
    state["slowest_ms"] = max(state["slowest_ms"], seconds * 1000)
    if seconds > SECONDS:
        _found(state, f"took {seconds:.1f} s", data)


def _found(state: dict[str, Any], problem: str, data: bytes) -> None:
    if len(state["findings"]) < MOST_FINDINGS:
        state["findings"].append({"problem": problem, "input": _shown(data)})


def _shown(data: bytes) -> str:
    return base64.b64encode(data).decode()[:LONGEST_SHOWN]


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
