"""YAML that others wrote, read within bounds: no objects, no large aliases, no quadratic numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.text import valid_text

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_TEXT, _LIST, _MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_BLANKS = re.compile(" {2,}")


DEFAULT = Limits(size=1_000_000, items=50_000)
"""YAML is slower to read than JSON, and written by hand: about half a second at the most."""


class _Loader(_BASE):  # type: ignore[misc]
    """The safe loader, but dates, octal and base-60 numbers stay text: the last cost quadratic time."""


_REPLACED = {f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "int", "float")}
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in pairs if tag not in _REPLACED]
    for letter, pairs in _BASE.yaml_implicit_resolvers.items()
}
for _kind, _pattern, _first in (("int", _INTEGER, "-+0123456789"), ("float", _NUMBER, "-+.0123456789")):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern.pattern})\Z"), list(_first)
    )


def _integer(loader: Any, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    if not _INTEGER.fullmatch(text):
        raise DataError(f"{text[:50]!r} is no integer")
    return int(text, 0)


def _number(loader: Any, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node))
    if not _NUMBER.fullmatch(text):
        raise DataError(f"{text[:50]!r} is no finite number")
    return float(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def read_yaml(text: str, limits: Limits = DEFAULT) -> Any:
    """The value of a YAML document, as JSON data; dates are text, keys are text.

    Raises:
        DataError: it is no YAML, holds more than plain data, or is beyond a bound.
    """
    text = valid_text(text)
    size = len(text.encode())
    if size > limits.size:
        raise DataError(f"it has {size:,} bytes; at most {limits.size:,} are read")
    try:
        value = _read(text, limits)
    except DataError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, LookupError, ArithmeticError) as error:
        raise DataError(f"it is no valid YAML: {_words(error)}") from None
    return bounded(value, limits)


def _read(text: str, limits: Limits) -> Any:
    if _plainly_small(text, limits):
        return _loaded(text)
    try:
        return _built(_Shape(limits).checked(text))
    except _NotPlain:
        _Shape(limits).check(text)
        return _loaded(text)


def _words(error: Exception) -> str:
    """What is wrong, with the line (from 1) where PyYAML says one."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())[:300]
    return f"{' '.join(str(getattr(error, 'problem', '')).split())[:200]} (line {mark.line + 1})"


def _loaded(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        try:
            return None if node is None else _plain(node, loader)
        except _NotPlain:
            return loader.construct_document(node)
    finally:
        loader.dispose()


_SCALARS: Any = yaml.constructor.SafeConstructor()
"""Makes single scalars."""


class _NotPlain(Exception):
    """A tag or a key that needs PyYAML's own, slower construction."""


def _built(events: Iterator[yaml.Event]) -> Any:
    """The value of a document without aliases, tags and keys other than text, in half the time of `_plain`.

    Raises:
        _NotPlain: it has some.
    """
    roots: list[Any] = []
    holders: list[tuple[Any, list[str]]] = [(roots, [])]
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            holders.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        value = _begun(event)
        holder, keys = holders[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif keys:
            holder[keys.pop()] = value
        elif isinstance(value, str):
            keys.append(value)
        else:
            raise _NotPlain
        if isinstance(value, list | dict):
            holders.append((value, []))
    if len(roots) > 1:
        raise _NotPlain
    return roots[0] if roots else None


def _begun(event: yaml.NodeEvent) -> Any:
    """The value of a scalar, or the empty list or mapping that begins."""
    match event:
        case yaml.ScalarEvent(tag=None):
            return event.value if event.style else _resolved(event.value)
        case yaml.SequenceStartEvent(tag=None):
            return []
        case yaml.MappingStartEvent(tag=None):
            return {}
        case _:
            raise _NotPlain


def _resolved(text: str) -> Any:
    """The value of a scalar without quotes."""
    for tag, pattern in _Loader.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            node = yaml.ScalarNode(tag, text)
            match tag.rpartition(":")[2]:
                case "int":
                    return _integer(_SCALARS, node)
                case "float":
                    return _number(_SCALARS, node)
                case "bool":
                    return _SCALARS.construct_yaml_bool(node)
                case "null":
                    return None
                case _:
                    raise _NotPlain
    return text


def _plain(node: yaml.Node, loader: Any) -> Any:
    """The value of texts, lists and mappings with texts as keys; other scalars as the loader makes them."""
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag == _TEXT else loader.construct_object(node)
    if isinstance(node, yaml.SequenceNode) and node.tag == _LIST:
        return [_plain(part, loader) for part in node.value]
    if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
        if any(key.tag != _TEXT for key, _ in node.value):
            raise _NotPlain
        return {key.value: _plain(part, loader) for key, part in node.value}
    raise _NotPlain


def _plainly_small(text: str, limits: Limits) -> bool:
    """Whether no reading of this text can exceed the bounds: most frontmatter, at a tenth of the cost.

    A level of nesting takes a dash, a question mark, a deeper indent or a bracket, a square one opening two
    (`[a: 1]`); and a value takes half a letter or more.
    """
    if "&" in text or "*" in text or 2 * len(text) > limits.items:
        return False
    levels = sum(map(text.count, "[[{-?")) + max(map(len, _BLANKS.findall(text)), default=1) + 1
    return levels <= limits.depth


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """The safe dumper, which also quotes text that `read_yaml` would take for a number."""


for _kind, _pattern, _first in (("int", _INTEGER, "-+0123456789"), ("float", _NUMBER, "-+.0123456789")):
    _Dumper.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern.pattern})\Z"), list(_first)
    )


def write_yaml(data: Any) -> str:
    """JSON data as a YAML document that `read_yaml` and other readers read alike, in the order given."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


class _Shape:
    """Refuses before anything is built: by depth, digits, and the number of values with aliases expanded."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sizes: dict[str, int] = {}
        self._open: list[tuple[str | None, int]] = []
        self._values = self._aliases = 0

    def check(self, text: str) -> None:
        for _ in self.checked(text):
            pass

    def checked(self, text: str) -> Iterator[yaml.Event]:
        """The events of a text, each once it was counted."""
        for event in yaml.parse(text, Loader=_BASE):
            match event:
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._begin(event.anchor)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._end()
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.AliasEvent():
                    self._alias(event.anchor)
            if self._values > 2 * self._limits.items:
                raise DataError(f"it holds more than {self._limits.items:,} values")
            yield event

    def _begin(self, anchor: str | None) -> None:
        self._open.append((anchor, self._values))
        self._values += 1
        if len(self._open) > self._limits.depth:
            raise DataError(f"it is nested deeper than {self._limits.depth} levels")

    def _end(self) -> None:
        anchor, before = self._open.pop()
        if anchor is not None:
            self._sizes[anchor] = self._values - before

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._values += 1
        if event.anchor is not None:
            self._sizes[event.anchor] = 1
        digits = self._limits.digits
        if event.style is None and len(event.value) > digits and _INTEGER.fullmatch(event.value):
            raise DataError(f"it holds an integer of more than {digits} digits")

    def _alias(self, anchor: str | None) -> None:
        self._aliases += 1
        if self._aliases > self._limits.aliases:
            raise DataError(f"it has more than {self._limits.aliases} aliases")
        if anchor is None or anchor not in self._sizes:
            raise DataError(f"its alias {str(anchor)[:50]!r} stands for nothing, or for itself")
        self._values += self._sizes[anchor]
