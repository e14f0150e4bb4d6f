"""What a resume changes of a run's settings: its models, where they are, and how they are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fieldcraft.agent.journal.run import RunError
from fieldcraft.agent.settings import ROLES, RunSettings
from fieldcraft.agent.tooling.restored_values import fits
from fieldcraft.common.text import visible_line

CHANGEABLE = frozenset({"model", "role_models", "model_options", "role_options", "world_process"})
"""The settings of a run that a resume can change, beside its budget."""

_SHOWN = 60


def changed(settings: RunSettings, changes: Mapping[str, Any]) -> tuple[RunSettings, list[str]]:
    """A run's settings with other models, or other options of models.

    Args:
        settings: of the run so far, as its files keep them.
        changes: some of `CHANGEABLE`. Entries of tables count one by one: what is not among them stays.

    Returns:
        The settings, and a line for people on each thing that is another one from now on.

    Raises:
        RunError: something else is to be changed.
    """
    if others := sorted(changes.keys() - CHANGEABLE):
        raise RunError(f"a resumed run keeps its own {', '.join(others)}; start a new run to change that")
    fields = {name: _merged(getattr(settings, name), value) for name, value in changes.items()}
    after = RunSettings.model_validate({**dict(settings), **fields})
    return after, [*_models(settings, after), *_options(settings, after), *_world(settings, after)]


def _merged(kept: Any, given: Any) -> Any:
    """Tables entry by entry, with tables within them; a value that a secret was left out of is the same."""
    if isinstance(kept, Mapping) and isinstance(given, Mapping):
        return {**kept, **{name: _merged(kept.get(name), value) for name, value in given.items()}}
    return kept if fits(kept, given) else given


def _models(old: RunSettings, new: RunSettings) -> Iterator[str]:
    moved: dict[tuple[str, str], list[str]] = {}
    for role in ROLES:
        before, after = old.model_for(role), new.model_for(role)
        if before != after:
            moved.setdefault((before, after), []).append(role)
    for (before, after), roles in moved.items():
        whose = "every role" if len(roles) == len(ROLES) else ", ".join(roles)
        yield f"from here on {after} answers for {whose} (before: {before})"


def _world(old: RunSettings, new: RunSettings) -> Iterator[str]:
    if old.world_process != new.world_process:
        where = "a process of its own" if new.world_process else "the process of the run"
        yield f"from here on the world lives in {where}"


def _options(old: RunSettings, new: RunSettings) -> Iterator[str]:
    tables = [("model_options", old.model_options, new.model_options)]
    for role in ROLES:
        before, after = (each.role_options.get(role, {}) for each in (old, new))
        tables.append((f"role_options.{role}", before, after))
    for table, before, after in tables:
        for name, value in after.items():
            if before.get(name) != value:
                was = "not set" if name not in before else visible_line(before[name], _SHOWN)
                yield f"from here on {table}.{name} is {visible_line(value, _SHOWN)} (before: {was})"
