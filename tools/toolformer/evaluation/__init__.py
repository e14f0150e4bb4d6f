"""The paper's comparison, its tasks, and its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.common.moved import names_from

if not TYPE_CHECKING:
    __getattr__ = names_from(
        __name__,
        "fieldcraft.tools.toolformer.evaluation.evaluation",
        names="Cell Comparison KS MOST_CALLS_ON_PLAIN Row TOOLFORMER choose_k compare evaluate perplexity",
    )
