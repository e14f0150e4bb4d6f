"""Kill a run with -9 again and again, and each time resume it changed, steered and answered. Prints JSON.

python benchmarks/weeks.py             100 cycles (about half an hour)
python benchmarks/weeks.py --quick     4 cycles

In each cycle a process goes on with the run, under another model for a role, other limits of programs and a
larger budget, while another sends messages and tasks and answers calls that wait for approval; then it is
killed. At the end the run goes on without kills. `failures` is empty where every acknowledged line of the
journal is still there, every note was heard once, no call of a tool took effect twice, and none that returned
lacks its effect.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from kill_resume import journal_bytes

from fieldcraft.agent import BudgetLimits, RunSettings, new_session, resumed_session
from fieldcraft.agent.approvals.answering import BadApproval, answer_call
from fieldcraft.agent.approvals.reducing import open_calls
from fieldcraft.agent.given import Given
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.journal.watching.growing import read_overview
from fieldcraft.agent.models.offline.chat_model import OfflineChatModel
from fieldcraft.agent.settings import ROLES
from fieldcraft.agent.steering import BadNote, Note, send
from fieldcraft.tools import ToolPolicy

ITERATIONS_A_CYCLE = 2
LEDGER = "FIELDCRAFT_LEDGER"
_CALL = "    print(tools.sign(text='{}'))\n```"


def sign(text: str) -> str:
    """Put a line into a ledger, which cannot be taken back."""
    with open(os.environ[LEDGER], "a", encoding="utf-8") as ledger:  # noqa: PTH123
        ledger.write(f"{text}\n")
    return f"signed {text}"


class Signing(OfflineChatModel):
    """The offline model, each of whose programs ends with a call that needs approval."""

    def _think(self, question: bytes) -> str:
        text = super()._think(question)
        if "(bot" not in text or not text.rstrip().endswith("```"):
            return text
        return text.rstrip().removesuffix("```") + _CALL.format(hash(question) % 10**9)


def go_on(folder: Path, number: int, iterations: int) -> None:
    """The process that is killed: begins the run or goes on with it, changed."""
    given = Given(models=dict.fromkeys(ROLES, Signing()), tools=(sign,))
    budget = BudgetLimits(iterations=iterations)
    if (folder / "runs" / "weeks").exists():
        changes = {"limits": {"seconds": 60 + number}, "tool_steps": 2 + number % 5}
        session = resumed_session("weeks", runs=folder / "runs", budget=budget, changes=changes, given=given)
    else:
        settings = RunSettings(
            seed=7,
            library=str(folder / "library"),
            budget=budget,
            tool_policy=ToolPolicy(approval=("sign",), approvals="set-aside"),
        )
        session = new_session(settings, runs=folder / "runs", name="weeks", given=given)
    with session as opened:
        opened.explorer.explore()


def steer(run: Path, choose: random.Random, sent: list[Note]) -> None:
    """Send something, and answer one call that waits."""
    with suppress(BadNote, OSError):
        kind = choose.choice(("say", "task", "skip"))
        text = {"say": f"message {len(sent)}", "task": f"Mine {1 + len(sent) % 3} oak_log"}.get(kind, "")
        sent.append(send(run, Note(kind=kind, text=text)))
    with suppress(BadApproval, JournalError, OSError):
        view = read_overview(run)
        for call in open_calls(view.state):
            answer_call(run, view, call, choose.choice(("yes", "yes", "no: not now")))


def cycles(folder: Path, wanted: int, choose: random.Random) -> dict[str, object]:
    """One run with so many kills."""
    run, sent, acknowledged, lost = folder / "runs" / "weeks", list[Note](), b"", 0
    for number in range(1, wanted + 1):
        process = _process(folder, number, ITERATIONS_A_CYCLE * number)
        end = time.monotonic() + choose.uniform(2.0, 8.0)
        while time.monotonic() < end and process.poll() is None:
            if run.is_dir():
                steer(run, choose, sent)
            time.sleep(choose.uniform(0.3, 1.5))
        process.kill()
        process.wait()
        before = journal_bytes(run)
        lost += not before.startswith(acknowledged)
        acknowledged = before
    last = _process(folder, wanted + 1, ITERATIONS_A_CYCLE * (wanted + 1))
    while last.poll() is None:
        allow(run)
        time.sleep(0.3)
    if last.returncode:
        raise SystemExit("the run did not go on after the last kill")
    return {"cycles": wanted, "lines lost": lost, **_judged(run, sent, folder / "ledger")}


def allow(run: Path) -> None:
    """Allow what waits."""
    with suppress(BadApproval, JournalError, OSError):
        view = read_overview(run)
        for call in open_calls(view.state):
            answer_call(run, view, call, "yes")


def _process(folder: Path, number: int, iterations: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "FIELDCRAFT_CACHE": str(folder / "cache"),
        LEDGER: str(folder / "ledger"),
        "PYTHONHASHSEED": "0",
    }
    arguments = [sys.executable, __file__, "--child", str(folder), str(number), str(iterations)]
    return subprocess.Popen(arguments, env=environment)


class Record:
    """What the journal of a run says of notes and of calls."""

    def __init__(self, run: Path) -> None:
        self.heard: Counter[str] = Counter()
        self.called: Counter[str] = Counter()
        self.returned: Counter[str] = Counter()
        self.asides = 0
        self._open: dict[tuple[str, int], str] = {}
        for event in Journal(run).events():
            self._take(event)

    def _take(self, event: e.Event) -> None:
        match event:
            case e.NoteHeard():
                self.heard[event.id] += 1
            case e.ToolCalled() if event.tool == "sign":
                text = str(event.arguments["text"])
                self._open[event.user, event.call] = text
                self.called[text] += 1
            case e.ToolReturned() if event.tool == "sign" and event.tries:
                self.returned[self._open.get((event.user, event.call), "")] += event.error is None
            case e.TailSetAside():
                self.asides += 1
            case _:
                pass


def _judged(run: Path, sent: list[Note], ledger: Path) -> dict[str, object]:
    record = Record(run)
    signed = Counter(ledger.read_text(encoding="utf-8").split() if ledger.exists() else [])
    waiting = {path.stem.rpartition("-")[2] for path in (run / "inbox").glob("*.json")}
    failures = []
    for note in sent:
        times = record.heard[note.id]
        if times > 1 or (not times and note.id not in waiting):
            failures.append(f"note {note.id} ({note.kind}) was heard {times} times")
    for text in {*signed, *record.returned}:
        effects, called, returned = signed[text], record.called[text], record.returned[text]
        if not returned <= effects <= called:
            failures.append(f"{text}: called {called}, took effect {effects}, returned {returned}")
    return {
        "notes": len(sent),
        "heard": sum(record.heard.values()),
        "calls": sum(record.called.values()),
        "effects": sum(signed.values()),
        "tails set aside": record.asides,
        "failures": failures,
    }


def main() -> None:
    """Make the cycles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="4 cycles")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        folder, number, iterations = options.child
        go_on(Path(folder), int(number), int(iterations))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = cycles(Path(folder), 4 if options.quick else options.cycles, random.Random(17))
        print(json.dumps(figures, indent=1))
    sys.exit(bool(figures["failures"] or figures["lines lost"]))


if __name__ == "__main__":
    main()
