"""Fine-tuning: the whole model, LoRA, or 4-bit QLoRA, by transformers' Trainer; killed runs go on."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fieldcraft.common.errors import Paused
from fieldcraft.tools.toolformer.annotation.record import digest, fingerprint, made_folder, same_as_before
from fieldcraft.tools.toolformer.errors import ToolformerError, require_extra
from fieldcraft.tools.toolformer.lm.batching import Batches, out_of_memory
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import TrainingSettings
from fieldcraft.tools.toolformer.training.adapters import adapted, merged

COMPLETE = "complete"
"""A file in a checkpoint's folder that is written last: a checkpoint without it was torn."""
_IGNORED = -100

OnStep = Callable[[int, int, float], None]
"""Hears of the step, of how many, and of the loss of the last ones."""


class Stopped(Paused):
    """A person asked to stop; the same call goes on from the last checkpoint."""


def train(
    model: LanguageModel,
    texts: Sequence[str],
    folder: Path,
    settings: TrainingSettings,
    *,
    on_step: OnStep = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> LanguageModel:
    """Fine-tune `model` on texts into `folder`; where an earlier call was cut off, go on from there.

    Returns:
        The model that was trained, which is also in `folder/model`, LoRA's matrices merged into it.

    Raises:
        ToolformerError: there is no text, this machine cannot train so, or the folder holds the training of
            something else.
        Stopped: `stop` said so; there is a checkpoint of the last step.
    """
    require_extra()
    finished, record = folder / "model", folder / "training.json"
    now = _made_from(model, texts, settings)
    if (finished / COMPLETE).exists():
        same_as_before(record, now, work="training")
        return LanguageModel.load(finished, device=model.device, batch_size=model.batches.size)
    encoded = [ids for ids in _encoded(model, texts) if len(ids) > 1]
    if not encoded:
        raise ToolformerError("there is no text to train on; lower the thresholds, or give more texts")
    inner = adapted(model, settings)
    made_folder(folder, record)
    same_as_before(record, now, work="training")
    _run_in_memory(model, inner, encoded, folder, settings, on_step, stop)
    trained = merged(model, inner, folder, settings)
    trained.save(finished)
    (finished / COMPLETE).touch()
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint, ignore_errors=True)
    return trained


def _made_from(model: LanguageModel, texts: Sequence[str], settings: TrainingSettings) -> dict[str, Any]:
    """What decides how training ends: everything but how much is in memory and how often it is saved."""
    deciding = settings.model_dump(mode="json", exclude={"at_a_time", "checkpoint_every"})
    return {"texts": digest(texts), "model": fingerprint(model), "settings": deciding}


def _encoded(model: LanguageModel, texts: Sequence[str]) -> Iterator[list[int]]:
    end = model.tokenizer.eos_token_id
    last = [] if end is None else [end]
    for ids in model.encode_all(texts):
        yield [*model.start, *ids, *last][: model.context]


def _run_in_memory(
    model: LanguageModel,
    inner: Any,
    encoded: Sequence[Sequence[int]],
    folder: Path,
    settings: TrainingSettings,
    on_step: OnStep,
    stop: Callable[[], bool],
) -> None:
    """Train with fewer texts at a time where memory runs out, from the last checkpoint or from the start."""
    at_first = {
        name: parameter.detach().to("cpu", copy=True)
        for name, parameter in inner.named_parameters()
        if parameter.requires_grad
    }
    batches = Batches(min(settings.at_a_time, settings.batch_size))
    while True:
        now = settings.model_copy(update={"at_a_time": batches.size})
        try:
            return _run(model, inner, encoded, folder, now, on_step, stop)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            batches.shrink(batches.size)
        inner.load_state_dict(at_first, strict=False)


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
    inner: Any,
    encoded: Sequence[Sequence[int]],
    folder: Path,
    settings: TrainingSettings,
    on_step: OnStep,
    stop: Callable[[], bool],
) -> None:
    from transformers import Trainer

    order = _order(len(encoded), settings)
    follower = _follower(on_step, stop)
    trainer = _resumable(Trainer)(
        model=inner,
        args=_arguments(settings, folder, model.device, steps=len(order) // settings.batch_size),
        train_dataset=[{"input_ids": encoded[place]} for place in order],
        data_collator=_Padded(model.padding),
        callbacks=[follower],
    )
    _quiet(trainer)
    before = last_checkpoint(folder)
    trainer.train(resume_from_checkpoint=None if before is None else str(before))
    inner.eval()
    if follower.stopped:
        raise Stopped


def _arguments(settings: TrainingSettings, folder: Path, device: str, *, steps: int) -> Any:
    from transformers import TrainingArguments

    at_a_time = max(
        number for number in range(1, settings.at_a_time + 1) if settings.batch_size % number == 0
    )
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=at_a_time,
        gradient_accumulation_steps=settings.batch_size // at_a_time,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warm_up,
        weight_decay=settings.weight_decay,
        adam_beta2=settings.beta2,
        num_train_epochs=1,
        max_steps=steps,
        save_strategy="steps",
        save_steps=settings.checkpoint_every,
        save_total_limit=2,
        logging_strategy="steps",
        logging_steps=max(1, min(50, steps // 10)),
        report_to=[],
        disable_tqdm=True,
        seed=settings.seed,
        use_cpu=device == "cpu",
        dataloader_pin_memory=device != "cpu",
        remove_unused_columns=False,
    )


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


def _follower(on_step: OnStep, stop: Callable[[], bool]) -> Any:
    from transformers import TrainerCallback

    class Follower(TrainerCallback):  # type: ignore[misc]
        stopped = False

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
            if logs and "loss" in logs:
                on_step(state.global_step, state.max_steps, float(logs["loss"]))

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002
            if stop() and state.global_step < state.max_steps:
                self.stopped = control.should_training_stop = control.should_save = True
            return control

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
            (checkpoint / COMPLETE).touch()

    return Follower()
