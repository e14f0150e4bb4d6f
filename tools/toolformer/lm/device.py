"""Where a model computes."""

from __future__ import annotations

from typing import Any

from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.lm.batching import out_of_memory


def default_device() -> str:
    """A GPU where there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def put_on(model: Any, device: str) -> None:
    """Move a model to a device.

    Raises:
        ToolformerError: this machine has none such, or the model does not fit there.
    """
    try:
        model.to(device)
    except (RuntimeError, AssertionError) as error:
        if out_of_memory(error):
            raise ToolformerError(
                f"out of memory: the model does not fit on {device}; take a smaller one"
            ) from error
        reason = str(error).partition("\n")[0][:200]
        raise ToolformerError(f"there is no device {device!r} ({reason}); take --device cpu") from error
