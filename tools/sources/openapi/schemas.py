"""Convert schemas of an OpenAPI document to self-contained JSON schemas of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document

MOST_NODES = 50_000
"""The most parts of one tool's schema. (With YAML aliases a small file can expand without bound.)"""

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
"""The most parts of all schemas that are copied from one document."""


@dataclass
class Copied:
    """Counts how many parts were copied from a document so far."""

    parts: int = 0


class Schemas:
    """Copies schemas from a document, with the definitions that they reference.

    Attributes:
        definitions: the referenced definitions by their names in `#/$defs/...`.
    """

    def __init__(self, document: Document, copied: Copied) -> None:
        self.definitions: dict[str, Any] = {}
        self._document = document
        self._names: dict[str, str] = {}
        self._nodes = 0
        self._all = copied

    def copied(self, schema: Any) -> dict[str, Any]:
        """Convert a schema to JSON Schema; circular references stay circular.

        Raises:
            BrokenTool: a reference is invalid, or the schema is too large.
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
        """The name of a definition, which is copied when it is first referenced."""
        name = self._names.get(reference)
        if name is None:
            last = reference.rpartition("/")[2]
            fits = last.isidentifier() and last not in self.definitions
            name = self._names[reference] = last if fits else f"part_{len(self._names)}"
            self.definitions[name] = True
            self.definitions[name] = self._copied(self._document.at(reference))
        return name


def _forget_read_only(copy: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Remove read-only properties, which are not part of a request."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    for name, part in properties.items():
        if isinstance(part, Mapping) and part.get("readOnly") is True:
            del copy["properties"][str(name)]
            if isinstance(required := copy.get("required"), list):
                copy["required"] = [other for other in required if other != name]


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
