"""Readers of what models answer, and of run folders that others hand over."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _reader import Opened, Reader
from langchain_core.messages import AIMessage

from fieldcraft.agent.journal.run import Run, RunError
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.models.tool_calls import requests_of
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_code, parse_json
from fieldcraft.agent.redact import clean, redact
from fieldcraft.agent.roles.critic import ModelVerdict
from fieldcraft.agent.settings import RunSettings

VERDICT = b'Well.\n```json\n{"success": true, "reasoning": "It is held.", "critique": ""}\n```\n'
CODE = b"Plan: mine.\n\n```python\ndef f(bot):\n    bot.mine('stone')\n```\n"


@contextmanager
def _verdict() -> Iterator[Reader]:
    yield Reader(
        [VERDICT, b'{"success": false}'],
        lambda data: parse_json(data.decode(errors="replace"), ModelVerdict),
        (AnswerUnusable,),
    )


@contextmanager
def _code() -> Iterator[Reader]:
    yield Reader([CODE], lambda data: parse_code(data.decode(errors="replace")), (AnswerUnusable,))


@contextmanager
def _tool_calls() -> Iterator[Reader]:
    def read(data: bytes) -> object:
        text = data.decode("utf-8", "surrogateescape")
        try:
            arguments = json.loads(text)
        except (ValueError, RecursionError):
            arguments = {"text": text}
        if not isinstance(arguments, dict):
            arguments = {"value": arguments}
        call = {"id": text[:50], "name": text[:300], "args": arguments, "type": "tool_call"}
        return [request.model_dump_json() for request in requests_of(AIMessage("", tool_calls=[call]))]

    yield Reader([b'{"query": "iron", "more": [1, {"a": null}]}'], read)


@contextmanager
def _redaction() -> Iterator[Reader]:
    def read(data: bytes) -> object:
        text = data.decode("utf-8", "surrogateescape")
        return redact(text), clean(text).encode()

    yield Reader([b"GET https://user:password@host/?api_key=abcdefgh12345678 sk-abcdefghijklmnop"], read)


@contextmanager
def _journal() -> Iterator[Reader]:
    """The journal of a run folder, read whole and opened for a resume."""
    with tempfile.TemporaryDirectory() as name:
        runs = Path(name)
        Run.create(runs, RunSettings(), name="begun").close()
        (segment,) = Journal(runs / "begun").segments()
        seed = segment.read_bytes()

        def read(data: bytes) -> object:
            segment.write_bytes(data)
            Journal(runs / "begun").read()
            with Run.open(runs, "begun") as run:
                return run.state

        yield Reader([seed], read, (JournalError, RunError))


MODEL_READERS: dict[str, Opened] = {
    "verdict": _verdict,
    "code": _code,
    "tool-calls": _tool_calls,
    "redaction": _redaction,
    "journal": _journal,
}
