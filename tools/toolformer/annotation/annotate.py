"""Annotating a corpus: propose, execute, filter, write; a batch of documents at a time, resumable."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from fieldcraft.tools.calls.executor import ToolExecutor
from fieldcraft.tools.calls.policy import ToolPolicy
from fieldcraft.tools.toolformer.annotation.annotated import (
    AnnotatedCall,
    AnnotatedDocument,
    FailedCall,
    whole_rows,
)
from fieldcraft.tools.toolformer.annotation.documents import Document, fitted
from fieldcraft.tools.toolformer.annotation.executing import CallRunner, Executed
from fieldcraft.tools.toolformer.annotation.filtering import Scored, score
from fieldcraft.tools.toolformer.annotation.record import digest, fingerprint, made_folder, same_as_before
from fieldcraft.tools.toolformer.annotation.sampling import PromptedSampler, Proposer
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import WINDOW, AnnotationSettings

logger = logging.getLogger(__name__)
POLICY = ToolPolicy(calls_per_task=1_000_000, same_failures=1_000_000)
"""A policy that allows all the calls that are sampled in a document."""


@dataclass(frozen=True)
class Progress:
    """How far an annotation is."""

    done: int
    total: int
    documents: Sequence[AnnotatedDocument]
    """Those that were just finished."""


class Annotator:
    """Annotates documents.

    Args:
        model: the model whose loss decides; it need not be the one that proposes.
        proposer: what proposes calls.
        executor: what makes them, with a policy that allows them all (`POLICY`).
        settings: as `AnnotationSettings` says.

    Attributes:
        tools: the names of the executor's.
        model: the model's fingerprint.
    """

    def __init__(
        self,
        model: LanguageModel,
        proposer: Proposer,
        executor: ToolExecutor,
        settings: AnnotationSettings,
    ) -> None:
        self._model = model
        self._proposer = proposer
        self.tools = tuple(executor.names())
        self.model = fingerprint(model)
        self._runner = CallRunner(executor, longest=settings.longest_result)
        self._settings = settings

    def fitted(self, documents: Sequence[Document]) -> list[Document]:
        """The documents in pieces that leave room for a call in front of them, and for a prompt.

        Raises:
            ToolformerError: the context has none beside the prompt.
        """
        room = self._model.context // 2 - len(self._model.start) - WINDOW
        if isinstance(self._proposer, PromptedSampler):
            room = min(room, self._proposer.room())
        return fitted(documents, lambda text: self._model.encode(text).ends, max(WINDOW, room))

    def annotate(self, documents: Sequence[Document], seed: int) -> list[AnnotatedDocument]:
        """The documents with every call that was tried in them; the same seed tries the same calls."""
        by_number = {document.number: document for document in documents}
        proposals = self._proposer.propose(documents, seed)
        executed = self._runner.run_all(proposals, by_number)
        scored = score(self._model, executed, by_number)
        return [_annotated(document, executed, scored) for document in documents]


def annotate_corpus(
    annotator: Annotator,
    documents: Sequence[Document],
    folder: Path,
    *,
    settings: AnnotationSettings,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Annotate a corpus into `folder/annotated.jsonl`, going on where an earlier call ended.

    Args:
        annotator: what annotates.
        documents: the corpus; see `Annotator.fitted`.
        folder: where the result is kept.
        settings: those of the annotator. Others than before are refused.
        progress: called after each finished batch.
        stop: asked before each batch; what was finished stays.

    Raises:
        ToolformerError: the folder holds the annotation of something else, or somebody else writes to it.
    """
    record = folder / "annotation.json"
    made_folder(folder, record)
    try:
        with FileLock(folder / "lock", timeout=0):
            now = {
                "corpus": digest(f"{document.day}\0{document.text}" for document in documents),
                "model": annotator.model,
                "tools": list(annotator.tools),
                "settings": settings.model_dump(mode="json"),
            }
            same_as_before(record, now, work="annotation")
            path = folder / "annotated.jsonl"
            done = len(whole_rows(path))
            for batch in _batches(documents, settings.together, done):
                if stop():
                    break
                made = annotator.annotate(batch, settings.seed + 7919 * batch[0].number)
                new = [one for one in made if one.document >= done]
                _append(path, new)
                done = batch[-1].number + 1
                progress(Progress(done, len(documents), new))
            path.touch()
    except Timeout as error:
        raise ToolformerError(
            f"another process annotates into {folder}; wait, or take another folder"
        ) from error
    return path


def _batches(documents: Sequence[Document], size: int, done: int) -> Iterator[Sequence[Document]]:
    """The batches that are not finished; always cut at the same places, so that a resumed one is the same."""
    for begin in range(done // size * size, len(documents), size):
        yield documents[begin : begin + size]


def _append(path: Path, documents: Sequence[AnnotatedDocument]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(document.model_dump_json() + "\n" for document in documents)


def _annotated(
    document: Document, executed: Sequence[Executed], scored: Sequence[Scored]
) -> AnnotatedDocument:
    calls = [
        AnnotatedCall(
            name=one.executed.proposal.name,
            arguments=one.executed.proposal.arguments,
            result=one.executed.result or "",
            place=one.executed.proposal.place,
            probability=one.executed.proposal.probability,
            loss=one.loss,
            loss_nothing=one.loss_nothing,
            loss_call=one.loss_call,
        )
        for one in scored
        if one.executed.proposal.document == document.number
    ]
    failed = [
        FailedCall(name=one.proposal.name, arguments=one.proposal.arguments, error=one.error)
        for one in executed
        if one.error is not None and one.proposal.document == document.number
    ]
    return AnnotatedDocument(
        document=document.number,
        text=document.text,
        day=document.day,
        calls=tuple(calls),
        failed=tuple(failed),
    )
