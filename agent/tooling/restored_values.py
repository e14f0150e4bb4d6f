"""Filling in, on resume, the values of a run's settings that no file keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from fieldcraft.agent.journal.run import RunError
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.secrets.redaction import REDACTED
from fieldcraft.tools.sources.secrets import LEFT_OUT
from fieldcraft.tools.sources.settings import SourceSettings, ToolSources

Source = TypeVar("Source", bound=SourceSettings)

_OTHERS = ("options", "model_options", "role_options", "tools", "role_tools", "corpus")
"""Fields of the run's settings of which a secret may be left out, besides the sources of its tools."""
_MARK = re.compile("|".join(map(re.escape, (LEFT_OUT, REDACTED))))


def with_values(settings: RunSettings, here: RunSettings | ToolSources) -> RunSettings:
    """A run's settings as read from its journal, with what was left out of them as it stands `here`.

    Raises:
        RunError: it does not stand there.
    """
    changes: dict[str, Any] = {
        "mcp": _filled("mcp", settings.mcp, here.mcp),
        "openapi": _filled("openapi", settings.openapi, here.openapi),
    }
    for name in _OTHERS:
        kept = getattr(settings, name)
        if _lacks(kept):
            changes[name] = _restored(name, kept, getattr(here, name, None))
    return RunSettings.model_validate({**dict(settings), **changes})


def _filled(kind: str, kept: Mapping[str, Source], here: Mapping[str, Source]) -> dict[str, Source]:
    return {
        name: type(source).model_validate(
            {**dict(source), **_values(f"{kind}.{name}", source, here.get(name))}
        )
        for name, source in kept.items()
    }


def _values(called: str, source: SourceSettings, here: SourceSettings | None) -> dict[str, Any]:
    """Each field of which something was left out, whole."""
    changes: dict[str, Any] = {}
    for field, value in source:
        if isinstance(value, dict) and any(map(_lacks, value.values())):
            changes[field] = {
                name: _value(called, field, name, here) if _lacks(text) else text
                for name, text in value.items()
            }
        elif _lacks(value):
            found = getattr(here, field, None)
            if not fits(value, found):
                raise RunError(
                    f"the run's files keep {field} of [{called}] without its secrets; have the same {field} "
                    "in fieldcraft.toml here, best with ${NAME} of an environment variable for each secret"
                )
            changes[field] = found
    return changes


def _lacks(value: object) -> bool:
    """Whether something was left out of a text, or of one in a list or table."""
    match value:
        case str():
            return _MARK.search(value) is not None
        case Mapping():
            return any(map(_lacks, value.values()))
        case list() | tuple():
            return any(map(_lacks, value))
        case _:
            return False


def fits(kept: Any, here: Any) -> bool:
    """Whether what was left out is all that tells `here` from `kept`."""
    match kept:
        case str() if _lacks(kept):
            pattern = ".+".join(map(re.escape, _MARK.split(kept)))
            return re.fullmatch(pattern, str(here), re.DOTALL) is not None and here is not None
        case list() | tuple() if isinstance(here, list | tuple):
            return len(kept) == len(here) and all(map(fits, kept, here))
        case Mapping() if isinstance(here, Mapping):
            return kept.keys() == here.keys() and all(fits(kept[name], here[name]) for name in kept)
        case _:
            return bool(kept == here)


def _restored(called: str, kept: Any, here: Any) -> Any:
    """`kept` with each text of which something was left out as it stands `here`."""
    if isinstance(kept, Mapping):
        values = here if isinstance(here, Mapping) else {}
        return {name: _restored(f"{called}.{name}", value, values.get(name)) for name, value in kept.items()}
    if not _lacks(kept):
        return kept
    if not fits(kept, here):
        raise RunError(
            f"the run's files keep {called} without its secrets; have the same {called} in fieldcraft.toml "
            f"here, or in {_variable(called.split('.'))}"
        )
    return here


def _variable(place: Iterable[str]) -> str:
    return "FIELDCRAFT_" + "__".join(part.upper() for part in place)


def _value(called: str, field: str, name: str, here: SourceSettings | None) -> str:
    found = getattr(here, field, {}).get(name)
    if found is None:
        raise RunError(
            f"the run's files do not keep the value of {name} in [{called}.{field}]; have it in "
            "fieldcraft.toml here, best as ${NAME} of an environment variable"
        )
    return str(found)
