"""Parts of a run that a caller gives as objects, beside those that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.extensions import KINDS, OBJECT, own_parts
from fieldcraft.agent.settings import ROLES, RunSettings
from fieldcraft.common.errors import InputError
from fieldcraft.common.plugins import check_part, make, name_of

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from fieldcraft.agent.protocols import Actor, Critic, Curriculum, Embeddings, Retriever, Sandbox
    from fieldcraft.envs import Environment
    from fieldcraft.skills import SkillLibrary


_MADE = ("curriculum", "actor", "critic", "retriever")
"""The kinds of part that are made here; the library and the sandbox's own door make the others."""


_NAMED_INSTEAD = frozenset({"sandbox", "model", "tools"})
"""The arguments whose objects a resume takes names for."""


class ObjectMissing(InputError, ValueError):
    """A run was started with an object, and is resumed without it or with one of another class."""


@dataclass(frozen=True)
class Given:
    """Objects in place of names. What is left out is made from the settings.

    Objects are the caller's: a run closes none of them. The run keeps their names.

    Attributes:
        environment: the world.
        models: a LangChain chat model by role, see `fieldcraft.agent.settings.ROLES`.
        tools: functions and LangChain tools, for everyone who has no list of tools of their own.
        curriculum, actor, critic, retriever, embeddings, sandbox: see `fieldcraft.agent.protocols`.
        library: where skills are kept; it has its own embeddings.
    """

    environment: Environment | None = None
    models: Mapping[str, BaseChatModel] = field(default_factory=dict)
    tools: tuple[Callable[..., Any], ...] = ()
    curriculum: Curriculum | None = None
    actor: Actor | None = None
    critic: Critic | None = None
    retriever: Retriever | None = None
    embeddings: Embeddings | None = None
    sandbox: Sandbox | None = None
    library: SkillLibrary | None = None

    def named_in(self, settings: RunSettings) -> RunSettings:
        """The settings as a run keeps them, with the objects' names.

        Raises:
            BrokenPart: an object lacks what its kind must have.
            UnknownRole: a model is given for a role that does not exist.
            ValueError: embeddings are given beside a library.
        """
        self._check()
        changes: dict[str, Any] = {
            name: OBJECT + name_of(part) for name in KINDS if (part := getattr(self, name)) is not None
        }
        if self.environment is not None:
            changes["environment"] = OBJECT + name_of(self.environment)
        if self.library is not None:
            changes["library"] = str(self.library.path)
        if self.tools:
            changes["tools"] = (*settings.tools, *(OBJECT + tool_name(tool) for tool in self.tools))
        names = {role: OBJECT + name_of(model) for role, model in self.models.items()}
        if len(names) == len(ROLES) and len(set(names.values())) == 1:
            changes |= {"model": names["actor"], "role_models": {}}
        elif names:
            changes["role_models"] = {**settings.role_models, **names}
        return RunSettings.model_validate({**dict(settings), **changes}) if changes else settings

    def in_place_of(self, settings: RunSettings, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What a resume changes of a run's settings by models, a sandbox and tools that are given as objects.

        Args:
            settings: of the run so far.
            changes: those that are given beside the objects. Objects take the place of the run's tools where
                `tools` is among them.
        """
        taken: dict[str, Any] = {}
        names = {
            role: OBJECT + name_of(model)
            for role, model in self.models.items()
            if not _same(settings.model_for(role), OBJECT + name_of(model))
        }
        if len(names) == len(ROLES) and len(set(names.values())) == 1:
            taken["model"] = names["actor"]
            names = {role: name for role, name in names.items() if role in settings.role_models}
        if names:
            taken["role_models"] = {**changes.get("role_models", {}), **names}
        if self.sandbox is not None and not _same(settings.sandbox, OBJECT + name_of(self.sandbox)):
            taken["sandbox"] = OBJECT + name_of(self.sandbox)
        if "tools" in changes:
            taken["tools"] = (*changes["tools"], *(OBJECT + tool_name(tool) for tool in self.tools))
        return taken

    def with_named(self, settings: RunSettings) -> Given:
        """With the user's own parts that the settings name, made.

        Raises:
            UnknownPart, BrokenPart: one cannot be made.
        """
        made = {
            field: make(KINDS[field], name)
            for field, name in own_parts(settings)
            if field in _MADE and getattr(self, field) is None
        }
        return replace(self, **made)

    def check_resumed(self, settings: RunSettings, run: str) -> None:
        """Refuse to go on with a run without the objects, or with others than those, that it began with.

        Raises:
            ObjectMissing: the message names the arguments and the classes.
        """
        self._check()
        missing: dict[str, str] = {}
        for what, argument, kept, part in self._beside(settings):
            if part is None:
                missing.setdefault(argument, kept.removeprefix(OBJECT))
            elif not _same(kept, part):
                raise ObjectMissing(_other(run, what, kept, part.removeprefix(OBJECT)))
        if missing:
            classes = ", ".join(f"{argument}: {name}" for argument, name in missing.items())
            again = "".join(f", {argument}=..." for argument in missing)
            named = [f"--{name}" for name in missing if name in _NAMED_INSTEAD]
            instead = f", or name others with {', '.join(named)}" if len(named) == len(missing) else ""
            raise ObjectMissing(
                f"run {run!r} was started with objects, which no file keeps ({classes}); give them again, "
                f"from Python: explore(resume={run!r}{again}){instead}"
            )

    def _beside(self, settings: RunSettings) -> Iterator[tuple[str, str, str, str | None]]:
        """What was an object or is one now: what it is, its argument, its name then, and its name now."""
        for name in ("environment", *KINDS):
            kept, part = getattr(settings, name), getattr(self, name)
            if kept.startswith(OBJECT) or part is not None:
                yield name, name, kept, None if part is None else OBJECT + name_of(part)
        for role in ROLES:
            kept, model = settings.model_for(role), self.models.get(role)
            if kept.startswith(OBJECT) or model is not None:
                now = None if model is None else OBJECT + name_of(model)
                yield f"model of the {role}", "model", kept, now
        begun = {entry for entry in settings.all_tools() if entry.startswith(OBJECT)}
        given = {OBJECT + tool_name(tool) for tool in self.tools}
        yield from (("tool", "tools", entry, None) for entry in sorted(begun - given))
        yield from (("tool", "tools", "no such tool", entry) for entry in sorted(given - begun))

    def _check(self) -> None:
        for name, kind in KINDS.items():
            part = getattr(self, name)
            if part is not None:
                check_part(kind, part, name_of(part))
        if unknown := sorted(set(self.models) - set(ROLES)):
            RunSettings(role_models=dict.fromkeys(unknown, ""))
        if self.library is not None and self.embeddings is not None:
            raise ValueError("the library has its own embeddings; give them to SkillLibrary(embeddings=...)")


def tool_name(tool: Callable[..., Any]) -> str:
    """What a function or a LangChain tool is called by."""
    return str(getattr(tool, "name", None) or getattr(tool, "__name__", type(tool).__name__))


def _same(kept: str, given: str) -> bool:
    """Whether two names are one class; the script that was run is `__main__` in one of them at most."""
    (home, _, name), (given_home, _, given_name) = (
        each.removeprefix(OBJECT).partition(":") for each in (kept, given)
    )
    at_home = home == given_home or "__main__" in (home, given_home)
    return kept.startswith(OBJECT) and name == given_name and at_home


def _other(run: str, what: str, kept: str, given: str) -> str:
    """Why a run cannot go on with an object that is not the one it began with."""
    if kept.startswith(OBJECT):
        return (
            f"run {run!r} was started with the {what} {kept.removeprefix(OBJECT)}; give that again, and not "
            f"{given}"
        )
    return f"run {run!r} was started with {what} {kept!r}, by name; leave out the object {given}"
