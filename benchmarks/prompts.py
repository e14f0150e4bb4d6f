"""What an iteration's prompts are made of, and how much of them a provider's cache would keep. Prints JSON.

python benchmarks/prompts.py                     5 seeds, 160 iterations each (about 8 minutes)
python benchmarks/prompts.py --quick             one seed, 20 iterations
python benchmarks/prompts.py --iterations 3000 --seeds 1    with what iterations 300 and 3,000 take
python benchmarks/prompts.py --server            the model behind a server that caches what prompts begin with

The server (that of `window.py`) caches as OpenAI's does: from 1,024 tokens on, in blocks of 128, what one of
the latest prompts began with.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from window import Served, serving

from fieldcraft.agent import BudgetLimits, RunSettings, new_session
from fieldcraft.agent.costs import costs_of
from fieldcraft.agent.journal.run import list_runs
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.transcript import KeptCall, kept_calls

REMEMBERED = 16
"""Prompts that the server remembers."""
AROUND = 25
"""Iterations before and after one whose size is given, since single ones differ."""
PLACES = (50, 150, 300, 1000, 3000)


def shared(one: str, other: str) -> int:
    """Characters of the beginning that two texts have in common."""
    lengths = range(1, min(len(one), len(other)) + 1)
    return bisect_left(lengths, x=True, key=lambda length: one[:length] != other[:length])


class Caching(Served):
    """A server that says how many tokens of a prompt it knew from the latest ones."""

    def __init__(self) -> None:
        super().__init__()
        self._latest: deque[str] = deque(maxlen=REMEMBERED)

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The reply, with the tokens that came from the cache."""
        text = "".join(f"\0{turn['role']}\0{turn['content']}" for turn in body["messages"])
        known = max((shared(before, text) for before in self._latest), default=0)
        self._latest.append(text)
        status, reply = super().answer(body)
        blocks = int(known / self.rule) // 128
        if status == 200 and blocks >= 8:
            reply["usage"]["prompt_tokens_details"] = {"cached_tokens": 128 * blocks}
        return status, reply


class Sizes:
    """Characters of the prompts of one run, by role, section and iteration."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.characters: Counter[str] = Counter()
        self.shared: Counter[str] = Counter()
        self.sections: Counter[tuple[str, str]] = Counter()
        self.by_iteration: Counter[int] = Counter()
        self._last: dict[str, str] = {}

    def add(self, call: KeptCall, iteration: int) -> None:
        """Count one call, which belongs to an iteration."""
        text = "".join(f"\0{role}\0{said}" for role, said in call.messages)
        size = sum(len(said) for _, said in call.messages)
        self.calls[call.role] += 1
        self.characters[call.role] += size
        self.by_iteration[iteration] += size
        self.shared[call.role] += min(size, shared(self._last.get(call.role, ""), text))
        self._last[call.role] = text
        for _, said in call.messages:
            for section in re.split(r"^(?=# )", said, flags=re.MULTILINE):
                heading = section.partition("\n")[0] if section.startswith("# ") else ""
                self.sections[call.role, heading.strip("# ")] += len(section)

    def near(self, iteration: int) -> int | None:
        """Characters of an iteration, as a mean over those around it; `None` where there are none."""
        around = [n for n in self.by_iteration if abs(n - iteration) <= AROUND]
        if not around or iteration > max(self.by_iteration):
            return None
        return round(statistics.mean(self.by_iteration[n] for n in around))


def sizes_of(run: Path) -> Sizes:
    """The sizes of a run's kept prompts, by the iterations that its journal says they belong to."""
    belongs: dict[str, list[int]] = defaultdict(list)
    for iteration, roles in sorted(costs_of(Journal(run).events()).iterations.items()):
        for role, cost in roles.items():
            belongs[role] += [iteration] * cost.calls
    sizes = Sizes()
    for call in kept_calls(run):
        own = belongs[call.role]
        sizes.add(call, own[min(call.call, len(own)) - 1] if own else 1)
    return sizes


def live(folder: Path, seed: int, iterations: int, address: str = "") -> dict[str, object]:
    """One run with the `offline` model, and what its prompts took; with an `address`, behind that server."""
    settings = RunSettings(
        seed=seed,
        model="openai:offline" if address else "offline",
        model_options={"base_url": address, "retries": 0} if address else {},
        library=str(folder / "library"),
        budget=BudgetLimits(iterations=iterations),
    )
    began = time.perf_counter()
    with new_session(settings, runs=folder / "runs") as session:
        state = session.explorer.explore()
    (run,) = list_runs(folder / "runs")
    costs = costs_of(Journal(run).events())
    sizes, done = sizes_of(run), max(1, state.spent.iterations)
    kept = sum(path.stat().st_size for path in (run / "prompts").iterdir())
    return {
        "seed": seed,
        "iterations": done,
        "items": len(state.progress.items),
        "seconds": round(time.perf_counter() - began, 1),
        "characters_per_iteration": round(sum(sizes.characters.values()) / done),
        "kept_bytes_per_iteration": round(kept / done),
        "near_iteration": {str(n): size for n in PLACES if (size := sizes.near(n)) is not None},
        "roles": {
            role: {
                "calls": sizes.calls[role],
                "characters_per_call": round(characters / sizes.calls[role]),
                "characters_per_iteration": round(characters / done),
                "shared_with_the_call_before": round(sizes.shared[role] / characters, 3),
                "cached_share": round(costs.roles[role].cached_share, 3),
            }
            for role, characters in sizes.characters.most_common()
        },
        "sections": {
            f"{role}: {heading or '(beginning)'}": round(size / done)
            for (role, heading), size in sizes.sections.most_common(20)
        },
    }


def median_of(rows: Iterable[dict[str, object]], name: str) -> float:
    """The median of a figure."""
    return statistics.median(float(str(row[name])) for row in rows)


def main() -> None:
    """Make every run, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--iterations", type=int, default=160)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    options = parser.parse_args()
    seeds, iterations = ([1], 20) if options.quick else (options.seeds, options.iterations)
    rows = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["FIELDCRAFT_CACHE"] = f"{home}/cache"
        for seed in seeds:
            folder = Path(home) / f"run-{seed}"
            folder.mkdir()
            with serving(Caching()) if options.server else nullcontext("") as address:
                rows.append(live(folder, seed, iterations, address))
    figures = ("items", "characters_per_iteration", "kept_bytes_per_iteration")
    print(json.dumps({"median": {name: median_of(rows, name) for name in figures}, "runs": rows}, indent=1))


if __name__ == "__main__":
    main()
