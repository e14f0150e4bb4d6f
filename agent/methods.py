"""Methods by name: the full agent, its ablations, what it is compared with; each a change of settings."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.errors import InputError
from fieldcraft.common.suggest import nearest

_FILE = Path(__file__).with_suffix(".yaml")
_WITHOUT = "without-"


class UnknownMethod(InputError, ValueError):
    """No method, or no part to leave out, of this name; the message lists the names."""


class Method(BaseModel):
    """A named change of settings. `says` is one line for people; no model is ever shown it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str
    settings: dict[str, Any]


class Methods(BaseModel):
    """What `methods.yaml` holds: whole set-ups, and parts that any of them can do without."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    methods: dict[str, Method]
    without: dict[str, Method]


@cache
def all_methods() -> Methods:
    """Every method there is."""
    import yaml

    return Methods.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def method_settings(method: str | None = None, without: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of `RunSettings` that a method changes.

    Args:
        method: its name, with parts to leave out after a `+`: `react`, `without-library`,
            `voyager+without-critic`. The full agent where omitted.
        without: more parts to leave out.

    Raises:
        UnknownMethod: the message lists the names there are.
    """
    known = all_methods()
    names = {**known.methods, **{_WITHOUT + part: left for part, left in known.without.items()}}
    chosen = [name.strip() for name in (method or "full").split("+")]
    chosen += [_WITHOUT + part.strip().removeprefix(_WITHOUT) for part in without]
    changes: dict[str, Any] = {}
    for place, name in enumerate(chosen):
        if name not in names:
            raise UnknownMethod(
                f"no method {name!r}{nearest(name, names) or '.'} Methods: {', '.join(names)}; "
                "several are joined as in voyager+without-critic"
            )
        if place and name in known.methods:
            raise UnknownMethod(f"{name!r} is a method of its own; only without-... can follow a +")
        changes |= names[name].settings
    checked = RunSettings.model_validate(changes)
    return {field: getattr(checked, field) for field in changes}
