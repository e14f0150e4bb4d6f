"""The arguments of `explore`, `solve` and `replay`: names go into the settings, objects beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, cast

from pydantic import ValidationError

from fieldcraft.agent.given import Given
from fieldcraft.agent.redact import redact
from fieldcraft.agent.settings import PARTS, ROLES, BudgetLimits, FixedTask, RunSettings
from fieldcraft.common.errors import InputError
from fieldcraft.common.invalid import in_words
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment
from fieldcraft.skills import SkillLibrary

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.tools import BaseTool

    from fieldcraft.agent.protocols import (
        Actor,
        Critic,
        Curriculum,
        Embeddings,
        Listener,
        Retriever,
        Sandbox,
    )
    from fieldcraft.skills.sandbox import ProgramLimits
    from fieldcraft.tools import ToolPolicy
    from fieldcraft.tools.search import ToolSearch
    from fieldcraft.tools.sources.settings import McpServer, OpenApiDocument

Role: TypeAlias = Literal["curriculum", "answerer", "actor", "critic", "describer", "tools"]
"""Who asks a model, see `fieldcraft.agent.settings.ROLES`."""

ToolUser: TypeAlias = Literal["curriculum", "answerer", "actor", "critic", "programs"]
"""Who may call tools, see `fieldcraft.agent.settings.TOOL_USERS`."""

Model: TypeAlias = "str | BaseChatModel"
"""A chat model: `provider:model`, or a LangChain object."""

Tools: TypeAlias = "Sequence[str | Callable[..., Any] | BaseTool]"
"""Tools: names as in `RunSettings.tools`, typed functions with a docstring, LangChain tools."""


class SolveSettings(TypedDict, total=False):
    """Fields of `RunSettings` that only data can fill, without the task."""

    options: Mapping[str, Any]
    seed: int
    aim: str
    world_process: bool
    model_options: Mapping[str, Any]
    role_options: Mapping[Role, Mapping[str, Any]]
    language: Literal["python", "javascript"]
    library_owners: Sequence[str]
    keep_skills: bool
    retrieved: int
    attempts: int
    attempts_shown: int
    drafts: int
    environment_feedback: bool
    execution_errors: bool
    repairs: int
    questions: int
    ask_first: bool
    evidence: int
    facts: Literal["auto", "rules", "model", "none"]
    model_failures: int
    give_up_after: int
    hopeless_after: int
    stall_after: int
    elsewhere: Sequence[Mapping[str, Any]]
    core_items: str
    warm_up: Mapping[str, int]
    mcp: Mapping[str, McpServer]
    openapi: Mapping[str, OpenApiDocument]
    role_tools: Mapping[ToolUser, Sequence[str]]
    tool_steps: int
    tool_policy: ToolPolicy
    tool_search: ToolSearch
    corpus: Sequence[str]
    see: Sequence[Literal["curriculum", "answerer", "actor", "critic"]]
    keep_prompts: bool


class OtherSettings(SolveSettings, total=False):
    """Fields of `RunSettings` that only data can fill, see there."""

    tasks: Sequence[FixedTask]


class Parts(TypedDict, total=False):
    """What can be given by name or as an object, and how the run is driven; see `fieldcraft.explore`."""

    iterations: int | None
    budget: BudgetLimits | None
    runs: Path | str
    name: str | None
    resume: str | None
    method: str | None
    model: Model | None
    role_models: Mapping[Role, Model]
    tools: Tools
    actor: str | Actor | None
    critic: str | Critic | None
    retriever: str | Retriever | None
    embeddings: str | Embeddings | None
    sandbox: str | Sandbox | None
    library: str | Path | SkillLibrary | None
    prompts: str | Path | None
    limits: ProgramLimits | None
    listeners: Sequence[Listener | str]
    progress: bool | None
    otel: str | bool | None


class SolveArguments(Parts, SolveSettings, total=False):
    """What `fieldcraft.solve` takes besides the task and the environment."""


class ExploreArguments(Parts, OtherSettings, total=False):
    """What `fieldcraft.explore` takes besides the environment."""

    curriculum: str | Curriculum | None


class ReplayArguments(TypedDict, total=False):
    """What `fieldcraft.replay` takes besides the library and the environment."""

    seed: int
    options: Mapping[str, Any] | None
    sandbox: str | Sandbox
    tools: Tools
    limits: ProgramLimits | None


class BadArgument(InputError, ValueError):
    """An argument has a value that cannot be used; the message names it and what is allowed."""


def checked_settings(values: Mapping[str, Any]) -> RunSettings:
    """The settings of these values.

    Raises:
        BadArgument: one cannot be used.
    """
    try:
        return RunSettings(**values)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        got = "" if isinstance(detail["input"], Mapping) else f" (got {redact(repr(detail['input']))[:60]})"
        raise BadArgument(f"{place}: {in_words(detail)}{got}") from None


def refuse_unknown(function: str, arguments: Collection[str], known: Collection[str]) -> None:
    """Refuse a misspelt argument, as Python does, with the nearest name.

    Raises:
        TypeError: there is one.
    """
    for name in arguments:
        if name not in known:
            raise TypeError(f"{function}() has no argument {name!r}{nearest(name, known)}")


def keys_of(arguments: type) -> frozenset[str]:
    """The names that a `TypedDict` allows."""
    return cast("frozenset[str]", getattr(arguments, "__optional_keys__"))  # noqa: B009


def settings_and_objects(
    environment: str | Environment, arguments: ExploreArguments
) -> tuple[dict[str, Any], Given]:
    """Part the arguments of a run into fields of `RunSettings` and objects. `None` leaves the default.

    Raises:
        TypeError: a world, model, tool or library is neither a name nor an object of its kind.
    """
    given = cast("dict[str, Any]", arguments)
    settings = {name: given[name] for name in keys_of(OtherSettings) if name in given}
    objects: dict[str, Any] = {}
    if isinstance(environment, str):
        settings["environment"] = environment
    else:
        objects["environment"] = _checked("environment", environment, Environment)
    for name in PARTS:
        part = given.get(name)
        if part is not None:
            (settings if isinstance(part, str) else objects)[name] = _no_class(name, part)
    library = given.get("library")
    if isinstance(library, str | Path):
        settings["library"] = str(library)
    elif library is not None:
        objects["library"] = _checked("library", library, SkillLibrary)
    if given.get("prompts") is not None:
        settings["prompts"] = str(given["prompts"])
    if given.get("limits") is not None:
        settings["limits"] = given["limits"]
    if named := tuple(each for each in as_listed(given.get("listeners", ())) if isinstance(each, str)):
        settings["listeners"] = named
    if "tools" in given:
        settings["tools"], objects["tools"] = named_and_given_tools(given["tools"])
    models = _models(given.get("model"), given.get("role_models", {}), settings)
    return settings, Given(models=models, **objects)


def as_listed(value: Any) -> tuple[Any, ...]:
    """What was given in a list, or alone: a name, a function, or what has no members."""
    alone = isinstance(value, str) or callable(value) or not isinstance(value, Iterable)
    return (value,) if alone else tuple(value)


def named_and_given_tools(tools: Tools | str) -> tuple[tuple[str, ...], tuple[Callable[..., Any], ...]]:
    """The names among `tools`, and the functions and LangChain tools.

    Raises:
        TypeError: one is neither.
    """
    wanted = as_listed(tools)
    names = tuple(tool for tool in wanted if isinstance(tool, str))
    objects = tuple(tool for tool in wanted if not isinstance(tool, str))
    for tool in objects:
        if not (callable(tool) or hasattr(tool, "invoke")):
            raise TypeError(f"a tool is a name, a function or a LangChain tool, not {_shown(tool)}")
    return names, cast("tuple[Callable[..., Any], ...]", objects)


def _models(
    model: Model | None, role_models: Mapping[Role, Model], settings: dict[str, Any]
) -> dict[str, BaseChatModel]:
    """The models given as objects, by role; those given by name go into `settings`."""
    named = {role: each for role, each in role_models.items() if isinstance(each, str)}
    found: dict[str, Any] = {role: each for role, each in role_models.items() if not isinstance(each, str)}
    if isinstance(model, str):
        settings["model"] = model
    elif model is not None:
        found = {role: model for role in ROLES if role not in role_models} | found
    if named:
        settings["role_models"] = named
    if found:
        from langchain_core.language_models.chat_models import BaseChatModel

        for each in found.values():
            _checked("model", each, BaseChatModel)
    return found


def _checked(what: str, part: Any, kind: type) -> Any:
    if not isinstance(part, kind):
        raise TypeError(f"{what} is a name or an object of {kind.__name__}, not {_shown(part)}")
    return part


def _no_class(what: str, part: Any) -> Any:
    if isinstance(part, type):
        raise TypeError(f"{what} is a name or an object, and {part.__name__} is a class; make one of it")
    return part


def _shown(part: Any) -> str:
    if isinstance(part, type):
        return f"the class {part.__name__}; make one of it"
    return f"{type(part).__name__} {visible_line(repr(part), 80)}"
