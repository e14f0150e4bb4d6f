"""The annotated corpus on disk: one JSON object a document, each call with its scores."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from fieldcraft.common.files import read_file
from fieldcraft.tools.toolformer.annotation.documents import FILE_LIMIT
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.syntax import text

logger = logging.getLogger(__name__)


class AnnotatedCall(BaseModel):
    """A call that was made and scored, kept or not.

    Attributes:
        place: the character of the text before which it stands.
        probability: that the model opens a call there.
        loss: the weighted loss with the call and its result in front, in nats.
        loss_nothing: with nothing in front.
        loss_call: with the call in front and no result.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: str
    result: str
    place: int
    probability: float
    loss: float
    loss_nothing: float
    loss_call: float

    @property
    def gain(self) -> float:
        """By how much the call with its result reduces the loss."""
        return min(self.loss_nothing, self.loss_call) - self.loss

    @property
    def inline(self) -> text.InlineCall:
        """As it stands in a text."""
        return text.InlineCall(self.name, self.arguments, self.result)


class FailedCall(BaseModel):
    """A sampled call that gave no result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: str
    error: str


class AnnotatedDocument(BaseModel):
    """A document with every call that was tried in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: int
    text: str
    day: str | None = None
    calls: tuple[AnnotatedCall, ...] = ()
    failed: tuple[FailedCall, ...] = ()

    def kept(self, thresholds: Mapping[str, float], *, most: int | None = None) -> list[AnnotatedCall]:
        """The calls that gain their tool's threshold or more: the best at each place, in order of place.

        Args:
            thresholds: tau_f by tool; calls of a tool that is not in it are left out.
            most: calls of the document at most, the best ones; by default all.
        """
        best: dict[int, AnnotatedCall] = {}
        for call in self.calls:
            enough = call.gain >= thresholds.get(call.name, float("inf"))
            if enough and (call.place not in best or best[call.place].gain < call.gain):
                best[call.place] = call
        chosen = sorted(best.values(), key=lambda call: (-call.gain, call.place))[:most]
        return sorted(chosen, key=lambda call: call.place)

    def with_calls(self, calls: Iterable[AnnotatedCall]) -> str:
        """The text with calls and results spliced in."""
        spliced = self.text
        for call in sorted(calls, key=lambda call: -call.place):
            spliced = text.insert(spliced, call.place, call.inline)
        return spliced


def read_annotated(path: Path) -> list[AnnotatedDocument]:
    """The documents of an annotated corpus.

    Raises:
        ToolformerError: there is none, or a line of it is damaged.
    """
    if not path.is_file():
        raise ToolformerError(
            f"there is no annotated corpus {path}; make one: fieldcraft toolformer annotate"
        )
    return list(_rows(path, _content(path).splitlines()))


def _content(path: Path) -> bytes:
    try:
        return read_file(path, limit=FILE_LIMIT)
    except OSError as error:
        raise ToolformerError(f"{path} cannot be read ({error}); annotate again") from error


def _rows(path: Path, lines: Sequence[bytes]) -> Iterator[AnnotatedDocument]:
    for number, line in enumerate(lines, 1):
        try:
            yield AnnotatedDocument.model_validate_json(line)
        except ValidationError as error:
            raise ToolformerError(
                f"{path}, line {number}, is damaged; delete it and what follows, and annotate again: "
                "the lines before it are kept"
            ) from error


def whole_rows(path: Path) -> list[AnnotatedDocument]:
    """The documents that a killed process had finished; a torn last line is cut off the file.

    Raises:
        ToolformerError: a line before the last is damaged.
    """
    if not path.exists():
        return []
    data = _content(path)
    end = data.rfind(b"\n") + 1
    if end < len(data):
        logger.warning("the last line of %s was torn; it is written again", path)
        with path.open("r+b") as file:
            file.truncate(end)
    return list(_rows(path, data[:end].splitlines()))


def as_dataset(documents: Iterable[AnnotatedDocument], thresholds: Mapping[str, float]) -> Any:
    """A Hugging Face `Dataset`: `text`, `annotated` (with the kept calls) and `calls` with their scores."""
    from datasets import Dataset

    return Dataset.from_list(
        [
            {
                "document": one.document,
                "text": one.text,
                "annotated": one.with_calls(one.kept(thresholds)),
                "calls": json.dumps([{**call.model_dump(), "gain": call.gain} for call in one.calls]),
            }
            for one in documents
        ]
    )
