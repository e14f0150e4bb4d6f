"""XML bodies, as the `xml` keyword of a schema says: names, attributes, wrapped lists, namespaces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from fieldcraft.tools.errors import BrokenTool, ToolError
from fieldcraft.tools.sources.openapi.content.media import properties_of
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.openapi.parameters import plain

_NAME = re.compile(r"[A-Za-z_][\w.-]{0,199}(?::[A-Za-z_][\w.-]{0,199})?")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MOST_SHAPES = 5_000
_DEEPEST = 60


def shape_of(document: Document, schema: Any) -> dict[str, Any] | None:
    """The names of a body's elements as data: `root`, and `shapes` by reference; `None` if it has no root.

    The root is called as `xml: {name: ...}` says, or as the schema that the body references.

    Raises:
        BrokenTool: the schema is too large or leads nowhere.
    """
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    shapes: dict[str, Any] = {}
    root = _shape(document, schema, shapes)
    whole = shapes[root["ref"]] if "ref" in root else root
    name = whole.get("name") or (str(reference).rpartition("/")[2] if reference else "")
    if not _NAME.fullmatch(name):
        return None
    return {"root": {**root, "name": name}, "shapes": shapes}


def _shape(document: Document, schema: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    """The names of one schema. What a reference names is in `shapes`, so that a circle ends."""
    if not isinstance(schema, Mapping):
        return {}
    if isinstance(reference := schema.get("$ref"), str):
        if reference not in shapes:
            if len(shapes) == _MOST_SHAPES:
                raise BrokenTool(f"its XML body has more than {_MOST_SHAPES:,} schemas")
            shapes[reference] = {}
            shapes[reference] = _shape(document, document.at(reference), shapes)
        return {"ref": reference}
    named = schema.get("xml")
    shape: dict[str, Any] = {
        key: value
        for key, value in (named if isinstance(named, Mapping) else {}).items()
        if key in {"name", "namespace", "prefix"} and isinstance(value, str)
    }
    shape |= {
        key: True for key in ("attribute", "wrapped") if isinstance(named, Mapping) and named.get(key) is True
    }
    properties, _ = properties_of(document, schema)
    if properties:
        shape["properties"] = {name: _shape(document, part, shapes) for name, part in properties.items()}
    if "items" in schema:
        shape["items"] = _shape(document, schema["items"], shapes)
    return shape


def written(names: Mapping[str, Any], value: Any) -> bytes:
    """A value as an XML document in UTF-8.

    Raises:
        ToolError: a name or a text cannot stand in XML, or the value is nested too deeply.
    """
    writer = _Writer(names["shapes"])
    root = writer.element(names["root"], names["root"]["name"], value)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


class _Writer:
    def __init__(self, shapes: Mapping[str, Any]) -> None:
        self._shapes = shapes

    def element(self, shape: Mapping[str, Any], name: str, value: Any, depth: int = 0) -> ElementTree.Element:
        shape = self._whole(shape)
        if depth > _DEEPEST:
            raise ToolError(f"the XML would be nested deeper than {_DEEPEST} levels")
        element = ElementTree.Element(_qualified(shape, name))
        if namespace := shape.get("namespace"):
            prefix = shape.get("prefix")
            element.set(f"xmlns:{_checked(prefix)}" if prefix else "xmlns", _text(namespace))
        if isinstance(value, Mapping):
            for key, part in value.items():
                self._add(
                    element, str(key), self._whole(shape.get("properties", {}).get(key, {})), part, depth
                )
        elif isinstance(value, list):
            inner = self._whole(shape.get("items", {}))
            for part in value:
                element.append(self.element(inner, inner.get("name") or "item", part, depth + 1))
        elif value is not None:
            element.text = _text(plain(value))
        return element

    def _add(
        self, parent: ElementTree.Element, key: str, shape: Mapping[str, Any], value: Any, depth: int
    ) -> None:
        """Add a property: an attribute, an element, or an element for each item of a list."""
        name = shape.get("name") or key
        if shape.get("attribute"):
            parent.set(_qualified(shape, name), _text(plain(value)))
        elif isinstance(value, list):
            inner = self._whole(shape.get("items", {}))
            if shape.get("wrapped"):
                parent.append(
                    self.element({**shape, "items": {"name": name, **inner}}, name, value, depth + 1)
                )
                return
            for part in value:
                parent.append(self.element(inner, inner.get("name") or name, part, depth + 1))
        else:
            parent.append(self.element(shape, name, value, depth + 1))

    def _whole(self, shape: Mapping[str, Any]) -> Mapping[str, Any]:
        """A shape with what it references."""
        followed: set[str] = set()
        while (reference := shape.get("ref")) is not None and reference not in followed:
            followed.add(reference)
            named = {key: value for key, value in shape.items() if key != "ref"}
            shape = {**self._shapes[reference], **named}
        return shape


def _qualified(shape: Mapping[str, Any], name: str) -> str:
    prefix = shape.get("prefix")
    return f"{_checked(prefix)}:{_checked(name)}" if prefix and ":" not in name else _checked(name)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ToolError(f"{name[:100]!r} cannot be the name of an XML element")
    return name


def _text(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise ToolError("XML cannot hold control characters")
    return text
