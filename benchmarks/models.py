"""A thousand calls of a model behind a bad server: none lost, none billed twice, the budget exact. JSON.

Run: `python benchmarks/models.py [--quick]`. Through LangChain's real class, of the server's answers 10 %
are rate limits (Retry-After 0 to 5 s), 5 % errors, 2 % cut off, 2 % refusals, and 1 % never come. The exit
code is 1 where a prompt has not exactly one answer or recorded refusal, where the journal's tokens differ
from those that the server billed for what arrived, or where a budget of tokens did not end the run at the
right call.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import BudgetExhausted, Recorder
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.models import ModelClient, ModelSettings
from fieldcraft.agent.roles.model_calls import Asker
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.common.errors import FieldcraftError

FAULTS = (("rate limit", 0.10), ("error", 0.05), ("cut", 0.02), ("refusal", 0.02), ("hang", 0.01))
LONGEST_WAIT = 5.0
SORRY = "I'm sorry, I can't help with that."


class Handler(BaseHTTPRequestHandler):
    """Speaks OpenAI's protocol, with the faults that its server draws."""

    server: BadServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer, or not."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = re.search(r"prompt (\d+)", asked["messages"][-1]["content"])
        kind, wait, tokens = self.server.draw()
        match kind:
            case "rate limit":
                self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": f"{wait:.3f}"})
            case "error":
                self._send(500, {"error": {"message": "no luck"}})
            case "hang":
                self.server.released.wait()
                self.close_connection = True
            case "cut":
                self._cut(_answer("cut", tokens))
            case "refusal":
                self._bill(tokens)
                self._send(200, _answer(None, tokens, refusal=SORRY))
            case _:
                self._bill(tokens)
                self._send(200, _answer(f"answer {prompt[1] if prompt else ''}", tokens))

    def _bill(self, tokens: tuple[int, int]) -> None:
        self.server.billed.append(sum(tokens))

    def _cut(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


class BadServer(ThreadingHTTPServer):
    """Draws a fault, a wait and the tokens of each request.

    Attributes:
        billed: tokens of each answer that was sent whole, in order.
        drawn: how many requests got which answer.
    """

    daemon_threads = True

    def __init__(self, seed: int, factor: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._random = random.Random(seed)
        self._drawing = threading.Lock()
        self._factor = factor
        self.billed: list[int] = []
        self.drawn: Counter[str] = Counter()
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def draw(self) -> tuple[str, float, tuple[int, int]]:
        """What becomes of the next request."""
        with self._drawing:
            chance, kind = self._random.random(), "answer"
            wait = self._random.randint(0, int(LONGEST_WAIT)) * self._factor
            tokens = self._random.randint(50, 500), self._random.randint(5, 90)
            for name, share in FAULTS:
                if chance < share:
                    kind = name
                    break
                chance -= share
            self.drawn[kind] += 1
            return kind, wait, tokens

    def stop(self) -> None:
        """Let go of those that hang, and end."""
        self.released.set()
        self.shutdown()
        self.server_close()


def _answer(text: str | None, tokens: tuple[int, int], **more: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    usage = dict(zip(("prompt_tokens", "completion_tokens"), tokens, strict=True))
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {**usage, "total_tokens": sum(tokens)},
    }


def ask_all(folder: Path, calls: int, seed: int, factor: float, tokens: int | None) -> dict[str, Any]:
    """Ask `calls` prompts, one after another, until a budget of `tokens` ends it; what the two sides say."""
    server = BadServer(seed, factor)
    settings = ModelSettings(
        base_url=f"http://127.0.0.1:{server.server_port}/v1",
        timeout=max(1.5, 3 * factor),
        backoff=max(0.001, factor),
        retries=8,
    )
    limits = BudgetLimits(iterations=None, tokens=tokens)
    client = ModelClient("openai:soak", settings)
    wrong: list[str] = []
    asked, ended = 0, "all asked"
    started = time.perf_counter()
    with Run.create(folder, RunSettings(budget=limits, model_failures=20), name=f"soak-{tokens}") as run:
        recorder = Recorder(run)
        asker = Asker(recorder, {"answerer": client})
        try:
            for number in range(calls):
                asked = number
                try:
                    text = asker.plain("answerer", f"This is prompt {number}.")
                except BudgetExhausted as reason:
                    ended = str(reason)
                    break
                except FieldcraftError as error:
                    text = f"{type(error).__name__}: {error}"
                asked = number + 1
                if text != f"answer {number}" and not _refused(run.folder):
                    wrong.append(f"prompt {number}: {text[:200]}")
        finally:
            server.stop()
        spent = recorder.state.spent.tokens
    return {
        "asked": asked,
        "ended": ended,
        "wrong": wrong,
        "spent": spent,
        "billed": server.billed,
        "drawn": dict(server.drawn),
        "seconds": round(time.perf_counter() - started, 1),
        **_read_back(run.folder),
    }


def _refused(folder: Path) -> bool:
    """Whether the last answer on record is a refusal."""
    answers = [event for event in Journal(folder).read() if isinstance(event, e.ModelAnswered)]
    return bool(answers and answers[-1].refusal)


def _read_back(folder: Path) -> dict[str, Any]:
    """What the journal holds, read from disk."""
    events = Journal(folder).read()
    intents = [event.call for event in events if isinstance(event, e.ModelAsked)]
    outcomes = [event for event in events if isinstance(event, e.ModelAnswered | e.ModelFailed)]
    answered = [event for event in outcomes if isinstance(event, e.ModelAnswered)]
    return {
        "journal_tokens": sum(map(_tokens, outcomes)),
        "before_the_last_call": sum(map(_tokens, outcomes[:-1])),
        "one_outcome_each": intents == [event.call for event in outcomes] == list(range(1, len(intents) + 1)),
        "answers": len(answered),
        "refusals": sum(bool(event.refusal) for event in answered),
        "failed_calls": len(outcomes) - len(answered),
        "waited_seconds": round(sum(event.waited for event in outcomes), 1),
    }


def _tokens(event: e.ModelAnswered | e.ModelFailed) -> int:
    return event.input_tokens + event.output_tokens


def judge(whole: dict[str, Any], limited: dict[str, Any], calls: int, limit: int) -> dict[str, bool]:
    """What must hold of both runs."""
    used_up = limited["before_the_last_call"] < limit <= limited["journal_tokens"]
    return {
        "nothing_lost": whole["asked"] == calls and whole["answers"] == calls and not whole["wrong"],
        "one_outcome_each": whole["one_outcome_each"] and limited["one_outcome_each"],
        "nothing_billed_twice": all(
            run["journal_tokens"] == run["spent"] == sum(run["billed"]) for run in (whole, limited)
        ),
        "budget_exact": "tokens used up" in limited["ended"] and used_up,
    }


def main() -> int:
    """Print the figures; 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="60 calls, and waits of a fiftieth")
    parser.add_argument("--calls", type=int, help="how many prompts")
    parser.add_argument("--factor", type=float, help="by which all waits are multiplied")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    calls = chosen.calls or (60 if chosen.quick else 1000)
    factor = chosen.factor if chosen.factor is not None else 0.02 if chosen.quick else 1.0
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        whole = ask_all(Path(folder), calls, chosen.seed, factor, None)
        limit = max(1, sum(whole["billed"]) // 2)
        limited = ask_all(Path(folder), calls, chosen.seed + 1, factor, limit)
    holds = judge(whole, limited, calls, limit)
    for run in (whole, limited):
        run["billed"] = sum(run["billed"])
    sys.stdout.write(
        json.dumps({"holds": holds, "calls": calls, "whole": whole, "limited": limited}, indent=2) + "\n"
    )
    return 0 if all(holds.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
