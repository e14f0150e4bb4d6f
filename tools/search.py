"""How many tools a model is shown as they are, and from when on it searches for them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ToolSearch(BaseModel):
    """From when on models and programs search for tools instead of being shown all of them.

    Attributes:
        tools: the most tools of one role, or of the programs, that are all shown.
        tokens: the most tokens, estimated, that these may take.
        offered: the most tools that one request may offer, found ones included; OpenAI takes 128.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: int = Field(default=20, ge=0, le=10_000)
    tokens: int = Field(default=5_000, ge=0)
    offered: int = Field(default=128, ge=8, le=10_000)
