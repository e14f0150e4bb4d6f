"""The part of JSON Schema that providers take for a tool's arguments.

What a schema says beyond it is left out of what a model sees: the tool itself is still called with arguments
that were checked against the whole schema. References stay references, so that a schema never grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_NOT_AT_THE_TOP = ("oneOf", "anyOf", "allOf", "enum", "not")
_NOT_TAKEN = frozenset(
    {"$schema", "$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"}
    | {"$vocabulary", "$comment", "title", "$defs", "definitions", "components"}
)
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_ONE = frozenset(
    {"additionalItems", "contains", "else", "if", "not", "propertyNames", "then"}
    | {"additionalProperties", "items", "unevaluatedItems", "unevaluatedProperties"}
)
_OR_BOOLEAN = frozenset(
    {"additionalItems", "additionalProperties"} | {"unevaluatedItems", "unevaluatedProperties"}
)
_MOST_HOPS = 16


def fitted_schema(schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A tool's schema as providers take it.

    Returns:
        The schema, with its definitions under `$defs`, and what of it did not fit, in words.
    """
    references = _References(schema)
    notes: list[str] = []
    top = references.taken(_flat(schema, references, notes))
    top = {
        "type": "object",
        "properties": {},
        **{key: value for key, value in top.items() if key not in _NOT_AT_THE_TOP},
    }
    top["type"] = "object"
    references.gather()
    if references.lost:
        notes.append("references that lead nowhere")
    return {**top, **({"$defs": references.definitions} if references.definitions else {})}, notes


def choices_of(schema: Mapping[str, Any]) -> list[list[str]]:
    """The sets of arguments that a schema requires one of, where it says so at its top."""
    references = _References(schema)
    for keyword in ("anyOf", "oneOf"):
        parts = [references.target(part) for part in _mappings(schema.get(keyword))]
        sets = [sorted(name for name in _names(part.get("required"))) for part in parts]
        if len(sets) > 1 and all(sets):
            return sets
    return []


def references_in(part: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    for each in walk(part):
        reference = each.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/$defs/"):
            yield reference.removeprefix("#/$defs/")


def walk(part: Any) -> Iterator[dict[str, Any]]:
    """Every object of JSON in a part of a schema."""
    waiting = [part]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            yield at
            waiting.extend(at.values())
        elif isinstance(at, list):
            waiting.extend(at)


class _References:
    """Follows a schema's references, and gathers what they lead to as `$defs`."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._names: dict[str, str] = {}
        self._waiting: list[tuple[str, Mapping[str, Any]]] = []
        self.definitions: dict[str, Any] = {}
        self.lost = False

    def gather(self) -> None:
        """Take what the parts so far refer to, and what that refers to."""
        while self._waiting:
            name, found = self._waiting.pop()
            self.definitions[name] = self.taken(found)

    def target(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a part says, with its own reference followed; what stands beside the reference counts too."""
        for _ in range(_MOST_HOPS):
            reference = part.get("$ref")
            found = self._at(reference) if isinstance(reference, str) else None
            if found is None:
                break
            part = {**found, **{key: value for key, value in part.items() if key != "$ref"}}
        return {key: value for key, value in part.items() if key != "$ref"}

    def taken(self, part: Any) -> dict[str, Any]:
        """A part as providers take it; what is no object of JSON is one that takes anything."""
        if not isinstance(part, Mapping):
            return {}
        found = {
            key: self._keyword(key, value)
            for key, value in part.items()
            if key not in _NOT_TAKEN and _is_sound(key, value)
        }
        if "$ref" in found and found["$ref"] is None:
            del found["$ref"]
        if isinstance(found.get("required"), list) and isinstance(found.get("properties"), dict):
            found["required"] = [name for name in _names(found["required"]) if name in found["properties"]]
        kinds = found.get("type")
        if (kinds == "array" or (isinstance(kinds, list) and "array" in kinds)) and "items" not in found:
            found["items"] = {}
        return found

    def _keyword(self, key: str, value: Any) -> Any:
        if key == "$ref":
            return self._renamed(value)
        if key in _MAPS:
            return {name: self.taken(part) for name, part in value.items()}
        if key in _LISTS:
            return [self.taken(part) for part in value]
        if key == "items" and isinstance(value, list):
            return {"anyOf": [self.taken(part) for part in value]} if value else {}
        if key in _ONE:
            return value if key in _OR_BOOLEAN and isinstance(value, bool) else self.taken(value)
        return value

    def _renamed(self, reference: str) -> str | None:
        """The reference as one into `$defs`; nothing where it leads out of the schema or nowhere."""
        if reference == "#":
            return reference
        known = self._names.get(reference)
        if known is None:
            found = self._at(reference)
            if found is None:
                self.lost = True
                return None
            known = self._names[reference] = self._free(reference.rpartition("/")[2])
            self.definitions[known] = {}
            self._waiting.append((known, found))
        return f"#/$defs/{known}"

    def _free(self, wanted: str) -> str:
        plain = "".join(
            letter if letter.isascii() and letter.isalnum() else "_" for letter in unquote(wanted)
        )
        name = plain = plain[:60] or "part"
        number = 1
        while name in self.definitions:
            number += 1
            name = f"{plain}_{number}"
        return name

    def _at(self, reference: str) -> Mapping[str, Any] | None:
        if not reference.startswith("#"):
            return None
        found: Any = self._root
        for key in filter(None, reference[1:].split("/")):
            name = unquote(key).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(name)
            elif isinstance(found, list) and name.isascii() and name.isdigit() and len(name) < 7:
                found = found[int(name)] if int(name) < len(found) else None
            else:
                return None
        return found if isinstance(found, Mapping) else None


def _flat(
    schema: Mapping[str, Any], references: _References, notes: list[str], depth: int = 0
) -> dict[str, Any]:
    """A schema with what stands under `allOf`, `anyOf` and `oneOf` at its top among its own properties."""
    top = dict(references.target(schema))
    if depth > _MOST_HOPS:
        return top
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts = [_flat(part, references, notes, depth + 1) for part in _mappings(top.pop(keyword, None))]
        if parts:
            notes.append(f"{keyword} at the top of its schema")
            top = _merged(top, parts, each=keyword == "allOf")
    return top


def _merged(top: dict[str, Any], parts: list[dict[str, Any]], *, each: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for part in [top, *parts]:
        given = part.get("properties")
        for name, schema in given.items() if isinstance(given, Mapping) else ():
            before = properties.get(name, schema)
            properties[name] = before if before == schema else {"anyOf": [*_either(before), schema]}
    wanted = [set(_names(part.get("required"))) for part in parts]
    always = set.union(*wanted) if each else set.intersection(*wanted)
    required = [name for name in properties if name in always or name in _names(top.get("required"))]
    return {**top, "properties": properties, **({"required": required} if required else {})}


def _either(schema: Any) -> list[Any]:
    if isinstance(schema, Mapping) and set(schema) == {"anyOf"} and isinstance(schema["anyOf"], list):
        return schema["anyOf"]
    return [schema]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _is_sound(key: str, value: Any) -> bool:
    """Whether a keyword has a value of its kind; one that has not costs itself alone."""
    if key in _MAPS:
        return isinstance(value, Mapping)
    if key in _LISTS or key == "enum":
        return isinstance(value, list) and bool(value)
    if key == "required":
        return isinstance(value, list)
    if key == "$ref":
        return isinstance(value, str)
    if key == "type":
        kinds = value if isinstance(value, list) else [value]
        return bool(kinds) and all(isinstance(kind, str) and kind in _TYPES for kind in kinds)
    return True
