"""The traits that a tool's author declares, which decide when a call may be repeated, cached or aborted.

Declared as `metadata={"fieldcraft": {...}}` of a LangChain tool, or with `@declare(...)` above `@tool`'s
function. A tool without a declaration counts as one that writes, runs on a thread, and is never retried.
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
"""The key of the declaration in a tool's metadata."""

T = TypeVar("T")


class Effect(StrEnum):
    """The side effects of a call outside the run."""

    PURE = "pure"
    """No side effect, and the result depends only on the arguments, so that it may be cached."""
    READS = "reads"
    """Reads, and changes nothing."""
    IDEMPOTENT = "idempotent"
    """Changes something; a repetition has no further effect."""
    WRITES = "writes"
    """Changes something each time."""

    @property
    def may_repeat(self) -> bool:
        """Whether an interrupted call may be repeated."""
        return self is not Effect.WRITES

    @property
    def changes(self) -> bool:
        """Whether the call must be recorded before it is made."""
        return self in {Effect.IDEMPOTENT, Effect.WRITES}


class ToolTraits(BaseModel):
    """A tool's declaration.

    Attributes:
        effect: `pure`, `reads`, `idempotent` or `writes`.
        transient: names of exception classes (or of their base classes) after which a call is retried,
            such as `ConnectionError`. A tool may also raise `TransientToolError` itself.
        isolation: `thread`; `process` for a tool that may hang, crash or fork and must end at its timeout
            (it has no `current_context()`); `async` for a coroutine on the executor's event loop.
            By default `async` for a tool with only a coroutine, else `thread`.
        timeout: seconds for one call, instead of the executor's timeout.
        reads_world: whether the world is observed just before a program's call, so that
            `current_context().world` shows it as it is then. By default it is, unless the tool is `pure` or
            runs in a process of its own; a tool that never looks at the world saves the time with `False`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    effect: Effect = Effect.WRITES
    transient: tuple[str, ...] = ()
    isolation: Literal["thread", "process", "async"] | None = None
    timeout: float | None = Field(default=None, gt=0)
    reads_world: bool | None = None

    @property
    def needs_fresh_world(self) -> bool:
        """Whether the world must be observed before a call."""
        if self.reads_world is not None:
            return self.reads_world
        return self.effect is not Effect.PURE and self.isolation != "process"


def declare(
    *,
    effect: Literal["pure", "reads", "idempotent", "writes"] = "writes",
    transient: tuple[type[BaseException] | str, ...] = (),
    isolation: Literal["thread", "process", "async"] | None = None,
    timeout: float | None = None,
    reads_world: bool | None = None,
) -> Callable[[T], T]:
    """Declare a tool's traits: above a function, above `@tool`, or called with any LangChain tool."""
    traits = ToolTraits(
        effect=Effect(effect),
        transient=tuple(error if isinstance(error, str) else error.__name__ for error in transient),
        isolation=isolation,
        timeout=timeout,
        reads_world=reads_world,
    )

    def mark(tool: T) -> T:
        if hasattr(tool, "invoke") and hasattr(tool, "metadata"):
            tool.metadata = {**(tool.metadata or {}), KEY: traits.model_dump(mode="json")}
        else:
            setattr(tool, f"__{KEY}__", traits)
        return tool

    return mark


def traits_of(tool: BaseTool | Callable[..., Any]) -> ToolTraits:
    """The traits that `tool` declares.

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
