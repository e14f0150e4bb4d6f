"""Asking a person before a call is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from fieldcraft.common.text import visible_line
from fieldcraft.tools.context import ToolCall

LONGEST_SHOWN = 2_000
"""The most characters of the arguments that a person is shown; the prompt says how many more there are."""

SETTLING = {"a": True, "always": True, "v": False, "never": False}
"""Answers that apply to all later calls of a tool, and whether they allow them."""

AskPerson = Callable[[str], str]


class Approval:
    """Asks a person about one call at a time. The answer may apply to all later calls of the tool.

    Args:
        ask: shows a question and returns the answer; `None` if no person is available.
        redact: removes secrets from what is shown.
        settled: tools that a person has allowed or refused for all calls; read at each call.
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
        """The reason why the call is refused, or `None`; waits for the person's answer."""
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
