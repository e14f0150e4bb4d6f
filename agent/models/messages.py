"""The messages to a model, its replies, and their cost."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Amount, Count, Data, Text


class ToolRequest(BaseModel):
    """A tool call that a model asks for. `problem` is the error if its arguments cannot be parsed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Text
    name: Text
    arguments: dict[Text, Data] = {}
    problem: Text = ""


class Message(BaseModel):
    """One turn of a conversation. `images` are PNG files as bytes (base64 in JSON).

    An assistant's turn may hold `requests`; a `tool` turn gives the outcome of the request whose id is
    `answers`. `turn` is what the provider wants back with an assistant's turn, as it came (`Answer.turn`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    role: Literal["system", "user", "assistant", "tool"]
    text: Text
    images: tuple[bytes, ...] = ()
    requests: tuple[ToolRequest, ...] = ()
    answers: Text = ""
    turn: dict[Text, Data] = {}


class Usage(BaseModel):
    """The cost of calls: tokens and US dollars.

    `money` is 0.0 if the price is unknown, and then `priced` is false. `estimated` says that a
    provider reported no tokens, so that one for every four characters was assumed. `cached_tokens` are those
    of the input that came from the provider's prompt cache, `reasoning_tokens` those of the output that were
    spent on reasoning.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: Count = Field(default=0, ge=0)
    output_tokens: Count = Field(default=0, ge=0)
    cached_tokens: Count = Field(default=0, ge=0)
    reasoning_tokens: Count = Field(default=0, ge=0)
    money: Amount = Field(default=0.0, ge=0)
    priced: bool = True
    estimated: bool = False

    def plus(self, other: Usage) -> Usage:
        """The sum; priced only if both are, estimated if either is."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            money=self.money + other.money,
            priced=self.priced and other.priced,
            estimated=self.estimated or other.estimated,
        )


class Answer(Usage):
    """A model's reply. Tokens and money include the failed attempts that led to it.

    `seconds` are from the first attempt to the answer, without the `waited` seconds that a rate limit asked
    for. `truncated` says that the model was cut at its limit of output tokens. With `requests` the text may
    be empty: the model wants the outcomes of these tool calls first, and `turn` holds what its provider wants
    back with them. `refusal` says why there is no answer, in the model's or the provider's words. `reasoning`
    is what the model wrote on the way to its answer, kept for people to read.
    """

    text: Text
    reasoning: Text = ""
    model: Text
    seconds: Amount = Field(ge=0)
    waited: Amount = Field(default=0.0, ge=0)
    attempts: Count = Field(default=1, ge=1)
    truncated: bool = False
    refusal: Text = ""
    requests: tuple[ToolRequest, ...] = ()
    turn: dict[Text, Data] = {}
