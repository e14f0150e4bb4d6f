"""The texts that a model is fine-tuned on: those with calls, and plain ones mixed in."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldcraft.tools.toolformer.annotation.annotated import AnnotatedCall, AnnotatedDocument
from fieldcraft.tools.toolformer.errors import ToolformerError

MOST_EXAMPLES = 25_000
"""Texts with calls of one tool at most, the paper's number."""


@dataclass(frozen=True)
class Mixture:
    """Texts for the Toolformer, and for its control: the same documents without a call.

    Attributes:
        toolformer: texts with calls and results, and plain ones among them.
        control: plain texts only, as many.
        with_calls: how many of the documents have calls.
    """

    toolformer: tuple[str, ...]
    control: tuple[str, ...]
    with_calls: int


def mixture(
    documents: Sequence[AnnotatedDocument],
    thresholds: Mapping[str, float],
    *,
    size: int | None = None,
    plain_share: float = 0.35,
    bare_share: float = 0.15,
    calls_per_document: int | None = None,
    extra: Sequence[str] = (),
    seed: int = 0,
) -> Mixture:
    """The texts to train on, in an order of the seed's.

    Args:
        documents: the annotated corpus.
        thresholds: tau_f by tool.
        size: how many texts; documents then come again. By default each with a call comes once.
        plain_share: the share of plain texts, taken from documents that keep no call and from `extra`.
        bare_share: the share of texts that keep a call but are shown without it, so that the model still
            knows how they go on where it may not call.
        calls_per_document: calls at most in one, the best ones; by default all.
        extra: more plain texts.
        seed: of the choice.

    Raises:
        ToolformerError: no document keeps a call.
    """
    kept = [(one, one.kept(thresholds, most=calls_per_document)) for one in documents]
    with_calls = _limited([(one, calls) for one, calls in kept if calls])
    if not with_calls:
        raise ToolformerError("no document keeps a call; lower the thresholds, or annotate more texts")
    plain = [*(one.text for one, calls in kept if not calls), *extra]
    chosen = random.Random(seed)  # noqa: S311 - no secret
    share = min(0.99, (plain_share if plain else 0.0) + bare_share)
    texts = [one.with_calls(calls) for one, calls in with_calls]
    wanted = size or round(len(texts) / max(0.01, 1 - share))
    number = wanted - round(wanted * share)
    bare = round(wanted * bare_share) if plain else wanted - number
    mixed = [
        *_again(texts, number, chosen),
        *_again([one.text for one, _ in with_calls], bare, chosen),
        *_again(plain, wanted - number - bare, chosen),
    ]
    everything = [*(one.text for one in documents), *extra]
    control = _again(everything, wanted, chosen)
    chosen.shuffle(mixed)
    chosen.shuffle(control)
    return Mixture(tuple(mixed), tuple(control), len(with_calls))


def _limited(
    documents: Sequence[tuple[AnnotatedDocument, list[AnnotatedCall]]],
) -> list[tuple[AnnotatedDocument, list[AnnotatedCall]]]:
    """Of each tool the first documents only."""
    seen: Counter[str] = Counter()
    chosen = []
    for document, calls in documents:
        names = {call.name for call in calls}
        if all(seen[name] < MOST_EXAMPLES for name in names):
            seen.update(names)
            chosen.append((document, calls))
    return chosen


def _again(texts: Sequence[str], number: int, chosen: random.Random) -> list[str]:
    """So many of the texts: all as often as another, as far as that goes."""
    whole, rest = divmod(number, len(texts)) if texts else (0, 0)
    return [*(list(texts) * whole), *chosen.sample(list(texts), rest)]
