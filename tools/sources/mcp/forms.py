"""Ask a person for the fields of a server's form, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Literal

from fieldcraft.common.errors import FieldcraftError
from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.schemas import CheckGivenUp, SchemaCheck, sound_schema
from fieldcraft.tools.errors import BrokenTool, ToolError

MOST_FIELDS = 20
"""The most fields of one form."""
MOST_TRIES = 3
"""How often a person may correct one field."""
_MOST_CHOICES = 50
_LONGEST_ENTRY = 4_000
_YES, _NO = frozenset({"y", "yes"}), frozenset({"n", "no"})
Value = str | int | float | bool | list[str] | None


class Refused(FieldcraftError):
    """A question gets no answer.

    Attributes:
        action: what the server is told: `decline`, or `cancel` without a decision.
    """

    def __init__(self, action: Literal["decline", "cancel"], why: str) -> None:
        super().__init__(why)
        self.action = action


class Form:
    """Questions to a person on behalf of a server.

    Args:
        title: who asks for what.
        ask: puts a question, and returns the person's line.
    """

    def __init__(self, title: str, ask: Callable[[str], str]) -> None:
        self._title = title
        self._ask = ask

    def confirm(self, what: str) -> None:
        """Ask for a yes.

        Raises:
            Refused: the person says no.
        """
        for _ in range(MOST_TRIES):
            word = self._ask(f"{self._title} {what} [y]es, [n]o: ").strip().lower()
            if word in _YES:
                return
            if word in _NO:
                raise Refused("decline", "declined by the person")
        raise Refused("cancel", "cancelled, since the person said neither yes nor no")

    def filled(self, schema: Mapping[str, Any]) -> dict[str, Value]:
        """What the person enters for each field; optional ones may be left out.

        Raises:
            Refused: the person declines, or the form cannot be shown.
        """
        properties = schema.get("properties")
        fields = properties if isinstance(properties, Mapping) else {}
        if len(fields) > MOST_FIELDS or not all(isinstance(field, Mapping) for field in fields.values()):
            raise Refused(
                "cancel", f"cancelled, since its form cannot be shown (at most {MOST_FIELDS} fields)"
            )
        names = ", ".join(visible_line(name, 100) for name in fields)
        self.confirm(f"Give it {names}?" if names else "Agree?")
        required = schema.get("required") or ()
        given = {name: self._field(name, field, name in required) for name, field in fields.items()}
        return {name: value for name, value in given.items() if value is not None}

    def _field(self, name: str, field: Mapping[str, Any], required: bool) -> Value:
        question, wrong = f"{visible_line(name, 100)} ({_described(field, required)}): ", ""
        for _ in range(MOST_TRIES):
            line = self._ask(f"{wrong}{question}").strip()[:_LONGEST_ENTRY]
            if not line and "default" in field:
                return field["default"]  # type: ignore[no-any-return]  # checked by the server
            if not line:
                if not required:
                    return None
                wrong = "It is needed. "
                continue
            try:
                value = _read(line, field)
                if not (wrong := _complaint(value, field)):
                    return value
            except ValueError:
                wrong = "That does not fit. "
        raise Refused("cancel", f"cancelled, since nothing fitting was entered for {visible_line(name, 100)}")


def _described(field: Mapping[str, Any], required: bool) -> str:
    """What a person needs to know to fill a field in."""
    title, about = field.get("title"), field.get("description")
    kind = {
        "string": "text",
        "integer": "whole number",
        "boolean": "yes or no",
        "array": "several, with commas",
    }
    parts = [visible_line(text, 200) for text in (title, about) if isinstance(text, str) and text]
    if choices := _choices(field):
        shown = [value if value == words else f"{value}: {words}" for value, words in choices.items()]
        parts.append("one of " + visible_line(" | ".join(islice(shown, _MOST_CHOICES)), 2_000))
    else:
        parts.append(kind.get(str(field.get("type")), visible_line(field.get("type", "text"), 20)))
    limits = {"minimum": "at least", "maximum": "at most", "format": "as"}
    parts += [f"{words} {visible_line(field[key], 40)}" for key, words in limits.items() if key in field]
    if "default" in field:
        parts.append(f"empty for {visible_line(repr(field['default']), 100)}")
    elif not required:
        parts.append("empty to leave it out")
    return "; ".join(parts)


def _choices(field: Mapping[str, Any]) -> dict[str, str]:
    """The choices of a field with their titles, in each way in which servers write them."""
    items = field.get("items")
    if isinstance(items, Mapping):
        return _choices(items)
    for key in ("oneOf", "anyOf"):
        if isinstance(either := field.get(key), list):
            constants = [part for part in either if isinstance(part, Mapping) and "const" in part]
            return {str(part["const"]): str(part.get("title", part["const"])) for part in constants}
    values, titles = field.get("enum"), field.get("enumNames")
    if not isinstance(values, list):
        return {}
    named = titles if isinstance(titles, list) and len(titles) == len(values) else values
    return {str(value): str(title) for value, title in zip(values, named, strict=True)}


def _read(line: str, field: Mapping[str, Any]) -> Value:
    match field.get("type"):
        case "boolean":
            if line.lower() in _YES | _NO | {"true", "false"}:
                return line.lower() in _YES | {"true"}
            raise ValueError(line)
        case "integer":
            return int(line)
        case "number":
            return float(line)
        case "array":
            return [part.strip() for part in line.split(",") if part.strip()]
        case _:
            return line


def _complaint(value: Value, field: Mapping[str, Any]) -> str:
    """What is wrong with a value by its field's schema; the server checks what cannot be checked here."""
    try:
        found = SchemaCheck(sound_schema("form", {"type": "object", "properties": {"it": field}}))
        return "".join(f"{visible_line(words)}. " for _, words in found.complaints({"it": value}))
    except (BrokenTool, CheckGivenUp, ToolError):
        return ""
