"""Reading the source of a program before anything runs."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import symtable
from functools import lru_cache

from fieldcraft.common.quiet import without_warnings
from fieldcraft.skills.program.program import (
    RESERVED,
    SOURCE_LIMIT,
    Language,
    MissingParser,
    Parameter,
    Program,
    ProgramError,
    check_size,
)

__all__ = [
    "RESERVED",
    "SOURCE_LIMIT",
    "Language",
    "MissingParser",
    "Parameter",
    "Program",
    "ProgramError",
    "is_skill_name",
    "parse_program",
    "read_python",
]

_NAME_LIMIT = 200
_REMEMBERED = 64
"""Programs of which it is remembered what they are: each is read by several parts, one after the other."""
_FIELDS = 200_000_000
"""Characters of a source times its braces: up to Python 3.11, f-strings are read in quadratic time."""


def parse_program(source: str, language: Language = "python") -> Program:
    """Read source into a `Program`.

    Raises:
        ProgramError: syntax error, no entry function, wrong signature, a reserved name redefined,
            statements at top level other than imports, functions, classes and constants, or a source too
            large or too deeply nested to be read.
        MissingParser: what reads this language is not installed.
    """
    return _parsed(source, language)


@lru_cache(_REMEMBERED)
def _parsed(source: str, language: Language) -> Program:
    if language == "javascript":
        return _parse_javascript(source)
    try:
        return _parse(source, read_python(source))
    except ProgramError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ProgramError(_syntax_message(source, error)) from None


def read_python(source: str) -> ast.Module:
    """The syntax tree of a Python source, in bounded time.

    Raises:
        ProgramError: it cannot be parsed; the message has the line.
    """
    check_size(source)
    if len(source) * source.count("{") > _FIELDS and re.search("[fF][rR]?[\"']", source):
        raise ProgramError("the source has too many fields in f-strings to be read; write fewer")
    try:
        with without_warnings():
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ProgramError(_syntax_message(source, error)) from None


def _symbols(source: str) -> symtable.SymbolTable:
    with without_warnings():
        return symtable.symtable(source, "program", "exec")


def _parse_javascript(source: str) -> Program:
    from fieldcraft.skills.program.javascript import WORLD, read_script

    script = read_script(source)
    if script.stray:
        first = script.stray[0]
        raise ProgramError(
            f"line {first.line} is a statement at top level: `{first.text}`; put all work inside one "
            "`async function` that takes bot"
        )
    entry = script.entry
    wanted = "`async function doTheTask(bot) { ... }` as its last one"
    if entry is not None and len(entry.name) > _NAME_LIMIT:
        raise ProgramError(f"line {entry.line}: the name of the function has more than {_NAME_LIMIT} letters")
    if entry is None or not entry.asynchronous:
        raise ProgramError(f"the program has no async function at top level; write {wanted}")
    if not entry.takes_bot:
        raise ProgramError(
            f"line {entry.line}: the first parameter of {entry.name} must be bot; write {wanted}"
        )
    clash = sorted(script.names.defined & WORLD)
    if clash:
        raise ProgramError(f"the program defines {clash[0]!r}, a name the world provides; rename it")
    return script.program(entry.name)


def _parse(source: str, tree: ast.Module) -> Program:
    _refuse_stray_statements(tree, source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    public = [node for node in functions if not node.name.startswith("_")]
    if not public:
        raise ProgramError(
            "the program has no public top-level function; write `def do_the_task(bot): ...` as its last one"
        )
    entry = public[-1]
    if not entry.name.isascii() or len(entry.name) > _NAME_LIMIT:
        raise ProgramError(
            f"line {entry.lineno}: name the entry function in plain ASCII and {_NAME_LIMIT} letters at most, "
            f"not {entry.name[:_NAME_LIMIT]!r}"
        )
    defined = _defined(tree)
    clash = sorted(defined & RESERVED)
    if clash:
        raise ProgramError(f"the program defines {clash[0]!r}, a name the sandbox provides; rename it")
    return Program(
        source=source,
        entry=entry.name,
        parameters=_parameters(entry),
        docstring=ast.get_docstring(entry) or "",
        names=_global_reads(_symbols(source)) - defined,
        tools=_tool_names(tree),
    )


def _syntax_message(source: str, error: Exception) -> str:
    if not isinstance(error, SyntaxError):
        return f"the source cannot be parsed: {type(error).__name__}: {error}"
    lines = re.split(r"\r\n|\r|\n", source)
    line = error.lineno or 0
    text = f": `{lines[line - 1].strip()[:120]}`" if 0 < line <= len(lines) else ""
    return f"SyntaxError at line {line}: {error.msg}{text}"


def _refuse_stray_statements(tree: ast.Module, source: str) -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not isinstance(node, allowed) and not docstring:
            text = (ast.get_source_segment(source, node) or "").split("\n")[0][:120]
            what = (
                "an async function" if isinstance(node, ast.AsyncFunctionDef) else "a statement at top level"
            )
            raise ProgramError(
                f"line {node.lineno} is {what}: `{text}`; put all work inside one plain `def` that takes bot"
            )


def _parameters(entry: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[Parameter, ...]:
    arguments = entry.args
    positional = [*arguments.posonlyargs, *arguments.args]
    wanted = f"`def {entry.name}(bot, count=1)`: bot first, then only parameters with defaults"
    if not positional or positional[0].arg != "bot" or arguments.vararg or arguments.kwarg:
        raise ProgramError(f"line {entry.lineno}: the entry function has the wrong signature; write {wanted}")
    pairs = list(
        zip(
            positional[1:], arguments.defaults[-len(positional[1:]) :] if positional[1:] else [], strict=False
        )
    )
    if len(arguments.defaults) != len(positional) - 1 or None in arguments.kw_defaults:
        raise ProgramError(f"line {entry.lineno}: a parameter besides bot has no default; write {wanted}")
    keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return tuple(
        Parameter(name=argument.arg, default=ast.unparse(default))
        for argument, default in [*pairs, *keyword_only]
        if default is not None
    )


def _defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
            case ast.Assign() | ast.AnnAssign():
                names.update(
                    leaf.id
                    for leaf in ast.walk(node)
                    if isinstance(leaf, ast.Name) and isinstance(leaf.ctx, ast.Store)
                )
    return names


def _global_reads(scope: symtable.SymbolTable) -> frozenset[str]:
    """The global names that a scope and those inside it read, Python's and the sandbox's own left out."""
    reads = {
        symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()
    }
    if scope.get_type() == "module":
        reads |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_referenced()}
    own = frozenset(name for name in reads - RESERVED if not hasattr(builtins, name))
    return own.union(*(_global_reads(inner) for inner in scope.get_children()))


def _tool_names(tree: ast.Module) -> frozenset[str]:
    return frozenset(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tools"
    )


def is_skill_name(name: str) -> bool:
    """Whether `name` may name a skill's entry: a public identifier that shadows nothing."""
    return (
        name.isidentifier()
        and not name.startswith("_")
        and not keyword.iskeyword(name)
        and not hasattr(builtins, name)
        and name not in RESERVED
    )
