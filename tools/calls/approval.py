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

CHOICES = "[y]es, [n]o, [a]lways, ne[v]er: "

REFUSED = "a person refused the call"

AskPerson = Callable[[str], str]


class Approval:
    """Asks a person about one call at a time. The answer may apply to all later calls of the tool.

    Args:
        ask: shows a question and returns the answer; `None` if no person is available.
        redact: removes secrets from what is shown.
        settled: tools that a person has allowed or refused for all calls; read at each call.
        answered: whether a person answered this very call before; that counts for more than `settled`.
    """

    def __init__(
        self,
        ask: AskPerson | None,
        redact: Callable[[str], str],
        settled: Mapping[str, bool],
        answered: Callable[[ToolCall], bool] = lambda _: False,
    ) -> None:
        self._ask = ask
        self._redact = redact
        self._asking = Lock()
        self._settled: dict[str, bool] = {}
        self._before = settled
        self._answered = answered

    def refusal(self, call: ToolCall) -> str | None:
        """The reason why the call is refused, or `None`; waits for the person's answer."""
        with self._asking:
            allowed = self._settled.get(call.name, self._before.get(call.name))
            if allowed is not None and not self._answered(call):
                return None if allowed else REFUSED
            if self._ask is None:
                return "it needs a person's approval, and nobody is there to give it"
            try:
                return self._answer(self._ask, call)
            except EOFError:
                return "it needs a person's approval, and nobody answered"

    def _answer(self, ask: AskPerson, call: ToolCall) -> str | None:
        """Ask until there is an answer; a reason may follow a `no` after a colon."""
        question = f"Call {shown_call(call, self._redact)}? It {_WORDS[call.effect]}. {CHOICES}"
        while True:
            word, _, reason = (part.strip() for part in ask(question).partition(":"))
            match word.lower():
                case "y" | "yes":
                    return None
                case "n" | "no":
                    return f"{REFUSED}: {visible_line(reason, 500)}" if reason else REFUSED
                case "late":
                    return visible_line(reason, 500) or "nobody answered in time"
                case settling if settling in SETTLING and not reason:
                    self._settled[call.name] = SETTLING[settling]
                    return None if SETTLING[settling] else REFUSED


def shown_call(call: ToolCall, redact: Callable[[str], str]) -> str:
    """The call as a person is shown it, on one line."""
    arguments = redact(
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
