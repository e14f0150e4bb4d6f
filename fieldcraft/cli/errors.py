"""Expected errors end as one line that names the cure; a fault of our own crashes loudly."""

from __future__ import annotations

from dataclasses import dataclass

FAILURE = 1
USAGE = 2
STOPPED = 130


class UsageProblem(ValueError):
    """Something on the command line or in the settings cannot be used; the message names the cure."""


class CommandFailed(RuntimeError):
    """A command could not do what it was asked for a reason outside of it; the message names the cure."""


class Stopped(Exception):
    """Somebody stopped the command where no run could tell of it; the message says what is left of it."""


@dataclass(frozen=True)
class Failure:
    """What to tell a person, and the exit code to end with."""

    message: str
    exit_code: int


def explain(error: BaseException) -> Failure | None:
    """What to say about an expected error; `None` for one that nobody expected."""
    if isinstance(error, Stopped):
        return Failure(str(error), STOPPED)
    if isinstance(error, _usage_errors()):
        return Failure(str(error), USAGE)
    if isinstance(error, _failures()):
        return Failure(str(error), FAILURE)
    return None


def _usage_errors() -> tuple[type[BaseException], ...]:
    from fieldcraft.agent.journal.run import UnknownRun
    from fieldcraft.agent.listeners import BadListener
    from fieldcraft.agent.methods import UnknownMethod
    from fieldcraft.agent.models.errors import BadScript, MissingExtra, MissingKey, UnknownModel
    from fieldcraft.agent.prompts.folder import BadPrompts
    from fieldcraft.agent.session import BadWorldOptions
    from fieldcraft.agent.settings import UnknownRole
    from fieldcraft.agent.tooling.opening import MissingCorpus
    from fieldcraft.envs import UnknownEnvironment
    from fieldcraft.skills.library.errors import UnknownSkill
    from fieldcraft.tools.errors import UnknownTool
    from fieldcraft.tools.toolformer.errors import MissingToolformer, NoSuchFile

    return (
        UsageProblem,
        UnknownEnvironment,
        UnknownMethod,
        UnknownModel,
        UnknownRole,
        UnknownRun,
        UnknownSkill,
        UnknownTool,
        BadListener,
        BadPrompts,
        BadScript,
        BadWorldOptions,
        MissingCorpus,
        MissingExtra,
        MissingKey,
        MissingToolformer,
        NoSuchFile,
    )


def _failures() -> tuple[type[BaseException], ...]:
    from fieldcraft.agent.journal.recorder import JournalDiverged
    from fieldcraft.agent.journal.run import RunError, SnapshotDamaged
    from fieldcraft.agent.journal.store import JournalError
    from fieldcraft.agent.models.errors import ModelError
    from fieldcraft.envs import BrokenEnvironment
    from fieldcraft.skills.library.errors import LibraryError
    from fieldcraft.skills.sandbox.base import SandboxUnavailable
    from fieldcraft.study.study import StudyError
    from fieldcraft.tools.errors import BrokenTool
    from fieldcraft.tools.toolformer.errors import ToolformerError

    return (
        CommandFailed,
        BrokenTool,
        BrokenEnvironment,
        JournalDiverged,
        JournalError,
        LibraryError,
        ModelError,
        RunError,
        SandboxUnavailable,
        SnapshotDamaged,
        StudyError,
        ToolformerError,
    )
