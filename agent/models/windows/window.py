"""A model's context window: how large it is, what of it a prompt may take, and how texts are counted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

from fieldcraft.agent.models.errors import PromptTooLong
from fieldcraft.agent.models.messages import Message

BYTES_PER_TOKEN = 3
"""Bytes of UTF-8 that are counted as one token.

English prose has four to five for each token, code and lists of names about three and a half, Cyrillic and
Arabic four, Chinese and Japanese three: three is on the safe side for all of them.
"""
MESSAGE_TOKENS = 8
"""Tokens that a message takes besides its text."""
IMAGE_TOKENS = 1_600
"""Tokens of a picture, as many as the providers count at most for one of usual size."""
ANSWER_SHARE, ANSWER_TOKENS = 4, 4_096
"""Room for the answer where no `max_output_tokens` is set: one part in four of the window, at most this."""
_MOST_SCALE = 8.0
_SHRUNK = 0.75


class ContextWindow:
    """What is known of one model's window, learned from settings, its server, its answers and refusals.

    Args:
        known: its tokens, where they are known without asking; prompt and answer share them.
        ask: asks its server, once and not before it matters; `None` where it does not say.
        output: the tokens that each request reserves for the answer; a share of the window where `None`.
    """

    def __init__(
        self, known: int | None = None, ask: Callable[[], int | None] | None = None, output: int | None = None
    ) -> None:
        self.known = known
        self._ask = ask if known is None else None
        self._output = output
        self._scale = 1.0
        self._room: int | None = None
        self._lock = threading.Lock()

    def settle(self) -> None:
        """Ask the server now, where it was never asked."""
        with self._lock:
            if self._ask is not None:
                ask, self._ask = self._ask, None
                self.known = ask()

    @property
    def size(self) -> int | None:
        """Tokens of prompt and answer together; `None` where nobody said."""
        self.settle()
        return self.known

    @property
    def reserve(self) -> int:
        """Tokens of the window that are left to the answer."""
        if self._output is not None:
            return self._output
        return 0 if self.known is None else min(self.known // ANSWER_SHARE, ANSWER_TOKENS)

    @property
    def room(self) -> int | None:
        """Tokens that a prompt may take; `None` where it may be as long as it likes."""
        size = self.size
        rooms = [] if size is None else [size - self.reserve]
        rooms += [] if self._room is None else [self._room]
        return max(0, min(rooms)) if rooms else None

    def count(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]] = ()) -> int:
        """About how many tokens a conversation takes, rather too many than too few."""
        return round(self._scale * _counted(messages, tools))

    def learn_refusal(self, refusal: PromptTooLong, tokens: int) -> None:
        """Take a refusal of a prompt of so many counted `tokens` into account: the next one is shorter."""
        if refusal.limit is not None:
            known = self.size
            self.known = refusal.limit if known is None else min(known, refusal.limit)
        if refusal.asked is not None and refusal.asked > tokens:
            before = self._scale
            self._learn_scale(refusal.asked / max(tokens, 1))
            tokens = round(tokens * self._scale / before)
        room = self.room
        if room is None or tokens <= room:
            self._room = int(tokens * _SHRUNK)

    def learn_usage(self, tokens: int, reported: int) -> None:
        """Count more for each text from now on where the provider counted more than `tokens`."""
        if reported > tokens > 0:
            self._learn_scale(reported / tokens)

    def _learn_scale(self, factor: float) -> None:
        self._scale = min(self._scale * factor, _MOST_SCALE)


def _counted(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int:
    size = sum(_size(message) for message in messages)
    size += len(json.dumps(tools, ensure_ascii=False).encode("utf-8", "replace")) if tools else 0
    pictures = sum(len(message.images) for message in messages)
    return -(-size // BYTES_PER_TOKEN) + MESSAGE_TOKENS * len(messages) + IMAGE_TOKENS * pictures


def _size(message: Message) -> int:
    """Bytes of a message's text, and of the tool calls and the provider's own data that go with it."""
    size = len(message.text.encode("utf-8", "replace"))
    for request in message.requests:
        size += len(request.model_dump_json())
    return size + (len(json.dumps(message.turn, default=str)) if message.turn else 0)
