"""What is taken off published code and descriptions before they become skills."""

from __future__ import annotations

import re

from fieldcraft.skills.javascript import Script, read_script

DESCRIPTION_LIMIT = 1024
_EXPORT = re.compile(r"^export\s+(?:default\s+)?(?=async\b|function\b|const\b|let\b|class\b)", re.MULTILINE)
_WRAPPED = re.compile(
    r"\s*+(?:async\s++)?function\s*+[\w$]*+\s*+\([^)]*+\)\s*+\{(?P<inside>.*)\}\s*+", re.DOTALL
)
_COMMENT_MARKS = re.compile(r"^(?://+|/\*+|\*+/?)\s?|(?<!\s)\s*+\*/$")
"""Without the look behind, a long run of blanks would be tried from each of its places."""


def clean(code: str) -> tuple[Script, list[str]]:
    """A published source without what runs as soon as it is loaded, and what was taken off.

    Voyager's own reader keeps only the functions of what a model wrote; other hands may leave more.

    Raises:
        ProgramError: it cannot be read.
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
    wrapped = _WRAPPED.fullmatch(text)
    inside = wrapped["inside"] if wrapped else text
    lines = [_COMMENT_MARKS.sub("", line.strip()) for line in inside.splitlines()]
    plain = "\n".join(lines).strip()
    if len(plain) <= DESCRIPTION_LIMIT:
        return plain
    cut = plain[:DESCRIPTION_LIMIT]
    return cut[: cut.rfind(". ") + 1] or cut


def _without(script: Script) -> str:
    data = script.source.encode()
    ends = [0, *(stray.end for stray in script.stray)]
    starts = [*(stray.start for stray in script.stray), len(data)]
    return b"".join(data[end:start] for end, start in zip(ends, starts, strict=True)).decode()
