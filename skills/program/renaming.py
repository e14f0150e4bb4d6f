"""Give a program's entry another name, and nothing else of its source."""

from __future__ import annotations

import io
import re
import tokenize

from fieldcraft.skills.program.source import Program, ProgramError, parse_program


def renamed(program: Program, entry: str) -> Program:
    """The same program with another entry name, also where it calls itself.

    Raises:
        ProgramError: it uses the new name for something else, or cannot be read under it.
    """
    if entry == program.entry:
        return program
    if re.search(rf"(?<![\w$]){re.escape(entry)}(?![\w$])", program.source):
        raise ProgramError(f"it uses the name {entry!r} for something else")
    change = _python if program.language == "python" else _javascript
    changed = parse_program(change(program.source, program.entry, entry), program.language)
    if changed.entry != entry or changed.names != program.names:
        raise ProgramError(f"its entry cannot be renamed to {entry!r}")
    return changed


def _python(source: str, old: str, new: str) -> str:
    """Replace the name where it is one by itself, no attribute and no text."""
    lines = source.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        raise ProgramError(f"its entry cannot be renamed: {error}") from None
    before = [None, *tokens[:-1]]
    places = [
        token.start
        for token, last in zip(tokens, before, strict=True)
        if token.type == tokenize.NAME and token.string == old and (last is None or last.string != ".")
    ]
    for row, column in reversed(places):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]}{new}{line[column + len(old) :]}"
    return "".join(lines)


def _javascript(source: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w$.]){re.escape(old)}(?![\w$])", lambda _: new, source)
