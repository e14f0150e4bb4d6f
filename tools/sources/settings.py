"""The settings of tool sources, in `fieldcraft.toml` or in Python."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fieldcraft.common.secrets.redaction import learn_url
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
"""The names of the working directory and the home folder in editors' files."""


class SourceSettings(Discreet, BaseModel):
    """The settings that all sources share.

    Attributes:
        prefix: a prefix for the name of each tool, such as `weather_`.
        only: patterns of the tools to use, by their own names, without the prefix.
        without: patterns of the tools to leave out.
        effects: pattern -> `pure`, `reads`, `idempotent` or `writes`, for the tools that it matches (the
            first matching pattern counts). It overrides what the source itself declares.
        timeout: seconds for one call, instead of the run's timeout.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9_]*$")
    only: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    effects: dict[str, Effect] = {}
    timeout: float | None = Field(default=None, gt=0)

    def wants(self, name: str) -> bool:
        """Whether the tool of this name is to be used."""
        return any(fnmatchcase(name, pattern) for pattern in self.only) and not any(
            fnmatchcase(name, pattern) for pattern in self.without
        )

    def effect_of(self, name: str, otherwise: Effect) -> Effect:
        """The side effects of the tool."""
        return next(
            (effect for pattern, effect in self.effects.items() if fnmatchcase(name, pattern)), otherwise
        )


class McpServer(SourceSettings):
    """An MCP server: a `command` to start, or a `url` to connect to.

    In `args`, `env`, `url` and `headers`, `${NAME}` stands for the environment variable and
    `${NAME:-text}` for `text` if it is not set, so that files need not contain secrets. A run's files contain
    the names in `env` and `headers` but no literal values, and `args` and `url` without secrets by name
    (`--api-key`, `?token=`) or shape.

    Attributes:
        env: variables for the server, in addition to the few that every program needs (`PATH`, `HOME`, ...).
        type: `stdio`, `http` (streamable HTTP) or `sse`; by default `stdio` for a command, else `http`, and
            `sse` where the URL refuses that with 400, 404 or 405.
        headers: sent with each request to a `url`.
        start_timeout: seconds within which the server must answer for the first time.
        trust_hints: trust the server's claims that a tool is read-only or idempotent.
        elicitation: whether the person at the terminal is asked what the server asks in the middle of a
            call; `decline` answers for them. Where nobody is there it is declined too.
        sampling: whether the server may put prompts to the model of the role `tools`, on the run's budget.
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
    elicitation: Literal["ask", "decline"] = "ask"
    sampling: Literal["allow", "decline"] = "allow"

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
    """A web API that an OpenAPI 3 document (or one of Swagger 2.0) describes.

    `${NAME}` stands for the environment variable in `headers` and `credentials`; a run's files
    contain no literal values of these, and URLs without their passwords and keys.

    Attributes:
        document: a file or a URL, JSON or YAML.
        servers: the URLs that may be called (with all paths below them). The first one is called if the
            document names none of them. By default only the origin that the document was read from.
        server_of: pattern of operations -> the URL that they are sent to, whatever servers the document names
            for them (the first matching pattern counts).
        files: folders whose files may be sent; by default none.
        headers: sent with each request.
        credentials: name of a security scheme of the document -> its key, token, or `user:password`.
    """

    document: GuardedText
    servers: GuardedWords = ()
    server_of: dict[str, GuardedText] = {}
    files: tuple[str, ...] = ()
    headers: Guarded = {}
    credentials: Guarded = {}

    @model_validator(mode="after")
    def _learned(self) -> OpenApiDocument:
        for url in (self.document, *self.servers, *self.server_of.values()):
            learn_text(url)
        learn_values(self.headers)
        learn_values(self.credentials, all_secret=True)
        return self


class ToolSources(Discreet, BaseModel):
    """All sources of a run, by their configured names."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mcp: dict[str, McpServer] = {}
    openapi: dict[str, OpenApiDocument] = {}


def filled(text: str) -> str:
    """`text` with `${NAME}`, `${NAME:-otherwise}` and the variables of editors replaced.

    The values are registered as secrets: from now on they are removed from everything that is kept or shown.

    Raises:
        BrokenTool: a variable is not set, or is one for which an editor asks.
    """

    def value(match: re.Match[str]) -> str:
        name = match["name"]
        if match["kind"] == "input:":
            raise BrokenTool(
                f"{match[0]} is an editor's input variable; write ${{NAME}} for an environment variable"
            )
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
