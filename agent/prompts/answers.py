"""Answers of models as typed data, in time that grows with their length and no faster."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from fieldcraft.common.data import DataError, read_json
from fieldcraft.common.errors import ForeignFault
from fieldcraft.common.suggest import reason
from fieldcraft.common.text import visible_line

ANSWER_LIMIT = 100_000
"""Characters of an answer that are read; a longer one is refused."""

_LONGEST_PROBLEM = 2_000
_FENCE = "```"
_AFTER_FENCE = re.compile(r"(?:json)?(\s*+)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]]', re.DOTALL)
_OPENING = re.compile(r"[ \t]*+```[ \t]*+[\w+-]*+[ \t]*+")
_CLOSING = re.compile(r"[ \t]*+```[ \t]*+")

T = TypeVar("T", bound=BaseModel)


class AnswerUnusable(ForeignFault, ValueError):
    """An answer is not of the form that was asked for; the message tells the model what to change.

    It is one line of visible characters, whatever of the answer it holds.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(visible_line(problem, _LONGEST_PROBLEM))


def parse_json(answer: str, schema: type[T]) -> T:
    """The one JSON object in an answer, bare or in a code block, as `schema`.

    Raises:
        AnswerUnusable: none, or not of that schema.
    """
    _refuse_giant(answer)
    text = _last_block(answer)
    start = text.find("{")
    if start < 0:
        raise AnswerUnusable("it holds no JSON object")
    try:
        return schema.model_validate(read_json(_first_object(text, start)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the object"
        problem = f"{place}: {reason(first['msg'])}"
    except DataError as error:
        problem = f"it is not valid JSON: {str(error).removeprefix('it is no valid JSON: ')}"
    raise AnswerUnusable(problem)


def _last_block(answer: str) -> str:
    """What stands in the last code block without a language, or of JSON; else the answer."""
    block, place = answer, 0
    while (fence := answer.find(_FENCE, place)) >= 0:
        place = fence + 1
        gap = _AFTER_FENCE.match(answer, fence + len(_FENCE))
        if gap is None or (line_end := answer.rfind("\n", *gap.span(1))) < 0:
            continue
        closing = answer.find(_FENCE, line_end)
        if closing < 0:
            break
        block, place = answer[line_end + 1 : closing], closing + len(_FENCE)
    return block


def _first_object(text: str, start: int) -> str:
    """The text from the brace at `start` to the one that closes it, or to the end."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth == 0 and token[0] in "}]":
            return text[start : token.end()]
    return text[start:]


def parse_code(answer: str, language: str = "python") -> str:
    """The source in the one code block of an actor's answer.

    Raises:
        AnswerUnusable: no code block, several, one that is never closed, or a giant answer.
    """
    _refuse_giant(answer)
    lines = answer.split("\n")
    blocks: list[str] = []
    opened: int | None = None
    for number, line in enumerate(lines):
        if opened is None:
            opened = number if _OPENING.fullmatch(line) else None
        elif _CLOSING.fullmatch(line):
            blocks.append("".join(f"{inside}\n" for inside in lines[opened + 1 : number]))
            opened = None
    match blocks:
        case [source]:
            return source
        case []:
            problem = "it holds no code block" if opened is None else "its code block is never closed"
        case _:
            problem = f"it holds {len(blocks)} code blocks"
    raise AnswerUnusable(f"{problem}; put the whole program into exactly one ```{language} block")


def _refuse_giant(answer: str) -> None:
    if len(answer) > ANSWER_LIMIT:
        raise AnswerUnusable(f"it is {len(answer):,} characters long; at most {ANSWER_LIMIT:,} are read")
