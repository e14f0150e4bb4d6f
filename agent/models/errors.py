"""The errors of models. Every message is one line that says what to do."""

from __future__ import annotations

from fieldcraft.agent.models.messages import Usage
from fieldcraft.common.errors import FieldcraftError, InputError, MissingRequirement, Unavailable
from fieldcraft.common.secrets.redaction import redact


class ModelError(FieldcraftError):
    """The base class of all model errors. No message contains a secret."""

    def __init__(self, *parts: object) -> None:
        super().__init__(*(redact(part) if isinstance(part, str) else part for part in parts))


class UnknownModel(ModelError, InputError, LookupError):
    """No such provider, module or class; the message names the nearest."""


class MissingExtra(ModelError, MissingRequirement, ImportError):
    """The provider's package is not installed; the message names the extra to install."""


class MissingKey(ModelError, MissingRequirement):
    """The provider needs an API key and the environment has none; the message names the variable."""


class BadScript(ModelError, InputError, ValueError):
    """A file of scripted answers cannot be used; the message names the file and the line."""


class ModelRefused(ModelError):
    """The provider refused the request permanently: wrong key, unknown model, invalid request.

    It is never retried. The run stops and can be resumed after a person has changed a setting.

    Attributes:
        status: the HTTP status of the refusal, or `None`.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ToolsRefused(ModelRefused):
    """The provider refused a request for tools that were offered, and says for which.

    Attributes:
        tools: their names.
    """

    def __init__(self, message: str, *, status: int | None = None, tools: tuple[str, ...] = ()) -> None:
        super().__init__(message, status=status)
        self.tools = tools


class PromptTooLong(ModelRefused):
    """The provider refused a prompt because it is too long; a shorter one may be answered.

    Attributes:
        limit: the tokens that there may be, prompt and answer together, where the refusal says so.
        asked: the tokens that it counted, likewise.
    """

    def __init__(self, message: str, *, limit: int | None = None, asked: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit
        self.asked = asked


class WindowTooSmall(ModelRefused):
    """A prompt does not fit the model's window even at its shortest; the message says what it takes."""


class ModelUnavailable(ModelError, Unavailable):
    """No usable answer within the retries: rate limit, outage, hang, junk, or a script that ended.

    Attributes:
        usage: the reported cost of the failed attempts, which counts against the budget.
        waited: the seconds that a rate limit was waited out.
    """

    def __init__(self, message: str, usage: Usage | None = None, *, waited: float = 0.0) -> None:
        super().__init__(message)
        self.usage = Usage() if usage is None else usage
        self.waited = waited

    @property
    def input_tokens(self) -> int:
        """Tokens that the failed attempts read."""
        return self.usage.input_tokens

    @property
    def output_tokens(self) -> int:
        """Tokens that the failed attempts wrote."""
        return self.usage.output_tokens

    @property
    def money(self) -> float:
        """US dollars that the failed attempts cost."""
        return self.usage.money


class ModelRationed(ModelUnavailable):
    """The provider wants to be left alone for longer than `rate_limit_seconds`, or the wait was ended.

    It is no failure of the model: a run pauses, and can be resumed once the limit is lifted.
    """
