"""How fast the live page of a long run is, and what it costs. Prints JSON.

python benchmarks/serve.py           a run of 10,000 iterations, 1,000 connects
python benchmarks/serve.py --quick   a run of 400 iterations, 60 connects

The run is one of the `offline` model, recorded once and repeated under new numbers until it is long enough,
in segments that begin with the state as a real run's do. For a server that was just started, and for one that
knows the run, it gives the milliseconds to the whole first view (page and script) and in a browser, where
there is one, to its first paint, and to that of an empty page, also where the browser is still starting; the
milliseconds from an event's write to its arrival at a page; and the server's memory after a tenth of the
connects and after all of them. On a busy machine the processor time of the first view says more than the
clock.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fieldcraft.agent import BudgetLimits, RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.journal.tail import checkpoint

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import browsing, chromium

EMPTY = "data:text/html,<p>Hello"
"""A page that shows what the browser itself takes on this machine, as busy as it is."""
SETTLED = 3.0
"""Seconds after which a browser has started its own processes."""
RECORDED = 60
"""Iterations of the run that is repeated."""


def record(folder: Path) -> list[e.Event]:
    """The events of a short run, from its first task on."""
    settings = RunSettings(seed=7, library=str(folder / "library"), budget=BudgetLimits(iterations=RECORDED))
    with new_session(settings, runs=folder / "recorded", name="short") as session:
        session.explorer.explore()
    events = Journal(folder / "recorded" / "short").read()
    ends = [at for at, event in enumerate(events) if isinstance(event, e.TaskFinished)]
    return events[1 : ends[-1] + 1]


def repeat(folder: Path, events: list[e.Event], iterations: int) -> Run:
    """A run of so many iterations, open for more events."""
    run = Run.create(folder / "runs", RunSettings(library=str(folder / "library")), name="long")
    done = tasks = 0
    while done < iterations:
        before, tasks_before = done, tasks
        for event in events:
            moved = event.model_copy()
            if isinstance(moved, e.WorldReset) and before:
                continue
            if hasattr(moved, "iteration"):
                moved.iteration = before + event.iteration  # type: ignore[union-attr]
                done = max(done, moved.iteration)
            if hasattr(moved, "task_number"):
                moved.task_number = tasks_before + event.task_number  # type: ignore[union-attr]
                tasks = max(tasks, moved.task_number)
            apply(run.state, run.journal.append(moved, sync=False))
            if isinstance(moved, e.TaskFinished):
                run.journal.rotate_if_large(lambda: checkpoint(run))
                run.state.events = run.journal._next - 1
    return run


@contextmanager
def serving(runs: Path) -> Iterator[tuple[str, int]]:
    """A server of its own: its address and process id."""
    command = [sys.executable, "-m", "fieldcraft", "serve", "--runs", str(runs), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        process.wait()


def get(address: str, path: str = "") -> bytes:
    """What the server answers."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    connection.request("GET", parts.path + path)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return content


def first_view(address: str) -> dict[str, float]:
    """Milliseconds to a run's page, and to its script, and the size of that."""
    began = time.perf_counter()
    content = get(address, "r/long/")
    page = time.perf_counter()
    content += get(address, "page.js")
    assert b"distinct items" in content or b"Reading the journal" in content
    return {
        "page_ms": round(1000 * (page - began), 1),
        "with_script_ms": round(1000 * (time.perf_counter() - began), 1),
        "kilobytes": round(len(content) / 1000, 1),
    }


def first_paint(address: str, folder: Path, *, rest: float = SETTLED) -> float | None:
    """Milliseconds to the first paint of a page in a browser that began so many seconds before."""
    binary = chromium()
    if binary is None:
        return None
    with browsing(binary, folder / "profile") as page:
        if rest:
            page.open(EMPTY)
            time.sleep(rest)
            page.begin_again()
        page.open(address)
        paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        return round(float(page.until(paint)), 1)


class Stream:
    """A page's stream of events."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=120)
        self._connection.request("GET", f"{parts.path}r/long/events")
        self._answer = self._connection.getresponse()

    def until(self, words: bytes) -> None:
        """Read until these words come."""
        while words not in self._answer.readline():
            pass

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def latencies(run: Run, address: str, count: int) -> list[float]:
    """Milliseconds from the write of an event to its arrival at a page, of so many events."""
    stream = Stream(address)
    stream.until(b"patch")
    found = []
    for number in range(count):
        time.sleep(0.3)
        words = f"mark {number} of the benchmark"
        began = time.perf_counter()
        run.journal.append(e.Warned(text=words), sync=True)
        stream.until(words.encode())
        found.append(1000 * (time.perf_counter() - began))
    stream.close()
    return found


def memory(process: int) -> float:
    """The megabytes that a process has in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGESIZE") / 1e6, 1)


def processor_ms(process: int) -> int:
    """The milliseconds of processor time that a process took so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return 1000 * (int(fields[11]) + int(fields[12])) // os.sysconf("SC_CLK_TCK")


def connects(address: str, process: int, count: int) -> dict[str, float]:
    """The server's memory after a tenth of so many connects, each read once, and after all of them."""
    early = 0.0
    for number in range(1, count + 1):
        stream = Stream(address)
        stream.until(b"patch")
        stream.close()
        if number == count // 10:
            early = memory(process)
    return {"connects": count, "early_mb": early, "late_mb": memory(process)}


def settled(address: str) -> None:
    """Wait until the server has read the run to its end."""
    while b"Reading the journal" in get(address, "r/long/"):
        time.sleep(0.2)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["FIELDCRAFT_CACHE"] = f"{folder}/cache"
        run = repeat(folder, record(folder), 400 if quick else 10_000)
        segments = run.journal.segments()
        results: dict[str, object] = {
            "iterations": run.state.spent.iterations,
            "journal_mb": round(sum(path.stat().st_size for path in segments) / 1e6, 1),
            "segments": len(segments),
        }
        with serving(folder / "runs") as (address, process):
            before = processor_ms(process)
            results["first_view_of_a_new_server"] = first_view(address)
            results["processor_ms_of_that"] = processor_ms(process) - before
        with serving(folder / "runs") as (address, process):
            results["first_paint_of_a_new_server_ms"] = first_paint(f"{address}r/long/", folder)
            settled(address)
            before = processor_ms(process)
            results["first_view"] = first_view(address)
            results["processor_ms_of_it"] = processor_ms(process) - before
            results["first_paint_ms"] = first_paint(f"{address}r/long/", folder)
            results["first_paint_of_an_empty_page_ms"] = first_paint(EMPTY, folder)
            results["first_paint_in_a_starting_browser_ms"] = {
                "run": first_paint(f"{address}r/long/", folder, rest=0),
                "empty": first_paint(EMPTY, folder, rest=0),
            }
            times = latencies(run, address, 10 if quick else 50)
            results["event_ms"] = {
                "median": round(statistics.median(times), 1),
                "most": round(max(times), 1),
            }
            results["memory"] = connects(address, process, 60 if quick else 1_000)
        run.close()
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
