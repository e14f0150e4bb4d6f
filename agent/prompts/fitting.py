"""Fit a prompt into a window: what goes first, and what never goes.

A prompt is rendered from values, and it is the values that are made smaller, so this works for templates of a
user's own as well. Each stage below is used up before the next begins:

1. outcomes of earlier tool calls and earlier unusable answers of the same conversation, oldest first;
2. the code of skills, whose signature and description stay, the least fitting skill first;
3. what earlier attempts printed and the middle of their code, oldest first;
4. questions and their answers, oldest first, down to the latest twelve;
5. completed tasks, then failed ones, oldest first, down to the latest twenty;
6. what the world said, oldest first (of evidence, the least fitting first), down to twelve; facts, the least
   fitting first, down to eight;
7. whole skills, the least fitting first;
8. earlier attempts, oldest first;
9. the latest attempt's log, long lines of observations, and the middle of long code and texts;
10. docstrings of primitives and tools beyond their first lines, and the end of a long reference;
11. names of the world that nothing else in the prompt mentions;
12. what is left of answers, tasks, things said, facts, what people said but for the latest, and the outcomes
    of the latest tool calls.

The task, its goal, the error of the latest attempt, the question and the template's own text never go.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from fieldcraft.agent.models.messages import Message
from fieldcraft.agent.prompts.stages import STAGES, Draft, Stage

SEEN = "(The picture shows the world as it is now.)"
"""What a message says of the picture that comes with it."""


@dataclass(frozen=True)
class Prompted:
    """What a conversation began with: a template, its values, and how many messages they made.

    `shape` is the class of its answer, where that is JSON; `pictures` (PNG) go with the last of the messages.
    """

    template: str
    values: Mapping[str, Any]
    length: int
    shape: type[BaseModel] | None = None
    pictures: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """A conversation that fits, and what was left out of it, in words."""

    messages: list[Message]
    left_out: tuple[str, ...] = ()


class NoRoom(Exception):
    """A prompt does not fit even at its shortest, which takes `least` tokens."""

    def __init__(self, least: int) -> None:
        super().__init__(f"the shortest prompt takes {least:,} tokens")
        self.least = least


def fit(
    render: Callable[..., list[Message]],
    prompt: Prompted,
    messages: Sequence[Message],
    *,
    room: int,
    count: Callable[[Sequence[Message]], int],
) -> Fitted:
    """The conversation in at most `room` tokens.

    Args:
        render: makes a template's messages from its values.
        prompt: what `messages` began with.
        messages: the conversation as a whole.
        room: tokens that it may take.
        count: the tokens that a conversation takes.

    Raises:
        NoRoom: it takes more even at its shortest.
    """
    whole = list(messages)
    if count(whole) <= room:
        return Fitted(whole)
    began = Draft(prompt.values, tuple(whole[prompt.length :]))
    plan = _plan(began)

    @cache
    def shortened(steps: int) -> list[Message]:
        draft = _after(plan, steps, began)
        same = draft.values is began.values
        begun = whole[: prompt.length] if same else begun_with(render, prompt, draft.values)
        return [*begun, *draft.turns]

    total = sum(levels for _, levels, _ in plan)
    least = count(shortened(total))
    if least > room:
        raise NoRoom(least)
    steps = bisect_left(range(total), x=True, key=lambda steps: count(shortened(steps)) <= room)
    return Fitted(shortened(steps), _left_out(plan, steps))


def begun_with(
    render: Callable[..., list[Message]], prompt: Prompted, values: Mapping[str, Any]
) -> list[Message]:
    """The messages of a template from these values, with the prompt's pictures."""
    *first, last = render(prompt.template, **values)
    if not prompt.pictures:
        return [*first, last]
    return [*first, last.model_copy(update={"images": prompt.pictures, "text": f"{last.text}\n\n{SEEN}"})]


_Plan = list[tuple[Stage, int, Draft]]
"""Each stage with its steps, and the draft that it begins with."""


def _plan(draft: Draft) -> _Plan:
    plan: _Plan = []
    for stage in STAGES:
        if levels := stage.levels(draft):
            plan.append((stage, levels, draft))
            draft = stage.shorten(draft, levels)
    return plan


def _after(plan: _Plan, steps: int, draft: Draft) -> Draft:
    for stage, levels, before in plan:
        if steps <= 0:
            break
        draft = stage.shorten(before, min(steps, levels))
        steps -= levels
    return draft


def _left_out(plan: _Plan, steps: int) -> tuple[str, ...]:
    words = []
    for stage, levels, _ in plan:
        if steps <= 0:
            break
        words.append(stage.what)
        steps -= levels
    return tuple(dict.fromkeys(words))
