"""What a small context window costs: the same lives with and without a window of 8,192 tokens. Prints JSON.

python benchmarks/window.py                   three seeds, 40 iterations each
python benchmarks/window.py --quick           one seed, 12 iterations
python benchmarks/window.py --window 6000     another window
python benchmarks/window.py --characters 3    characters for each token, in the server's eyes

The server speaks OpenAI's protocol on the loopback, counts tokens by a rule of its own, refuses what is
longer than its window as vLLM does, and has the offline model answer the rest. It
does not say its window before.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from fieldcraft.agent import BudgetLimits, RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.models.offline.chat_model import OfflineChatModel

ANSWER = 1_024
"""Tokens that the server keeps for its answer."""
MESSAGES = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


@dataclass
class Served:
    """What a server saw: requests, those it refused, and the longest prompt that it took."""

    requests: int = 0
    refused: int = 0
    longest: int = 0
    rule: float = 3.5
    window: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the body of the reply."""
        messages: list[BaseMessage] = [MESSAGES[turn["role"]](turn["content"]) for turn in body["messages"]]
        tokens = 3 + sum(4 + round(len(message.text) / self.rule) for message in messages)
        with self.lock:
            self.requests += 1
            if self.window is not None and tokens + ANSWER > self.window:
                self.refused += 1
                return 400, {
                    "error": {"message": self._refusal(tokens), "type": "BadRequestError", "code": 400}
                }
            self.longest = max(self.longest, tokens)
        text = OfflineChatModel().invoke(messages).text
        counted = {"prompt_tokens": tokens, "completion_tokens": round(len(text) / self.rule)}
        counted["total_tokens"] = sum(counted.values())
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return 200, {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": counted,
        }

    def _refusal(self, tokens: int) -> str:
        return (
            f"This model's maximum context length is {self.window} tokens. However, you requested "
            f"{tokens + ANSWER} tokens ({tokens} in the messages, {ANSWER} in the completion). "
            "Please reduce the length of the messages or completion."
        )


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """The address of a server that ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, reply = served.answer(body)
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def live(folder: Path, seed: int, iterations: int, served: Served) -> dict[str, Any]:
    """One life through a server."""
    warned: list[str] = []
    stopped: list[str] = []

    def note(event: e.Event) -> None:
        if isinstance(event, e.Warned):
            warned.append(event.text)
        if isinstance(event, e.RunPaused) and not event.reason.startswith("budget of"):
            stopped.append(event.reason)

    began = time.perf_counter()
    with serving(served) as address:
        settings = RunSettings(
            seed=seed,
            model="openai:offline",
            model_options={"base_url": address, "retries": 0},
            library=str(folder / "library"),
            budget=BudgetLimits(iterations=iterations),
        )
        with new_session(settings, runs=folder / "runs", listeners=(note,)) as session:
            state = session.explorer.explore()
    return {
        "seed": seed,
        "window": served.window,
        "seconds": round(time.perf_counter() - began, 1),
        "iterations": state.spent.iterations,
        "items": len(state.progress.items),
        "skills": len(state.kept),
        "requests": served.requests,
        "refused": served.refused,
        "longest": served.longest,
        "shortened": state.shortened,
        "stopped": stopped,
        "warned": warned,
    }


def main() -> None:
    """Live each life twice, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--window", type=int, default=8_192)
    parser.add_argument("--characters", type=float, default=3.5)
    parser.add_argument("--seeds", type=int, nargs="*", default=[7, 1, 2])
    options = parser.parse_args()
    seeds, iterations = ([7], 12) if options.quick else (options.seeds, options.iterations)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["FIELDCRAFT_CACHE"] = f"{home}/cache"
        for seed in seeds:
            for window in (None, options.window):
                folder = Path(home) / f"life-{len(rows)}"
                folder.mkdir()
                rows.append(live(folder, seed, iterations, Served(rule=options.characters, window=window)))
    whole = sum(row["items"] for row in rows if row["window"] is None)
    fitted = sum(row["items"] for row in rows if row["window"] is not None)
    print(
        json.dumps(
            {
                "lives": rows,
                "items": {"unbounded": whole, "fitted": fitted, "share": round(fitted / max(whole, 1), 3)},
                "stopped": sum(bool(row["stopped"]) for row in rows),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
