"""The primitives of a world of Gymnasium, as its action space gives them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from gymnasium import spaces
from pydantic import Field, validate_call

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.gym.actions import plain, read_action, takes
from fieldcraft.envs.gym.meanings import action_names
from fieldcraft.envs.types import PrimitiveError

MOST_TIMES = 10_000
"""Steps that one call may take."""
_EXAMPLES = 4
_RESULT = (
    "Returns a dict: `observation` after the last step, `reward` (of these steps together), `changed` (if "
    "the observation is another than before), `steps` taken, and `ended`: None, or how the episode ended. "
    "After an end the next step ends the program."
)

Steps = Callable[[str, Any, int], dict[str, Any]]
"""Takes an action, by its name and value, so many times."""


@dataclass(frozen=True)
class Offered:
    """One primitive: what a program calls, with validated arguments, and what the model reads of it."""

    function: Callable[..., Any]
    signature: str


def offered(
    environment: Any,
    *,
    names: Sequence[str] | None,
    step: Steps,
    observe: Callable[[bool], dict[str, Any]],
    end_episode: Callable[[], None],
) -> dict[str, Offered]:
    """The primitives for an environment's action space, by name, sorted.

    Args:
        environment: of Gymnasium.
        names: the user's own, of its discrete actions.
        step: takes an action, see `Steps`.
        observe: looks again.
        end_episode: gives the episode up.
    """
    space = environment.action_space
    known: dict[str, Any] = {}
    if isinstance(space, spaces.Discrete):
        words = action_names(environment, int(space.n), names)
        known = {word: int(space.start) + number for number, word in enumerate(words)}
    found = {word: _named(word, action, step) for word, action in known.items()}
    found["step"] = _step(space, known, step)
    found["observe"] = _observe(observe)
    found["end_episode"] = _end_episode(end_episode)
    return dict(sorted(found.items()))


def reference(primitives: dict[str, Offered]) -> str:
    """Signature and docstring of each, as the model reads them."""
    return "\n\n".join(
        f"bot.{name}{one.signature}\n" + "\n".join(f"    {line}" for line in _doc(one).splitlines())
        for name, one in primitives.items()
    )


def _doc(one: Offered) -> str:
    return inspect.getdoc(one.function) or ""


def _checked_times(times: int) -> int:
    if not 1 <= times <= MOST_TIMES:
        raise PrimitiveError(f"times must be 1 to {MOST_TIMES:,} (got {times!r:.40})")
    return times


def _offer(
    function: Callable[..., Any], name: str, doc: str, signature: str, *, gives: str = "dict"
) -> Offered:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return Offered(validate_call(function), f"{signature} -> {gives}")


def _named(name: str, action: int, step: Steps) -> Offered:
    def call(times: int = 1) -> dict[str, Any]:
        return step(name, action, _checked_times(times))

    said = name.strip("_").replace("_", " ")
    doc = (
        f"Take the action `{said}` once, or `times` times while the episode lasts. Returns what `step` does."
    )
    return _offer(call, name, doc, "(times: int = 1)")


def _step(space: Any, known: dict[str, Any], step: Steps) -> Offered:
    def act(action: Any, times: int) -> dict[str, Any]:
        if known and isinstance(action, str):
            if action not in known:
                raise PrimitiveError(
                    f"no action {action!r:.60}{nearest(action, known)}; there are {', '.join(known)[:400]}"
                )
            return step(action, known[action], _checked_times(times))
        return step(f"step {action!r:.60}", read_action(space, action), _checked_times(times))

    words = f"{takes(space)}"
    if known:
        words += ", or its name: " + ", ".join(f"{name!r} ({number})" for name, number in known.items())
    doc = f"Take an action once, or `times` times while the episode lasts.\n\n`action`: {words}.\n\n{_RESULT}"
    if isinstance(space, spaces.Discrete):

        def numbered(action: int | str, times: int = 1) -> dict[str, Any]:
            return act(action, times)

        numbered.__annotations__["action"] = Annotated[
            int | str,
            Field(examples=list(known) or list(range(int(space.start), int(space.start + space.n)))[:16]),
        ]
        return _offer(numbered, "step", doc, "(action: int | str, times: int = 1)")

    def any_step(action: Any, times: int = 1) -> dict[str, Any]:
        return act(action, times)

    any_step.__annotations__["action"] = Annotated[Any, Field(examples=_examples(space))]
    return _offer(any_step, "step", doc, "(action, times: int = 1)")


def _examples(space: Any) -> list[Any]:
    """Actions that the space itself draws, always the same."""
    try:
        space.seed(0)
        return [plain(space.sample()) for _ in range(_EXAMPLES)]
    except Exception:  # of a space that others wrote
        return []


def _observe(observe: Callable[[bool], dict[str, Any]]) -> Offered:
    def look(whole: bool = False) -> dict[str, Any]:
        return observe(whole)

    doc = (
        "Look again at what the environment showed last; takes no step.\n\n"
        "Returns a dict: `observation` (arrays of many numbers by shape and range only, unless `whole`), "
        "`info`, `score` of this episode, `episode` and `step` (numbers), and `ended`: None, or how it ended."
    )
    return _offer(look, "observe", doc, "(whole: bool = False)")


def _end_episode(end_episode: Callable[[], None]) -> Offered:
    def give_up() -> None:
        end_episode()

    doc = (
        "Give this episode up; it ends the program. The next program begins in a new episode, as it does "
        "after every end."
    )
    return _offer(give_up, "end_episode", doc, "()", gives="None")
