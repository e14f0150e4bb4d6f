"""Asking a person before a call is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from fieldcraft.common.text import visible_line
from fieldcraft.tools.context import ToolCall

LONGEST_SHOWN = 2_000
"""Characters of the arguments that are shown; a person is told what is left out."""

SETTLING = {"a": True, "always": True, "v": False, "never": False}
"""Answers that settle the question for a tool, and whether they allow it."""

AskPerson = Callable[[str], str]


class Approval:
    """Puts one call at a time before a person, who may settle the question for a tool once and for all.

    Args:
        ask: shows a question and returns the answer; `None` where nobody is there to be asked.
        redact: takes secrets out of what is shown.
        settled: tools that a person allowed or refused for good before; looked into at each call.
    """

    def __init__(
        self, ask: AskPerson | None, redact: Callable[[str], str], settled: Mapping[str, bool]
    ) -> None:
        self._ask = ask
        self._redact = redact
        self._asking = Lock()
        self._settled: dict[str, bool] = {}
        self._before = settled

    def refusal(self, call: ToolCall) -> str | None:
        """Why the call may not be made, or `None`; waits for the person."""
        with self._asking:
            allowed = self._settled.get(call.name, self._before.get(call.name))
            if allowed is None:
                if self._ask is None:
                    return "it needs a person's approval, and nobody is there to give it"
                try:
                    allowed = self._answer(self._ask, call)
                except EOFError:
                    return "it needs a person's approval, and nobody answered"
        return None if allowed else "a person refused the call"

    def _answer(self, ask: AskPerson, call: ToolCall) -> bool:
        question = f"Call {self._shown(call)}? It {_WORDS[call.effect]}. [y]es, [n]o, [a]lways, ne[v]er: "
        while True:
            match ask(question).strip().lower():
                case "y" | "yes":
                    return True
                case "n" | "no":
                    return False
                case text if text in SETTLING:
                    self._settled[call.name] = SETTLING[text]
                    return SETTLING[text]

    def _shown(self, call: ToolCall) -> str:
        arguments = self._redact(
            ", ".join(f"{visible_line(name, 100)}={value!a}" for name, value in call.arguments.items())
        )
        left = len(arguments) - LONGEST_SHOWN
        more = f" ... and {left:,} characters more" if left > 0 else ""
        return f"{call.name}({arguments[:LONGEST_SHOWN]}{more})"


_WORDS = {
    "pure": "changes nothing",
    "reads": "only looks",
    "idempotent": "changes something, once however often it is called",
    "writes": "may change something each time it is called",
}
