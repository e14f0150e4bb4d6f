"""Reasoning that a model wrote around its answer, set aside: it is kept, and never read as the answer.

Models write drafts of an answer, verdicts and programs among them, before the answer itself. Where a provider
does not return that part apart, tags mark it in the text: `<think>` (DeepSeek-R1, Qwen3 and most others),
`[THINK]` (Magistral), `<|channel|>analysis` (gpt-oss), `<|START_THINKING|>` (Cohere), `◁think▷` (Kimi).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_NAMES = "think|thinking|thought|thoughts|reason|reasoning|reflection|analysis|scratchpad|seed:think"
_OPENINGS = (
    rf"<(?:{_NAMES})>",
    r"\[THINK\]",
    r"<\|START_THINKING\|>",
    r"◁think▷",
    r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)<\|message\|>",
)
_CLOSINGS = (
    rf"</(?:{_NAMES})>",
    r"\[/THINK\]",
    r"<\|END_THINKING\|>",
    r"◁/think▷",
    r"(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final<\|message\|>",
)
_TAGS = re.compile(
    f"(?P<opening>(?:^|(?<=\\n))[ \\t]{{0,3}}(?:{'|'.join(_OPENINGS)}))|(?P<closing>{'|'.join(_CLOSINGS)})",
    re.IGNORECASE,
)


def split_reasoning(answer: str) -> tuple[str, str]:
    """The answer proper, and the reasoning that stood around it.

    A closing tag without its opening one (many chat templates write that themselves) ends reasoning that
    began with the answer. Reasoning that is never closed goes on to the end. An opening tag counts only at
    the beginning of a line, so that a program may print one.

    Returns:
        The text without reasoning, and the reasoning alone; the text unchanged where there is none.
    """
    proper: list[str] = []
    reasoning: list[str] = []
    place, inside = 0, False
    for tag in _TAGS.finditer(answer):
        if tag["opening"] is not None:
            if not inside:
                proper.append(answer[place : tag.start()])
                place, inside = tag.end(), True
            continue
        if not inside and any(part.strip() for part in reasoning):
            continue
        reasoning += [answer[place : tag.start()]] if inside else [*proper, answer[place : tag.start()]]
        proper = proper if inside else []
        place, inside = tag.end(), False
    (reasoning if inside else proper).append(answer[place:])
    if not reasoning:
        return answer, ""
    return "".join(proper).strip(), "\n".join(part.strip() for part in reasoning if part.strip())


def reasoning_apart(reply: AIMessage) -> str:
    """The reasoning that a provider returned beside the text: its own field, or blocks of the content."""
    parts = [reply.additional_kwargs.get("reasoning_content")]
    if isinstance(reply.content, list):
        for block in reply.content:
            if isinstance(block, dict) and block.get("type") in ("thinking", "reasoning"):
                for key in ("thinking", "reasoning", "text", "summary"):
                    parts += _texts_of(block.get(key))
    return "\n".join(part for part in parts if isinstance(part, str) and part)


def _texts_of(value: Any) -> list[Any]:
    """A text, or those of a list of blocks: Mistral's thinking, OpenAI's summaries."""
    if not isinstance(value, list):
        return [value]
    return [block.get("text") for block in value if isinstance(block, dict)]
