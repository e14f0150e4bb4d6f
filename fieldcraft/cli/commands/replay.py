"""`fieldcraft replay`: try every skill of a library in a new world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options import flags as f
from fieldcraft.cli.options import shared as o

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fieldcraft.agent.replaying import Replayed
    from fieldcraft.cli.options.config import Settings

EXAMPLES = """
Examples:

  fieldcraft replay --library library --seed 8

  fieldcraft replay --seed 8 --option size=96 --json

  fieldcraft replay --seeds 1-5 --skill craft_torch    one skill in five worlds

  fieldcraft replay --library imported --seed 8 --mark    trust the skills that work (in every seed)

The exit code is 0 even if skills fail: the results say which did.
"""
Seeds = Annotated[
    str | None,
    typer.Option(
        "--seeds",
        metavar="SEEDS",
        help="Several worlds: how many seeds, from 1 on (5), or which ones (1,4,9 or 11-15).",
        rich_help_panel=o.WORLD,
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--skill", metavar="NAME", help="Try only this skill; repeatable.", rich_help_panel=o.KEEPING
    ),
]
STYLES = {"works": "good", "fails": "bad", "skipped": "warn"}


def replay(
    library: o.Library = None,
    library_owner: o.LibraryOwner = None,
    skill: Names = None,
    env: o.Env = None,
    seed: o.Seed = None,
    world_process: o.WorldProcess = None,
    seeds: Seeds = None,
    option: o.Option = None,
    sandbox: o.Sandbox = None,
    limit: o.Limit = None,
    tools: o.Tools = None,
    corpus: o.Corpus = None,
    approve: o.Approve = None,
    mark: o.Mark = False,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Try every skill of a library in a new world, and report which work and why others fail."""
    from fieldcraft.cli.libraries import check_library
    from fieldcraft.cli.options.config import load_settings

    flags = {
        **f.world(env, option, seed, world_process),
        **f.keeping(library, library_owner),
        **f.conduct(None, None, sandbox, limit),
        **f.tools(tools, corpus, approve),
    }
    settings = load_settings(flags)
    if not Path(settings.library).is_dir():
        raise UsageProblem(f"there is no library {settings.library}; name one with --library")
    check_library(Path(settings.library))
    bar = not (plain or as_json) and settings.tool_policy.approval == "never"
    asked = _Asked(settings, _seeds(seed, seeds, settings.seed), tuple(dict.fromkeys(skill or ())), mark)
    results = list(_shown(asked, bar=bar))
    _report(results, asked, as_json=as_json)
    return 0


@dataclass(frozen=True)
class _Asked:
    """What is tried: the settings, the seeds of the worlds, and the skills, all where none is named."""

    settings: Settings
    seeds: tuple[int, ...]
    skills: tuple[str, ...]
    mark: bool


def _seeds(seed: int | None, seeds: str | None, usual: int) -> tuple[int, ...]:
    from fieldcraft.cli.options.study_flags import read_seeds

    if seeds is None:
        return (usual,)
    if seed is not None:
        raise UsageProblem("--seed is one world and --seeds are several; give one of the two")
    return tuple(read_seeds(seeds))


def _shown(asked: _Asked, *, bar: bool) -> Iterator[Replayed]:
    """Yield results as they come, with a progress bar on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from fieldcraft.agent.redact import clean
    from fieldcraft.cli.views.console import console

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=screen, transient=True, disable=not (bar and screen.is_terminal)
    ) as progress:
        line = progress.add_task("opening", total=None)
        for total, result in _results(asked):
            progress.update(line, total=total, advance=1, description=clean(result.skill))
            yield result


def _results(asked: _Asked) -> Iterator[tuple[int, Replayed]]:
    """Yield (number of results, result) for each skill in each world."""
    from contextlib import ExitStack

    from fieldcraft.agent.replaying import mark_working, replay_skills
    from fieldcraft.agent.tooling.opening import ReplayTools
    from fieldcraft.cli.views.console import console, one_line, say
    from fieldcraft.envs.apart import make_world
    from fieldcraft.skills import SkillLibrary
    from fieldcraft.skills.sandbox import open_sandbox, process_launcher, require_system

    require_system()
    settings = asked.settings
    with ExitStack() as stack:
        world = make_world(settings.environment, apart=settings.world_process)
        world.confine(process_launcher(settings.sandbox))
        stack.callback(world.close)
        try:
            world.reset(seed=asked.seeds[0], options=settings.options)
        except ValueError as error:
            raise UsageProblem(f"{settings.environment}: {error}") from error
        library = SkillLibrary(
            Path(settings.library), environment=world.spec.id, owners=settings.library_owners
        )
        stack.callback(library.close)
        names = {library.get(name).name for name in asked.skills}
        sandbox = open_sandbox(settings.sandbox)
        stack.callback(sandbox.close)
        tools = ReplayTools(settings, world, library, _ask)
        stack.callback(tools.close)
        for problem in tools.problems:
            console(stderr=True).print(
                say(f"tool {problem.name} is not available: {one_line(problem.message, 500)}", "warn")
            )
        total = (len(names) or len(library)) * len(asked.seeds)
        last: dict[str, Replayed] = {}
        for seed in asked.seeds:
            for result in replay_skills(
                library,
                world,
                sandbox,
                seed=seed,
                options=settings.options,
                tools=tools,
                limits=settings.limits.in_world(world.spec),
                fresh=seed == asked.seeds[0],
                only=names,
            ):
                before = last.setdefault(result.skill, result)
                if before.outcome == "works":
                    last[result.skill] = result
                if asked.mark and seed == asked.seeds[-1]:
                    mark_working(library, last[result.skill])
                yield total, result


def _ask(question: str) -> str:
    """Ask a person to approve a tool call, on standard error so that standard output holds results only."""
    from fieldcraft.cli.views.console import console, say

    console(stderr=True).print(say(question, "head"))
    return input()


def _report(results: list[Replayed], asked: _Asked, *, as_json: bool) -> None:
    from fieldcraft.cli.views.console import console, counted, print_json, say, table

    if as_json:
        print_json([result.model_dump(mode="json") for result in results])
        return
    settings, several = asked.settings, len(asked.seeds) > 1
    counts: dict[str, int] = {}
    worlds = f"{len(asked.seeds)} seeds" if several else f"seed {asked.seeds[0]}"
    title = f"{settings.library} in {settings.environment}, {worlds}"
    columns = ("skill", *(("#seed",) if several else ()), "outcome", "why", "#ticks")
    shown = table(*columns, title=title, whole=len(columns) - 2)
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
        shown.add_row(
            say(result.skill, "name"),
            *((str(result.seed),) if several else ()),
            say(result.outcome, STYLES[result.outcome]),
            say(_why(result)),
            str(result.ticks),
        )
    console().print(shown)
    if causes := _causes(results):
        console().print(causes)
    words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items(), reverse=True))
    tried = counted(len({result.skill for result in results}), "skill")
    tried += f" in {len(asked.seeds)} worlds" if several else ""
    console().print(say(f"{tried}: {words or 'none to try'}", "head"))


def _why(result: Replayed) -> str:
    """Why it works or fails, with the call that failed where that does not say it."""
    from fieldcraft.cli.views.console import one_line

    call, _, error = result.failed_call.partition("): ")
    if not call:
        return one_line(result.why, 300)
    failed = f"{call})" if error and error in result.why else result.failed_call
    return one_line(f"{result.why}; failed call: {failed}", 500)


def _causes(results: list[Replayed]) -> Any:
    """The failures by their cause, the most frequent first; nothing where fewer than two failed."""
    from fieldcraft.cli.views.console import one_line, say, table

    skills: dict[str, list[str]] = {}
    for result in results:
        if result.outcome == "fails":
            skills.setdefault(result.cause, []).append(result.skill)
    if sum(map(len, skills.values())) < 2:
        return None
    shown = table("cause", "#failures", "skills", title="failures by cause", whole=0)
    for cause, names in sorted(skills.items(), key=lambda row: -len(row[1])):
        shown.add_row(
            say(one_line(cause, 200)), str(len(names)), say(one_line(", ".join(dict.fromkeys(names)), 300))
        )
    return shown
