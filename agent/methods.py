"""Methods by name: the full agent, its ablations and baselines, each as a change of settings."""

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
    """There is no method or ablation of this name; the message lists the names."""


class Method(BaseModel):
    """A named change of settings. `says` is one line for people, which no model sees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str
    settings: dict[str, Any]


class Methods(BaseModel):
    """The content of `methods.yaml`: methods, and ablations that apply to any of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    methods: dict[str, Method]
    without: dict[str, Method]


@cache
def all_methods() -> Methods:
    """All methods."""
    import yaml

    return Methods.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def method_settings(method: str | None = None, without: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of `RunSettings` that a method changes.

    Args:
        method: its name, with parts to leave out after a `+`: `react`, `without-library`,
            `voyager+without-critic`. By default the full agent.
        without: more parts to leave out.

    Raises:
        UnknownMethod: there is no such method; the message lists the names.
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
