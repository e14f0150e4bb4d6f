"""A skill's source, read in its own language: how it is called, and the program to run."""

from __future__ import annotations

from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.program.source import SOURCE_LIMIT, Parameter, Program, ProgramError, parse_program
from fieldcraft.skills.sandbox.base import BoundSkill


def program_of(skill: Skill | BoundSkill) -> Program:
    """The program that a skill is, whose entry in JavaScript need not be the last function of its source.

    Raises:
        ProgramError: the source cannot be read, or has no such function.
    """
    if skill.language == "python":
        return parse_program(skill.source)
    from fieldcraft.skills.program.javascript import read_script

    script = read_script(skill.source)
    if skill.entry not in script.functions:
        raise ProgramError(f"no function at top level is called {skill.entry!r}")
    return script.program(skill.entry)


def signature(skill: Skill, longest: int = SOURCE_LIMIT) -> str:
    """`mine_stone(bot, count=1)`; `mine_stone(bot, ...)` where its source cannot be read here.

    Defaults of more than `longest` characters are written as `...`.
    """
    try:
        given = [_text(parameter, longest) for parameter in program_of(skill).parameters]
    except ProgramError:
        given = ["..."]
    return f"{skill.entry}({', '.join(['bot', *given])})"


def _text(parameter: Parameter, longest: int) -> str:
    if parameter.default == "undefined":
        return parameter.name
    return f"{parameter.name}={parameter.default if len(parameter.default) <= longest else '...'}"


def sole_call(source: str) -> str:
    """The function that a JavaScript program calls where that is all it does, else nothing."""
    from fieldcraft.skills.program.javascript import read_script

    functions = read_script(source).functions
    return next(iter(functions.values())).sole_call if len(functions) == 1 else ""
