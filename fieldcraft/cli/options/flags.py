"""Turn command-line flags into settings. Flags that were not given set nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.files import read_file
from fieldcraft.common.invalid import in_words

_TASKS = Limits(size=1_000_000, depth=16, items=50_000)
"""The limits on a file of tasks."""


_FLAGS = {
    "environment": "--env",
    "options": "--option",
    "world_process": "--world-process",
    "role_models": "--role-model",
    "base_url": "--base-url",
    "keep_prompts": "--keep-prompts",
    "seconds": "--minutes",
    "patience": "--patience",
    "library_owners": "--library-owner",
    "keep_skills": "--keep",
    "role_tools": "--tools",
    "approval": "--approve",
    "tool_policy": "--approve",
    "listeners": "--listener",
    "limits": "--limit",
    "approval_expires": "--approval-expires",
    "approval_expired": "--approval-expired",
}
"""Setting -> the flag that sets it, where the flag is not called as the setting."""
_SAME = frozenset(
    {"seed", "model", "iterations", "tokens", "money", "library", "runs", "curriculum", "tasks", "critic"}
    | {"attempts", "sandbox", "see", "tools", "corpus", "prompts", "otel", "approvals", "aim", "episodes"}
    | {"elsewhere"}
)


def flag_of(place: Sequence[str]) -> str:
    """The flag that a setting came from; empty where several flags stand behind it."""
    if place[:1] == ["limits"]:
        return " ".join(["--limit", *place[1:2]])
    named = (part for part in reversed(place) if part in _FLAGS or part in _SAME)
    return next((_FLAGS.get(part, f"--{part}") for part in named), "")


def given(**flags: Any) -> dict[str, Any]:
    """The flags that were given a value.

    Raises:
        UsageProblem: one is an empty text, which names nothing.
    """
    for name, value in flags.items():
        if isinstance(value, str) and not value.strip():
            raise UsageProblem(f"{flag_of([name]) or name} is empty; give it a value, or leave it out")
    return {name: value for name, value in flags.items() if value is not None and value != {}}


def world(
    env: str | None,
    option: list[str] | None,
    seed: int | None,
    apart: bool | None = None,
    aim: str | None = None,
    elsewhere: list[str] | None = None,
) -> dict[str, Any]:
    """The settings of `--env --option --seed --world-process --aim --elsewhere`."""
    changes = tuple(pairs("--elsewhere", [change], parse_json=True) for change in elsewhere or ())
    return given(
        environment=env,
        options=pairs("--option", option, parse_json=True),
        seed=seed,
        world_process=apart,
        aim=aim,
        elsewhere=changes or None,
    )


def models(
    model: str | None,
    role_model: list[str] | None,
    base_url: str | None,
    prompts: str | None,
    keep_prompts: bool | None,
    see: str | None = None,
) -> dict[str, Any]:
    """The settings of `--model --role-model --base-url --prompts --keep-prompts --see`."""
    return given(
        see=None if see is None else _seers(see),
        model=model,
        role_models=pairs("--role-model", role_model, parse_json=False),
        model_options=given(base_url=base_url),
        prompts=prompts,
        keep_prompts=keep_prompts,
    )


def _seers(text: str) -> tuple[str, ...]:
    from fieldcraft.agent.settings import SEERS

    names = tuple(filter(None, re.split(r"[\s,]+", text)))
    return {("all",): SEERS, ("none",): ()}.get(names, names)


def budget(
    iterations: int | None,
    tokens: int | None,
    money: float | None,
    minutes: float | None,
    patience: int | None = None,
    episodes: int | None = None,
) -> dict[str, Any]:
    """The settings of `--iterations --tokens --money --minutes --patience --episodes`."""
    seconds = None if minutes is None else minutes * 60
    return given(
        budget=given(
            iterations=iterations,
            tokens=tokens,
            money=money,
            seconds=seconds,
            patience=patience,
            episodes=episodes,
        )
    )


def keeping(
    library: str | None, owners: list[str] | None, keep: bool | None = None, runs: str | None = None
) -> dict[str, Any]:
    """The settings of `--library --library-owner --keep --runs`."""
    named = tuple(owners) if owners else None
    check_owners("--library-owner", named or ())
    return given(library=library, library_owners=named, keep_skills=keep, runs=runs)


def conduct(
    critic: str | None,
    attempts: int | None,
    sandbox: str | None,
    limit: list[str] | None = None,
    *,
    actor: str | None = None,
    retriever: str | None = None,
    embeddings: str | None = None,
) -> dict[str, Any]:
    """The settings of `--critic --attempts --sandbox --limit --actor --retriever --embeddings`."""
    return given(
        critic=critic,
        attempts=attempts,
        sandbox=sandbox,
        limits=pairs("--limit", limit, parse_json=False),
        actor=actor,
        retriever=retriever,
        embeddings=embeddings,
    )


def tools(
    wanted: list[str] | None,
    corpus: list[str] | None,
    approve: list[str] | None,
    *,
    how: str | None = None,
    expires: float | None = None,
    expired: str | None = None,
) -> dict[str, Any]:
    """The settings of `--tools --corpus --approve` and of `--approvals`, which says how it waits.

    `--tools critic=search` is for the critic only.
    """
    everybody: list[str] = []
    by_user: dict[str, tuple[str, ...]] = {}
    for entry in wanted or ():
        user, equals, name = entry.partition("=")
        if equals and user.isidentifier():
            by_user[user] = (*by_user.get(user, ()), *([name] if name else []))
        else:
            everybody.append(entry)
    return given(
        tools=tuple(everybody) or None,
        role_tools=by_user,
        corpus=tuple(corpus) if corpus else None,
        tool_policy=given(
            approval=_approval(approve),
            approvals=how,
            approval_expires=expires,
            approval_expired=expired,
        ),
    )


def _approval(approve: list[str] | None) -> str | tuple[str, ...] | None:
    """The patterns of `--approve`; `never` and `always` allow no other."""
    if not approve:
        return None
    alone = [word for word in approve if word in ("never", "always")]
    if alone and len(approve) > 1:
        raise UsageProblem(f"--approve {alone[0]} covers every tool; leave the other --approve flags out")
    return alone[0] if alone else tuple(approve)


def method(name: str | None, without: list[str] | None) -> dict[str, Any]:
    """The settings that `--method` and `--without` stand for."""
    from fieldcraft.agent.methods import method_settings

    return method_settings(name, without or ()) if name or without else {}


def check_owners(where: str, owners: Iterable[str]) -> None:
    """Refuse owners of libraries that are no users or groups of this machine.

    Raises:
        UsageProblem: with the nearest names; `where` says who named it.
    """
    from fieldcraft.skills.library.owners import unknown_owner

    for owner in owners:
        if problem := unknown_owner(owner):
            raise UsageProblem(f"{where} {owner}: {problem}")


def curriculum(who: str | None, tasks: Path | None) -> dict[str, Any]:
    """The settings of `--curriculum --tasks`; a list of tasks implies the fixed curriculum."""
    if tasks is None:
        return given(curriculum=who)
    if who not in (None, "fixed"):
        raise UsageProblem(
            f"--tasks is the list of --curriculum fixed; it has no effect on --curriculum {who}"
        )
    return {"curriculum": "fixed", "tasks": read_tasks(tasks)}


def pairs(flag: str, entries: Iterable[str] | None, *, parse_json: bool) -> dict[str, Any]:
    """`key=value` entries of a repeatable flag as a dictionary.

    Args:
        flag: the name of the flag, for the message.
        entries: the entries as typed; `None` for none.
        parse_json: read a value as JSON if it is valid JSON, else as text.

    Raises:
        UsageProblem: an entry without `=` or without a key.
    """
    found: dict[str, Any] = {}
    for entry in entries or ():
        key, equals, value = entry.partition("=")
        if not (equals and key.strip()):
            raise UsageProblem(f"{flag} {entry!r}: write it as key=value")
        found[key.strip()] = _json_or_text(value) if parse_json else value.strip()
    return found


def pair(key: str, value: Any) -> str:
    """Write an entry so that `pairs` reads it back with JSON values."""
    plain = isinstance(value, str) and _json_or_text(value) == value
    return f"{key}={value if plain else json.dumps(value)}"


def _json_or_text(value: str) -> Any:
    try:
        return read_json(value)
    except DataError:
        return value


def read_tasks(path: Path) -> tuple[Any, ...]:
    """Read a fixed list of tasks: one a line, or a YAML or JSON list of texts or `{task, goal}` entries.

    Raises:
        UsageProblem: the file cannot be read, is empty, or an entry is not a task.
    """
    from pydantic import ValidationError

    from fieldcraft.agent.settings import FixedTask

    try:
        entries = _entries(read_file(path, limit=_TASKS.size).decode("utf-8"), path.suffix)
    except (OSError, UnicodeDecodeError, DataError) as error:
        raise UsageProblem(f"--tasks {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list) or not entries:
        raise UsageProblem(f"--tasks {path} holds no tasks; write one task a line, or a YAML or JSON list")
    tasks = []
    for number, entry in enumerate(entries, 1):
        try:
            tasks.append(FixedTask.model_validate({"task": entry} if isinstance(entry, str) else entry))
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in detail["loc"])
            words = f"{key} {in_words(detail)}".strip()
            raise UsageProblem(f"--tasks {path}, task {number}: {words}") from error
    return tuple(tasks)


def _entries(text: str, suffix: str) -> Any:
    if suffix in {".yaml", ".yml", ".json"}:
        from fieldcraft.common.yaml import read_yaml

        return read_json(text, _TASKS) if suffix == ".json" else read_yaml(text, _TASKS)
    return [line for line in text.splitlines() if line.strip()]
