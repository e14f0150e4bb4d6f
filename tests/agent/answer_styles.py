"""The styles in which models answer: each writes the right answer, and often a wrong draft beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from servers import Asked, Call, Said

SIGNATURE = "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="
OF_CALLS = "c2lnbmF0dXJlIG9mIGEgY2FsbA=="


@dataclass(frozen=True)
class Answer:
    """What is right and what is not: texts, or objects to be written as JSON."""

    right: str | dict[str, Any]
    draft: str | dict[str, Any]
    optional: tuple[str, ...] = ()

    def written(self, *, right: bool = True, nulls: bool = False) -> str:
        chosen = self.right if right else self.draft
        if isinstance(chosen, str):
            return chosen
        return json.dumps({**chosen, **dict.fromkeys(self.optional if nulls else ())})

    @property
    def is_json(self) -> bool:
        return not isinstance(self.right, str)


Style = Callable[[str, Answer, Asked], Said]


def _plain(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    return Said(answer.written())


def _fenced(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    return Said(f"```json\n{answer.written()}\n```" if answer.is_json else answer.written())


def _tags(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    return Said(f"<think>\n{answer.written(right=False)}\n</think>\n\n{answer.written()}")


def _reasoning_field(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    return Said(answer.written(), reasoning=answer.written(right=False), signature=SIGNATURE)


def _thinking_blocks(protocol: str, answer: Answer, _asked: Asked) -> Said:
    draft, right = answer.written(right=False), answer.written()
    content: Mapping[str, Any] = {
        "openai": [
            {"type": "thinking", "thinking": [{"type": "text", "text": draft}]},
            {"type": "text", "text": right},
        ],
        "anthropic": [
            {"type": "thinking", "thinking": draft, "signature": SIGNATURE},
            {"type": "redacted_thinking", "data": SIGNATURE},
            {"type": "text", "text": right},
        ],
        "gemini": [{"text": draft, "thought": True}, {"text": right, "thoughtSignature": SIGNATURE}],
    }
    return Said(content=content[protocol])


def _list_content(protocol: str, answer: Answer, _asked: Asked) -> Said:
    text = answer.written()
    halves = (text[: len(text) // 2], text[len(text) // 2 :])
    if protocol == "gemini":
        return Said(content=[{"text": half} for half in halves])
    return Said(content=[{"type": "text", "text": half} for half in halves])


def _prose(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    if not answer.is_json and "```" not in answer.written():
        return _plain(_protocol, answer, _asked)
    return Said(f"Sure! Here it {{as you asked}} is:\n\n{answer.written()}\n\nAnything else? {{I am here}}")


def _crlf(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    text = json.dumps(answer.right, indent=1) if answer.is_json else answer.written()
    return Said(text.replace("\n", "\r\n"))


def _call_first(protocol: str, answer: Answer, asked: Asked, *, text: str = "") -> Said:
    if not asked.tools or asked.outcomes:
        return Said(answer.written())
    signed = OF_CALLS if protocol in ("openai", "gemini") else ""
    return Said(
        text,
        calls=(Call("calculator", {"expression": "6*7"}, id=f"call_{asked.number}", signature=signed),),
        reasoning=answer.written(right=False),
        signature=SIGNATURE,
        wanted=("reasoning_content",),
    )


def _call_with_text(protocol: str, answer: Answer, asked: Asked) -> Said:
    return _call_first(protocol, answer, asked, text=answer.written(right=False))


def _nulls(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    return Said(answer.written(nulls=True))


def _two_drafts(_protocol: str, answer: Answer, _asked: Asked) -> Said:
    if answer.is_json:
        return Said(f"{answer.written(right=False)}\n\nNo, rather:\n\n{answer.written()}")
    if "```" in answer.written():
        return Said(f"```text\nchop, then saw\n```\n\n{answer.written()}")
    return Said(answer.written())


STYLES: dict[str, Style] = {
    "plain": _plain,
    "fenced": _fenced,
    "tags": _tags,
    "reasoning-field": _reasoning_field,
    "thinking-blocks": _thinking_blocks,
    "list-content": _list_content,
    "prose": _prose,
    "crlf": _crlf,
    "call-first": _call_first,
    "call-with-text": _call_with_text,
    "nulls": _nulls,
    "two-drafts": _two_drafts,
}
ABSENT = {("ollama", "thinking-blocks"), ("ollama", "list-content")}
"""Its content is one text."""
WITH_CALLS = ("call-first", "call-with-text")
WITH_REASONING = ("tags", "reasoning-field", "thinking-blocks", *WITH_CALLS)
