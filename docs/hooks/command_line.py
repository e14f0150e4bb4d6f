"""Writes the reference of the command line from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from fieldcraft.cli.main import app

HEAD = """# Command-line reference

Every command with its arguments and flags, made from the program itself. [The command line](command-line.md)
says how the commands hang together and what they promise.
"""


def reference() -> str:
    """The page, in Markdown: the same for the same program."""
    root = get_command(app)
    return "\n".join([HEAD, *_contents(root), "", *_command(root, None, "fieldcraft")])


def commands() -> dict[str, Any]:
    """Every command and group of commands by what is typed to reach it, `fieldcraft` first."""
    return dict(_walk(get_command(app), "fieldcraft"))


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from _walk(inner, f"{path} {name}")


def _contents(root: Any) -> Iterator[str]:
    yield "| command | does |"
    yield "| --- | --- |"
    for path, command in _walk(root, "fieldcraft"):
        if not getattr(command, "commands", None):
            yield f"| [`{path}`](#{path.replace(' ', '-')}) | {_cell(_paragraphs(command.help)[0])} |"


def _command(command: Any, parent: Any, path: str) -> Iterator[str]:
    context = command.context_class(command, info_name=path.rpartition(" ")[2], parent=parent)
    yield f"{'##' if path.count(' ') < 2 else '###'} `{path}` {{: #{path.replace(' ', '-')} }}"
    yield ""
    yield f"```text\n{path} {' '.join(command.collect_usage_pieces(context))}\n```"
    yield ""
    yield "\n\n".join(_escaped(paragraph) for paragraph in _paragraphs(command.help))
    yield ""
    yield from _parameters(command, context)
    yield from _examples(command.epilog)
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from _command(inner, context, f"{path} {name}")


def _parameters(command: Any, context: Any) -> Iterator[str]:
    """A table for each panel of the help, arguments first."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        if parameter.hidden or "--help" in parameter.opts:
            continue
        kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
        panel = parameter.rich_help_panel or kind
        panels.setdefault(panel, []).append(_row(parameter, context))
    for panel in sorted(panels, key=lambda name: name != "Arguments"):
        yield f"| {_cell(panel)} | |"
        yield "| --- | --- |"
        for names, text in panels[panel]:
            yield f"| {names} | {text} |"
        yield ""


def _row(parameter: Any, context: Any) -> tuple[str, str]:
    record = parameter.get_help_record(context) or (parameter.name, parameter.help or "")
    return f"`{_cell(record[0], escape=False)}`", _cell(record[1])


def _examples(epilog: str | None) -> Iterator[str]:
    """The commands that the help ends with; they stand two spaces in."""
    shown = [line.strip() for line in (epilog or "").splitlines() if line.startswith("  ")]
    if shown:
        yield "```text\n" + "\n".join(shown) + "\n```"
        yield ""


def _paragraphs(text: str | None) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", (text or "").strip())]


def _cell(text: str, *, escape: bool = True) -> str:
    """Text on one line, without what ends a cell."""
    line = " ".join(text.split()).replace("|", "\\|")
    return _escaped(line) if escape else line


def _escaped(text: str) -> str:
    """Words of a help text, in which nothing but code is markup."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return re.sub(r"([<>*_\[\]`])", r"\\\1", text)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"([<>*_\[\]])", r"\\\1", parts[index])
    return "`".join(parts)
