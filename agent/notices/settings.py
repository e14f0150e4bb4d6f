"""The settings of notices. They are no part of a run's settings: no run's journal can name a command here."""

from __future__ import annotations

from typing import Any, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fieldcraft.tools.sources.urls import PORTS, shown

Occasion = Literal["stop", "stall", "milestone", "approval"]
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Hook = str | tuple[str, ...]
"""A web address, or a command as a list of words."""


class NoticeSettings(BaseModel):
    """What is called when something happens in a run that a person wants to hear of.

    Each hook is a command as a list of words, which gets the notice as a JSON object on its standard input,
    or an `http` or `https` URL, to which the object is posted. A URL has to lie below one of `allow`, as the
    addresses of a web API have to lie below its `servers`; one of this machine needs no entry.

    Attributes:
        on_stop: the run stops or ends.
        on_stall: nothing new came for long.
        on_milestone: a milestone is reached for the first time.
        on_approval: a tool call waits for a person.
        allow: URLs below which hooks may be called.
        seconds: after which a hook is ended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    on_stop: Hook = ()
    on_stall: Hook = ()
    on_milestone: Hook = ()
    on_approval: Hook = ()
    allow: tuple[str, ...] = ()
    seconds: float = Field(default=10.0, gt=0, le=60)

    @field_validator("on_stop", "on_stall", "on_milestone", "on_approval", mode="before")
    @classmethod
    def _hook(cls, value: Any) -> Any:
        is_url = isinstance(value, str) and value.partition("://")[0].lower() in PORTS
        is_command = isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)
        if not is_url and not is_command:
            raise ValueError('must be a URL, or a command as a list of words, such as ["notify-me", "--now"]')
        if isinstance(value, list | tuple) and value and not value[0].strip():
            raise ValueError("must begin with the name of a program")
        return value

    @model_validator(mode="after")
    def _allowed(self) -> NoticeSettings:
        for occasion in OCCASIONS:
            hook = self.hook(occasion)
            if isinstance(hook, str) and not is_allowed(hook, self.allow):
                raise ValueError(
                    f"on_{occasion}: {shown(hook)} lies below no URL of `allow`; add its address there"
                )
        return self

    def hook(self, occasion: Occasion) -> Hook:
        """What is called on an occasion; empty where nothing is."""
        hook: Hook = getattr(self, f"on_{occasion}")
        return hook

    @property
    def any(self) -> bool:
        """Whether there is a hook at all."""
        return any(self.hook(occasion) for occasion in OCCASIONS)


def is_allowed(url: str, allowed: tuple[str, ...]) -> bool:
    """Whether a URL is one of this machine, or has the origin of an allowed one and a path below it."""
    place = _parts(url)
    if place is None or place.username is not None:
        return False
    if place.hostname in LOOPBACK:
        return True
    if ".." in place.path.split("/") or "%2e" in place.path.lower():
        return False
    return any(_lies_below(place, base) for base in map(_parts, allowed) if base is not None)


def _lies_below(place: SplitResult, base: SplitResult) -> bool:
    folder = base.path if base.path.endswith("/") else f"{base.path}/"
    return _origin(place) == _origin(base) and (
        place.path == base.path or f"{place.path}/".startswith(folder)
    )


def _origin(place: SplitResult) -> tuple[str, str | None, int | None]:
    return place.scheme, place.hostname, place.port or PORTS.get(place.scheme)


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in PORTS and parts.hostname else None
