"""Facts from what a world answers when a primitive fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from fieldcraft.agent.memory import wording as w
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.learning import CONTRADICTIONS, Change, doubt_by_refusal
from fieldcraft.agent.memory.naming import Vocabulary, without_holdings

MESSAGES = 40
"""Messages of one program that are read, the latest."""


def learn_messages(change: Change, messages: Iterable[str], names: Vocabulary) -> None:
    """Take in the messages of a program's failed calls; equal ones but for their numbers once."""
    latest = {w.shape(message): message for message in list(messages)[-MESSAGES:]}
    change.event = "failed call"
    for message in latest.values():
        learn_message(change, message, names)


def learn_message(
    change: Change,
    message: str,
    names: Vocabulary,
    *,
    subject: str = "",
    source: Literal["world", "message"] = "message",
) -> None:
    """Take in one refusal: a fact that quotes it, and a contradiction of recipes that it does not fit.

    Args:
        change: what the program teaches.
        message: the world's words.
        names: the world's names.
        subject: what was refused; without it, the first name in the message.
        source: whether the world reported it, or it was the message of an error.
    """
    said = without_holdings(message).strip()
    if not said:
        return
    about = subject or next(iter(names.mentioned(said)), "")
    needs = {name: count for name, count in names.needs(said).items() if name != about}
    fact = Fact(
        key=w.key("refusal", about, w.shape(said)),
        kind="refusal",
        subject=about,
        text=f"the world refused: {w.said(said)}",
        used=needs,
        source=source,
        positive=False,
    )
    known = change.now(fact.key)
    doubtful = known is not None and not known.wrong and _asks_for_more(needs, known.used)
    if known is not None and doubtful and known.doubts + 1 < CONTRADICTIONS:
        change.doubt(known, fact.text)
    else:
        change.see(fact)
    doubt_by_refusal(change, about, needs, fact.text)


def _asks_for_more(needs: Mapping[str, int], known: Mapping[str, int]) -> bool:
    """Whether the same is needed in whole multiples, as where more of the thing was asked for."""
    whole = all(needs.get(name, 0) % max(1, count) == 0 for name, count in known.items())
    return whole and sum(needs.values()) > sum(known.values())
