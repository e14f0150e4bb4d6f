"""`fieldcraft replay`: try every skill of a library in a new world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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

  fieldcraft replay --library imported --seed 8 --mark    trust the skills that work

The exit code is 0 even if skills fail: the results say which did.
"""
STYLES = {"works": "good", "fails": "bad", "skipped": "warn"}


def replay(
    library: o.Library = None,
    library_owner: o.LibraryOwner = None,
    env: o.Env = None,
    seed: o.Seed = None,
    world_process: o.WorldProcess = None,
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
    results = list(_shown(settings, mark=mark, bar=bar))
    _report(results, settings, as_json=as_json)
    return 0


def _shown(settings: Settings, *, mark: bool, bar: bool) -> Iterator[Replayed]:
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
        for total, result in _results(settings, mark=mark):
            progress.update(line, total=total, advance=1, description=clean(result.skill))
            yield result


def _results(settings: Settings, *, mark: bool) -> Iterator[tuple[int, Replayed]]:
    """Yield (number of skills, result) for each skill."""
    from contextlib import ExitStack

    from fieldcraft.agent.replaying import mark_working, replay_skills
    from fieldcraft.agent.tooling.opening import ReplayTools
    from fieldcraft.cli.views.console import console, one_line, say
    from fieldcraft.envs import make
    from fieldcraft.envs.apart import WorldApart
    from fieldcraft.skills import SkillLibrary
    from fieldcraft.skills.sandbox import open_sandbox, process_launcher, require_system

    require_system()
    with ExitStack() as stack:
        world = (WorldApart if settings.world_process else make)(settings.environment)
        world.confine(process_launcher(settings.sandbox))
        stack.callback(world.close)
        try:
            world.reset(seed=settings.seed, options=settings.options)
        except ValueError as error:
            raise UsageProblem(f"{settings.environment}: {error}") from error
        library = SkillLibrary(
            Path(settings.library), environment=world.spec.id, owners=settings.library_owners
        )
        stack.callback(library.close)
        sandbox = open_sandbox(settings.sandbox)
        stack.callback(sandbox.close)
        tools = ReplayTools(settings, world, library, _ask)
        stack.callback(tools.close)
        for problem in tools.problems:
            console(stderr=True).print(
                say(f"tool {problem.name} is not available: {one_line(problem.message, 500)}", "warn")
            )
        results = replay_skills(
            library,
            world,
            sandbox,
            seed=settings.seed,
            options=settings.options,
            tools=tools,
            limits=settings.limits.in_world(world.spec),
            fresh=True,
        )
        total = len(library)
        for result in results:
            if mark:
                mark_working(library, result)
            yield total, result


def _ask(question: str) -> str:
    """Ask a person to approve a tool call, on standard error so that standard output holds results only."""
    from fieldcraft.cli.views.console import console, say

    console(stderr=True).print(say(question, "head"))
    return input()


def _report(results: list[Replayed], settings: Settings, *, as_json: bool) -> None:
    from fieldcraft.cli.views.console import console, counted, one_line, print_json, say, table

    if as_json:
        print_json([result.model_dump(mode="json") for result in results])
        return
    counts: dict[str, int] = {}
    title = f"{settings.library} in {settings.environment}, seed {settings.seed}"
    shown = table("skill", "outcome", "why", "#ticks", title=title, whole=2)
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
        shown.add_row(
            say(result.skill, "name"),
            say(result.outcome, STYLES[result.outcome]),
            say(one_line(result.why, 300)),
            str(result.ticks),
        )
    console().print(shown)
    words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items(), reverse=True))
    console().print(say(f"{counted(len(results), 'skill')}: {words or 'none to try'}", "head"))
