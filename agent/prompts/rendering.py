"""Prompts as Markdown templates, in which no value can leave its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment as Jinja
from jinja2 import FileSystemLoader, StrictUndefined

from fieldcraft.agent.models.messages import Message
from fieldcraft.agent.prompts.answers import (
    AnswerUnusable,
    MoreWanted,
    SeveralPrograms,
    parse_code,
    parse_json,
)
from fieldcraft.agent.prompts.placing import (
    among,
    besides,
    commas,
    entries,
    fenced,
    itemized,
    json_object,
    listed_names,
    placed,
    quoted,
    reference,
    spoken,
)
from fieldcraft.agent.prompts.world_words import GENERAL
from fieldcraft.skills.program.summary import needs_and_effects, purpose, signature

__all__ = [
    "AnswerUnusable",
    "MoreWanted",
    "Prompts",
    "SeveralPrograms",
    "built_in_text",
    "parse_code",
    "parse_json",
    "quoted",
    "render",
]

TEMPLATES = Path(__file__).parent / "templates"
FILTERS: Mapping[str, Callable[..., Any]] = {
    "among": among,
    "besides": besides,
    "commas": commas,
    "entries": entries,
    "fenced": fenced,
    "itemized": itemized,
    "listed": listed_names,
    "needs_and_effects": needs_and_effects,
    "object": json_object,
    "purpose": purpose,
    "quoted": quoted,
    "reference": reference,
    "signature": signature,
    "spoken": spoken,
}


class Prompts:
    """The prompts of a run: the built-in templates, or those of a folder in place of the ones it names."""

    def __init__(self, folder: Path | str = "") -> None:
        """Check the templates of `folder`, where one is given.

        Raises:
            BadPrompts: the folder cannot be read, or one of its templates would fail in a run.
        """
        self._overrides = None
        if str(folder):
            from fieldcraft.agent.prompts.overriding import Overrides
            from fieldcraft.agent.prompts.variables import VARIABLES

            built_in = {name: built_in_text(name) for name in VARIABLES}
            self._overrides = Overrides(Path(folder), built_in, filters=FILTERS, finalize=placed)

    def render(self, template: str, **values: Any) -> list[Message]:
        """The messages of `<template>.md`: its `system` block and its `user` block, empty ones left out.

        Whatever a template writes is one visible line, or a block of one of the kinds of `placing.py`.

        Raises:
            jinja2.UndefinedError: a built-in template uses a value that was not given.
            BadPrompts: a template of the folder cannot be rendered with these values.
        """
        values = {**GENERAL, **values}
        if self._overrides is None:
            written = _written(template, values)
        else:
            written = self._overrides.texts(template, values)
        return [
            Message(
                role="system" if role == "system" else "user", text=re.sub(r"\n{3,}", "\n\n", text.strip())
            )
            for role, text in written
            if text.strip()
        ]


def built_in_text(template: str) -> str:
    """The source of a built-in template."""
    return TEMPLATES.joinpath(f"{template}.md").read_text(encoding="utf-8")


@cache
def _templates() -> Jinja:
    jinja = Jinja(  # noqa: S701 - the prompts are Markdown for a model, not HTML
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=placed,
    )
    jinja.filters.update(FILTERS)
    return jinja


def _written(template: str, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    page = _templates().get_template(f"{template}.md")
    for role in ("system", "user"):
        yield role, "".join(page.blocks[role](page.new_context(values)))


render = Prompts().render
"""Renders a built-in template; see `Prompts.render`."""
