"""Where a call might help, and which: sampled from the model itself (the paper, section 2)."""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fieldcraft.tools.registry import ToolRegistry
from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.annotation.prompting import prompt
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.lm.model import Encoded, LanguageModel
from fieldcraft.tools.toolformer.settings import WINDOW, AnnotationSettings, ToolSettings
from fieldcraft.tools.toolformer.syntax import text

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_FIRST_GUESSES = 4
"""How many times as many places are looked at closer where the opening is of several tokens."""


@dataclass(frozen=True)
class Proposal:
    """A call that might stand in a document.

    Attributes:
        document: the document's number.
        place: the character before which the call would be inserted.
        name: the tool's.
        arguments: as written.
        probability: that the model opens a call there.
    """

    document: int
    place: int
    name: str
    arguments: str
    probability: float


class Proposer(Protocol):
    """Proposes calls."""

    def propose(self, documents: Sequence[Document], seed: int) -> list[Proposal]:
        """Calls for these documents; the same seed gives the same ones."""


class PromptedSampler:
    """Proposes calls of each tool by a few-shot prompt of its own, as the paper does.

    Args:
        model: what the calls are sampled from.
        registry: the tools.
        settings: how many, and where.
    """

    def __init__(self, model: LanguageModel, registry: ToolRegistry, settings: AnnotationSettings) -> None:
        self._model = model
        self._registry = registry
        self._settings = settings

    def room(self) -> int:
        """Tokens of a document that the context has room for behind the longest of the prompts.

        Raises:
            ToolformerError: none worth mentioning; the message names the tool.
        """
        model = self._model
        lengths = {}
        for name in self._registry.names():
            asked = prompt(name, self._registry.get(name), self._settings.of(name), "")
            lengths[name] = len(model.encode(asked).ids)
        longest = max(lengths, key=lengths.__getitem__)
        before = len(model.start) + lengths[longest] + len(model.opening) + self._settings.longest_call
        if model.context - before <= WINDOW:
            raise ToolformerError(
                f"the prompt of {longest} ({lengths[longest]} tokens) and a call leave no room for a text in "
                f"the model's context of {model.context}; give a shorter `prompt` in the settings, or take "
                "another model"
            )
        return model.context - before

    def propose(self, documents: Sequence[Document], seed: int) -> list[Proposal]:
        """As `Proposer.propose`."""
        found: list[Proposal] = []
        for number, name in enumerate(self._registry.names()):
            settings = self._settings.of(name)
            chosen = [document for document in documents if worth_a_look(document, settings)]
            prompts = {
                document.number: prompt(name, self._registry.get(name), settings, document.text)
                for document in chosen
            }
            sampler = Sampler(self._model, {name}, settings, self._settings)
            found += sampler.calls(chosen, prompts, seed + number)
        return found


class TrainedSampler:
    """Proposes calls of every tool at once, from a model that writes them without being shown how.

    Args:
        model: one that was fine-tuned on texts with calls.
        names: the tools whose calls count.
        settings: how many, and where, for all tools together.
        common: what does not differ from tool to tool.
    """

    def __init__(
        self,
        model: LanguageModel,
        names: Collection[str],
        settings: ToolSettings,
        common: AnnotationSettings,
    ) -> None:
        self._sampler = Sampler(model, names, settings, common)

    def propose(self, documents: Sequence[Document], seed: int) -> list[Proposal]:
        """As `Proposer.propose`."""
        return self._sampler.calls(documents, {}, seed)


def worth_a_look(document: Document, settings: ToolSettings) -> bool:
    """Whether a tool's heuristic selects a document."""
    match settings.only:
        case "numbers":
            return "=" in document.text or len(_NUMBER.findall(document.text)) >= 3
        case "dated":
            return document.day is not None
        case "foreign":
            return not document.text.isascii()
    return True


@dataclass(frozen=True)
class _Place:
    """Where calls are sampled: before token `token` of a document."""

    document: Document
    encoded: Encoded
    prefix: tuple[int, ...]
    token: int
    probability: float

    @property
    def read(self) -> tuple[int, ...]:
        """What the model has read there."""
        return (*self.prefix, *self.encoded.ids[: self.token])


class Sampler:
    """Finds the places whose probability of a call is highest, and samples calls there.

    Args:
        model: what is sampled from.
        names: the tools whose calls count.
        settings: k, m and tau_s.
        common: temperature and the length of calls.
    """

    def __init__(
        self,
        model: LanguageModel,
        names: Collection[str],
        settings: ToolSettings,
        common: AnnotationSettings,
    ) -> None:
        self._model = model
        self._names = frozenset(names)
        self._settings = settings
        self._common = common

    def calls(self, documents: Sequence[Document], prompts: Mapping[int, str], seed: int) -> list[Proposal]:
        """The calls that close, each once a place; `prompts` are by document number, none where missing."""
        places = [
            place for document in documents for place in self._open(document, prompts.get(document.number))
        ]
        chosen = self._likeliest(places)
        asked = [place for place in chosen for _ in range(self._settings.samples)]
        written = self._model.sample(
            [(*place.read, *self._model.opening) for place in asked],
            seed=seed,
            most=self._common.longest_call,
            done=complete,
            temperature=self._common.temperature,
        )
        found: dict[Proposal, None] = {}
        for place, ids in zip(asked, written, strict=True):
            call = call_in(self._model.decode(ids))
            if call is not None and call.name in self._names:
                start = place.encoded.ends[place.token - 1] if place.token else 0
                found[
                    Proposal(place.document.number, start, call.name, call.arguments, place.probability)
                ] = None
        return list(found)

    def _open(self, document: Document, prompt: str | None) -> list[_Place]:
        """The document as one place, at its beginning; empty where prompt and document do not fit."""
        model = self._model
        encoded = model.encode(document.text)
        prefix = (*model.start, *(model.encode(prompt).ids if prompt else ()))
        room = model.context - self._common.longest_call - len(model.opening)
        if not prefix or not encoded.ids or len(prefix) + len(encoded.ids) > room:
            return []
        return [_Place(document, encoded, prefix, 0, 0.0)]

    def _likeliest(self, texts: Sequence[_Place]) -> list[_Place]:
        """The top k places of each text above tau_s."""
        most = self._settings.positions
        opening = self._model.opening
        rows = self._model.next_log_probs([(*one.prefix, *one.encoded.ids[:-1]) for one in texts], opening[0])
        found: list[_Place] = []
        for one, row in zip(texts, rows, strict=True):
            logs = row[len(one.prefix) - 1 :]
            tokens = [token for token in range(len(logs)) if _whole(one.encoded, token)]
            wanted = most if len(opening) == 1 else most * _FIRST_GUESSES
            found += [
                _Place(one.document, one.encoded, one.prefix, token, math.exp(logs[token]))
                for token in heapq.nlargest(wanted, tokens, key=logs.__getitem__)
            ]
        if len(opening) > 1:
            found = self._refined(found)
        return [place for place in found if place.probability > self._settings.tau_s]

    def _refined(self, places: Sequence[_Place]) -> list[_Place]:
        """The places with the probability of the whole opening, the top k of each text."""
        opening = self._model.opening
        rows = self._model.token_log_probs(
            [(*place.read, *opening) for place in places], since=[len(place.read) for place in places]
        )
        by_text: dict[int, list[_Place]] = {}
        for place, row in zip(places, rows, strict=True):
            probability = math.exp(sum(row))
            by_text.setdefault(place.document.number, []).append(
                _Place(place.document, place.encoded, place.prefix, place.token, probability)
            )
        return [
            place
            for group in by_text.values()
            for place in heapq.nlargest(self._settings.positions, group, key=lambda place: place.probability)
        ]


def _whole(encoded: Encoded, token: int) -> bool:
    """Whether a character, not a part of one, begins at the token."""
    return token == 0 or encoded.ends[token - 1] < encoded.ends[token]


def complete(written: str) -> bool:
    """Whether a call that was opened is complete, or will never be."""
    return "\n" in written or call_in(written) is not None


def call_in(written: str) -> text.InlineCall | None:
    """The call of what was written after its opening, up to the arrow or the closing bracket."""
    whole = f"[{written}"
    call = text.unfinished(whole)
    if call is not None:
        return call
    closed = text.parse(whole)
    return None if closed is None or closed.result is not None else closed
