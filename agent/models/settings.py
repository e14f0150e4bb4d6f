"""How models are called: limits, retries, where they are, and what they cost."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from fieldcraft.tools.sources.secrets import Discreet, GuardedText, GuardedWords, learn_text, learn_words
from fieldcraft.tools.sources.settings import ToolSources


class Price(BaseModel):
    """US dollars per million tokens.

    `cache_read` and `cache_write` are for tokens that came from, or went to, the provider's prompt cache;
    where omitted they cost what other input does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_read: float | None = Field(default=None, ge=0)
    cache_write: float | None = Field(default=None, ge=0)


class ModelSettings(Discreet, BaseModel):
    """Settings of one model.

    `timeout` ends one attempt (seconds of wall time); after it come up to `retries` more, `backoff` seconds
    apart at first and doubling with jitter up to a minute, or as long as the server asks for, but never past
    `retry_seconds` from the first. Where a provider rations calls (HTTP 429, overload), its own waits are
    obeyed up to `rate_limit_seconds` for one answer, a year at most. `context` is the model's context window
    in tokens, where its provider does not say. `structured` says whether answers in JSON are asked for by
    their JSON schema: `auto` where the model is known to have that and `base_url` is not set. `base_url`
    points a provider at another server of its protocol. What is `None` is left to the provider. `prices` go
    before the price list; keys are `provider:model`. `tools` and `sources` are where a `toolformer:` finds
    the tools that it calls, `corpus` is what its `search` looks in; the run's where omitted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    timeout: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0)
    retry_seconds: float = Field(default=300.0, gt=0)
    backoff: float = Field(default=1.0, gt=0)
    rate_limit_seconds: float = Field(default=3600.0, ge=0, le=31_536_000, allow_inf_nan=False)
    context: int | None = Field(default=None, ge=256)
    structured: Literal["auto", "always", "never"] = "auto"
    temperature: float | None = Field(default=None, ge=0)
    max_output_tokens: int | None = Field(default=None, ge=1)
    base_url: GuardedText | None = None
    prices: dict[str, Price] = {}
    tools: GuardedWords = ()
    sources: ToolSources = ToolSources()
    corpus: tuple[str, ...] = ()

    @field_validator("base_url")
    @classmethod
    def _without_secrets(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch(r"https?://\S+", value) is None:
            raise ValueError("a base_url begins with http:// or https:// and has no blanks")
        if value is not None and "@" in value.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError("a base_url must hold no user or password, for settings are kept in the journal")
        return value

    @field_validator("base_url")
    @classmethod
    def _learned(cls, value: str | None) -> str | None:
        learn_text(value or "")
        return value

    @field_validator("tools")
    @classmethod
    def _learned_tools(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        learn_words(value)
        return value
