"""Annotates the corpus of a folder in a process of its own, which a test may kill."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import torch

from fieldcraft.tools import ToolExecutor, ToolRegistry
from fieldcraft.tools.builtin.calculator import calculator
from fieldcraft.tools.toolformer.annotation.annotate import POLICY, Annotator, annotate_corpus
from fieldcraft.tools.toolformer.annotation.documents import read_corpus
from fieldcraft.tools.toolformer.annotation.sampling import Proposal
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import AnnotationSettings


class BeforeNumbers:
    """Proposes to calculate every number that a document holds."""

    def propose(self, documents: Any, seed: int) -> list[Proposal]:
        return [
            Proposal(one.number, found.start(), "calculator", f"{found[1]} * {seed % 7 + 1}", 0.5)
            for one in documents
            for found in re.finditer(r" (\d+)", one.text)
        ]


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    settings = AnnotationSettings(together=4)
    model = LanguageModel.load(folder / "model", device="cpu")
    tools = ToolExecutor(ToolRegistry([calculator]), policy=POLICY)
    annotator = Annotator(model, BeforeNumbers(), tools, settings)
    documents = annotator.fitted(read_corpus(folder / "corpus.jsonl"))
    annotate_corpus(
        annotator,
        documents,
        folder / "annotation",
        settings=settings,
        progress=lambda progress: print(progress.done, flush=True),
    )
    tools.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
