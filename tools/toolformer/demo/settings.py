"""How large the demo is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoSettings:
    """How large the demo is.

    Attributes:
        seed: of everything in it.
        base_steps: of pre-training, 32 texts each.
        demonstrations: texts with calls, of each kind, that the proposer is shown.
        proposer_steps: of its fine-tuning.
        documents: of the corpus that is annotated.
        positions: k, places in a document where calls are sampled.
        samples: m, calls sampled at each.
        tune_steps: of the fine-tuning, for the Toolformer and for its control.
        tasks: of each kind in the test set; half as many for the validation.
        held_out: texts that perplexity is measured on.
        ks: what is tried of the decoder's k.
        width, layers: of the model; 768 and 17 make about 120 million parameters, for a GPU.
        device: `cpu`, `cuda`, ...
    """

    seed: int = 0
    base_steps: int = 2200
    demonstrations: int = 24
    proposer_steps: int = 200
    documents: int = 2400
    positions: int = 3
    samples: int = 8
    tune_steps: int = 500
    tasks: int = 200
    held_out: int = 800
    ks: tuple[int, ...] = (0, 1, 3, 10)
    width: int = 128
    layers: int = 3
    device: str = "cpu"

    @property
    def slower(self) -> float:
        """By how much less a wider model learns at a time: learning rates fall with the width's root."""
        return float((128 / self.width) ** 0.5)

    @classmethod
    def quick(cls, seed: int = 0) -> DemoSettings:
        """Everything once, small: it shows that each part works, not what the method can do."""
        return cls(seed, 450, 12, 60, 160, 2, 3, 80, 16, 60)
