"""Convert schemas of an OpenAPI document to self-contained JSON schemas of a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document, LeadsOut
from fieldcraft.tools.sources.openapi.mending import mended

MOST_NODES = 50_000
"""The most parts of one tool's schema. (With YAML aliases a small file can expand without bound.)"""
MOST_IN_ALL = 2_000_000
"""The most parts of all schemas that are copied from one document."""
UPLOAD = "UploadedFile"
"""The definition of an argument that is a file (`content.files` gives it)."""

_MAPS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_SCHEMAS = {
    *("additionalItems", "additionalProperties", "allOf", "anyOf", "contains", "else", "if", "items", "not"),
    *("oneOf", "prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
}
_LONGEST_NAME = 60
_LIMITS = Limits(depth=60, items=100_000)
_Reference = tuple[str, bool]
"""A reference, and whether it leads to a part of an `allOf`."""


@dataclass(frozen=True)
class Copied:
    """A schema as JSON Schema.

    Attributes:
        schema: the copy, whose references are `#/$defs/NAME`.
        uses: the names of the definitions that it references itself.
        parts: how many parts were copied.
    """

    schema: Any
    uses: tuple[str, ...] = ()
    parts: int = 0


class Schemas:
    """Copies schemas from a document. A definition is copied once, and shared by all operations.

    Attributes:
        definitions: the referenced definitions by their names in `#/$defs/...`.
    """

    def __init__(self, document: Document) -> None:
        self.definitions: dict[str, Copied | BrokenTool] = {}
        self._document = document
        self._names: dict[_Reference, str] = {}
        self._taken = {UPLOAD}
        self._parts = 0

    def copied(self, schema: Any) -> Copied:
        """Convert a schema to JSON Schema; circular references stay circular.

        Raises:
            BrokenTool: it is too large, or a reference leads out of the document.
        """
        waiting: list[_Reference] = []
        copy = self._one(schema, waiting)
        while waiting:
            wanted = waiting.pop()
            name = self._names[wanted]
            reference, is_open = wanted
            try:
                target = self._target(reference)
                self.definitions[name] = self._one(_opened(target) if is_open else target, waiting)
            except BrokenTool as error:
                self.definitions[name] = error
        return copy

    def needed(self, names: Iterable[str]) -> dict[str, Any]:
        """The definitions that those of `names` need, themselves included, by their names.

        Raises:
            BrokenTool: one of them is broken, or they are too large together.
        """
        found: dict[str, Any] = {}
        waiting, parts = list(dict.fromkeys(names)), 0
        while waiting:
            name = waiting.pop()
            if name in found or name == UPLOAD:
                continue
            definition = self.definitions[name]
            if isinstance(definition, BrokenTool):
                raise definition
            found[name] = definition.schema
            parts += definition.parts
            if parts > MOST_NODES:
                raise BrokenTool(f"its schema is too large: more than {MOST_NODES:,} parts")
            waiting += definition.uses
        return dict(sorted(found.items()))

    def _one(self, schema: Any, waiting: list[_Reference]) -> Copied:
        copying = _Copying(self, waiting)
        try:
            copy = bounded(copying.copy(schema), _LIMITS)
        except RecursionError as error:
            raise BrokenTool("its schema is nested too deeply") from error
        except DataError as error:
            raise BrokenTool(f"its schema cannot be used: {error}") from error
        self._parts += copying.parts
        if self._parts > MOST_IN_ALL:
            raise BrokenTool(f"the document's schemas are too large: more than {MOST_IN_ALL:,} parts")
        return Copied(copy if isinstance(copy, dict | bool) else {}, tuple(copying.uses), copying.parts)

    def _target(self, reference: str) -> Any:
        """What a reference names; anything is accepted where it leads nowhere within the document."""
        try:
            return self._document.at(reference)
        except LeadsOut:
            raise
        except BrokenTool:
            return {}

    def name(self, reference: str, waiting: list[_Reference], *, is_open: bool) -> str:
        """The name of a definition, which waits to be copied when it is first referenced.

        Args:
            reference: to the definition in the document.
            waiting: gets those that are to be copied.
            is_open: properties that it does not name are allowed, even if it forbids them.
        """
        is_open = is_open and _is_closed(self._target(reference))
        name = self._names.get((reference, is_open))
        if name is None:
            last = re.sub(r"\W+", "_", reference.rpartition("/")[2], flags=re.ASCII).strip("_")
            fits = 0 < len(last) <= _LONGEST_NAME and last not in self._taken
            name = self._names[reference, is_open] = last if fits else f"part_{len(self._names)}"
            self._taken.add(name)
            waiting.append((reference, is_open))
        return name


class _Copying:
    """Copies one schema up to its references."""

    def __init__(self, schemas: Schemas, waiting: list[_Reference]) -> None:
        self.uses: dict[str, None] = {}
        self.parts = 0
        self._schemas = schemas
        self._waiting = waiting

    def copy(self, schema: Any, *, is_open: bool = False) -> Any:
        self.parts += 1
        if self.parts > MOST_NODES:
            raise BrokenTool(f"its schema is too large: more than {MOST_NODES:,} parts")
        if isinstance(schema, list):
            return [self.copy(part) for part in schema]
        if not isinstance(schema, Mapping):
            return schema
        if isinstance(reference := schema.get("$ref"), str):
            return self._reference(reference, schema.get("description"), is_open=is_open)
        kept = mended(_opened(schema) if is_open else schema)
        for keyword, value in kept.items():
            if keyword in _MAPS:
                kept[keyword] = {name: self.copy(part) for name, part in value.items()}
            elif keyword == "allOf":
                kept[keyword] = [self.copy(part, is_open=len(value) > 1) for part in value]
            elif keyword in _SCHEMAS:
                kept[keyword] = self.copy(value)
        _forget_read_only(kept, schema)
        return _modern(kept, nullable=schema.get("nullable") is True)

    def _reference(self, reference: str, description: Any, *, is_open: bool) -> dict[str, Any]:
        name = self._schemas.name(reference, self._waiting, is_open=is_open)
        self.uses[name] = None
        copy = {"$ref": f"#/$defs/{name}"}
        return copy | {"description": description} if isinstance(description, str) else copy


def _is_closed(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("additionalProperties") is False


def _opened(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of an `allOf` that does not forbid the properties of the other parts."""
    if not _is_closed(schema):
        return schema
    return {keyword: value for keyword, value in schema.items() if keyword != "additionalProperties"}


def _forget_read_only(copy: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Remove read-only properties, which are not part of a request."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    unsent = {
        str(name)
        for name, part in properties.items()
        if isinstance(part, Mapping) and part.get("readOnly") is True
    }
    if not unsent:
        return
    copy["properties"] = {name: part for name, part in copy["properties"].items() if name not in unsent}
    if isinstance(required := copy.get("required"), list):
        copy["required"] = [name for name in required if name not in unsent]


def _modern(schema: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """Convert keywords that only OpenAPI 3.0 has to JSON Schema."""
    for limit, beside in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(exclusive := schema.get(limit), bool):
            del schema[limit]
            if exclusive and beside in schema:
                schema[limit] = schema.pop(beside)
    if not nullable:
        return schema
    if isinstance(kind := schema.get("type"), str):
        schema["type"] = [kind, "null"]
        if isinstance(choices := schema.get("enum"), list) and None not in choices:
            schema["enum"] = [*choices, None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]}
