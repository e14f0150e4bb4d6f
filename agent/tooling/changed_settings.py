"""What a resume changes of a run's settings, and why it leaves the rest as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from fieldcraft.agent.journal.run import RunError
from fieldcraft.agent.settings import ROLES, BudgetLimits, RunSettings
from fieldcraft.agent.tooling.restored_values import fits
from fieldcraft.common.errors import InputError
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line

CHANGEABLE = frozenset(
    {"model", "role_models", "model_options", "role_options", "prompts", "keep_prompts", "language", "see"}
    | {"aim"}
    | {"tools", "role_tools", "mcp", "openapi", "tool_steps", "tool_policy", "tool_search", "corpus"}
    | {"sandbox", "limits", "listeners", "library_owners", "world_process"}
)
"""The settings of a run that a resume can change, beside its budget and where its library is."""

_WORLD = frozenset({"environment", "seed", "options"})
_OF_MODELS = frozenset({"model", "role_models", "role_options"})
"""Settings whose changes are told by role."""
_UNSAID = frozenset({"mcp", "openapi"})
"""Tables whose entries are too long for a line."""
_SHOWN = 60


class FixedSetting(RunError, InputError, ValueError):
    """A resumed run is given another value of what it cannot change; the message says what to do instead."""


def changed(
    settings: RunSettings, changes: Mapping[str, Any], *, whole: Collection[str] = ()
) -> tuple[RunSettings, list[str]]:
    """A run's settings as a resume makes them.

    Args:
        settings: of the run so far, as its files keep them.
        changes: settings that are given. Entries of tables count one by one: what is not among them stays.
            The same value again is no change, whatever it is of.
        whole: tables that are given with all of their entries.

    Returns:
        The settings, and a line for people on each thing that is another one from now on.

    Raises:
        FixedSetting: something that a resume cannot change is to be changed.
    """
    fields = {
        name: _kept_or(getattr(settings, name), value) if name in whole else _merged(settings, name, value)
        for name, value in changes.items()
    }
    after = RunSettings.model_validate({**dict(settings), **fields})
    fixed = [name for name in sorted(fields.keys() - CHANGEABLE) if _differ(settings, after, name)]
    if fixed:
        raise FixedSetting(_why_fixed(settings, fixed))
    return after, [f"from here on {line}" for line in differences(settings, after)]


def with_budget(settings: RunSettings, budget: BudgetLimits) -> RunSettings:
    """A run's settings with those limits that were set of a budget; the others stay."""
    given = {name: getattr(budget, name) for name in budget.model_fields_set}
    merged = BudgetLimits.model_validate({**dict(settings.budget), **given})
    return settings.model_copy(update={"budget": merged})


def differences(before: RunSettings, after: RunSettings) -> list[str]:
    """What a resume changed, one line for people on each thing: what it is now, and what it was."""
    return [
        *_models(before, after),
        *_world(before, after),
        *_options(before, after),
        *_others(before, after),
    ]


def unused(run: RunSettings, here: RunSettings) -> list[str]:
    """The settings that are set `here` and have another value in a run that goes on without them."""
    set_here = sorted(here.model_fields_set & set(RunSettings.model_fields) - {"library"})
    merged = {name: _merged(run, name, getattr(here, name)) for name in set_here}
    after = run.model_copy(update=merged)
    return [name for name in set_here if _differ(run, after, name)]


def _differ(before: RunSettings, after: RunSettings, name: str) -> bool:
    return bool(_table(getattr(before, name)) != _table(getattr(after, name)))


def _merged(settings: RunSettings, name: str, given: Any) -> Any:
    kept = getattr(settings, name)
    if isinstance(kept, BaseModel):
        entries = _entries(given)
        return {**dict(kept), **{entry: _kept_or(getattr(kept, entry), entries[entry]) for entry in entries}}
    return _merged_entries(kept, given)


def _merged_entries(kept: Any, given: Any) -> Any:
    """Tables entry by entry, with tables within them."""
    if isinstance(kept, Mapping) and isinstance(given, Mapping):
        return {**kept, **{name: _merged_entries(kept.get(name), value) for name, value in given.items()}}
    return _kept_or(kept, given)


def _kept_or(kept: Any, given: Any) -> Any:
    """What is given, unless only what the run's files leave out tells it from what they keep."""
    return kept if fits(_table(kept), _table(given)) else given


def _entries(given: Any) -> Mapping[str, Any]:
    """What was set of a table."""
    if not isinstance(given, BaseModel):
        return dict(given)
    return {name: getattr(given, name) for name in given.model_fields_set}


def _table(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _table(part) for name, part in value}
    if isinstance(value, Mapping):
        return {name: _table(part) for name, part in value.items()}
    return value


def _why_fixed(settings: RunSettings, names: list[str]) -> str:
    own = ", ".join(f"{name} ({_shown(getattr(settings, name))})" for name in names)
    why = "its record is of that world" if _WORLD & set(names) else "what it did so far was done so"
    return (
        f"a resumed run keeps its own {own}; leave that out, since {why}, or start a new run: with "
        f"--library {settings.library} it begins with the skills of this one"
    )


def _models(old: RunSettings, new: RunSettings) -> Iterator[str]:
    moved: dict[tuple[str, str], list[str]] = {}
    for role in ROLES:
        before, after = old.model_for(role), new.model_for(role)
        if before != after:
            moved.setdefault((before, after), []).append(role)
    for (before, after), roles in moved.items():
        whose = "every role" if len(roles) == len(ROLES) else ", ".join(roles)
        yield f"{after} answers for {whose} (before: {before})"


def _world(old: RunSettings, new: RunSettings) -> Iterator[str]:
    if old.world_process != new.world_process:
        where = "a process of its own" if new.world_process else "the process of the run"
        yield f"the world lives in {where}"


def _options(old: RunSettings, new: RunSettings) -> Iterator[str]:
    for role in ROLES:
        before, after = (each.role_options.get(role, {}) for each in (old, new))
        yield from _entries_changed(f"role_options.{role}", before, after)


def _others(old: RunSettings, new: RunSettings) -> Iterator[str]:
    for name in RunSettings.model_fields:
        if name in _OF_MODELS:
            continue
        before, after = (_table(getattr(each, name)) for each in (old, new))
        if isinstance(before, Mapping):
            yield from _entries_changed(name, before, after)
        elif before != after:
            none = "the built-in ones" if name == "prompts" else "none"
            yield f"{name} is {_shown(after) or none} (before: {_shown(before) or none})"


def _entries_changed(table: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*was, *now]):
        if was.get(name) == now.get(name):
            continue
        if table in _UNSAID:
            yield f"{table}.{name} is {_fate(name in was, name in now)}"
        else:
            after, before = (_shown(each.get(name)) or "none" for each in (now, was))
            yield f"{table}.{name} is {after} (before: {before})"


def _fate(was: bool, is_now: bool) -> str:
    if was and is_now:
        return "set otherwise"
    return "no longer set" if was else "set (before: not set)"


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, tuple | list):
        value = ", ".join(map(str, value))
    return visible_line(redact(str(value)), _SHOWN)
