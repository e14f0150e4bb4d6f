"""Everything a run depends on, in one serialisable object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fieldcraft.agent.limits import LimitSettings, limits_as_settings
from fieldcraft.common.errors import InputError
from fieldcraft.common.fields import Count, Text
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.envs import Goal, nearest
from fieldcraft.envs.values import Line
from fieldcraft.tools.calls.policy import ToolPolicy
from fieldcraft.tools.search import ToolSearch
from fieldcraft.tools.sources.secrets import (
    Discreet,
    GuardedData,
    GuardedWords,
    learn_data,
    learn_words,
)
from fieldcraft.tools.sources.settings import McpServer, OpenApiDocument, ToolSources

ROLES = ("curriculum", "answerer", "actor", "critic", "describer", "tools")
"""Who asks a model: the task proposer, the answerer of questions about the world, the author of programs,
the judge, the describer of skills, and tools that need a model themselves."""

TOOL_USERS = ("curriculum", "answerer", "actor", "critic", "programs")
"""Who may call tools: four of the roles, by their models' own tool calls, and the programs."""


SEERS = ("curriculum", "answerer", "actor", "critic")
"""The roles that can be shown pictures of the world."""

PartName = Annotated[Text, Field(pattern=r"^[^\s\[\]]{1,300}$")]
"""The name of a part: built in, announced by a package, `module:Name`, or that of an object."""


PARTS = ("curriculum", "actor", "critic", "retriever", "embeddings", "sandbox")
"""The settings that name a part which can be replaced (`fieldcraft.agent.extensions.KINDS`)."""


DEFAULT_ADDRESS = "default"
"""What stands as a role's `base_url` for its provider's own address."""


class UnknownRole(InputError, ValueError):
    """No model role of this name; the message lists the roles."""


class BudgetLimits(BaseModel):
    """What a run may use in all, resumed parts included; `None` is no limit.

    `tokens` counts input and output, `money` is USD, `seconds` is time spent in models, programs and
    verification, so that it survives a resume. `patience` is how many iterations in a row may bring no new
    item, milestone or skill; `episodes` how many may end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    iterations: int | None = Field(default=160, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    money: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)
    patience: int | None = Field(default=None, ge=1)
    episodes: int | None = Field(default=None, ge=1)


class FixedTask(BaseModel):
    """One entry of a fixed task list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Text
    goal: Goal | None = None

    @field_validator("task")
    @classmethod
    def _without_secrets(cls, value: str) -> str:
        return redact(value)


class RunSettings(Discreet, BaseModel):
    """The settings of a run. Defaults follow Voyager (arXiv 2305.16291) unless said otherwise.

    `warm_up` maps a field of the observation (or `answers`) to the number of completed tasks from which
    the curriculum is shown it. Voyager shows questions and answers after 15 tasks; here they come at once,
    since they carry what the world said about needs. Where `core_items` is a regular expression, items
    that it does not find in are shown from the number of `other_items` on.

    `aim` is what the agent is to make of the world, in a sentence, where it is not the world's own
    (`EnvironmentSpec.aim`).

    With `world_process` the world lives in a process of its own, which is ended where its code hangs.

    `curriculum`: `auto`, `random` (an item never held), `human`, `fixed` (`tasks`, each once), `solve`
    (the one of `tasks`, in steps), `episodes` (the task that the world gives, one an episode), `open` (the
    one of `tasks`, over and over), `subgoals` (the one of
    `tasks`, in sub-goals, for ever). `critic`: `environment` (the goal's check, else the model), `model`,
    `human`, `none` (no error is success), `never` (nobody judges, so all `attempts` are made). These two, and
    `actor`, `retriever`, `embeddings` and `sandbox`, may also be parts of one's own, by an announced name or
    as `module:Name`; see `fieldcraft.agent.protocols`.

    A proposal comes with the questions whose answers would help with the next one, at most `questions` of
    them. With `ask_first` they are asked in a call of their own, and answered before the proposal.

    A given task is given up after `give_up_after` failed steps in a row. A goal that failed `hopeless_after`
    times in a row is not proposed again before something it lacked was gained; 0 is no limit.

    Where `stall_after` iterations brought no new item, milestone, skill or lasting fact, the curriculum is
    shown that, something else is tried, and again after as many more; 0 is never. Where that was in vain
    twice, the run goes on in a new episode with the next of `elsewhere`, each a change of `options`.

    `model_options` are fields of `ModelSettings` for all models; before them go `role_options`, by role.

    `library_owners` are the users (names or ids) and groups (`@name`, `@id`) whose libraries may be written
    besides one's own.

    `language` is what programs are written in; skills in every language that the world runs can be called.

    `retrieved` skills are shown to the author of programs; with 0 none can be called either.
    `attempts_shown` is how many earlier attempts at a task it is shown, `drafts` how many programs it writes
    at most for one attempt in a world that takes snapshots, each run where the attempt began.

    Without `environment_feedback` no model is shown what the world answered, without `execution_errors` none
    how a program ended; `evidence` is how many of the world's answers go with a question.

    `facts` says how the run learns facts of its world, which all roles are shown (docs/facts.md): `rules`
    from what the world reports and refuses, `model` by a model's reading of what programs printed as well,
    `auto` does that where the world reports nothing and a provider answers for the answerer, `none` nothing.

    `tools` are names or patterns of announced tools, `module:function`s, and files or URLs that give tools;
    `mcp` and `openapi` are MCP servers and documents of web APIs by name, whose tools are all had. All of
    these are for all `TOOL_USERS`; one that `role_tools` names has what stands there instead. A model may ask
    for tools in `tool_steps` answers in a row. `tool_policy` holds limits and approval, `tool_search` from
    when on tools are searched for instead of shown, `corpus` what `search` and `answer` look into.

    `limits` is what one program may use; a `ProgramLimits` counts with what was set of it.

    `see` names the roles (of `SEERS`) whose messages carry the picture of the world as it is then.

    `keep_prompts` keeps the messages of every model call beside the journal.

    `prompts` is a folder whose templates go before the built-in ones of the same name (docs/prompts.md).

    `listeners` follow the run: `module:Name` of a function or class, or announced (docs/listeners.md).

    The files of a run get all of these without passwords, keys and tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Text = "gridworld-v1"
    aim: Line = ""
    options: GuardedData = {}
    seed: Count = 7
    world_process: bool = False
    model: Text = "offline"
    role_models: dict[Text, Text] = {}
    model_options: GuardedData = {}
    role_options: dict[Text, GuardedData] = {}
    curriculum: PartName = "auto"
    tasks: tuple[FixedTask, ...] = ()
    actor: PartName = "model"
    critic: PartName = "environment"
    language: Literal["python", "javascript"] = "python"
    library: Text = "library"
    library_owners: tuple[Text, ...] = ()
    keep_skills: bool = True
    retriever: PartName = "library"
    embeddings: PartName = "minilm"
    retrieved: Count = Field(default=10, ge=0, le=50)
    attempts: Count = Field(default=4, ge=1, le=100)
    attempts_shown: Count = Field(default=6, ge=1, le=100)
    drafts: Count = Field(default=1, ge=1, le=10)
    environment_feedback: bool = True
    execution_errors: bool = True
    repairs: Count = Field(default=2, ge=0, le=10)
    questions: Count = Field(default=3, ge=0, le=10)
    ask_first: bool = False
    evidence: Count = Field(default=8, ge=0, le=50)
    facts: Literal["auto", "rules", "model", "none"] = "auto"
    model_failures: Count = Field(default=5, ge=1)
    give_up_after: Count = Field(default=6, ge=1)
    hopeless_after: Count = Field(default=3, ge=0)
    stall_after: Count = Field(default=60, ge=0)
    elsewhere: tuple[GuardedData, ...] = Field(default=(), max_length=100)
    core_items: Text = ""
    warm_up: dict[Text, Count] = {
        "nearby_entities": 5,
        "inventory": 0,
        "seen_blocks": 10,
        "biome": 10,
        "time": 15,
        "health": 15,
        "hunger": 15,
        "answers": 0,
    }
    sandbox: PartName = "auto"
    limits: LimitSettings = LimitSettings()
    tools: GuardedWords = ()
    mcp: dict[Text, McpServer] = {}
    openapi: dict[Text, OpenApiDocument] = {}
    role_tools: dict[Text, GuardedWords] = {}
    tool_steps: Count = Field(default=6, ge=1, le=50)
    tool_policy: ToolPolicy = ToolPolicy()
    tool_search: ToolSearch = ToolSearch()
    corpus: GuardedWords = ()
    prompts: Text = ""
    see: tuple[Text, ...] = ()
    keep_prompts: bool = True
    listeners: tuple[Text, ...] = ()
    budget: BudgetLimits = BudgetLimits()

    @model_validator(mode="after")
    def _learned(self) -> RunSettings:
        for changes in (self.options, *self.elsewhere):
            learn_data(changes)
        for options in (self.model_options, *self.role_options.values()):
            learn_data(options)
        for words in (self.tools, self.corpus, *self.role_tools.values()):
            learn_words(words)
        return self

    @field_validator("limits", mode="before")
    @classmethod
    def _as_limits(cls, value: Any) -> Any:
        return limits_as_settings(value)

    @field_validator("aim")
    @classmethod
    def _aim_without_secrets(cls, value: str) -> str:
        return redact(value)

    @field_validator("core_items")
    @classmethod
    def _sound_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return value

    @field_validator("role_models", "role_options")
    @classmethod
    def _known_roles(cls, value: dict[str, Any]) -> dict[str, Any]:
        for role in value:
            if role not in ROLES:
                raise UnknownRole(
                    f"no model role {role!r}{nearest(role, ROLES) or '.'} Roles: {', '.join(ROLES)}"
                )
        return value

    @field_validator("see")
    @classmethod
    def _known_seers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for role in value:
            if role not in SEERS:
                raise UnknownRole(
                    f"no role that sees is called {role!r}{nearest(role, SEERS) or '.'} "
                    f"Roles that do: {', '.join(SEERS)}"
                )
        return tuple(dict.fromkeys(value))

    @field_validator("role_tools", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {user: (tools,) if isinstance(tools, str) else tools for user, tools in value.items()}

    @field_validator("role_tools")
    @classmethod
    def _known_users(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for user in value:
            if user not in TOOL_USERS:
                raise UnknownRole(
                    f"no user of tools is called {user!r}{nearest(user, TOOL_USERS) or '.'} "
                    f"Who does: {', '.join(TOOL_USERS)}"
                )
        return value

    def tools_for(self, user: str) -> tuple[str, ...]:
        """What one of the `TOOL_USERS` may call, as it is written in the settings."""
        return self.role_tools.get(user, self.tools)

    def all_tools(self) -> tuple[str, ...]:
        """Everything that somebody may call."""
        return tuple(dict.fromkeys(tool for user in TOOL_USERS for tool in self.tools_for(user)))

    def model_for(self, role: str) -> str:
        """The `provider:model` name that answers for `role`."""
        return self.role_models.get(role, self.model)

    def options_of(self, elsewhere: int) -> dict[str, Any]:
        """The world's options with the change at this place of `elsewhere`, from 1 on; 0 is none."""
        changes = self.elsewhere[elsewhere - 1] if 0 < elsewhere <= len(self.elsewhere) else {}
        return {**self.options, **changes}

    def options_for(self, role: str) -> dict[str, Any]:
        """Fields of `ModelSettings` for the model of `role`."""
        options = {**self.model_options, **self.role_options.get(role, {})}
        if options.get("base_url") == DEFAULT_ADDRESS:
            options["base_url"] = None
        return options

    @property
    def world(self) -> str:
        """The environment with its options, in words: `gridworld-v1 (variant=islands)`."""
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.environment} ({options})" if options else self.environment

    @property
    def tool_sources(self) -> ToolSources:
        """`mcp` and `openapi` together."""
        return ToolSources(mcp=self.mcp, openapi=self.openapi)
