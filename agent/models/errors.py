"""What can go wrong with a model. Every message is one line that says what to do."""

from __future__ import annotations

from fieldcraft.agent.models.messages import Usage
from fieldcraft.common.errors import FieldcraftError, InputError, MissingRequirement, Unavailable
from fieldcraft.common.redaction import redact


class ModelError(FieldcraftError):
    """Base of everything the model room raises on purpose. No message holds a secret."""

    def __init__(self, *told: object) -> None:
        super().__init__(*(redact(part) if isinstance(part, str) else part for part in told))


class UnknownModel(ModelError, InputError, LookupError):
    """No such provider, module or class; the message names the nearest."""


class MissingExtra(ModelError, MissingRequirement, ImportError):
    """The provider's package is not installed; the message names the extra to install."""


class MissingKey(ModelError, MissingRequirement):
    """The provider wants a key and the environment has none; the message names the variable."""


class BadScript(ModelError, InputError, ValueError):
    """A file of scripted answers cannot be used; the message names the file and the line."""


class ModelRefused(ModelError):
    """The provider answered that this request will never do: wrong key, unknown model, invalid request.

    Never retried: asking again costs and changes nothing. The run stops, resumable, and its person has
    to change a setting.
    """


class ModelUnavailable(ModelError, Unavailable):
    """No usable answer within the retries: rate limit, outage, hang, junk, or a script that ended.

    Attributes:
        usage: what the failed attempts cost, as far as the provider said so. It belongs on the budget.
    """

    def __init__(self, message: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.usage = Usage() if usage is None else usage

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
