"""The language of prompts that a user writes: Jinja without what could reach out of a prompt, or swell it.

Every operation is bounded in what it makes, each turn of a loop or macro is counted, and rendering has a
deadline, so that no template can hold up a run or use up its memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from jinja2 import DictLoader, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from fieldcraft.agent.prompts.placing import Block
from fieldcraft.common.errors import ForeignFault

PROMPT_LIMIT = 2_000_000
"""Characters of a message."""
SECONDS = 10.0
"""For one prompt; the built-in ones take a few thousandths of a second."""
_VALUE = 1_000_000
"""Characters or members of what one operation makes."""
_BITS = 1_000
"""Of a whole number that is multiplied."""

_FILTERS = (
    "abs",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "groupby",
    "int",
    "items",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "string",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
    "wordcount",
)
_TEXT_METHODS = (
    "capitalize",
    "count",
    "endswith",
    "find",
    "isdigit",
    "lower",
    "lstrip",
    "partition",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
)
_METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (str, frozenset(_TEXT_METHODS)),
    (dict, frozenset({"get", "items", "keys", "values"})),
    (list, frozenset({"count", "index"})),
    (tuple, frozenset({"count", "index"})),
    (LoopContext, frozenset({"cycle", "changed"})),
)


class TooMuch(ForeignFault):
    """A template makes more than a prompt may be; the message says what."""


class Language(ImmutableSandboxedEnvironment):
    """The environment of Jinja in which a user's templates and the built-in ones beside them are rendered."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(
        self,
        sources: Mapping[str, str],
        *,
        filters: Mapping[str, Callable[..., Any]],
        finalize: Callable[[object], str],
    ) -> None:
        """Take templates by name, the filters of the built-in ones, and what a template writes of a value."""
        super().__init__(
            loader=DictLoader(sources),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            finalize=finalize,
        )
        allowed = {name: FILTERS[name] for name in _FILTERS}
        allowed |= {"join": _join, "replace": _replace, **filters}
        self.filters = {name: _weighed(function) for name, function in allowed.items()}
        self.globals = {name: self.globals[name] for name in ("range", "dict", "namespace")}
        self._deadline = 0.0

    def begin(self) -> None:
        """Start the clock of a prompt."""
        self._deadline = time.monotonic() + SECONDS

    def step(self) -> None:
        """Called in each turn of a loop, and in each macro, block and part."""
        if time.monotonic() > self._deadline:
            raise TooMuch(f"it takes longer than {SECONDS:g} seconds")

    def joined(self, *parts: object) -> str:
        """What `~` makes."""
        return _bounded([str(part) for part in parts])

    def as_list(self, *parts: object) -> list[object]:
        """What `[a, b]` makes."""
        return list(parts)

    def as_tuple(self, *parts: object) -> tuple[object, ...]:
        """What `(a, b)` makes."""
        return parts

    def as_dict(self, *parts: object) -> dict[object, object]:
        """What `{a: b}` makes."""
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called, with arguments and a result that are no more than a value may be."""
        _weigh(args)
        _weigh(kwargs)
        return _weigh(super().call(context, obj, *args, **kwargs))

    def concat(self, parts: Iterable[str]) -> Block:
        """What a template wrote, in pieces that each keep to their place, as one."""
        return Block(_bounded(parts, PROMPT_LIMIT))

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a template may call this: parts of the language, and methods that only look."""
        if isinstance(obj, Macro | BlockReference | LoopContext):
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if owner is self or any(obj is known for known in self.globals.values()):
            return True
        return any(isinstance(owner, kind) and name in known for kind, known in _METHODS)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse what would make something enormous."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "%" and not numbers:
            raise SecurityError("% takes numbers; write values as {{ value }}")
        if operator == "+" and not numbers:
            _check_size(_length(left) + _length(right))
        elif operator == "*":
            if numbers:
                _check_bits(_bits(left) + _bits(right))
            else:
                times = left if isinstance(left, int) else right if isinstance(right, int) else 1
                _check_size(max(_length(left), _length(right)) * times)
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            _check_bits(_bits(left) * abs(right))
        return _weigh(super().call_binop(context, operator, left, right))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template: nodes.Template = _Counting().visit(super()._parse(source, name, filename))
        return template


class _Counting(NodeTransformer):
    """Puts `step` into every body that may run often, and a call in place of what makes a text or a list."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by Jinja
        return self._counted(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        return self._counted(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        return self._counted(node)

    def visit_Block(self, node: nodes.Block) -> nodes.Node:  # noqa: N802
        return self._counted(node)

    def visit_Template(self, node: nodes.Template) -> nodes.Node:  # noqa: N802
        return self.generic_visit(node) if node.find(nodes.Extends) else self._counted(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("joined", node.nodes, node.lineno)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("as_list", node.items, node.lineno)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("as_tuple", node.items, node.lineno) if node.ctx == "load" else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("as_dict", [part for pair in node.items for part in (pair.key, pair.value)], node.lineno)

    def _counted(self, node: Any) -> nodes.Node:
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_call("step", [], node.lineno), lineno=node.lineno))
        return node  # type: ignore[no-any-return]


def _call(method: str, arguments: list[nodes.Expr], line: int) -> nodes.Call:
    attribute = nodes.EnvironmentAttribute(method, lineno=line)
    return nodes.Call(attribute, arguments, [], None, None, lineno=line)


def _bounded(parts: Iterable[str], limit: int = _VALUE) -> str:
    taken, size = [], 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise TooMuch(f"it makes a text of more than {limit:,} characters")
        taken.append(part)
    return "".join(taken)


def _join(values: Iterable[object], d: str = "") -> str:
    """The values as texts with something between them."""
    return _bounded(
        piece
        for number, value in enumerate(values)
        for piece in ((d, str(value)) if number else (str(value),))
    )


def _replace(text: object, old: str, new: str) -> str:
    """The text with every `old` made `new`."""
    whole = str(text)
    _check_size(len(whole) + whole.count(old) * len(new))
    return whole.replace(old, new)


def _weighed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, with a result that is no more than a value may be."""

    @wraps(function)
    def filtered(*args: Any, **kwargs: Any) -> Any:
        return _weigh(function(*args, **kwargs))

    return filtered


def _weigh(value: Any) -> Any:
    """The value, unless it holds too much: what stands in it twice counts twice."""
    if not isinstance(value, list | tuple | dict):
        return value
    weight = 0
    left: list[Any] = [value]
    while left:
        part = left.pop()
        weight += 1 + (len(part) if isinstance(part, str) else 0)
        if weight > _VALUE:
            _check_size(weight)
        if isinstance(part, list | tuple):
            left.extend(part)
        elif isinstance(part, dict):
            left.extend(part)
            left.extend(part.values())
    return value


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _bits(value: object) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def _check_size(size: int) -> None:
    if size > _VALUE:
        raise TooMuch(f"it makes a value of more than {_VALUE:,} characters or members")


def _check_bits(bits: int) -> None:
    if bits > _BITS:
        raise TooMuch("it makes a number of hundreds of digits")
