"""`fieldcraft runs fork` and `fieldcraft runs diff`: runs that share a past, and where two of them part."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from fieldcraft.agent.forking.differing import Course, Difference, Parting

LISTED = 6
"""Tasks, items and skills of each kind that the table names."""

RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name, its folder, or `latest`.")]
ForkName = Annotated[
    str | None, typer.Option("--name", help="The name of the fork; made from the run's if omitted.")
]
At = Annotated[
    str,
    typer.Option(
        "--at",
        metavar="ITERATION|EVENT",
        help="Where the fork leaves the run: 40 for the end of iteration 40, event:812 for an event of the "
        "journal. Within a task, the fork begins at that task's start.",
    ),
]
TrustRun = Annotated[
    bool,
    typer.Option(
        "--trust-run", help="Fork a run that you did not make here, and use everything that it names."
    ),
]


def fork(
    run: RunName,
    at: At,
    name: ForkName = None,
    model: o.Model = None,
    role_model: o.RoleModel = None,
    base_url: o.BaseUrl = None,
    trust_run: TrustRun = False,
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """Make a run that shares the past of another up to a moment, with a library of its own.

    No model is asked for it. The other run, its library and its world are left as they are, and
    `explore --resume` goes on with the fork.
    """
    from fieldcraft.agent.forking.fork import fork_run
    from fieldcraft.agent.trust import vouch_for
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, counted, print_json, say

    flags = {**f.models(model, role_model, base_url, None, None), **f.given(runs=runs)}
    here = load_settings(flags)
    changes: dict[str, Any] = {key: flags[key] for key in ("model", "role_models") if key in flags}
    changes |= {"model_options": here.model_options, "role_options": here.role_options}
    cure = f"Look at it with `{program()} runs show`; add --trust-run if you trust its author"
    forked = fork_run(
        run,
        at=at,
        runs=Path(here.runs),
        new_name=name,
        changes=changes,
        vouch=vouch_for(here, trusted=trust_run, cure=cure),
    )
    command = f"{program()} explore --resume {forked.folder.name}{_runs_flag(runs)}"
    if as_json:
        data = asdict(forked) | {"folder": str(forked.folder), "run": forked.folder.name}
        print_json({**data, "missing": list(forked.missing), "resume": command})
        return 0
    screen = console()
    shared = f"{counted(forked.events, 'event')} and {counted(forked.iterations, 'iteration')}"
    words = f"{forked.folder.name} shares {shared} with {forked.of}; {counted(forked.skills, 'skill')} in "
    screen.print(say(f"{words}{forked.folder / 'library'}"), soft_wrap=True)
    if forked.remark:
        screen.print(say(forked.remark, "quiet"), soft_wrap=True)
    if forked.missing:
        gone = f"in neither the library nor the journal any more: {', '.join(forked.missing[:LISTED])}"
        screen.print(say(gone, "warn"), soft_wrap=True)
    screen.print(say(f"go on with it: {command}", "command"), soft_wrap=True)
    return 0


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A run: its name, its folder, or `latest`.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another, such as a fork of it.")],
    runs: o.Runs = None,
    as_json: o.Json = False,
) -> int:
    """Name the first event in which two runs differ, and what each did from there on."""
    from fieldcraft.agent.forking.differing import difference
    from fieldcraft.agent.journal.run import find_run
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.views.console import console, counted, print_json, say

    place = Path(load_settings(f.given(runs=runs)).runs)
    folders = [find_run(place, name) for name in (first, second)]
    names = [folder.name for folder in folders]
    found = difference(*folders)
    if as_json:
        print_json(_as_data(names, found))
        return 0
    screen = console()
    if found.parting is None:
        screen.print(say(f"{names[0]} and {names[1]} are equal in all {counted(found.shared, 'event')}"))
        return 0
    for line in [*_where(names, found.shared, found.parting), *_settings(names, found)]:
        screen.print(say(line), soft_wrap=True)
    screen.print(_courses(names, found.after))
    return 0


def _runs_flag(runs: str | None) -> str:
    import shlex

    return "" if runs is None else f" --runs {shlex.quote(runs)}"


def _as_data(names: list[str], found: Difference) -> dict[str, Any]:
    parting = None if found.parting is None else asdict(found.parting)
    return {
        "runs": names,
        "equal": found.parting is None,
        "shared_events": found.shared,
        "parting": parting,
        "settings": {name: list(values) for name, values in found.settings.items()},
        "after": [asdict(course) for course in found.after],
    }


def _where(names: list[str], shared: int, parting: Parting) -> list[str]:
    """Where two runs part, in words."""
    from fieldcraft.cli.views.console import counted, one_line

    task = f", in the task {one_line(parting.task, 200)!r}" if parting.task else ""
    lines = [
        f"{names[0]} and {names[1]} share {counted(shared, 'event')} of their histories and part after "
        f"iteration {parting.iteration}{task}:"
    ]
    for name, number, kind in zip(names, parting.events, parting.types, strict=True):
        at = "" if number is None else f"event {number}, "
        lines.append(f"  {name}: {at}{kind}")
    if parting.fields:
        lines.append(f"  they differ in {', '.join(parting.fields)}")
    return lines


def _settings(names: list[str], found: Difference) -> list[str]:
    """The settings that part two runs, the world and its seed first."""
    settings = list(found.settings.items())
    lines = [
        f"  {name}: {names[0]} has {one}, {names[1]} {other}" for name, (one, other) in settings[:LISTED]
    ]
    if len(settings) > LISTED:
        lines.append(f"  and {len(settings) - LISTED} more; --json has all")
    return ["their settings differ:", *lines] if lines else []


def _courses(names: list[str], courses: tuple[Course, Course]) -> Any:
    from fieldcraft.cli.views.console import say, table
    from fieldcraft.cli.views.figures import duration

    shown = table("since then", *names)
    for words, field in (
        ("tasks done", "done"),
        ("tasks failed", "failed"),
        ("items", "items"),
        ("milestones", "milestones"),
        ("skills kept", "skills"),
    ):
        shown.add_row(words, *(say(_listed(getattr(course, field))) for course in courses))
    for words, cells in (
        ("iterations", [f"{course.iterations:,}" for course in courses]),
        ("deaths", [f"{course.deaths:,}" for course in courses]),
        ("model calls", [f"{course.calls:,}" for course in courses]),
        ("tokens", [f"{course.tokens:,}" for course in courses]),
        ("money", [f"${course.money:.4f}" for course in courses]),
        ("seconds", [duration(course.seconds) for course in courses]),
    ):
        shown.add_row(words, *cells)
    return shown


def _listed(names: list[str]) -> str:
    from fieldcraft.cli.views.console import one_line

    if not names:
        return "-"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{len(names)}: {', '.join(one_line(name, 60) for name in names[:LISTED])}{more}"
