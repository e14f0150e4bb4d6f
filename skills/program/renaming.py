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
    if _uses(program, entry):
        raise ProgramError(f"it uses the name {entry!r} for something else")
    change = _python if program.language == "python" else _javascript
    changed = parse_program(change(program.source, program.entry, entry), program.language)
    if changed.entry != entry or changed.names != program.names:
        raise ProgramError(f"its entry cannot be renamed to {entry!r}")
    return changed


def _uses(program: Program, name: str) -> bool:
    """Whether the name means something in a program; in text and comments of Python it does not."""
    if program.language == "python":
        return name in program.names or bool(_places(program.source, name))
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", program.source) is not None


def _python(source: str, old: str, new: str) -> str:
    """Replace the name where it is one by itself, no attribute and no text."""
    lines = source.splitlines(keepends=True)
    for row, column in reversed(_places(source, old)):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]}{new}{line[column + len(old) :]}"
    return "".join(lines)


def _places(source: str, name: str) -> list[tuple[int, int]]:
    """Row and column of each place where it is a name by itself."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        raise ProgramError(f"its entry cannot be renamed: {error}") from None
    before = [None, *tokens[:-1]]
    return [
        token.start
        for token, last in zip(tokens, before, strict=True)
        if token.type == tokenize.NAME and token.string == name and (last is None or last.string != ".")
    ]


def _javascript(source: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w$.]){re.escape(old)}(?![\w$])", lambda _: new, source)
