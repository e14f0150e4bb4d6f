"""Every attack of the tests: on every sandbox that this machine can give, and on the host by what it reads.

python benchmarks/attacks.py
python benchmarks/attacks.py --markdown    the tables of docs/security.md
python benchmarks/attacks.py --quick       one of each of some kinds, in a process and in a container

Prints JSON. The attacks are the tests that are marked so; a test that fails is an attack that succeeded. The
exit code is 1 where one did.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from _sandboxes import machine

from fieldcraft.skills.sandbox import probe, probe_docker

ROOT = Path(__file__).resolve().parents[1]
TESTS = "tests"
SANDBOXES = ("landlock", "bubblewrap", "docker", "docker-streams")
BESIDE = ("javascript", "host")
"""Attacks of JavaScript programs in Minecraft, and on the host by what it reads."""
QUICK = ("landlock", "docker")
TITLES = {
    "landlock": "process (Landlock)",
    "bubblewrap": "process (bubblewrap)",
    "docker": "container (socket)",
    "docker-streams": "container (streams)",
    "javascript": "JavaScript programs",
    "host": "the host",
}
PROPERTIES = ("-o", "junit_family=xunit1")
KIND = re.compile(r"(?P<function>[^\[]+)\[(?P<kind>landlock|bubblewrap|docker-streams|docker)[-\]]")
Table = dict[str, dict[str, dict[str, int]]]


def main() -> None:
    """Run the attacks and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    table = tabulated(attacked(quick=options.quick))
    kinds = (*SANDBOXES, *BESIDE)
    succeeded = {
        kind: sum(cell[kind]["succeeded"] for cell in table.values() if kind in cell) for kind in kinds
    }
    if options.markdown:
        print(as_markdown(table))
    else:
        report = {
            "machine": machine(),
            "versions": versions(),
            "seconds": round(time.perf_counter() - began, 1),
            "attacks_made": {kind: _made(table, kind) for kind in kinds},
            "attacks_that_succeeded": succeeded,
            "attacks": table,
        }
        print(json.dumps(report, indent=2))
    sys.exit(1 if any(succeeded.values()) or not table else 0)


def attacked(*, quick: bool) -> Iterator[tuple[str, str, str]]:
    """Attack, sandbox and outcome of each test: `stopped`, `killed`, `succeeded`."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            *(first_of_each() if quick else files()),
            "-m",
            "attack",
            "-q",
            f"--junitxml={results}",
            *PROPERTIES,
        ]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not results.exists():
            sys.exit(ended.stdout + ended.stderr)
        sys.stderr.write(ended.stdout[-4000:] if ended.returncode else "")
        for case in ElementTree.parse(results).iter("testcase"):
            told = {entry.get("name"): entry.get("value") for entry in case.iter("property")}
            failed = case.find("failure") is not None or case.find("error") is not None
            if case.find("skipped") is not None:
                continue
            if "attack" not in told:
                sys.exit(f"{case.get('name')} was not made")
            outcome = "succeeded" if failed else "killed" if told["killed"] == "True" else "stopped"
            yield str(told["attack"]), str(told["sandbox"]), outcome


def files() -> list[str]:
    """The files with tests that are marked as attacks; others need not even be imported."""
    paths = sorted((ROOT / TESTS).rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in paths if "mark.attack(" in path.read_text()]


def first_of_each() -> list[str]:
    """The first test of each function in a sandbox of `QUICK`, and of each other file."""
    command = [sys.executable, "-m", "pytest", *files(), "-m", "attack", "-q", "--collect-only"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    first: dict[tuple[str, str], str] = {}
    for line in (line for line in told.splitlines() if "::" in line):
        found = KIND.match(line)
        if found is None:
            first.setdefault((line.partition("::")[0], ""), line)
        elif found["kind"] in QUICK and "/test_attacks" in line:
            first.setdefault((found["function"], found["kind"]), line)
    return list(first.values())


def tabulated(outcomes: Iterator[tuple[str, str, str]]) -> Table:
    """How often each outcome was met, by attack and sandbox."""
    table: Table = defaultdict(dict)
    for attack, sandbox, outcome in outcomes:
        cell = table[attack].setdefault(sandbox, {"stopped": 0, "killed": 0, "succeeded": 0})
        cell[outcome] += 1
    return dict(table)


def as_markdown(table: Table) -> str:
    """The tables, with when and with what they were made."""
    made = f"Made on {time.strftime('%Y-%m-%d', time.gmtime())} with {', '.join(versions().values())}."
    return "\n\n".join([made, *(_table(table, kinds) for kinds in (SANDBOXES, *((one,) for one in BESIDE)))])


def _table(table: Table, kinds: Sequence[str]) -> str:
    """The attacks that were made on these."""
    there = [kind for kind in kinds if any(kind in cells for cells in table.values())]
    lines = [f"| attack | {' | '.join(TITLES[kind] for kind in there)} |", f"| --- |{' --- |' * len(there)}"]
    for attack, cells in sorted(table.items()):
        if cells.keys() & set(there):
            lines.append(f"| {attack} | {' | '.join(_words(cells.get(kind)) for kind in there)} |")
    lines.append(f"| tests | {' | '.join(str(_made(table, kind)) for kind in there)} |")
    return "\n".join(lines)


def versions() -> dict[str, str]:
    """What holds the programs."""
    layers = {layer.name: layer.detail for layer in [*probe(), *probe_docker()] if layer.holds}
    told = {
        "fieldcraft": f"Fieldcraft {version('fieldcraft')}",
        "python": f"Python {platform.python_version()}",
        "kernel": f"Linux {platform.release().partition('-')[0]} {platform.machine()}",
        "landlock": f"Landlock {layers['landlock']}" if "landlock" in layers else "no Landlock",
        "bubblewrap": _bubblewrap() if "bubblewrap" in layers else "no bubblewrap",
        "engine": layers.get("engine", "no Docker engine").partition(",")[0],
    }
    return {name: words.strip() for name, words in told.items()}


def _bubblewrap() -> str:
    return subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False).stdout


def _made(table: Table, kind: str) -> int:
    return sum(sum(cells[kind].values()) for cells in table.values() if kind in cells)


def _words(cell: dict[str, int] | None) -> str:
    if cell is None:
        return "not tried"
    if cell["succeeded"]:
        return f"**succeeds** ({cell['succeeded']})"
    return " or ".join(word for word in ("stopped", "killed") if cell[word])


if __name__ == "__main__":
    main()
