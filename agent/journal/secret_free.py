"""Remove secrets from events before they are written and used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from fieldcraft.agent.journal import events as e
from fieldcraft.common.fields import FOR_FILES, serialized
from fieldcraft.common.secrets.redaction import may_hold_secret, redact_data


def line_without_secrets(event: e.BaseEvent) -> bytes:
    """The line of the journal for an event.

    If it contains a secret, the event itself is changed too, so that the run continues with the data of the
    journal, as it does after a resume. Settings keep their values.
    """
    line = serialized(lambda: event.model_dump_json(context=FOR_FILES))
    if may_hold_secret(line):
        before = json.loads(line)
        for keys in (True, False):  # a name of the format may be equal to a secret: names are kept
            after = redact_data(before, keys=keys)
            kept = None if after == before else _read_back(before, after)
            if kept is not None:
                line = json.dumps(after, separators=(",", ":"))
                if not isinstance(event, e.WITH_SETTINGS):
                    event.__dict__.update(kept.__dict__)
                break
    return line.encode() + b"\n"


def _read_back(before: dict[str, Any], after: dict[str, Any]) -> e.BaseEvent | None:
    """The event of the redacted data; fields with fixed values get their original value back in `after`."""
    after["type"] = before["type"]
    for _ in range(3):
        try:
            return e.EVENT.validate_python(after)  # type: ignore[no-any-return]
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_context=False, include_input=False):
                _give_back(problem["loc"], before, after)
    return None


def _give_back(place: Sequence[int | str], before: Any, after: Any) -> None:
    """Put the text at `place` back; names of kinds in `place`, which are in no data, are passed over."""
    here, there = after, before
    for part in place:
        if not (_has(here, part) and _has(there, part)):
            continue
        if isinstance(there[part], str) and part == place[-1]:
            here[part] = there[part]
            return
        here, there = here[part], there[part]


def _has(data: Any, part: int | str) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)
