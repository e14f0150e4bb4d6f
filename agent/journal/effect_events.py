"""The journal's events of what is asked of others: models, persons, tools. Each intent has its outcome."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.models.messages import ToolRequest
from fieldcraft.common.fields import Amount, Count, Data, Moment, Text
from fieldcraft.tools import Effect


class BaseEvent(BaseModel):
    """What every event has: its number in the run (from 1, no gaps) and when it was written."""

    model_config = ConfigDict(extra="forbid")

    number: Count = 0
    time: Moment = 0.0


class ModelAsked(BaseEvent):
    """Intent: `role`'s `call`-th question is about to go to its model."""

    type: Literal["model_asked"] = "model_asked"
    role: Text
    call: Count
    template: Text


class ModelAnswered(BaseEvent):
    """Outcome: the answer and what it cost (`money` in USD). It is never asked for again.

    With `requests` the model wants tools to be called before it answers.
    """

    type: Literal["model_answered"] = "model_answered"
    role: Text
    call: Count
    text: Text
    model: Text
    input_tokens: Count = 0
    output_tokens: Count = 0
    money: Amount = 0.0
    priced: bool = True
    seconds: Amount = 0.0
    requests: tuple[ToolRequest, ...] = ()


class ModelFailed(BaseEvent):
    """Outcome: no usable answer; what it cost all the same."""

    type: Literal["model_failed"] = "model_failed"
    role: Text
    call: Count
    error: Text
    input_tokens: Count = 0
    output_tokens: Count = 0
    money: Amount = 0.0
    seconds: Amount = 0.0


class HumanAsked(BaseEvent):
    """Intent: a person is about to be asked."""

    type: Literal["human_asked"] = "human_asked"
    question: Text


class HumanAnswered(BaseEvent):
    """Outcome: what the person said."""

    type: Literal["human_answered"] = "human_answered"
    text: Text


class ToolCalled(BaseEvent):
    """Intent: `user` (a role, or `programs`) calls a tool; `call` counts the calls of the task from 1.

    What changes something is on disk before it is called. A call that is refused has both of its events too.
    """

    type: Literal["tool_called"] = "tool_called"
    user: Text
    call: Count
    tool: Text
    arguments: dict[Text, Data]
    effect: Effect


class ToolReturned(BaseEvent):
    """Outcome: a value of JSON data, or the `error` that the caller was told.

    Tokens and `money` (USD) are those of models that the tool asked; `unpriced` counts answers among them
    whose price is not known. `tries` is 0 where the tool was not called. `seconds` are without those in
    which a person was waited for.
    """

    type: Literal["tool_returned"] = "tool_returned"
    user: Text
    call: Count
    tool: Text
    value: Data = None
    error: Text | None = None
    tries: Count = 0
    model_calls: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    money: Amount = 0.0
    unpriced: Count = 0
    seconds: Amount = 0.0


class ApprovalAsked(BaseEvent):
    """Intent: a person is about to be asked whether a tool may be called."""

    type: Literal["approval_asked"] = "approval_asked"
    call: Count
    tool: Text
    question: Text


class ApprovalAnswered(BaseEvent):
    """Outcome: what the person said. It is not asked for again."""

    type: Literal["approval_answered"] = "approval_answered"
    call: Count
    tool: Text
    text: Text
    seconds: Amount = 0.0
