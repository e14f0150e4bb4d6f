"""Filling in, on resume, the values of tools' settings that no file keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from fieldcraft.agent.run import RunError
from fieldcraft.agent.settings import RunSettings
from fieldcraft.tools.sources.secrets import FOR_FILES, LEFT_OUT
from fieldcraft.tools.sources.settings import SourceSettings, ToolSources

Source = TypeVar("Source", bound=SourceSettings)


def with_values(settings: RunSettings, here: ToolSources) -> RunSettings:
    """A run's settings as read from its journal, with what was left out of them as it stands `here`.

    Raises:
        RunError: it does not stand there.
    """
    changes = {
        "mcp": _filled("mcp", settings.mcp, here.mcp),
        "openapi": _filled("openapi", settings.openapi, here.openapi),
    }
    return settings.model_copy(update=changes)


def _filled(kind: str, kept: Mapping[str, Source], here: Mapping[str, Source]) -> dict[str, Source]:
    return {
        name: source.model_copy(update=_values(f"{kind}.{name}", source, here.get(name)))
        for name, source in kept.items()
    }


def _values(called: str, source: SourceSettings, here: SourceSettings | None) -> dict[str, Any]:
    """Each field of which something was left out, whole."""
    changes: dict[str, Any] = {}
    for field, value in source:
        if isinstance(value, dict) and LEFT_OUT in value.values():
            changes[field] = {
                name: text if text != LEFT_OUT else _value(called, field, name, here)
                for name, text in value.items()
            }
        elif _lacks(value):
            changes[field] = _same(called, field, value, here)
    return changes


def _lacks(value: object) -> bool:
    """Whether something was left out of a text, or of one of several words."""
    words = value if isinstance(value, tuple) else (value,)
    return any(isinstance(word, str) and LEFT_OUT in word for word in words)


def _same(called: str, field: str, kept: object, here: SourceSettings | None) -> Any:
    """The field as it stands here, where no more than what was left out tells it from what was kept."""
    if here is None or here.model_dump(context=FOR_FILES).get(field) != kept:
        raise RunError(
            f"the run's files keep {field} of [{called}] without its secrets; have the same {field} in "
            "fieldcraft.toml here, best with ${NAME} of an environment variable for each secret"
        )
    return getattr(here, field)


def _value(called: str, field: str, name: str, here: SourceSettings | None) -> str:
    found = getattr(here, field, {}).get(name)
    if found is None:
        raise RunError(
            f"the run's files do not keep the value of {name} in [{called}.{field}]; have it in "
            "fieldcraft.toml here, best as ${NAME} of an environment variable"
        )
    return str(found)
