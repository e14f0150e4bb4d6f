"""What one program of a run may use, as a user sets it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, TypeAdapter

from fieldcraft.envs import EnvironmentSpec
from fieldcraft.skills.sandbox.base import ProgramLimits

_LONGEST = 40
"""Characters of a size."""
_SIZE: TypeAdapter[ByteSize] = TypeAdapter(ByteSize)


def _bytes(value: Any) -> Any:
    """A number of bytes, or a size with its unit (`1GB`, `512MiB`), as bytes."""
    try:
        if isinstance(value, str) and len(value) <= _LONGEST:
            return int(_SIZE.validate_python(value.strip()))
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise ValueError("write a size in bytes or with a unit, such as 512MB or 1GiB")


def _between(least: float, most: float, words: str) -> Callable[[float], float]:
    def check(value: float) -> float:
        if not least <= value <= most:
            raise ValueError(f"write {words}")
        return value

    return check


Seconds = Annotated[float, AfterValidator(_between(0.1, 86_400, "seconds from 0.1 to 86400 (a day)"))]
Calls = Annotated[int, AfterValidator(_between(1, 10_000_000, "a number of calls from 1 to 10000000"))]
Output = Annotated[
    int, BeforeValidator(_bytes), AfterValidator(_between(2**10, 10**6, "a size from 1KiB to 1MB"))
]
Frame = Annotated[
    int, BeforeValidator(_bytes), AfterValidator(_between(2**12, 2**24, "a size from 4KiB to 16MiB"))
]
Memory = Annotated[
    int, BeforeValidator(_bytes), AfterValidator(_between(2**26, 2**38, "a size from 64MiB to 256GiB"))
]


class LimitSettings(BaseModel):
    """What one program may use; `None` is the default of `ProgramLimits`, and for `seconds` the world's own.

    `memory` (address space) and `frame` (one call's arguments, or the result) hold for Python programs; a
    world that runs JavaScript itself keeps those to its process. Ticks and failed calls are the world's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Seconds | None = None
    calls: Calls | None = None
    output: Output | None = None
    frame: Frame | None = None
    memory: Memory | None = None

    def in_world(self, spec: EnvironmentSpec) -> ProgramLimits:
        """All five, in a world of this spec."""
        chosen = {"seconds": spec.seconds_limit, **self.model_dump(exclude_none=True)}
        return ProgramLimits.model_validate(chosen)


def limits_as_settings(value: Any) -> Any:
    """What was set of a sandbox's limits, for a field of `LimitSettings`."""
    return value.model_dump(exclude_unset=True) if isinstance(value, ProgramLimits) else value
