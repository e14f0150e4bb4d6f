"""A JavaScript source taken apart: its functions, the names each needs, and what does not belong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fieldcraft.skills.javascript.early_errors import check
from fieldcraft.skills.javascript.scopes import NamesUsed, names_in
from fieldcraft.skills.javascript.syntax import line_of, parse, text_of
from fieldcraft.skills.program import Parameter, Program, ProgramError

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function"})
_DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration", "class_declaration"})
_SILENT = frozenset({"comment", "empty_statement", "hash_bang_line"})


@dataclass(frozen=True)
class Function:
    """A function at top level. `text` is its statement; `free` are the names it reads and does not define.

    `sole_call` is the function that it calls where its body is that call and nothing else.
    """

    name: str
    line: int
    text: str
    asynchronous: bool
    parameters: tuple[Parameter, ...]
    takes_bot: bool
    docstring: str
    free: frozenset[str]
    sole_call: str


@dataclass(frozen=True)
class Stray:
    """A statement at top level that a skill may not have; `start` and `end` are offsets in bytes."""

    line: int
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Script:
    """A source that can be read. Of functions of one name the last counts, as in the language."""

    source: str
    functions: dict[str, Function]
    names: NamesUsed
    stray: tuple[Stray, ...]

    @property
    def entry(self) -> Function | None:
        """The last asynchronous function at top level, as Voyager has it; else the last one."""
        latest = list(reversed(self.functions.values()))
        return next((found for found in latest if found.asynchronous), latest[0] if latest else None)

    def program(self, entry: str) -> Program:
        """As a program whose entry is the function of that name."""
        function = self.functions[entry]
        return Program(
            source=self.source,
            entry=entry,
            language="javascript",
            parameters=function.parameters,
            docstring=function.docstring,
            names=self.names.free,
        )


def read_script(source: str) -> Script:
    """Read a source.

    Raises:
        ProgramError: a syntax error, with its line.
        MissingParser: the parser is not installed.
    """
    try:
        root = parse(source)
        check(root, source)
        functions: dict[str, Function] = {}
        stray = []
        for node in root.named_children:
            found = _function(node, source)
            if found is not None:
                functions.pop(found.name, None)
                functions[found.name] = found
            elif not _belongs(node):
                text = text_of(node).split("\n")[0][:120]
                stray.append(Stray(line_of(node), text, node.start_byte, node.end_byte))
        return Script(source, functions, names_in(root, source), tuple(stray))
    except RecursionError:
        raise ProgramError("the source cannot be read: it is nested too deep") from None


def _belongs(node: Node) -> bool:
    """Whether a statement may stand at top level: what defines, and a directive such as "use strict"."""
    if node.type == "expression_statement":
        return [child.type for child in node.named_children] == ["string"]
    return node.type in _DECLARATIONS or node.type in _SILENT


def _function(node: Node, source: str) -> Function | None:
    """The function that a statement defines, if that is what it does."""
    definition, name = node, node.child_by_field_name("name")
    if node.type in {"lexical_declaration", "variable_declaration"}:
        declarators = [child for child in node.named_children if child.type == "variable_declarator"]
        value = declarators[0].child_by_field_name("value") if len(declarators) == 1 else None
        if value is None or value.type not in _FUNCTION_VALUES:
            return None
        definition, name = value, declarators[0].child_by_field_name("name")
    elif node.type not in {"function_declaration", "generator_function_declaration"}:
        return None
    if name is None or name.type != "identifier":
        return None
    parameters = _parameters(definition)
    return Function(
        name=text_of(name),
        line=line_of(node),
        text=text_of(node),
        asynchronous=any(child.type == "async" for child in definition.children),
        parameters=parameters[1:],
        takes_bot=bool(parameters) and parameters[0].name == "bot",
        docstring=_docstring(node, definition),
        free=names_in(node, source).free,
        sole_call=_sole_call(definition),
    )


def _parameters(definition: Node) -> tuple[Parameter, ...]:
    single = definition.child_by_field_name("parameter")
    many = definition.child_by_field_name("parameters")
    patterns = [single] if single is not None else many.named_children if many is not None else []
    return tuple(_parameter(pattern) for pattern in patterns if pattern.type != "comment")


def _parameter(pattern: Node) -> Parameter:
    left, right = pattern.child_by_field_name("left"), pattern.child_by_field_name("right")
    if pattern.type == "assignment_pattern" and left is not None and right is not None:
        return Parameter(name=text_of(left), default=text_of(right))
    return Parameter(name=text_of(pattern), default="undefined")


def _sole_call(definition: Node) -> str:
    body = definition.child_by_field_name("body")
    steps = [child for child in body.named_children if child.type != "comment"] if body is not None else []
    step = steps[0] if len(steps) == 1 else None
    while step is not None and step.type in {"expression_statement", "return_statement", "await_expression"}:
        step = step.named_children[0] if step.named_children else None
    called = (
        step.child_by_field_name("function") if step is not None and step.type == "call_expression" else None
    )
    return text_of(called) if called is not None and called.type == "identifier" else ""


def _docstring(node: Node, definition: Node) -> str:
    """The comment before a function, or else the one that its body begins with."""
    before = []
    previous = node.prev_named_sibling
    while previous is not None and previous.type == "comment":
        before.append(previous)
        previous = previous.prev_named_sibling
    if before:
        return "\n".join(_comment_text(comment) for comment in reversed(before)).strip()
    body = definition.child_by_field_name("body")
    first = []
    for child in body.named_children if body is not None else ():
        if child.type != "comment":
            break
        first.append(_comment_text(child))
    return "\n".join(first).strip()


def _comment_text(comment: Node) -> str:
    text = text_of(comment)
    if text.startswith("//"):
        return text[2:].strip()
    lines = text.removeprefix("/*").removesuffix("*/").split("\n")
    return "\n".join(line.strip().lstrip("*").strip() for line in lines).strip()
