"""Filling in, on resume, the values of tools' settings that no file keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from fieldcraft.agent.run import RunError
from fieldcraft.agent.settings import RunSettings
from fieldcraft.tools.sources.secrets import LEFT_OUT
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


def _values(called: str, source: SourceSettings, here: SourceSettings | None) -> dict[str, dict[str, str]]:
    """Each group of values of which one was left out, whole."""
    groups = {field: value for field, value in source if isinstance(value, dict)}
    return {
        field: {
            name: text if text != LEFT_OUT else _value(called, field, name, here)
            for name, text in group.items()
        }
        for field, group in groups.items()
        if LEFT_OUT in group.values()
    }


def _value(called: str, field: str, name: str, here: SourceSettings | None) -> str:
    found = getattr(here, field, {}).get(name)
    if found is None:
        raise RunError(
            f"the run's files do not keep the value of {name} in [{called}.{field}]; have it in "
            "fieldcraft.toml here, best as ${NAME} of an environment variable"
        )
    return str(found)
