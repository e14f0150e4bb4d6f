"""The journal's events of what is asked of others: models, persons, tools. Each intent has its outcome."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.models.messages import ToolRequest
from fieldcraft.tools import Effect


class BaseEvent(BaseModel):
    """What every event has: its number in the run (from 1, no gaps) and when it was written."""

    model_config = ConfigDict(extra="forbid")

    number: int = 0
    time: float = 0.0


class ModelAsked(BaseEvent):
    """Intent: `role`'s `call`-th question is about to go to its model."""

    type: Literal["model_asked"] = "model_asked"
    role: str
    call: int
    template: str


class ModelAnswered(BaseEvent):
    """Outcome: the answer and what it cost (`money` in USD). It is never asked for again.

    With `requests` the model wants tools to be called before it answers.
    """

    type: Literal["model_answered"] = "model_answered"
    role: str
    call: int
    text: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    money: float = 0.0
    priced: bool = True
    seconds: float = 0.0
    requests: tuple[ToolRequest, ...] = ()


class ModelFailed(BaseEvent):
    """Outcome: no usable answer; what it cost all the same."""

    type: Literal["model_failed"] = "model_failed"
    role: str
    call: int
    error: str
    input_tokens: int = 0
    output_tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0


class HumanAsked(BaseEvent):
    """Intent: a person is about to be asked."""

    type: Literal["human_asked"] = "human_asked"
    question: str


class HumanAnswered(BaseEvent):
    """Outcome: what the person said."""

    type: Literal["human_answered"] = "human_answered"
    text: str


class ToolCalled(BaseEvent):
    """Intent: `user` (a role, or `programs`) calls a tool; `call` counts the calls of the task from 1.

    What changes something is on disk before it is called. A call that is refused has both of its events too.
    """

    type: Literal["tool_called"] = "tool_called"
    user: str
    call: int
    tool: str
    arguments: dict[str, Any]
    effect: Effect


class ToolReturned(BaseEvent):
    """Outcome: a value of JSON data, or the `error` that the caller was told.

    Tokens and `money` (USD) are those of models that the tool asked; `unpriced` counts answers among them
    whose price is not known. `tries` is 0 where the tool was not called. `seconds` are without those in
    which a person was waited for.
    """

    type: Literal["tool_returned"] = "tool_returned"
    user: str
    call: int
    tool: str
    value: Any = None
    error: str | None = None
    tries: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    money: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0


class ApprovalAsked(BaseEvent):
    """Intent: a person is about to be asked whether a tool may be called."""

    type: Literal["approval_asked"] = "approval_asked"
    call: int
    tool: str
    question: str


class ApprovalAnswered(BaseEvent):
    """Outcome: what the person said. It is not asked for again."""

    type: Literal["approval_answered"] = "approval_answered"
    call: int
    tool: str
    text: str
    seconds: float = 0.0
