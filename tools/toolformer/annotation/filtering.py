"""Which calls help the model: the filter by the weighted loss (the paper, section 2, "Filtering API Calls").

L(z) is the weighted loss of the tokens from the call's place on, given `z` as a prefix of the whole text. A
call is worth `min(L(nothing), L(call without result)) - L(call with result)`, in nats.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.annotation.executing import Executed
from fieldcraft.tools.toolformer.lm.model import Encoded, LanguageModel
from fieldcraft.tools.toolformer.settings import WINDOW
from fieldcraft.tools.toolformer.syntax import text

logger = logging.getLogger(__name__)
_RAW = [1 - 0.2 * step for step in range(WINDOW)]
WEIGHTS = tuple(weight / sum(_RAW) for weight in _RAW)
"""w_t for the tokens after a call: falling from the first to the fifth, of sum 1."""


@dataclass(frozen=True)
class Scored:
    """A call with its result and its losses.

    Attributes:
        loss: with call and result in front of the text: the paper's L+.
        loss_nothing: with nothing in front.
        loss_call: with the call in front, its result left out.
    """

    executed: Executed
    loss: float
    loss_nothing: float
    loss_call: float

    @property
    def gain(self) -> float:
        """By how much the call reduces the loss; kept where it is tau_f or more."""
        return min(self.loss_nothing, self.loss_call) - self.loss


def score(model: LanguageModel, calls: Sequence[Executed], documents: Mapping[int, Document]) -> list[Scored]:
    """The calls that have a result, with their losses, in order.

    A document is read once behind each prefix for all the places that are weighed there: with nothing in
    front for all its calls, and for a call that is proposed in several places for all of them.
    """
    usable = [call for call in calls if call.result is not None]
    numbers = list(dict.fromkeys(call.proposal.document for call in usable))
    read = model.encode_each([documents[number].text for number in numbers])
    encoded = dict(zip(numbers, read, strict=True))
    windows = _windows(model, usable, encoded)
    if len(windows) < len(usable):
        logger.warning("%d calls leave no room for the text; they are dropped", len(usable) - len(windows))
    losses = _losses(model, [one for _, three in windows for one in three], encoded)
    return [
        Scored(call, loss=losses[with_result], loss_call=losses[without], loss_nothing=losses[nothing])
        for call, (with_result, without, nothing) in windows
    ]


@dataclass(frozen=True)
class _Window:
    """The tokens `place` to `end` of a document, to be weighed behind a prefix in tokens.

    Attributes:
        begin: the token at which the text begins: later than the first where the context is too small.
    """

    document: int
    prefix: tuple[int, ...]
    begin: int
    place: int
    end: int

    @property
    def reading(self) -> tuple[int, tuple[int, ...], int]:
        """What has to be read, up to the end: windows that differ in nothing of it are read together."""
        return (self.document, self.prefix, self.begin)


_Three = tuple[_Window, _Window, _Window]
"""A call's windows: behind the call with its result, without it, and behind nothing."""


def _windows(
    model: LanguageModel, calls: Sequence[Executed], encoded: Mapping[int, Encoded]
) -> list[tuple[Executed, _Three]]:
    """The calls with their windows; those are left out that leave no room for the text."""
    written = [_written(call, result) for call in calls for result in (call.result, "")]
    prefixes = iter(map(tuple, model.encode_all(written)))
    found = []
    for call, pair in zip(calls, zip(prefixes, prefixes, strict=True), strict=True):
        text_ids = encoded[call.proposal.document]
        place = text_ids.token_at(call.proposal.place)
        end = min(len(text_ids.ids), place + WINDOW)
        room = model.context - len(model.start) - max(map(len, pair))
        if place < end and room > end - place:
            found.append((call, _three(call.proposal.document, pair, place, end, room)))
    return found


def _three(number: int, pair: tuple[tuple[int, ...], ...], place: int, end: int, room: int) -> _Three:
    """In a context of too little room the beginning of the text gives way."""
    begin = max(0, end - room)
    with_result, without = (_Window(number, prefix, begin, place, end) for prefix in pair)
    return with_result, without, _Window(number, (), begin, place, end)


def _losses(
    model: LanguageModel, windows: Sequence[_Window], encoded: Mapping[int, Encoded]
) -> dict[_Window, float]:
    """The weighted loss of each window; those of one reading are taken from one sequence."""
    together: dict[tuple[int, tuple[int, ...], int], list[_Window]] = {}
    for window in dict.fromkeys(windows):
        together.setdefault(window.reading, []).append(window)
    sequences, since = [], []
    for (number, prefix, begin), some in together.items():
        before = len(model.start) + len(prefix) - begin
        end = max(window.end for window in some)
        sequences.append((*model.start, *prefix, *encoded[number].ids[begin:end]))
        since.append(max(1, before + min(window.place for window in some)))
    rows = model.token_log_probs(sequences, since=since)
    losses = {}
    for some, row, first in zip(together.values(), rows, since, strict=True):
        for window in some:
            at = len(model.start) + len(window.prefix) - window.begin + window.place - first
            logs = row[max(0, at) : at + window.end - window.place]
            losses[window] = _weighted([0.0, *logs] if at < 0 else logs)
    return losses


def _written(call: Executed, result: str | None) -> str:
    written = text.write(text.InlineCall(call.proposal.name, call.proposal.arguments, result))
    return f" {written}"


def _weighted(log_probs: Sequence[float]) -> float:
    """Where the text ends within the window, what is missing weighs nothing."""
    return -sum(weight * log for weight, log in zip(WEIGHTS, log_probs, strict=False))
