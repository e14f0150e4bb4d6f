"""Tools that call a model: answers from a person's own texts, and translation."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fieldcraft.common.text import quoted, visible_line
from fieldcraft.tools.builtin.search import search
from fieldcraft.tools.context import current_context
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.traits import declare

PASSAGES = 4
"""The most passages that an answer may use."""
ANSWER_SECONDS = 120.0
"""The timeout of a call that waits for a model, in seconds."""
LONGEST_TEXT = 20_000
"""The most characters of a text to translate."""


class Answer(TypedDict):
    """An answer and the sources of the passages it was taken from."""

    answer: str
    sources: list[str]


@declare(effect="reads", timeout=ANSWER_SECONDS, reads_world=False)
def answer(question: str) -> Answer:
    """Answer a question from the texts at hand, with the sources it was taken from."""
    passages = search(question, PASSAGES)
    if not passages:
        return Answer(answer="Unknown.", sources=[])
    said = _ask("answer", question=question, passages=passages)
    return Answer(answer=said, sources=list(dict.fromkeys(passage["source"] for passage in passages)))


@declare(effect="reads", timeout=ANSWER_SECONDS, reads_world=False)
def translate(text: str, language: str = "English") -> str:
    """Translate a text from any language into `language`."""
    if len(text) > LONGEST_TEXT:
        raise ToolError(f"the text is too long: {len(text):,} characters, {LONGEST_TEXT:,} allowed")
    return _ask("translate", text=text, language=language)


def _ask(template: str, **values: Any) -> str:
    model = current_context().model
    if model is None:
        raise ToolError("there is no model to ask here; name one with --model")
    return model.ask(_templates().get_template(f"{template}.md").render(**values)).strip()


@cache
def _templates() -> Environment:
    templates = Environment(  # noqa: S701 - the prompts are Markdown for a model, not HTML
        loader=FileSystemLoader(Path(__file__).parent / "prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(line=visible_line, quoted=quoted)
    return templates
