"""Tools as others write them: far too many, with long names, long descriptions, and schemas of every kind."""

from __future__ import annotations

from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from fieldcraft.tools import declare

THINGS = ("invoice", "customer", "refund", "shipment", "coupon", "warehouse", "ticket", "webhook")
VERBS = {"create": "Make a new", "list": "Show every", "delete": "Remove one", "update": "Change one"}


def _tool(name: str, description: str, schema: dict[str, Any]) -> BaseTool:
    def answer(**arguments: Any) -> str:
        return f"{name} was given {sorted(arguments)}"

    made = StructuredTool(name=name, description=description, args_schema=schema, func=answer)
    return declare(effect="reads", reads_world=False)(made)


def _of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


NODE = _of(name={"type": "string"}, children={"type": "array", "items": {"$ref": "#/$defs/Node"}})

odd = [
    _tool("long_" + "name_" * 20 + "end", "A tool with a long name.", _of(x={"type": "string"})),
    _tool("größe_messen", "Measure a size.", _of(what={"type": "string"})),
    _tool("talkative", "It measures. " * 300 + "The last word is zebra.", _of(x={"type": "string"})),
    _tool(
        "either_or",
        "Pay by card or by bank.",
        {
            **_of(card={"type": "string"}, bank={"type": "string"}),
            "anyOf": [{"required": ["card"]}, {"required": ["bank"]}],
        },
    ),
    _tool("tree", "Plant a tree of nodes.", {**_of(root={"$ref": "#/$defs/Node"}), "$defs": {"Node": NODE}}),
]
"""Tools that a provider takes only as they are made to fit."""

many = [
    _tool(
        f"{verb}_{thing}{number or ''}",
        f"{what} {thing} in region {number}." if number else f"{what} {thing}.",
        _of(
            id={"type": "string"},
            body={
                "type": "object",
                "properties": {"amount": {"type": "integer"}, "note": {"type": "string"}},
            },
        ),
    )
    for number in range(10)
    for thing in THINGS
    for verb, what in VERBS.items()
]
"""320 tools."""
