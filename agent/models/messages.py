"""What is said to a model, what it answers, and what that cost."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    """One turn of a conversation. `images` are PNG files as bytes (base64 in JSON)."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[bytes, ...] = ()


class Usage(BaseModel):
    """What calls cost: tokens and US dollars.

    `money` is 0.0 where the price is not known, and then `priced` is false. `estimated` says that a
    provider reported no tokens, so that they were taken as one for every four characters.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    money: float = Field(default=0.0, ge=0)
    priced: bool = True
    estimated: bool = False

    def plus(self, other: Usage) -> Usage:
        """The sum; priced only where both are, estimated where either is."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            money=self.money + other.money,
            priced=self.priced and other.priced,
            estimated=self.estimated or other.estimated,
        )


class Answer(Usage):
    """What a model said. Tokens and money include the failed attempts that led to it.

    `seconds` are from the first attempt to the answer, waiting included. `truncated` says that the model
    was cut at its limit of output tokens.
    """

    text: str
    model: str
    seconds: float = Field(ge=0)
    attempts: int = Field(default=1, ge=1)
    truncated: bool = False
