"""What the flags of a resume change of a run's settings, and which settings here it leaves aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line

if TYPE_CHECKING:
    from fieldcraft.agent.settings import RunSettings
    from fieldcraft.cli.options.config import Settings

_ELSEWHERE = frozenset({"budget", "library", "runs", "otel", "notice"})
"""Flags that do not change a setting of the run, or only its limits."""
_OF_MODELS = ("model_options", "role_options")
"""Tables of which a resume takes what is set here, flags or not."""
_SHOWN = 60


def changes_by(flags: Mapping[str, Any], here: Settings, take: Sequence[str]) -> dict[str, Any]:
    """The settings that a resume is given: by flags, by `--take`, and the options of models.

    Args:
        flags: settings from the command line.
        here: all settings in force, the flags among them.
        take: names of settings that are taken as they are `here`.

    Raises:
        UsageProblem: `take` has a name that is not of a setting that can change.
    """
    from fieldcraft.agent.tooling.changed_settings import CHANGEABLE

    for name in take:
        if name not in CHANGEABLE and name != "budget":
            known = sorted({*CHANGEABLE, "budget"})
            raise UsageProblem(
                f"--take {visible_line(name, _SHOWN)}: a resume changes no such setting"
                f"{nearest(name, known)}; say one of {', '.join(known)}"
            )
    changes = {name: getattr(here, name) for name in _OF_MODELS}
    for name in flags.keys() - _ELSEWHERE - set(_OF_MODELS):
        changes[name] = _given(getattr(here, name), flags[name])
    return changes | {name: getattr(here, name) for name in take if name != "budget"}


def _given(value: Any, flag: Any) -> Any:
    """What the flags gave of a setting, as it was read: of a table the entries that they name."""
    if not isinstance(flag, Mapping):
        return value
    entries = value if isinstance(value, Mapping) else dict(value)
    return {name: entries[name] for name in flag}


def left_aside(here: Settings, run: RunSettings) -> Iterator[str]:
    """In words, the settings that are set here and that a run, as it goes on, has otherwise."""
    from fieldcraft.agent.tooling.changed_settings import CHANGEABLE, unused
    from fieldcraft.cli.options.config import source_of
    from fieldcraft.cli.options.flags import flag_of

    fixed: list[str] = []
    for name in unused(run, here):
        if name not in {*CHANGEABLE, "budget"}:
            fixed.append(f"{name}, not that of {source_of(name)}")
            continue
        way = flag_of([name]) or f"--take {name}"
        plain = isinstance(getattr(run, name), str | int | bool)
        own = f" ({visible_line(getattr(run, name), _SHOWN)})" if plain else ""
        yield f"the run keeps its own {name}{own}, not that of {source_of(name)}; {way} gives it another one"
    if fixed:
        yield f"the run keeps its own {'; '.join(fixed)}: a resume does not change that"
