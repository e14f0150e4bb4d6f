"""Which calls help the model: the filter by the weighted loss (the paper, section 2, "Filtering API Calls").

L(z) is the weighted loss of the tokens from the call's place on, given `z` as a prefix of the whole text. A
call is worth `min(L(nothing), L(call without result)) - L(call with result)`, in nats.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldcraft.tools.toolformer import text
from fieldcraft.tools.toolformer.documents import Document
from fieldcraft.tools.toolformer.executing import Executed
from fieldcraft.tools.toolformer.model import Encoded, LanguageModel
from fieldcraft.tools.toolformer.settings import WINDOW

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

    The loss with nothing in front is computed once a document, for all its places.
    """
    usable = [call for call in calls if call.result is not None]
    numbers = sorted({call.proposal.document for call in usable})
    encoded = {number: model.encode(documents[number].text) for number in numbers}
    plain = dict(zip(numbers, _log_probs_of_texts(model, [encoded[one] for one in numbers]), strict=True))
    made = [_with_prefixes(model, call, encoded[call.proposal.document]) for call in usable]
    fitting = [(call, one) for call, one in zip(usable, made, strict=True) if one is not None]
    if len(fitting) < len(usable):
        logger.warning("%d calls leave no room for the text; they are dropped", len(usable) - len(fitting))
    sequences = [sequence for _, one in fitting for sequence in one.sequences]
    rows = iter(model.token_log_probs(sequences, last=WINDOW))
    return [
        Scored(
            call,
            loss=_weighted(next(rows)[-one.weighed :]),
            loss_call=_weighted(next(rows)[-one.weighed :]),
            loss_nothing=_weighted(plain[call.proposal.document][one.place :]),
        )
        for call, one in fitting
    ]


@dataclass(frozen=True)
class _Prefixed:
    """The text up to the last token that is weighed, behind the call with its result and without."""

    place: int
    weighed: int
    sequences: tuple[tuple[int, ...], tuple[int, ...]]


def _with_prefixes(model: LanguageModel, call: Executed, encoded: Encoded) -> _Prefixed | None:
    """`None` where the context has no room. In a small one the beginning of the text gives way."""
    place = encoded.token_at(call.proposal.place)
    end = min(len(encoded.ids), place + WINDOW)
    with_result, without = _prefix(model, call, call.result), _prefix(model, call, "")
    room = model.context - len(model.start) - max(len(with_result), len(without))
    if end <= place or room <= end - place:
        return None
    ids = encoded.ids[max(0, end - room) : end]
    return _Prefixed(place, end - place, ((*model.start, *with_result, *ids), (*model.start, *without, *ids)))


def _log_probs_of_texts(model: LanguageModel, texts: Sequence[Encoded]) -> list[list[float]]:
    """The log probability of each token of each text, with a first 0 where nothing stands before it."""
    rows = model.token_log_probs([(*model.start, *encoded.ids) for encoded in texts])
    return [row if model.start else [0.0, *row] for row in rows]


def _prefix(model: LanguageModel, call: Executed, result: str | None) -> tuple[int, ...]:
    written = text.write(text.InlineCall(call.proposal.name, call.proposal.arguments, result))
    return model.encode(f" {written}").ids


def _weighted(log_probs: Sequence[float]) -> float:
    """Where the text ends within the window, what is missing weighs nothing."""
    return -sum(weight * log for weight, log in zip(WEIGHTS, log_probs, strict=False))
