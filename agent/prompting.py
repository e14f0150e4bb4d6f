"""Prompts as Markdown templates, and answers as typed data."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment as Jinja
from jinja2 import FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ValidationError

from fieldcraft.agent.folding import listed
from fieldcraft.agent.models.messages import Message
from fieldcraft.envs.suggest import reason
from fieldcraft.skills.reading import signature

ANSWER_LIMIT = 100_000
"""Characters of an answer that are read; a longer one is refused."""

T = TypeVar("T", bound=BaseModel)


class AnswerUnusable(ValueError):
    """An answer is not of the form that was asked for; the message tells the model what to change."""


def quoted(text: object) -> str:
    """Each line behind `> `: data from the world, a tool or a program, never an instruction."""
    return "\n".join(f"> {line}" for line in str(text).splitlines()) or "> (nothing)"


def one_line(text: object) -> str:
    """All of a text on one line, so that it can begin no heading and close no block."""
    return " ".join(str(text).split())


def code(source: object) -> str:
    """Source that cannot close the block it stands in."""
    return str(source).strip().replace("```", "'''")


@cache
def _templates() -> Jinja:
    jinja = Jinja(  # noqa: S701 - the prompts are Markdown for a model, not HTML
        loader=FileSystemLoader(Path(__file__).parent / "prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    jinja.filters.update(quoted=quoted, one_line=one_line, code=code, signature=signature, listed=listed)
    return jinja


def render(template: str, **values: Any) -> list[Message]:
    """The messages of `prompts/<template>.md`: its `system` block and its `user` block, empty ones left out.

    Raises:
        jinja2.UndefinedError: the template uses a value that was not given.
    """
    page = _templates().get_template(f"{template}.md")
    messages = []
    for role in ("system", "user"):
        text = "".join(page.blocks[role](page.new_context(values))).strip()
        if text:
            messages.append(Message(role=role, text=re.sub(r"\n{3,}", "\n\n", text)))
    return messages


def parse_json(answer: str, schema: type[T]) -> T:
    """The one JSON object in an answer, bare or in a code block, as `schema`.

    Raises:
        AnswerUnusable: none, or not of that schema.
    """
    _refuse_giant(answer)
    fenced = re.findall(r"```(?:json)?\s*\n(.*?)```", answer, flags=re.DOTALL)
    text = fenced[-1] if fenced else answer
    start = text.find("{")
    if start < 0:
        raise AnswerUnusable("it holds no JSON object")
    try:
        data, _ = json.JSONDecoder().raw_decode(text[start:])
        return schema.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AnswerUnusable(f"{place or 'the object'}: {reason(first['msg'])}") from None
    except (ValueError, RecursionError) as error:
        raise AnswerUnusable(f"it is not valid JSON: {error}") from None


def parse_code(answer: str, language: str = "python") -> str:
    """The source in the one code block of an actor's answer.

    Raises:
        AnswerUnusable: no code block, several, one that is never closed, or a giant answer.
    """
    _refuse_giant(answer)
    fences = re.findall(r"^[ \t]*```[ \t]*([\w+-]*)[ \t]*$", answer, flags=re.MULTILINE)
    blocks = re.findall(
        r"^[ \t]*```[ \t]*[\w+-]*[ \t]*\n(.*?)^[ \t]*```[ \t]*$", answer, flags=re.DOTALL | re.MULTILINE
    )
    match blocks:
        case [source]:
            return str(source)
        case []:
            problem = "its code block is never closed" if fences else "it holds no code block"
        case _:
            problem = f"it holds {len(blocks)} code blocks"
    raise AnswerUnusable(f"{problem}; put the whole program into exactly one ```{language} block")


def _refuse_giant(answer: str) -> None:
    if len(answer) > ANSWER_LIMIT:
        raise AnswerUnusable(f"it is {len(answer):,} characters long; at most {ANSWER_LIMIT:,} are read")
