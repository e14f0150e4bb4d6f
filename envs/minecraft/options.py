"""The options of Minecraft: the server, the account, and how an episode begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.invalid import in_words
from fieldcraft.common.suggest import nearest
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.types import OptionInfo, Position

_LIMITS = Limits(size=100_000, depth=8, items=10_000)


def _from_text(value: Any) -> Any:
    """JSON, as it is typed on a command line, or `x,y,z`."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value if value.lstrip()[:1] in ("{", "[") else f"[{value}]", _LIMITS)
    except DataError:
        return value


def _version(value: Any) -> Any:
    """A version typed as a number has lost its last zero."""
    if isinstance(value, int | float):
        raise ValueError(f"write it as text, such as version='\"{value}0\"' or version=1.20.4")
    return value


def _place(value: Any) -> Any:
    found = _from_text(value)
    if isinstance(found, str) or (isinstance(found, list) and len(found) != 3):
        raise ValueError("give three numbers, such as position=0,64,0")
    return found


class Options(BaseModel):
    """`reset(options=...)` of Minecraft."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", min_length=1, description="the server's name or address")
    port: int = Field(default=25565, ge=1, le=65535, description="the server's port")
    version: Annotated[str | None, BeforeValidator(_version)] = Field(
        default=None, description="of Minecraft, such as 1.20.4; what the server announces if omitted"
    )
    username: str = Field(
        default="Fieldcraft", pattern=r"^[A-Za-z0-9_]{3,16}$", description="the bot's name, 3 to 16 letters"
    )
    auth: Literal["offline", "microsoft"] = Field(
        default="offline", description="microsoft asks you to sign in in a browser, once"
    )
    reset: Literal["soft", "hard"] = Field(
        default="soft",
        description="soft goes on where the bot stands; hard empties its hands first (needs operator rights)",
    )
    inventory: Annotated[dict[str, Annotated[int, Field(ge=1)]], BeforeValidator(_from_text)] = Field(
        default={}, description="items to begin with, as JSON (needs operator rights)"
    )
    position: Annotated[Position | None, BeforeValidator(_place)] = Field(
        default=None, description="where to begin, as x,y,z (needs operator rights)"
    )
    reconnect_seconds: float = Field(
        default=60.0, ge=0, le=3600, description="how long to wait for a server that went away"
    )


def read_options(options: Mapping[str, Any] | None) -> Options:
    """Check the options.

    Raises:
        CannotPlay: one is unknown or out of range.
    """
    try:
        return Options.model_validate(dict(options or {}))
    except ValidationError as error:
        raise CannotPlay("; ".join(_problem(detail) for detail in error.errors(include_url=False))) from None


def describe_options() -> tuple[OptionInfo, ...]:
    """Every option with its meaning and its default."""
    return tuple(
        OptionInfo(name=name, about=field.description or "", default=field.get_default())
        for name, field in Options.model_fields.items()
    )


def _problem(detail: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        hint = nearest(name, Options.model_fields)
        return f"unknown option {name!r}{hint or '.'} Options: {', '.join(Options.model_fields)}"
    words = in_words(detail)
    return f"option {name}: {words} (got {detail['input']!r:.60})"
