"""Refuse the `offline` model in a world that it cannot play, before anything is spent."""

from __future__ import annotations

from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.errors import InputError
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment

_ALWAYS = frozenset({"explore", "find", "inventory"})
_WAYS = frozenset({"craft", "kill", "mine", "smelt"})
"""What programs of the `offline` model call: all of the first, and one of the second at least."""
_SHOWN = 300


class CannotPlay(InputError, ValueError):
    """The `offline` model knows none of what a world's programs may call; the message names the cure."""


def check_offline(settings: RunSettings, environment: Environment) -> None:
    """Refuse the `offline` model as author of programs in a world without the primitives it knows.

    Raises:
        CannotPlay: the world lacks them.
    """
    if settings.actor != "model" or settings.model_for("actor") != "offline":
        return
    known = set(environment.primitives)
    if known >= _ALWAYS and known & _WAYS:
        return
    lacking = ", ".join([*sorted(_ALWAYS - known), *([] if known & _WAYS else ["mine or craft"])])
    has = visible_line(", ".join(environment.primitives) or "none", _SHOWN)
    raise CannotPlay(
        f"the offline model cannot play {environment.spec.id}: its programs call {lacking}, and the "
        f"primitives here are {has}; choose a model that reads them: --model provider:model"
    )
