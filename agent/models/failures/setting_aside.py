"""The tools of a request, less what its model's provider turned out not to take.

A provider refuses a whole request for one tool. The tools that its refusal names are set aside for the rest
of the process; where it names none, the later half of them is left out, and half of the rest, until the
request is taken: then what made the difference is set aside. At last the model is asked without any tools, so
that no tool ends a run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fieldcraft.agent.models.errors import ModelRefused, ToolsRefused, WindowTooSmall
from fieldcraft.agent.models.failures.refused_tools import may_be_about_tools, most_taken
from fieldcraft.common.text import visible_line

_NAMES_SHOWN = 10
_LONGEST_REASON = 400

Offered = Sequence[dict[str, Any]]
T = TypeVar("T")


class OfferedTools:
    """What is known of the tools that models refuse.

    Args:
        tell: says once what was set aside.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._aside: dict[str, set[str]] = {}
        self._most: dict[str, int] = {}

    def ask(self, model: str, tools: Offered, ask: Callable[[Offered], T]) -> T:
        """Ask with as many of the tools as the model takes.

        Args:
            model: its name.
            tools: what it is to be offered.
            ask: asks it with some of them, the first ones.

        Raises:
            ModelRefused: it refuses without any tools, too; the error is that of the first refusal.
        """
        offered = self._left(model, tools)
        first: ModelRefused | None = None
        refused: Offered = ()
        while True:
            try:
                answer = ask(offered)
            except ModelRefused as refusal:
                if not offered or not (isinstance(refusal, WindowTooSmall) or may_be_about_tools(refusal)):
                    raise first or refusal from refusal
                first = first or refusal
                refused, offered = self._fewer(model, offered, refusal)
                continue
            if first is not None and refused:
                self._set_aside(model, [_name(tool) for tool in refused[len(offered) :]], first)
            return answer

    def _left(self, model: str, tools: Offered) -> Offered:
        aside = self._aside.get(model, set())
        left = [tool for tool in tools if _name(tool) not in aside] if aside else list(tools)
        return left[: self._most.get(model, len(left))]

    def _fewer(self, model: str, offered: Offered, refusal: ModelRefused) -> tuple[Offered, Offered]:
        """What is under suspicion after a refusal, and what to offer next."""
        half = offered[: len(offered) // 2]
        if isinstance(refusal, WindowTooSmall):
            return (), half
        if isinstance(refusal, ToolsRefused):
            self._set_aside(model, refusal.tools, refusal)
            return (), self._left(model, offered)
        most = most_taken(refusal, len(offered))
        if most is not None:
            self._most[model] = most
            self._tell(f"{model} takes at most {most} tools: set tool_search.offered to {most}")
            return (), self._left(model, offered)
        return offered, half

    def _set_aside(self, model: str, names: Sequence[str], refusal: ModelRefused) -> None:
        aside = self._aside.setdefault(model, set())
        new = [name for name in names if name not in aside]
        aside.update(new)
        if not new:
            return
        shown = ", ".join(new[:_NAMES_SHOWN]) + (
            f" and {len(new) - _NAMES_SHOWN} more" * (len(new) > _NAMES_SHOWN)
        )
        self._tell(
            f"{model} does not take these tools as they are, so that they are not offered to it: {shown}; "
            f"programs can call them. It said: {visible_line(refusal, _LONGEST_REASON)}"
        )


def _name(tool: dict[str, Any]) -> str:
    return str(tool.get("function", {}).get("name", ""))
