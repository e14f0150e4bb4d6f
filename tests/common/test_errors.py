"""One base for every error that a user may catch, and the built-in classes that 0.1.0 had for them."""

from __future__ import annotations

import ast
import builtins
import errno
import importlib
from pathlib import Path

import pytest

import fieldcraft
from fieldcraft.cli.errors import FAILURE, STOPPED, USAGE, explain
from fieldcraft.common import errors
from fieldcraft.common.errors import FieldcraftError

INTERNAL = {
    "ArgumentsNotJSON",
    "BrokenProtocol",
    "BrokenRecord",
    "BuildFailed",
    "ChannelEnded",
    "CheckGivenUp",
    "NotAnswered",
    "Overdue",
    "TooLarge",
    "TookTooLong",
    "Fault",
    "NoRoom",
    "Rationed",
    "ForkServerGone",
    "IndexDamaged",
    "LockTaken",
    "Lost",
    "PassingFault",
    "Refused",
    "SocketUnusable",
    "Stalled",
    "TooMuch",
    "Unreadable",
    "UnsupportedArchitecture",
    "WebPage",
    "WorkerEnded",
    "_NoCount",
    "_NotPlain",
    "_Over",
}
"""Raised and caught within one room, or in a sandbox, where there is no package `fieldcraft`."""

IN_THE_SANDBOX = Path("skills") / "sandbox"

CAUGHT_BY_USERS = """
agent.journal.recorder:JournalDiverged RuntimeError
agent.journal.run:RunError RuntimeError
agent.journal.run:UnknownRun RuntimeError
agent.journal.snapshots:SnapshotDamaged RuntimeError
agent.journal.store:JournalError RuntimeError
agent.methods:UnknownMethod ValueError
agent.models.errors:BadScript ValueError
agent.models.errors:MissingExtra ImportError
agent.models.errors:UnknownModel LookupError
agent.prompts.answers:AnswerUnusable ValueError
agent.roles.model_calls:ModelsSilent RuntimeError
agent.session:BadWorldOptions ValueError
agent.settings:UnknownRole ValueError
agent.tooling.opening:MissingCorpus ValueError
envs:BrokenEnvironment RuntimeError
envs:UnknownEnvironment LookupError
envs.gridworld.loading:RulesError ValueError
envs.minecraft.errors:CannotPlay ValueError
common.data:DataError ValueError
common.files:UnsafeFile OSError
common.locks:LockTimeout TimeoutError
skills.program.program:ProgramError ValueError
skills.sandbox.base:SandboxUnavailable RuntimeError
study.study:StudyError RuntimeError
tools:DuplicateTool ValueError
tools:UnknownTool LookupError
tools.toolformer.errors:MissingToolformer ImportError
"""


def exceptions() -> dict[tuple[Path, str], list[str]]:
    """The exception classes of the package, by file and name, with the names of their bases."""
    home = Path(fieldcraft.__file__).parent
    rooms = [home.parent / room for room in ("agent", "envs", "skills", "tools")] + [home]
    classes = {}
    for room in rooms:
        for path in sorted(room.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    bases = [ast.unparse(base).split(".")[-1] for base in node.bases]
                    classes[path.relative_to(home.parent), node.name] = bases
    built_in = {name for name, kind in vars(builtins).items() if _is_exception(kind)}
    known = built_in | {"FieldcraftError"}
    while found := {name for (_, name), bases in classes.items() if known & set(bases)} - known:
        known |= found
    return {key: bases for key, bases in classes.items() if known & set(bases)}


def _is_exception(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)


def test_every_error_derives_from_the_one_base() -> None:
    found = exceptions()
    ours = {"FieldcraftError"}
    while more := {name for (_, name), bases in found.items() if ours & set(bases)} - ours:
        ours |= more
    others = {
        name
        for (path, name), bases in found.items()
        if not ours & set(bases) and name != "FieldcraftError" and not path.is_relative_to(IN_THE_SANDBOX)
    }
    assert others <= INTERNAL
    assert len(ours) > 50


@pytest.mark.parametrize("line", CAUGHT_BY_USERS.strip().splitlines())
def test_what_users_of_0_1_0_catch_is_still_caught(line: str) -> None:
    path, built_in = line.split()
    module, name = path.split(":")
    kind = getattr(importlib.import_module(f"fieldcraft.{module}"), name)
    assert issubclass(kind, FieldcraftError)
    assert issubclass(kind, getattr(builtins, built_in))


def test_an_error_of_the_system_keeps_its_number_and_file() -> None:
    class Unreachable(errors.Unavailable, OSError):
        pass

    error = Unreachable(errno.ELOOP, "is a link", "journal.jsonl")
    assert (error.errno, error.filename, str(error)) == (
        errno.ELOOP,
        "journal.jsonl",
        f"[Errno {errno.ELOOP}] is a link: 'journal.jsonl'",
    )


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("InputError", USAGE),
        ("MissingRequirement", USAGE),
        ("Unavailable", FAILURE),
        ("ForeignFault", FAILURE),
        ("DamagedRecord", FAILURE),
        ("Paused", STOPPED),
    ],
)
def test_the_kind_decides_the_exit_code(kind: str, code: int) -> None:
    failure = explain(getattr(errors, kind)("no world 'x'; choose another"))
    assert failure is not None
    assert (failure.message, failure.exit_code) == ("no world 'x'; choose another", code)


def test_what_nobody_expected_is_not_explained() -> None:
    assert explain(RuntimeError("a fault of our own")) is None
