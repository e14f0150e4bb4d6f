"""Turn the flags of `fieldcraft study` into a plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.common.invalid import in_words

if TYPE_CHECKING:
    from fieldcraft.cli.options.config import Settings
    from fieldcraft.study import StudyPlan

MOST_SEEDS = 1000


def only_new_world(kind: str, **given: object) -> None:
    """Refuse flags that have no effect on this kind of study."""
    for name, value in given.items():
        if kind != "newworld" and value is not None:
            raise UsageProblem(f"--{name.replace('_', '-')} has no effect on `study {kind}`; leave it out")


def split(flag: str, text: str | None) -> tuple[str, ...] | None:
    """Names separated by commas; `None` if the flag was not given."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageProblem(f"{flag} names nothing; write it as {flag} one,another")
    return names


def read_seeds(text: str) -> tuple[int, ...]:
    """`3` as (1, 2, 3), `1,4,9` as these, `11-15` as 11 to 15.

    Raises:
        UsageProblem: not of that form, none, or too many.
    """
    if text.strip().isdecimal():
        parts = [f"1-{text.strip()}"]
    else:
        parts = [part.strip() for part in text.split(",") if part.strip()]
    seeds: list[int] = []
    for part in parts:
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise UsageProblem(
                f"--seeds {text!r}: {part!r} is not a number; write how many (5), or which (1,4,9 or 11-15)"
            )
        if dash and int(last) - int(first) >= MOST_SEEDS:
            raise UsageProblem(f"--seeds {text!r}: more than {MOST_SEEDS} seeds")
        seeds += range(int(first), int(last or first) + 1)
    if not seeds:
        raise UsageProblem(f"--seeds {text!r} names no seed; write how many (5), or which (1,4,9 or 11-15)")
    return tuple(dict.fromkeys(seeds))


def read_worlds(scramble: Sequence[int] | None, *, only_scrambled: bool) -> tuple[Any, ...]:
    """The regular world, unless `only_scrambled`, and one for each seed of scrambled rules."""
    from fieldcraft.study import StudyWorld

    if only_scrambled and not scramble:
        raise UsageProblem("--only-scrambled needs a --scramble SEED")
    scrambled = [StudyWorld(name=f"scrambled-{seed}", scramble=seed) for seed in scramble or ()]
    return tuple(scrambled if only_scrambled else [StudyWorld(), *scrambled])


def refuse_nothing(settings: Settings) -> None:
    """Refuse a budget of nothing.

    Raises:
        UsageProblem: a limit is 0.
    """
    for field, flag in (("iterations", "--iterations"), ("tokens", "--tokens"), ("money", "--money"),
                        ("seconds", "--minutes")):  # fmt: skip
        if getattr(settings.budget, field) == 0:
            raise UsageProblem(f"{flag} 0 leaves nothing to run; allow more, or leave it out")


def make_plan(kind: str, settings: Settings, compared: dict[str, Any]) -> StudyPlan:
    """Make the plan of a study from its flags.

    Raises:
        UsageProblem: the flags make no valid plan; the message names the first wrong one.
    """
    from pydantic import ValidationError

    from fieldcraft.agent.settings import BudgetLimits
    from fieldcraft.study import StudyPlan

    refuse_nothing(settings)
    if "library" in compared and not Path(compared["library"]).is_dir():
        raise UsageProblem(f"there is no library {compared['library']}; name a folder of skills")
    if kind == "newworld":
        compared = {"methods": ("full",), **compared}
    common = settings.for_run(budget=BudgetLimits(), library="", seed=0, elsewhere=())
    try:
        return StudyPlan.model_validate(
            {"kind": kind, "settings": common, "iterations": settings.budget.iterations or 160, **compared}
        )
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        words = in_words(detail)
        raise UsageProblem(f"{place}: {words}" if place else words) from error
