"""Prompts as Markdown templates, in which no value can leave its place."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment as Jinja
from jinja2 import FileSystemLoader, StrictUndefined

from fieldcraft.agent.models.messages import Message
from fieldcraft.agent.prompts.answers import AnswerUnusable, parse_code, parse_json
from fieldcraft.agent.prompts.placing import commas, entries, fenced, listed_names, placed, quoted, reference
from fieldcraft.skills.program.reading import signature

__all__ = ["AnswerUnusable", "parse_code", "parse_json", "quoted", "render"]


@cache
def _templates() -> Jinja:
    jinja = Jinja(  # noqa: S701 - the prompts are Markdown for a model, not HTML
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=placed,
    )
    jinja.filters.update(
        commas=commas,
        entries=entries,
        fenced=fenced,
        listed=listed_names,
        quoted=quoted,
        reference=reference,
        signature=signature,
    )
    return jinja


def render(template: str, **values: Any) -> list[Message]:
    """The messages of `prompts/<template>.md`: its `system` block and its `user` block, empty ones left out.

    Whatever a template writes is one visible line, or a block of one of the kinds of `placing.py`.

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
