"""What can go wrong here. Every message is one line that says what to do."""

from __future__ import annotations

from importlib.util import find_spec

from fieldcraft.common.errors import FieldcraftError, InputError, MissingRequirement

_EXTRA = ("torch", "transformers", "peft", "datasets", "safetensors")


class ToolformerError(FieldcraftError):
    """Texts, models or settings that cannot be used as they are; the message names the cure."""


class NoSuchFile(ToolformerError, InputError):
    """A file that was named is not there."""


class MissingToolformer(ToolformerError, MissingRequirement, ImportError):
    """The extra `toolformer` is not installed."""


def require_extra() -> None:
    """Say what to install where something is missing.

    Raises:
        MissingToolformer: a package of the extra is not there.
    """
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise MissingToolformer(
            f"this needs {missing[0]}, which is not installed: pip install 'fieldcraft[toolformer]'"
        )
