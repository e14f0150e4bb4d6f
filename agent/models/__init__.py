"""Models: `provider:model` names, the client, prices and errors."""

from fieldcraft.agent.models.client import ModelClient
from fieldcraft.agent.models.errors import (
    BadScript,
    MissingExtra,
    MissingKey,
    ModelError,
    ModelRationed,
    ModelRefused,
    ModelUnavailable,
    PromptTooLong,
    UnknownModel,
    WindowTooSmall,
)
from fieldcraft.agent.models.messages import Answer, Message, ToolRequest, Usage
from fieldcraft.agent.models.providers import resolve_model
from fieldcraft.agent.models.settings import ModelSettings, Price

__all__ = [
    "Answer",
    "BadScript",
    "Message",
    "MissingExtra",
    "MissingKey",
    "ModelClient",
    "ModelError",
    "ModelRationed",
    "ModelRefused",
    "ModelSettings",
    "ModelUnavailable",
    "Price",
    "PromptTooLong",
    "ToolRequest",
    "UnknownModel",
    "Usage",
    "WindowTooSmall",
    "resolve_model",
]
