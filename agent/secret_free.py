"""Events as they are written and used: without secrets, in the journal and for all who read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from fieldcraft.agent import events as e
from fieldcraft.common.redaction import may_hold_secret, redact_data
from fieldcraft.tools.sources.secrets import FOR_FILES

_SETTINGS = (e.RunStarted, e.Checkpoint, e.RunResumed)
"""Events with the settings of the run, which goes on with their values."""


def line_without_secrets(event: e.BaseEvent) -> bytes:
    """The line of the journal for an event.

    Where it held a secret, the event itself is changed as well: what the run does next then follows from
    what the journal says, as it does after a resume. Settings keep their values.
    """
    line = event.model_dump_json(context=FOR_FILES)
    if may_hold_secret(line):
        before = json.loads(line)
        after = redact_data(before)
        if after != before:
            kept = _read_back(before, after)
            line = json.dumps(after, separators=(",", ":"))
            if kept is not None and not isinstance(event, _SETTINGS):
                event.__dict__.update(kept.__dict__)
    return line.encode() + b"\n"


def _read_back(before: dict[str, Any], after: dict[str, Any]) -> e.BaseEvent | None:
    """The event of the changed data; fields that must be one of a few words get their own back in `after`."""
    for _ in range(2):
        try:
            return e.EVENT.validate_python(after)  # type: ignore[no-any-return]
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_context=False, include_input=False):
                _give_back(problem["loc"], before, after)
    return None


def _give_back(place: Iterable[int | str], before: Any, after: Any) -> None:
    """Put the value at `place` back; names of kinds in `place`, which are in no data, are passed over."""
    holder, key = None, None
    for part in place:
        here = after if key is None else holder[0][key]  # type: ignore[index]
        there = before if key is None else holder[1][key]  # type: ignore[index]
        known = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
        if known:
            holder, key = (here, there), part
    if holder is not None:
        holder[0][key] = holder[1][key]
