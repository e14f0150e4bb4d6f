"""Encode an event as one line of a journal and decode it, within limits and without changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.secret_free import line_without_secrets
from fieldcraft.common.data import DataError, Limits, check_shape
from fieldcraft.common.fields import DIGIT_LIMIT, ITEM_LIMIT, TEXT_LIMIT, fitted, serialized
from fieldcraft.common.suggest import reason

EVENT_LIMIT = 8_000_000
"""The most bytes of an event; in a larger one, texts, lists and objects are cut."""
LINE_LIMIT = 64_000_000
"""The most bytes of a line that is read, and of a checkpoint, which holds the state of a whole run."""
LONG_LINE = 1_000_000
"""Bytes of a line from which its structure is checked before it is parsed."""
SHAPE = Limits(size=LINE_LIMIT, depth=300, items=2_000_000)
"""The most levels of a line; earlier versions wrote values of up to 254 levels."""
_CUTS = ((TEXT_LIMIT, ITEM_LIMIT), (200_000, 50_000), (20_000, 5_000), (2_000, 500), (200, 100))
"""Characters of a text and members of a list or an object that are left of too large an event, in turn."""

Migration = Callable[[dict[str, Any]], dict[str, Any]]


class UnknownFormat(DataError):
    """A journal has an unknown format; the message follows the name of its file."""


def line_of(event: e.Event) -> tuple[bytes, e.Event]:
    """The line of an event, and the event as that line is read.

    Raises:
        DataError: it cannot be written, or is too large and may not be cut.
    """
    limit = LINE_LIMIT if isinstance(event, e.WITH_SETTINGS) else EVENT_LIMIT
    line = b""
    try:
        line = _written(event)
        if len(line) <= limit:
            return line, event
    except ValueError as error:
        problem = str(error)
    else:
        problem = f"it has {len(line):,} bytes"
    for text, members in () if isinstance(event, e.WITH_SETTINGS) else _CUTS:
        smaller = _cut(event, text, members)
        line = _written(smaller)
        if len(line) <= limit:
            return line, smaller
    raise DataError(f"{problem}, and cannot be made smaller")


def _written(event: e.Event) -> bytes:
    return line_without_secrets(event)


def _cut(event: e.Event, text: int, members: int) -> e.Event:
    try:
        parts = serialized(lambda: event.model_dump(mode="python", warnings=False))
        smaller: e.Event = e.EVENT.validate_python(_smaller(parts, text, members))
        return smaller
    except ValidationError as error:
        raise DataError(f"its parts cannot be cut: {_reason(error)}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"its parts cannot be cut: {error}") from None


def _smaller(value: Any, text: int, members: int) -> Any:
    """Lists and objects lose their last members, texts their ends."""
    if isinstance(value, dict):
        return {key: _smaller(part, text, members) for key, part in list(value.items())[:members]}
    if isinstance(value, list | tuple):
        return [_smaller(part, text, members) for part in value[:members]]
    return fitted(value, text=text)


def read_line(line: bytes, migrations: Sequence[Migration] = ()) -> e.Event:
    """The event of a line.

    Args:
        line: the line, with or without its line feed.
        migrations: the functions that convert an event of its format to the current one.

    Raises:
        DataError: it is not a valid event, or exceeds a limit.
    """
    if migrations:
        return _validated(line, migrations)
    _check(line)
    try:
        event: e.Event = e.EVENT.validate_json(line)
        return event
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] != "json_invalid":
            raise DataError(_reason(error)) from None
    return _validated(line, ())


def migrations_of(line: bytes, known: Mapping[int, Migration]) -> list[Migration]:
    """The migrations for the events after this first line of a segment.

    Raises:
        UnknownFormat: its format cannot be converted to the current one.
    """
    try:
        version = _loaded(line).get("format")
    except (DataError, AttributeError):
        return []
    if version == e.FORMAT:
        return []
    if not isinstance(version, int) or version > e.FORMAT:
        raise UnknownFormat(
            f"has journal format {str(version)[:20]}, this version of Fieldcraft knows up to {e.FORMAT}; "
            "upgrade with `pip install -U fieldcraft`"
        )
    steps = range(max(version, 0), e.FORMAT)
    if version < 0 or any(step not in known for step in steps):
        raise UnknownFormat(f"has journal format {version}, which this version cannot migrate to {e.FORMAT}")
    return [known[step] for step in steps]


def _validated(line: bytes, migrations: Sequence[Migration]) -> e.Event:
    """Parse a line with Python's own parser, which allows deeper nesting than pydantic's."""
    data = _loaded(line)
    try:
        for migration in migrations:
            data = migration(data)
        event: e.Event = e.EVENT.validate_python(data)
        return event
    except ValidationError as error:
        raise DataError(_reason(error)) from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise DataError(f"it cannot be migrated: {type(error).__name__}") from None


def _loaded(line: bytes) -> Any:
    _check(line)
    check_shape(line, SHAPE)
    try:
        return json.loads(line, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not valid JSON ({str(error)[:200]})") from None


def _check(line: bytes) -> None:
    if len(line) > LINE_LIMIT:
        raise DataError(f"the line is longer than {LINE_LIMIT:,} bytes")
    if len(line) > LONG_LINE:
        check_shape(line, SHAPE)


def _integer(digits: str) -> int:
    """Replace an integer with too many digits by the largest allowed one."""
    sign, bare = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    return int(digits) if len(bare) <= DIGIT_LIMIT else int(sign + "9" * DIGIT_LIMIT)


def _reason(error: ValidationError) -> str:
    """The error of a line, without the list of all event names."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part)[:40] for part in first["loc"][:8])
    return f"{place or 'event'}: {reason(first['msg'])}"[:300]
