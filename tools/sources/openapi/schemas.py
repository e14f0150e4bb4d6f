"""Schemas of an OpenAPI document as JSON schemas of a request, that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document

MOST_NODES = 50_000
"""Parts of one tool's schema. (Aliases in YAML make a small file stand for more than there are atoms.)"""

_LEFT_OUT = {
    "xml",
    "externalDocs",
    "discriminator",
    "example",
    "examples",
    "nullable",
    "readOnly",
    "writeOnly",
}
_MAPS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_SCHEMAS = {
    *("additionalProperties", "allOf", "anyOf", "contains", "else", "if", "items", "not", "oneOf"),
    *("prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
}


MOST_IN_ALL = 1_000_000
"""Parts of all schemas that are copied out of one document."""


@dataclass
class Copied:
    """How many parts were copied out of a document so far."""

    parts: int = 0


class Schemas:
    """Copies schemas out of a document, with what they refer to.

    Attributes:
        definitions: what the copied schemas refer to, by the names under which they do (`#/$defs/...`).
    """

    def __init__(self, document: Document, copied: Copied) -> None:
        self.definitions: dict[str, Any] = {}
        self._document = document
        self._names: dict[str, str] = {}
        self._nodes = 0
        self._all = copied

    def copied(self, schema: Any) -> dict[str, Any]:
        """A schema as JSON Schema has it; circles of references stay circles.

        Raises:
            BrokenTool: a reference leads nowhere, or the schema is too large.
        """
        try:
            copy = self._copied(schema)
        except RecursionError as error:
            raise BrokenTool("its schema is nested too deeply") from error
        return copy if isinstance(copy, dict) else {}

    def _copied(self, schema: Any) -> Any:
        self._nodes += 1
        self._all.parts += 1
        if self._all.parts > MOST_IN_ALL:
            raise BrokenTool(f"the document's schemas are too large: more than {MOST_IN_ALL:,} parts")
        if self._nodes > MOST_NODES:
            raise BrokenTool(f"its schema is too large: more than {MOST_NODES:,} parts")
        if isinstance(schema, list):
            return [self._copied(part) for part in schema]
        if not isinstance(schema, Mapping):
            return schema
        if isinstance(reference := schema.get("$ref"), str):
            return {"$ref": f"#/$defs/{self._named(reference)}"}
        copy = {key: self._value(key, value) for key, value in schema.items() if key not in _LEFT_OUT}
        _forget_read_only(copy, schema)
        return _modern(copy, nullable=schema.get("nullable") is True)

    def _value(self, key: str, value: Any) -> Any:
        if key in _MAPS and isinstance(value, Mapping):
            return {str(name): self._copied(part) for name, part in value.items()}
        return self._copied(value) if key in _SCHEMAS else value

    def _named(self, reference: str) -> str:
        """The name of a definition; what it refers to is copied when it is met first."""
        name = self._names.get(reference)
        if name is None:
            last = reference.rpartition("/")[2]
            fits = last.isidentifier() and last not in self.definitions
            name = self._names[reference] = last if fits else f"part_{len(self._names)}"
            self.definitions[name] = True
            self.definitions[name] = self._copied(self._document.at(reference))
        return name


def _forget_read_only(copy: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """What only a server may set is no part of a request."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    for name, part in properties.items():
        if isinstance(part, Mapping) and part.get("readOnly") is True:
            del copy["properties"][str(name)]
            if isinstance(required := copy.get("required"), list):
                copy["required"] = [other for other in required if other != name]


def _modern(schema: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """What OpenAPI 3.0 says in a way of its own, as JSON Schema says it."""
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
