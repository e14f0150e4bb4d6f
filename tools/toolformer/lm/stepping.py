"""Reading on, one token at a time, in a batch."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from fieldcraft.tools.toolformer.lm.model import LanguageModel


class Reader:
    """Reads tokens, keeping the keys and values of what was read; a batch is padded on the left.

    Attributes:
        logits: of the next token of each row.
    """

    def __init__(self, model: LanguageModel, prompts: Sequence[Sequence[int]]) -> None:
        import torch

        width = max(map(len, prompts))
        rows = [[*[model.padding] * (width - len(row)), *row] for row in prompts]
        mask = [[0] * (width - len(row)) + [1] * len(row) for row in prompts]
        self._model = model
        self._mask = torch.tensor(mask, device=model.device)
        self._cache: Any = None
        takes = inspect.signature(model.model.forward).parameters
        self._placed = "position_ids" in takes
        self._cache_name = "cache" if "cache" in takes else "past_key_values"
        self.logits = self._forward(torch.tensor(rows, device=model.device))

    def read(self, tokens: Sequence[int]) -> None:
        """Read one more token of each row."""
        import torch

        self._mask = torch.cat([self._mask, torch.ones_like(self._mask[:, :1])], dim=1)
        self.logits = self._forward(torch.tensor(tokens, device=self._model.device)[:, None])

    def _forward(self, ids: Any) -> Any:
        import torch

        places = (self._mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        with torch.inference_mode():
            out = self._model.model(
                input_ids=ids,
                attention_mask=self._mask,
                use_cache=True,
                **{self._cache_name: self._cache},
                **({"position_ids": places} if self._placed else {}),
            )
        self._cache = getattr(out, self._cache_name)
        return out.logits[:, -1].float().cpu()
