"""A loopback server that takes what OpenAI takes: 128 tools, short names and texts, plain schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

NOT_AT_THE_TOP = ("oneOf", "anyOf", "allOf", "enum", "not")
Body = dict[str, Any]


def complaint(tools: list[Body], most: int = 128) -> str:
    """What the server says of the tools of a request; empty where it takes them."""
    if len(tools) > most:
        return (
            f"Invalid 'tools': array too long. Expected an array with maximum length {most}, but got an "
            f"array with length {len(tools)} instead."
        )
    if len({tool["function"]["name"] for tool in tools}) < len(tools):
        return "Invalid 'tools': names are not unique."
    found = (_complaint(place, tool["function"]) for place, tool in enumerate(tools))
    return next(filter(None, found), "")


def _complaint(place: int, function: Body) -> str:
    name, parameters = function["name"], function.get("parameters") or {}
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        return f"Invalid 'tools[{place}].function.name': string does not match pattern: {name!r}"
    if len(function.get("description", "")) > 1024:
        return f"Invalid 'tools[{place}].function.description': string too long."
    if parameters.get("type") != "object":
        return f"Invalid schema for function '{name}': schema must be of 'type: \"object\"'."
    if any(keyword in parameters for keyword in NOT_AT_THE_TOP):
        return f"Invalid schema for function '{name}': it has {NOT_AT_THE_TOP} at the top level."
    return ""


class StrictChat:
    """Answers each request that it takes with what `say` makes of its body, and the number of the answer.

    Args:
        chat: serves replies, and has `says` and `fails`.
        say: the reply to a body and its number from 1.
        refuses: what else it refuses, with its words; `None` where nothing.
        most: the most tools.
    """

    def __init__(
        self,
        chat: Any,
        say: Callable[[Body, int], Any],
        *,
        refuses: Callable[[Body], str] = lambda _: "",
        most: int = 128,
    ) -> None:
        self.bodies: list[Body] = []
        self.refusals: list[str] = []

        def reply(handler: Any) -> None:
            body = json.loads(json.dumps(handler.server.requests[-1][2]))
            words = complaint(body.get("tools") or [], most) or refuses(body)
            if words:
                self.refusals.append(words)
                chat.fails(400, words)(handler)
                return
            self.bodies.append(body)
            say(body, len(self.bodies))(handler)

        self.url = chat.serve(reply).url

    def offered(self, number: int = -1) -> list[str]:
        """The names of the tools of one request that was taken."""
        return [tool["function"]["name"] for tool in self.bodies[number].get("tools") or []]
