"""Fine-tuning: the whole model, LoRA, or 4-bit QLoRA, by transformers' Trainer; killed runs go on."""

from __future__ import annotations

import json
import logging
import math
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.tools.toolformer.batching import out_of_memory
from fieldcraft.tools.toolformer.errors import ToolformerError, require_extra
from fieldcraft.tools.toolformer.model import LanguageModel

logger = logging.getLogger(__name__)
COMPLETE = "complete"
"""A file in a checkpoint's folder that is written last: a checkpoint without it was torn."""
_IGNORED = -100


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
        seed: of the order of the texts.
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


Told = Callable[[int, int, float], None]
"""Hears of the step, of how many, and of the loss of the last ones."""


class Stopped(Exception):
    """A person asked to stop; the same call goes on from the last checkpoint."""


def train(
    model: LanguageModel,
    texts: Sequence[str],
    folder: Path,
    settings: TrainingSettings,
    *,
    told: Told = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> LanguageModel:
    """Fine-tune `model` on texts into `folder`; where an earlier call was cut off, go on from there.

    Returns:
        The model that was trained, which is also in `folder/model`, LoRA's matrices merged into it.

    Raises:
        ToolformerError: there is no text, or this machine cannot train so.
        Stopped: `stop` said so; there is a checkpoint of the last step.
    """
    require_extra()
    finished = folder / "model"
    if (finished / COMPLETE).exists():
        return LanguageModel.load(finished, device=model.device, batch_size=model.batches.size)
    encoded = [ids for ids in _encoded(model, texts) if len(ids) > 1]
    if not encoded:
        raise ToolformerError("there is no text to train on; lower the thresholds, or give more texts")
    folder.mkdir(parents=True, exist_ok=True)
    adapted = _adapted(model, settings)
    at_a_time = min(settings.at_a_time, settings.batch_size)
    while True:
        try:
            _run(model, adapted, encoded, folder, settings, at_a_time, told, stop)
            break
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or at_a_time == 1:
                raise
            at_a_time //= 2
            logger.warning("out of memory; going on with %d texts in memory at a time", at_a_time)
    trained = _merged(model, adapted, folder, settings)
    trained.save(finished)
    (finished / COMPLETE).touch()
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint, ignore_errors=True)
    return trained


def _encoded(model: LanguageModel, texts: Sequence[str]) -> Iterator[list[int]]:
    end = model.tokenizer.eos_token_id
    last = [] if end is None else [end]
    for ids in model.encode_all(texts):
        yield [*model.start, *ids, *last][: model.context]


def _adapted(model: LanguageModel, settings: TrainingSettings) -> Any:
    """What is trained: the model itself, or LoRA's matrices around it."""
    if settings.method == "full":
        return model.model
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    inner = model.model
    if settings.method == "qlora":
        inner = prepare_model_for_kbit_training(_in_four_bits(model))
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=2 * settings.rank,
        target_modules="all-linear",
        fan_in_fan_out=any(type(layer).__name__ == "Conv1D" for layer in inner.modules()),  # as GPT-2 has it
    )
    return get_peft_model(inner, config)


def _in_four_bits(model: LanguageModel) -> Any:
    import torch

    if not torch.cuda.is_available():
        raise ToolformerError("QLoRA needs a GPU, and there is none; take --method lora")
    from importlib.util import find_spec

    if find_spec("bitsandbytes") is None:
        raise ToolformerError("QLoRA needs bitsandbytes: pip install bitsandbytes")
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    quantized = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return AutoModelForCausalLM.from_pretrained(
        model.model.config._name_or_path, quantization_config=quantized
    )


def _merged(model: LanguageModel, adapted: Any, folder: Path, settings: TrainingSettings) -> LanguageModel:
    if settings.method == "full":
        return LanguageModel(adapted, model.tokenizer, device=model.device, batch_size=model.batches.size)
    adapter = folder / "adapter"
    adapted.save_pretrained(adapter)
    if settings.method == "qlora":
        from peft import PeftModel

        adapted = PeftModel.from_pretrained(model.model, adapter)
    return LanguageModel(
        adapted.merge_and_unload(), model.tokenizer, device=model.device, batch_size=model.batches.size
    )


def last_checkpoint(folder: Path) -> Path | None:
    """The latest whole checkpoint; torn ones are deleted."""
    found = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / COMPLETE).exists():
            found.append(checkpoint)
        else:
            shutil.rmtree(checkpoint, ignore_errors=True)
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _run(
    model: LanguageModel,
    adapted: Any,
    encoded: Sequence[Sequence[int]],
    folder: Path,
    settings: TrainingSettings,
    at_a_time: int,
    told: Told,
    stop: Callable[[], bool],
) -> None:
    from transformers import Trainer, TrainingArguments

    order = _order(len(encoded), settings)
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=at_a_time,
        gradient_accumulation_steps=max(1, settings.batch_size // at_a_time),
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warm_up,
        weight_decay=settings.weight_decay,
        adam_beta2=settings.beta2,
        num_train_epochs=1,
        max_steps=len(order) // settings.batch_size,
        save_strategy="steps",
        save_steps=settings.checkpoint_every,
        save_total_limit=2,
        logging_strategy="steps",
        logging_steps=max(1, min(50, len(order) // settings.batch_size // 10)),
        report_to=[],
        disable_tqdm=True,
        seed=settings.seed,
        use_cpu=model.device == "cpu",
        dataloader_pin_memory=model.device != "cpu",
        remove_unused_columns=False,
    )
    follower = _follower(told, stop)
    trainer = _resumable(Trainer)(
        model=adapted,
        args=arguments,
        train_dataset=[{"input_ids": encoded[place]} for place in order],
        data_collator=_Padded(model.padding),
        callbacks=[follower],
    )
    _quiet(trainer)
    before = last_checkpoint(folder)
    trainer.train(resume_from_checkpoint=None if before is None else str(before))
    adapted.eval()
    if follower.stopped:
        raise Stopped


def _order(number: int, settings: TrainingSettings) -> list[int]:
    """Which text comes when, for whole batches: each pass over all texts in an order of its own."""
    chosen = random.Random(settings.seed)  # noqa: S311 - no secret
    steps = settings.steps or math.ceil(number * settings.epochs / settings.batch_size)
    order: list[int] = []
    while len(order) < steps * settings.batch_size:
        order += chosen.sample(range(number), number)
    return order[: steps * settings.batch_size]


def _resumable(trainer: Any) -> Any:
    """A Trainer that goes on from a checkpoint exactly as if it had not been cut off.

    It takes the texts as they come, and loads weights as `from_pretrained` does: transformers' own way leaves
    those out whose names on disk are others than in memory.
    """

    class Resumable(trainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
            from torch.utils.data import SequentialSampler

            return SequentialSampler(self.train_dataset)

        def _load_from_checkpoint(self, checkpoint: str, model: Any = None) -> None:
            if hasattr(self.model, "peft_config"):
                super()._load_from_checkpoint(checkpoint, model)
                return
            saved = type(self.model).from_pretrained(checkpoint, dtype=self.model.dtype)
            self.model.load_state_dict(saved.state_dict())

    return Resumable


def _quiet(trainer: Any) -> None:
    """The Trainer prints what it logs; this library prints nothing."""
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)


class _Padded:
    """Makes a batch of texts of different lengths."""

    def __init__(self, padding: int) -> None:
        self._padding = padding

    def __call__(self, rows: Sequence[dict[str, Sequence[int]]]) -> dict[str, Any]:
        import torch

        texts = [row["input_ids"] for row in rows]
        width = max(map(len, texts))
        return {
            "input_ids": torch.tensor([[*ids, *[self._padding] * (width - len(ids))] for ids in texts]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in texts]),
            "labels": torch.tensor([[*ids, *[_IGNORED] * (width - len(ids))] for ids in texts]),
        }


def _follower(told: Told, stop: Callable[[], bool]) -> Any:
    from transformers import TrainerCallback

    class Follower(TrainerCallback):  # type: ignore[misc]
        stopped = False

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
            if logs and "loss" in logs:
                told(state.global_step, state.max_steps, float(logs["loss"]))

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002
            if stop() and state.global_step < state.max_steps:
                self.stopped = control.should_training_stop = control.should_save = True
            return control

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
            (checkpoint / COMPLETE).touch()

    return Follower()
