"""What a person writes about sources of tools, in `fieldcraft.toml` or in Python."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fieldcraft.common.redaction import learn_url
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.secrets import (
    VARIABLE,
    Discreet,
    Guarded,
    GuardedText,
    GuardedWords,
    learn_text,
    learn_values,
    learn_variable,
    learn_words,
)
from fieldcraft.tools.traits import Effect

_PLACES = {"workspaceFolder": Path.cwd, "userHome": Path.home}
"""What editors call the working directory and the home folder in their files."""


class SourceSettings(Discreet, BaseModel):
    """What all sources have in common.

    Attributes:
        prefix: put before the name of each tool, such as `weather_`.
        only: patterns of the tools that are wanted, by their own names, without the prefix.
        without: patterns of those that are not.
        effects: pattern -> `pure`, `reads`, `idempotent` or `writes`, for the tools it matches (the first
            pattern that does). Says more than the source itself does.
        timeout: seconds for one call, where the run's own do not suit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9_]*$")
    only: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    effects: dict[str, Effect] = {}
    timeout: float | None = Field(default=None, gt=0)

    def wants(self, name: str) -> bool:
        """Whether the tool of this name is to be had."""
        return any(fnmatchcase(name, pattern) for pattern in self.only) and not any(
            fnmatchcase(name, pattern) for pattern in self.without
        )

    def effect_of(self, name: str, otherwise: Effect) -> Effect:
        """What a call of the tool does to the outside."""
        return next(
            (effect for pattern, effect in self.effects.items() if fnmatchcase(name, pattern)), otherwise
        )


class McpServer(SourceSettings):
    """An MCP server: a `command` to start, or a `url` to connect to.

    In `args`, `env`, `url` and `headers`, `${NAME}` stands for the environment variable and
    `${NAME:-text}` for `text` where it is not set, so that no secret is written down. A run's files get the
    names in `env` and `headers` and no value that is written out, and `args` and `url` without what is a
    secret by its name (`--api-key`, `?token=`) or its shape.

    Attributes:
        env: variables for the server, beside the few that every program needs (`PATH`, `HOME`, ...).
        type: `stdio`, `http` (streamable HTTP) or `sse`; by default `stdio` for a command, else `http`.
        headers: sent with each request to a `url`.
        start_timeout: seconds until the server must have answered for the first time.
        trust_hints: believe the server when it calls a tool read-only or idempotent.
    """

    command: str | None = None
    args: GuardedWords = ()
    env: Guarded = {}
    cwd: str | None = None
    url: GuardedText | None = None
    type: Literal["stdio", "http", "sse"] | None = None
    headers: Guarded = {}
    start_timeout: float = Field(default=30.0, gt=0)
    trust_hints: bool = False

    @model_validator(mode="after")
    def _reachable(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("an MCP server has either a command to start or a url to connect to")
        if self.type is not None and (self.command is not None) != (self.type == "stdio"):
            raise ValueError("type stdio goes with a command, http and sse with a url")
        return self

    @model_validator(mode="after")
    def _learned(self) -> McpServer:
        learn_words(self.args)
        learn_text(self.url or "")
        learn_values(self.env)
        learn_values(self.headers)
        return self


class OpenApiDocument(SourceSettings):
    """A web API that an OpenAPI 3 document describes.

    `${NAME}` stands for the environment variable in `headers` and `credentials`; a run's files get no value
    there that is written out, and URLs without their passwords and keys.

    Attributes:
        document: a file or a URL, JSON or YAML.
        servers: the URLs that may be called (and whatever lies below them). The first one is called where
            the document names none of them. Without any, only the origin that a document was read from.
        headers: sent with each request.
        credentials: name of a security scheme of the document -> its key, token, or `user:password`.
    """

    document: GuardedText
    servers: GuardedWords = ()
    headers: Guarded = {}
    credentials: Guarded = {}

    @model_validator(mode="after")
    def _learned(self) -> OpenApiDocument:
        for url in (self.document, *self.servers):
            learn_text(url)
        learn_values(self.headers)
        learn_values(self.credentials, all_secret=True)
        return self


class ToolSources(Discreet, BaseModel):
    """Every source of a run, by the name its person gave it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mcp: dict[str, McpServer] = {}
    openapi: dict[str, OpenApiDocument] = {}


def filled(text: str) -> str:
    """`text` with `${NAME}` and `${NAME:-otherwise}` replaced, and what editors write in their files as well.

    The values are learned: from now on they are taken out of what is kept, shown and told.

    Raises:
        BrokenTool: a variable is not set, or an editor would ask for it.
    """

    def value(match: re.Match[str]) -> str:
        name = match["name"]
        if match["kind"] == "input:":
            raise BrokenTool(f"{match[0]} is what an editor asks for; write ${{NAME}} of a variable")
        if match["kind"] is None and name in _PLACES:
            return str(_PLACES[name]())
        found = os.environ.get(name) or match["default"]
        if found is None:
            raise BrokenTool(
                f"the environment variable {name} is not set; set it, or write ${{{name}:-text}}"
            )
        learn_variable(name, found)
        return found

    made = VARIABLE.sub(value, text)
    if made != text and "://" in made:
        learn_url(made)
    return made
