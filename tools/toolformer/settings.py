"""What can be set, with the paper's values (section 4.1 and appendix A) as defaults."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

WINDOW = 5
"""Tokens after a call that its worth is measured on."""


class ToolSettings(BaseModel):
    """How calls of one tool are sampled and filtered.

    Attributes:
        positions: k, places in a document at most.
        samples: m, calls sampled at each.
        tau_s: the probability of a call that a place must exceed.
        tau_f: by how much a call must reduce the weighted loss to be kept, in nats.
        examples: texts with calls in them, from which the prompt's examples are made.
        prompt: a Jinja template in place of the one made; it may use `name`, `description`, `signature`,
            `examples` and `text`.
        only: documents that are looked at: all; `numbers`, those with three numbers or an equals sign;
            `dated`, those whose day is known; `foreign`, those with letters beyond ASCII.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    positions: int = Field(default=5, ge=1)
    samples: int = Field(default=5, ge=1)
    tau_s: float = Field(default=0.05, ge=0, lt=1)
    tau_f: float = 1.0
    examples: tuple[str, ...] = ()
    prompt: str | None = None
    only: Literal["numbers", "dated", "foreign"] | None = None


_RARE = {"positions": 20, "samples": 10, "tau_s": 0.0, "tau_f": 0.5}
_OF_THE_PAPER: dict[str, dict[str, object]] = {
    "calculator": {**_RARE, "only": "numbers"},
    "translate": {**_RARE, "only": "foreign"},
    "calendar": {"only": "dated"},
}


class AnnotationSettings(BaseModel):
    """How a corpus is annotated.

    Attributes:
        tools: settings by tool; a tool that is not named has the paper's.
        seed: of the sampling.
        temperature: of the sampling.
        longest_call: tokens of a sampled call.
        longest_result: characters of a result as it stands in the text; the rest is cut.
        together: documents that are worked on at a time, and lost at most when killed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: dict[str, ToolSettings] = {}
    seed: int = 0
    temperature: float = Field(default=1.0, gt=0)
    longest_call: int = Field(default=60, ge=4)
    longest_result: int = Field(default=300, ge=8)
    together: int = Field(default=32, ge=1)

    def of(self, name: str) -> ToolSettings:
        """The settings of a tool: those given, else the paper's."""
        if name in self.tools:
            return self.tools[name]
        return ToolSettings.model_validate(_OF_THE_PAPER.get(name, {}))


class TrainingSettings(BaseModel):
    """How a model is fine-tuned; the defaults are the paper's where it names them.

    Attributes:
        method: `full`, `lora`, or `qlora` (4 bits, on a GPU).
        learning_rate: at its highest.
        batch_size: texts that one step learns from.
        at_a_time: of these, in memory together; halved where memory runs out.
        epochs: passes over the texts, where `steps` says nothing.
        steps: in all.
        warm_up: share of the steps in which the learning rate rises.
        weight_decay, beta2: of AdamW.
        checkpoint_every: steps; what is lost at most when the process is killed.
        rank: of LoRA's matrices.
        seed: of the order of the texts, and of LoRA's first matrices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["full", "lora", "qlora"] = "full"
    learning_rate: float = Field(default=1e-5, gt=0)
    batch_size: int = Field(default=128, ge=1)
    at_a_time: int = Field(default=16, ge=1)
    epochs: float = Field(default=1.0, gt=0)
    steps: int | None = Field(default=None, ge=1)
    warm_up: float = Field(default=0.1, ge=0, le=1)
    weight_decay: float = 0.0
    beta2: float = Field(default=0.999, gt=0, lt=1)
    checkpoint_every: int = Field(default=1, ge=1)
    rank: int = Field(default=16, ge=1)
    seed: int = 0
