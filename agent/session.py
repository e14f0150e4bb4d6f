"""Putting a run together from its settings: world, sandbox, library, models, and the loop over them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fieldcraft.agent.approvals.set_aside import SetAside
from fieldcraft.agent.explorer import Explorer
from fieldcraft.agent.given import Given
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.library_place import find_library
from fieldcraft.agent.journal.recorded_log import recorded
from fieldcraft.agent.journal.recorder import Listener, Recorder
from fieldcraft.agent.journal.run import THIS_VERSION, Run, absolute_path
from fieldcraft.agent.journal.tail import reached_by
from fieldcraft.agent.listeners import guarded
from fieldcraft.agent.loop.opening import BadWorldOptions, Opened, open_parts
from fieldcraft.agent.loop.parts import Parts
from fieldcraft.agent.notices.sending import Notices
from fieldcraft.agent.notices.settings import NoticeSettings
from fieldcraft.agent.redact import redact
from fieldcraft.agent.roles.factory import RoleFactory
from fieldcraft.agent.roles.facts import FactKeeper
from fieldcraft.agent.roles.least_prompts import check_windows
from fieldcraft.agent.roles.model_calls import Asker, RunWaits, Tools
from fieldcraft.agent.roles.playable import check_offline
from fieldcraft.agent.roles.skill_keeper import SkillKeeper
from fieldcraft.agent.roles.storage_skills import StorageSkills
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.seeing import check_eyes, unsure_eyes
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.agent.telemetry.destination import Otel
from fieldcraft.agent.telemetry.opening import RunTracing
from fieldcraft.agent.tooling.access import ToolAccess
from fieldcraft.agent.tooling.changed_settings import changed, with_budget
from fieldcraft.agent.tooling.opening import deaf_models, run_executor
from fieldcraft.agent.tooling.restored_values import with_values
from fieldcraft.agent.tooling.skill_reading import SkillReader, WithSkillReading
from fieldcraft.envs import Environment
from fieldcraft.envs.faults import faults_of
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.sandbox import require_system
from fieldcraft.tools.sources.settings import ToolSources

__all__ = ["AskHuman", "BadWorldOptions", "Session", "new_session", "resumed_session"]

AskHuman = Callable[[str], str]


class Session:
    """An open run with everything it needs. Made by `new_session` and `resumed_session`.

    Attributes:
        run: the run on disk, locked by this process.
        recorder: its events; `request_stop` ends it at the next one.
        explorer: the loop.
        library: where its skills are kept.
        environment: the world as it is now.
    """

    def __init__(
        self,
        run: Run,
        recorder: Recorder,
        explorer: Explorer,
        library: SkillLibrary,
        environment: Environment,
    ) -> None:
        self.run = run
        self.recorder = recorder
        self.explorer = explorer
        self.library = library
        self.environment = environment


@contextmanager
def new_session(
    settings: RunSettings,
    *,
    runs: Path = Path("runs"),
    name: str | None = None,
    ask_human: AskHuman = input,
    listeners: tuple[Listener, ...] = (),
    follow: Listener | None = None,
    given: Given | None = None,
    otel: Otel = None,
    notice: NoticeSettings | None = None,
) -> Iterator[Session]:
    """Open what a run needs and create it; no run is left behind where something cannot be opened.

    Args:
        settings: the settings of the run.
        runs: the folder of runs.
        name: of the run; made from the time where omitted.
        ask_human: asks a person at the terminal, for the `human` curriculum and critic.
        listeners: called with every event, after it is written. One that raises is not called again.
        follow: the same for the caller itself: what it raises ends the session.
        given: objects in place of names in the settings.
        otel: where spans and metrics of the run go, see `fieldcraft.agent.telemetry`.
        notice: commands and addresses that hear of the run's stops, stalls, milestones and approvals.

    Raises:
        BrokenPart, UnknownPart, UnknownEnvironment, BadWorldOptions: what is wrong and how to mend it.
        UnknownModel, MissingKey, WindowTooSmall, CannotPlay, CannotSee: likewise, of a model.
        UnknownTool, SandboxUnavailable, LibraryLocked, RunError: what cannot be opened, likewise.
        BadTelemetry, MissingTelemetry: spans are asked for and cannot be sent.
    """
    require_system()
    tracing = RunTracing(otel)
    given = given or Given()
    settings = given.named_in(settings)
    with ExitStack() as stack:
        heard = (*([follow] if follow else []), *guarded(settings.listeners, listeners))
        opened = open_parts(settings, given, stack)
        check_offline(settings, opened.environment)
        check_eyes(settings, opened.clients, opened.environment)
        check_windows(settings, opened.clients, opened.prompts, opened.environment)
        run = stack.enter_context(Run.create(runs, settings, name=name))
        heard = (*heard, *tracing.follow(run, stack), *_notices(notice, run, stack))
        yield _assemble(run, opened, ask_human, heard, stack)


@contextmanager
def resumed_session(
    name: str,
    *,
    runs: Path = Path("runs"),
    budget: BudgetLimits | None = None,
    library: str | None = None,
    sources: RunSettings | ToolSources | None = None,
    vouch: Callable[[Run], None] | None = None,
    ask_human: AskHuman = input,
    listeners: tuple[Listener | str, ...] = (),
    follow: Listener | None = None,
    given: Given | None = None,
    prompts: str = "",
    changes: Mapping[str, Any] | None = None,
    whole: Collection[str] = (),
    otel: Otel = None,
    notice: NoticeSettings | None = None,
) -> Iterator[Session]:
    """Open an existing run to go on with it. Raises as `new_session` does, and `FixedSetting`.

    `changes` are other settings from here on, see `fieldcraft.agent.tooling.changed_settings`, those of
    `whole` with all of their entries; the run says what changed. Of `budget`, those limits that were set are
    taken.

    Its library is the one `given`, or `library`, or else looked for where its name leads, where it was, and
    beside the folder of runs (`fieldcraft.agent.journal.library_place`).

    What the run's files do not keep of its settings, passwords for example, is looked up in `sources`: all of
    them, or those of its tools alone.
    A run's settings may name worlds, programs and models to open: `vouch` is called before any is, and raises
    where they are not to be (`fieldcraft.agent.trust.vouch_for`); where omitted, the caller trusts the run.
    Objects that the run began with are `given` again, or models, tools and a sandbox in their place.
    `listeners`, objects and names, hear it beside those that its settings name. `prompts` is its folder of
    prompts from here on. `otel` says where its spans and metrics go, and `notice` who hears of it: neither is
    one of the run's settings, so both are given each time.
    """
    require_system()
    tracing = RunTracing(otel)
    given = given or Given()
    with ExitStack() as stack:
        run = stack.enter_context(Run.open(runs, name))
        library = library if given.library is None else str(given.library.path)
        place, remark = (library, "") if library else find_library(run)
        run.settings, run.library_at = (
            run.settings.model_copy(update={"library": place}),
            absolute_path(place),
        )
        changes = {**(changes or {}), **({"prompts": prompts} if prompts else {})}
        remarks = _change(run, changes, whole, given, vouch)
        run.settings = with_values(run.settings, sources or ToolSources())
        if budget is not None:
            run.settings = with_budget(run.settings, budget)
        heard = (*_heard(follow, run.settings.listeners, listeners), *_notices(notice, run, stack))
        opened = open_parts(run.settings, given, stack, resumed=reached_by(run) is not None)
        check_eyes(run.settings, opened.clients, opened.environment)
        heard += tracing.follow(run, stack)
        session = _assemble(run, opened, ask_human, heard, stack)
        resumed = e.RunResumed(
            settings=run.settings, library_at=run.library_at, loop=e.LOOP, version=THIS_VERSION
        )
        session.recorder.record_metadata(resumed)
        for line in filter(None, [remark, *remarks]):
            _warn(session.recorder, line)
        yield session


def _change(
    run: Run,
    changes: Mapping[str, Any],
    whole: Collection[str],
    given: Given,
    vouch: Callable[[Run], None] | None,
) -> list[str]:
    """Change the settings of a run that goes on. Prompts that are replaced are not vouched for.

    Returns:
        What changed, in words.
    """
    before = run.settings
    if vouch is not None:
        run.settings = before.model_copy(update={"prompts": changes.get("prompts", before.prompts)})
        vouch(run)
    run.settings, remarks = changed(before, {**changes, **given.in_place_of(before, changes)}, whole=whole)
    given.check_resumed(run.settings, run.id)
    return remarks


def _heard(
    follow: Listener | None, names: tuple[str, ...], others: tuple[Listener | str, ...]
) -> tuple[Listener, ...]:
    """Those who are called with every event: the caller itself, those of these names, and others."""
    named = [*names, *(each for each in others if isinstance(each, str))]
    objects = [each for each in others if not isinstance(each, str)]
    return (*([follow] if follow else []), *guarded(named, objects))


def _notices(settings: NoticeSettings | None, run: Run, stack: ExitStack) -> tuple[Listener, ...]:
    """The listener that tells people of the run, if any are to be told."""
    if settings is None or not settings.any:
        return ()
    notices = Notices(settings, run)
    stack.callback(notices.close)
    return (notices,)


def _assemble(
    run: Run, opened: Opened, ask_human: AskHuman, listeners: tuple[Listener, ...], stack: ExitStack
) -> Session:
    environment, library = opened.environment, opened.library
    faults_of(environment).keep_in(run.folder)
    recorder = Recorder(run, listeners)
    for client in opened.clients.values():
        client.attend(RunWaits(recorder))
    executor, tool_access, desk = run_executor(
        opened.registry, recorder, opened.clients["tools"], environment, library, ask_human
    )
    stack.callback(executor.close)
    settings = run.settings
    role_tools = _role_tools(settings, tool_access, library, environment)
    asker = Asker(recorder, opened.clients, role_tools, opened.prompts)
    runner = ProgramRunner(
        opened.sandbox,
        environment,
        library,
        seed=settings.seed,
        tool_access=tool_access,
        limits=settings.limits.in_world(environment.spec),
        callable_skills=settings.retrieved > 0,
    )
    roles = RoleFactory(recorder, asker, environment, library, opened.given, ask_human, tool_access.reference)
    parts = Parts(
        environment=environment,
        library=library,
        curriculum=roles.curriculum(),
        persons=roles.persons_tasks(),
        actor=roles.actor(),
        critic=roles.critic(),
        known=roles.known_skills(),
        keeper=SkillKeeper(recorder, asker, environment, library, runner, tool_access),
        runner=runner,
        storage_skills=StorageSkills(recorder, library, environment),
        tool_access=tool_access,
        facts=FactKeeper(recorder, asker, environment, library.path),
        set_aside=SetAside(recorder, desk, tool_access),
    )
    problems = [f"tool {each.name} is not available: {each.message}" for each in opened.registry.problems]
    unsure = unsure_eyes(settings, opened.clients)
    for problem in [*problems, *deaf_models(opened.clients, tool_access), *unsure]:
        _warn(recorder, problem)
    return Session(run, recorder, Explorer(recorder, parts), library, environment)


def _role_tools(
    settings: RunSettings, tool_access: ToolAccess, library: SkillLibrary, environment: Environment
) -> Tools:
    """The tools of the roles, and `read_skill` for an actor without a list of its own."""
    if not settings.retrieved or "actor" in settings.role_tools:
        return tool_access
    return WithSkillReading(tool_access, SkillReader(library, environment.spec.languages))


def _warn(recorder: Recorder, problem: str) -> None:
    """Log and record what a person should know."""
    text = redact(problem)[:1000]
    recorded.warning("%s", text)
    recorder.record_metadata(e.Warned(text=text))
