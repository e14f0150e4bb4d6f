"""The few-shot prompt that makes a model propose calls of a tool (the paper's P(x), appendix A.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.describing import LONGEST_PURPOSE
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.settings import ToolSettings
from fieldcraft.tools.toolformer.syntax import arguments, text

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_HERE = Path(__file__).parent / "prompts"


@dataclass(frozen=True)
class Example:
    """A text without and with calls."""

    plain: str
    annotated: str


def prompt(name: str, tool: BaseTool, settings: ToolSettings, document: str) -> str:
    """What stands before the document's tokens when calls of a tool are sampled in it.

    Raises:
        ToolformerError: the template of the settings cannot be used, or an example holds no call of the tool.
    """
    values = {
        "name": name,
        "description": visible_line(tool.description, LONGEST_PURPOSE),
        "signature": visible_line(signature(name, tool), LONGEST_PURPOSE),
        "examples": examples(name, tool, settings),
        "text": document,
    }
    try:
        if settings.prompt is not None:
            return _templates().from_string(settings.prompt).render(**values)
        return _templates().get_template("annotate.md").render(**values) + "\n"
    except TemplateError as error:
        raise ToolformerError(
            f"the prompt of {name} cannot be used ({error}); it may use {', '.join(values)}"
        ) from error


def signature(name: str, tool: BaseTool) -> str:
    """`search(query, count)`: how a call of the tool is written."""
    return f"{name}({', '.join(parameter.name for parameter in arguments.parameters_of(tool))})"


def examples(name: str, tool: BaseTool, settings: ToolSettings) -> tuple[Example, ...]:
    """The examples of the settings, else those that come with the tool, else one from its schema."""
    given = settings.examples or tuple(_known().get(name, ())) or _from_schema(name, tool)
    found = []
    for annotated in given:
        if not any(True for _ in text.find(annotated, {name})):
            raise ToolformerError(
                f"an example for {name} holds no call of it: {annotated[:80]!r}; write [{name}(...)]"
            )
        found.append(Example(text.strip(annotated, {name}), annotated))
    return tuple(found)


def _from_schema(name: str, tool: BaseTool) -> tuple[str, ...]:
    """One example, of the values that the schema gives as its own examples or defaults, else of names."""
    schema = tool.args
    values: dict[str, Any] = {}
    for parameter in arguments.parameters_of(tool):
        known = schema[parameter.name]
        offered = [*known.get("examples", ()), *([known["default"]] if known.get("default") else ())]
        if offered or parameter.required:
            values[parameter.name] = offered[0] if offered else parameter.name
    call = text.InlineCall(name, arguments.written(values, arguments.parameters_of(tool)))
    subject = ", ".join(map(str, values.values())) or name
    return (text.insert(f"Here something about {subject} has to be known: ...", 46 + len(subject), call),)


@cache
def _known() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = yaml.safe_load((_HERE / "examples.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def _templates() -> Environment:
    return Environment(  # noqa: S701 - text for a model, not HTML
        loader=FileSystemLoader(_HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
