"""Clean published code and descriptions before they become skills."""

from __future__ import annotations

import re

from fieldcraft.skills.program.javascript import Script, read_script

DESCRIPTION_LIMIT = 1024
_EXPORT = re.compile(r"^export\s+(?:default\s+)?(?=async\b|function\b|const\b|let\b|class\b)", re.MULTILINE)
_WRAPPED = re.compile(r"(?:async\s++)?function\s*+[\w$]*+\s*+\([^)]*+\)\s*+\{(?P<inside>.*)\}", re.DOTALL)
_COMMENT_BEGIN = re.compile(r"(?://+|/\*+|\*+/?)\s?")


def clean(code: str) -> tuple[Script, list[str]]:
    """A published source without statements that run on loading, and notes on what was removed.

    Voyager itself keeps only the functions that a model wrote; edited libraries may contain more.

    Raises:
        ProgramError: the source cannot be parsed.
    """
    code = code.removeprefix("\ufeff").encode("utf-8", "replace").decode()
    changes = []
    script = read_script(code)
    if any(stray.text.startswith("export") for stray in script.stray):
        script = read_script(_EXPORT.sub("", code))
        changes.append("the word `export` was taken off")
    if script.stray:
        first = script.stray[0]
        changes.append(f"line {first.line}, outside every function, was left out: `{first.text[:60]}`")
        script = read_script(_without(script))
    return script, changes


def description_text(text: str) -> str:
    """A description as plain text. Voyager puts it as a comment into `async function name(bot) { ... }`."""
    text = text.removeprefix("\ufeff").encode("utf-8", "replace").decode()
    wrapped = _WRAPPED.fullmatch(text.strip())
    lines = [_uncommented(line.strip()) for line in (wrapped["inside"] if wrapped else text).splitlines()]
    plain = "\n".join(lines).strip()
    if len(plain) <= DESCRIPTION_LIMIT:
        return plain
    cut = plain[:DESCRIPTION_LIMIT]
    return cut[: cut.rfind(". ") + 1] or cut


def _uncommented(line: str) -> str:
    """A line without comment marks at its beginning and end."""
    begin = _COMMENT_BEGIN.match(line)
    inside = line[begin.end() :] if begin else line
    return inside[:-2].rstrip() if inside.endswith("*/") else inside


def _without(script: Script) -> str:
    data, kept, place = script.source.encode(), [], 0
    for stray in script.stray:
        kept.append(data[place : stray.start])
        place = stray.end
    return b"".join([*kept, data[place:]]).decode()
