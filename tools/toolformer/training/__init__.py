"""Fine-tuning on an annotated corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.common.moved import names_from

if not TYPE_CHECKING:
    __getattr__ = names_from(
        __name__,
        "fieldcraft.tools.toolformer.training.training",
        names="COMPLETE Stopped last_checkpoint train",
    )
