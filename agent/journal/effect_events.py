"""The journal's events of model calls, questions to persons, and tool calls: intents and outcomes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.models.messages import ToolRequest
from fieldcraft.common.fields import Amount, Brief, Count, Data, Moment, Text
from fieldcraft.tools import Effect


class BaseEvent(BaseModel):
    """What every event has: its number in the run (from 1, no gaps) and when it was written."""

    model_config = ConfigDict(extra="forbid")

    number: Count = 0
    time: Moment = 0.0


class WriterEvent(BaseEvent):
    """An event that says which loop of which version of Fieldcraft writes the events after it."""

    loop: Count = 1
    version: Text = "0.1.0"


class ModelAsked(BaseEvent):
    """Intent: the `call`-th request of `role` is about to be sent to its model."""

    type: Literal["model_asked"] = "model_asked"
    role: Text
    call: Count
    template: Text


class ModelAnswered(Brief, BaseEvent):
    """Outcome: the answer and its cost (`money` in USD). The request is never repeated.

    With `requests` the model asks for tool calls before it answers, and `turn` is what its provider wants
    back with them. With a `refusal` there is no answer. `reasoning` is for people to read. `waited` are the
    seconds that a rate limit asked for; they are not part of `seconds`. `shortened_for` is the context window
    (tokens) for which something was left out of the prompt, 0 where it was sent whole.
    """

    type: Literal["model_answered"] = "model_answered"
    role: Text
    call: Count
    text: Text
    reasoning: Text = ""
    model: Text
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    money: Amount = 0.0
    priced: bool = True
    estimated: bool = False
    seconds: Amount = 0.0
    waited: Amount = 0.0
    truncated: bool = False
    refusal: Text = ""
    requests: tuple[ToolRequest, ...] = ()
    turn: dict[Text, Data] = {}
    shortened_for: Count = 0


class ModelFailed(BaseEvent):
    """Outcome: no usable answer, with its cost.

    `rationed` says that the provider wants to be left alone, which is no failure of the model. `estimated`
    says of the cost what it says of an answer's.
    """

    type: Literal["model_failed"] = "model_failed"
    role: Text
    call: Count
    error: Text
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    reasoning_tokens: Count = 0
    money: Amount = 0.0
    seconds: Amount = 0.0
    waited: Amount = 0.0
    estimated: bool = False
    rationed: bool = False


class ModelWaited(BaseEvent):
    """A note for people: the provider rations calls, and the model is asked again after `seconds`.

    `waited` is how many seconds the same answer was waited for before.
    """

    type: Literal["model_waited"] = "model_waited"
    role: Text
    model: Text
    seconds: Amount
    waited: Amount = 0.0


class HumanAsked(BaseEvent):
    """Intent: a person is about to be asked."""

    type: Literal["human_asked"] = "human_asked"
    question: Text


class HumanAnswered(BaseEvent):
    """Outcome: the person's answer."""

    type: Literal["human_answered"] = "human_answered"
    text: Text


class ToolCalled(BaseEvent):
    """Intent: `user` (a role, or `programs`) calls a tool; `call` counts the calls of the task from 1.

    For a tool that may change something, this event is on disk before the call. A refused call has both
    events too.
    """

    type: Literal["tool_called"] = "tool_called"
    user: Text
    call: Count
    tool: Text
    arguments: dict[Text, Data]
    effect: Effect


class ToolReturned(Brief, BaseEvent):
    """Outcome: a value of JSON data, or the `error` message for the caller.

    Tokens and `money` (USD) are those of models that the tool called; `unpriced` counts answers among them
    with unknown prices. `tries` is 0 if the tool was not called. `seconds` exclude the wait for a person, and
    the `waited` seconds that rate limits of models asked for.
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
    waited: Amount = 0.0


class ApprovalAsked(BaseEvent):
    """Intent: a person is about to be asked whether a tool may be called."""

    type: Literal["approval_asked"] = "approval_asked"
    call: Count
    tool: Text
    question: Text


class ApprovalAnswered(BaseEvent):
    """Outcome: the person's answer, which this call uses up. The question is not repeated.

    `id` names the parked call that was answered (`ApprovalParked`), by `by`; empty where it was not parked.
    """

    type: Literal["approval_answered"] = "approval_answered"
    call: Count
    tool: Text
    text: Text
    seconds: Amount = 0.0
    id: Text = ""
    by: Text = ""
