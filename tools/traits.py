"""What a tool's author declares about it, so that others know when it may be repeated, kept, or cut off.

Declared as `metadata={"fieldcraft": {...}}` of a LangChain tool, or with `@declare(...)` above `@tool`'s
function. Whoever declares nothing has a tool that writes, runs on a thread, and is never tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fieldcraft.common.invalid import in_words
from fieldcraft.tools.errors import BrokenTool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

KEY = "fieldcraft"
"""Where the declaration lies in a tool's metadata."""

T = TypeVar("T")


class Effect(StrEnum):
    """What a call does to what lies outside of the run, from nothing to everything."""

    PURE = "pure"
    """Nothing, and its result depends on its arguments alone: it may be answered from memory."""
    READS = "reads"
    """Looks, and changes nothing."""
    IDEMPOTENT = "idempotent"
    """Changes something; twice is as good as once."""
    WRITES = "writes"
    """Changes something each time."""

    @property
    def may_repeat(self) -> bool:
        """Whether a call that was cut off may be made again."""
        return self is not Effect.WRITES

    @property
    def changes(self) -> bool:
        """Whether the call must be on record before it is made."""
        return self in {Effect.IDEMPOTENT, Effect.WRITES}


class ToolTraits(BaseModel):
    """A tool's declaration.

    Attributes:
        effect: `pure`, `reads`, `idempotent` or `writes`.
        transient: names of exception classes (those of base classes count) after which a call is tried
            again, such as `ConnectionError`. A tool may also raise `TransientToolError` itself.
        isolation: `thread`; `process` for what may hang, crash or fork and must really end at its timeout
            (it reaches no `current_context()`); `async` for a coroutine on the executor's event loop.
            By default `async` for a tool that has a coroutine only, else `thread`.
        timeout: seconds for one call, where the executor's own do not suit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    effect: Effect = Effect.WRITES
    transient: tuple[str, ...] = ()
    isolation: Literal["thread", "process", "async"] | None = None
    timeout: float | None = Field(default=None, gt=0)


def declare(
    *,
    effect: Literal["pure", "reads", "idempotent", "writes"] = "writes",
    transient: tuple[type[BaseException] | str, ...] = (),
    isolation: Literal["thread", "process", "async"] | None = None,
    timeout: float | None = None,
) -> Callable[[T], T]:
    """Declare a tool's traits: above a function, above `@tool`, or called with any LangChain tool."""
    traits = ToolTraits(
        effect=Effect(effect),
        transient=tuple(error if isinstance(error, str) else error.__name__ for error in transient),
        isolation=isolation,
        timeout=timeout,
    )

    def mark(tool: T) -> T:
        if hasattr(tool, "invoke") and hasattr(tool, "metadata"):
            tool.metadata = {**(tool.metadata or {}), KEY: traits.model_dump(mode="json")}
        else:
            setattr(tool, f"__{KEY}__", traits)
        return tool

    return mark


def traits_of(tool: BaseTool | Callable[..., Any]) -> ToolTraits:
    """What `tool` declares.

    Raises:
        BrokenTool: its declaration cannot be read.
    """
    declared: Any = (getattr(tool, "metadata", None) or {}).get(KEY)
    if declared is None:
        function = getattr(tool, "func", None) or getattr(tool, "coroutine", None) or tool
        declared = getattr(function, f"__{KEY}__", {})
    if isinstance(declared, ToolTraits):
        return declared
    try:
        return ToolTraits.model_validate(dict(declared) if isinstance(declared, Mapping) else declared)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or KEY
        raise BrokenTool(
            f"tool {getattr(tool, 'name', tool)!r} declares {place}: {in_words(first)}"
        ) from error
