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

_NAMES = (
    r"(?:\w{1,20}[:_-])?(?:think|thinking|thoughts?|reason|reasoning|reflection|analysis|scratchpad|monologue"
    r"|cot|chain_of_thought|deliberation)(?:[_-](?:process|steps?|trace))?"
)
_OPENINGS = (
    rf"<(?:{_NAMES}|think_start)(?:[ \t][^<>\n/]{{0,200}})?>",
    r"\[THINK\]",
    r"<\|(?:START_THINKING|think|thinking|begin_of_thought)\|>",
    r"<unused94>thought",
    r"◁think▷",
)
_ANYWHERE = (
    r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)\b[^<>\n]{0,100}"
    r"(?:<\|constrain\|>\w{0,20})?<\|message\|>",
    r"<\|channel>thought\b",
)
"""Tokens of a template, which stand where a turn begins and not in its text."""
_CLOSINGS = (
    rf"</(?:{_NAMES})\s?>",
    r"<think_end>",
    r"\[/THINK\]",
    r"<\|(?:END_THINKING|/think|/thinking|end_of_thought)\|>",
    r"<unused95>",
    r"<channel\|>",
    r"◁/think▷",
    r"(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final\b[^<>\n]{0,100}(?:<\|constrain\|>\w{0,20})?<\|message\|>",
)
_TAGS = re.compile(
    f"(?P<opening>(?:^|(?<=\\n))[ \\t]{{0,3}}(?:{'|'.join(_OPENINGS)})|{'|'.join(_ANYWHERE)})"
    f"|(?P<closing>{'|'.join(_CLOSINGS)})|(?P<end><\\|end\\|>)",
    re.IGNORECASE,
)
_MARKS = (
    r"<\|(?:begin_of_box|end_of_box|START_RESPONSE|END_RESPONSE|begin_of_solution|end_of_solution|im_end|end"
    r"|return|eot_id|eom_id|endoftext|end_of_turn)\|>|<end_of_turn>|</s>"
)
_AT_EDGES = re.compile(rf"\A\s*+(?:(?:{_MARKS})\s*+)++|(?:(?:{_MARKS})\s*+)++\Z")
"""Tokens of a template around an answer, which a server should have taken away."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


def split_reasoning(answer: str) -> tuple[str, str]:
    """The answer proper, and the reasoning that stood around it.

    A closing tag without its opening one (many chat templates write that themselves) ends reasoning that
    began with the answer, and one after reasoning shows that it went on. Reasoning that is never closed goes
    on to the end. An opening tag counts only at the beginning of a line, and a closing one alone only outside
    of code blocks, so that a program may print them.

    Returns:
        The text without reasoning, and the reasoning alone; the text unchanged where there is none.
    """
    answer = _AT_EDGES.sub("", answer)
    proper: list[str] = []
    reasoning: list[str] = []
    place, inside, fences, counted = 0, False, 0, 0
    for tag in _TAGS.finditer(answer):
        before = answer[place : tag.start()]
        if not inside:
            fences += len(_FENCE.findall(answer, counted, tag.start()))
        counted = tag.end()
        if tag["opening"] is not None:
            if not inside:
                proper.append(before)
                place, inside = tag.end(), True
            continue
        if not inside and (tag["end"] is not None or fences % 2):
            continue
        reasoning += [before] if inside else [*proper, before]
        proper, fences = (proper, fences) if inside else ([], 0)
        place, inside = tag.end(), False
    (reasoning if inside else proper).append(answer[place:])
    if not reasoning:
        return answer, ""
    return _AT_EDGES.sub("", "".join(proper)).strip(), "\n".join(filter(None, map(str.strip, reasoning)))


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
