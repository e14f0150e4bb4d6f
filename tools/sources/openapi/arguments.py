"""The arguments of a tool, made of the parameters and the body of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.sources.openapi.content.media import (
    Body,
    Part,
    family,
    is_base64,
    parts_of,
    preferred,
    properties_of,
    resolved,
)
from fieldcraft.tools.sources.openapi.content.xml import shape_of
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.openapi.parameters import Parameter
from fieldcraft.tools.sources.openapi.schemas import UPLOAD, Schemas

_UPLOAD = {"$ref": f"#/$defs/{UPLOAD}"}
_XML_TEXT = {"type": "string", "description": "The XML document as text."}


class Arguments:
    """Collects the arguments of a tool under unique names.

    Attributes:
        parameters: argument -> the parameter that it fills.
    """

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self.parameters: dict[str, Parameter] = {}
        self._document = document
        self._schemas = schemas
        self._properties: dict[str, Any] = {}
        self._required: list[str] = []
        self._uses: list[str] = []

    def take(self, parameter: Parameter, schema: Any, *, required: bool) -> None:
        """Add the argument that fills a parameter."""
        name = self._free(parameter.name, parameter.place)
        self.parameters[name] = parameter
        self._add(name, self._copied(schema), required=required)

    def take_body(self, written: Any) -> Body | None:
        """Add the argument that holds the body, and one that chooses its content type, if there are several.

        Raises:
            BrokenTool: the body is of a type that is not written here.
        """
        if written is None:
            return None
        described = self._document.resolved(written)
        content = described.get("content")
        if not isinstance(content, Mapping) or not content:
            return None
        media = preferred(content)
        variants = [one if isinstance(one := content[kind], Mapping) else {} for kind in media]
        schemas = [variant.get("schema") or {} for variant in variants]
        name = self._free("body", "request")
        made, parts, xml = self._body(media[0], schemas, variants[0].get("encoding"))
        if isinstance(description := described.get("description"), str):
            made.setdefault("description", description)
        self._add(name, made, required=described.get("required") is True)
        return Body(
            name,
            media,
            choice=self._choice(media),
            parts=parts,
            base64=is_base64(resolved(self._document, schemas[0])),
            xml=xml,
        )

    def schema(self) -> dict[str, Any]:
        """The JSON schema of all arguments; `UPLOAD` among its `$defs` is to be filled in.

        Raises:
            BrokenTool: a definition is broken, or they are too large together.
        """
        made: dict[str, Any] = {
            "type": "object",
            "properties": self._properties,
            "required": self._required,
            "additionalProperties": False,
        }
        if self._uses:
            made["$defs"] = self._schemas.needed(self._uses)
            if UPLOAD in self._uses:
                made["$defs"][UPLOAD] = {}
        return made

    def _body(
        self, media: str, schemas: Sequence[Any], encoding: Any
    ) -> tuple[dict[str, Any], dict[str, Part], Mapping[str, Any] | None]:
        """The body's JSON schema, the parts of a form, and the names of XML elements."""
        match family(media):
            case "form" | "multipart" as kind:
                properties, required = properties_of(self._document, schemas[0])
                parts = parts_of(self._document, properties, encoding, files=kind == "multipart")
                if any(part.file for part in parts.values()):
                    return self._form(properties, required, parts), parts, None
                return self._copied(schemas[0]), parts, None
            case "xml":
                shape = shape_of(self._document, schemas[0])
                return (dict(_XML_TEXT) if shape is None else self._copied(schemas[0])), {}, shape
            case "lines":
                line = self._copied(schemas[0])
                is_list = resolved(self._document, schemas[0]).get("type") == "array"
                return (line if is_list else {"anyOf": [{"type": "array", "items": line}, line]}), {}, None
            case "binary" if not _is_structured(resolved(self._document, schemas[0])):
                self._uses.append(UPLOAD)
                return dict(_UPLOAD), {}, None
            case _:
                distinct = [one for number, one in enumerate(schemas) if one not in schemas[:number]]
                copies = [self._copied(one) for one in distinct]
                return (copies[0] if len(copies) == 1 else {"anyOf": copies}), {}, None

    def _form(
        self, properties: Mapping[str, Any], required: Sequence[str], parts: Mapping[str, Part]
    ) -> dict[str, Any]:
        """The schema of a multipart form in which files are arguments of their own kind."""
        made: dict[str, Any] = {}
        for name, schema in properties.items():
            read = resolved(self._document, schema)
            if read.get("readOnly") is True:
                continue
            if not parts[name].file:
                made[name] = self._copied(schema)
                continue
            self._uses.append(UPLOAD)
            made[name] = {"type": "array", "items": _UPLOAD} if "items" in read else dict(_UPLOAD)
            if isinstance(description := read.get("description"), str):
                made[name]["description"] = description
        return {"type": "object", "properties": made, "required": [name for name in required if name in made]}

    def _choice(self, media: Sequence[str]) -> str | None:
        if len(media) < 2:
            return None
        name = self._free("content_type", "request")
        chosen = {"type": "string", "enum": list(media), "description": "The content type of the body."}
        self._add(name, chosen, required=False)
        return name

    def _copied(self, schema: Any) -> dict[str, Any]:
        copied = self._schemas.copied(schema)
        self._uses += copied.uses
        return dict(copied.schema) if isinstance(copied.schema, dict) else {}

    def _free(self, wanted: str, kind: str) -> str:
        name = identifier(wanted) or "value"
        while name in self._properties:
            name = f"{name}_{kind}"
        return name

    def _add(self, name: str, schema: Any, *, required: bool) -> None:
        self._properties[name] = schema
        if required:
            self._required.append(name)


def _is_structured(schema: Mapping[str, Any]) -> bool:
    """Whether a body is an object or a list rather than a file."""
    return schema.get("type") in {"object", "array"} or "properties" in schema or "allOf" in schema
