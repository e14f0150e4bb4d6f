"""Opening the tools of a run, or of a replay: what is loaded, what it reaches, who is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from fieldcraft.agent.desk import ToolDesk
from fieldcraft.agent.models import ModelClient
from fieldcraft.agent.recorder import Recorder
from fieldcraft.agent.redact import redact
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.tool_record import ToolRecord
from fieldcraft.agent.views import BudgetOfRun, LibraryOfRun, ModelOfRun, NoBill, WorldOfRun
from fieldcraft.envs import Environment
from fieldcraft.skills import SkillLibrary
from fieldcraft.tools import ToolContext, ToolExecutor, ToolRegistry
from fieldcraft.tools.builtin.corpus import Corpora


class MissingCorpus(ValueError):
    """A folder or file to search in is not there."""


def open_tools(settings: RunSettings) -> ToolRegistry:
    """The tools that somebody in the run may call, their sources started.

    What cannot be had is on the registry's `problems`.

    Raises:
        UnknownTool: nobody announces a tool of this name.
        MissingCorpus: a corpus is not there.
    """
    for corpus in settings.corpus:
        if not Path(corpus).exists():
            raise MissingCorpus(
                f"there is no corpus {corpus}; correct --corpus, or `corpus` in fieldcraft.toml"
            )
    return ToolRegistry.load(settings.all_tools(), settings.tool_sources)


def run_executor(
    registry: ToolRegistry,
    recorder: Recorder,
    client: ModelClient,
    environment: Environment,
    library: SkillLibrary,
    ask_person: Callable[[str], str],
) -> tuple[ToolExecutor, ToolDesk]:
    """What calls the tools of a run, every call in its journal, and who may call which."""
    settings = recorder.run.settings
    record = ToolRecord(recorder)
    world = WorldOfRun(environment, lambda: recorder.state.seen)
    executor = ToolExecutor(
        registry,
        context=ToolContext(
            model=ModelOfRun(client, record),
            recorder=record,
            budget=BudgetOfRun(recorder),
            library=LibraryOfRun(library),
            world=world,
            corpus=Corpora(settings.corpus) if settings.corpus else None,
            redact=redact,
        ),
        policy=settings.tool_policy,
        ask_person=partial(record.ask, ask_person=ask_person),
        results=recorder.run.folder / "tool-results",
        approvals=recorder.state.approvals,
    )
    record.executor = executor
    return executor, ToolDesk(executor, record, settings, world)


def replay_executor(
    registry: ToolRegistry,
    settings: RunSettings,
    client: ModelClient,
    environment: Environment,
    library: SkillLibrary,
    ask_person: Callable[[str], str] | None,
) -> ToolExecutor:
    """What calls the tools of programs that are tried without a run: nothing is recorded, nothing billed."""
    world = WorldOfRun(environment, dict)
    return ToolExecutor(
        registry,
        context=ToolContext(
            model=ModelOfRun(client, NoBill()),
            library=LibraryOfRun(library),
            world=world,
            corpus=Corpora(settings.corpus) if settings.corpus else None,
            redact=redact,
        ),
        policy=settings.tool_policy,
        ask_person=ask_person,
    )
