"""What is trained: the model itself, LoRA's matrices beside its weights, or these over 4 bits (QLoRA)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import TrainingSettings


def adapted(model: LanguageModel, settings: TrainingSettings) -> Any:
    """What is trained: the model itself, or LoRA's matrices around it."""
    if settings.method == "full":
        return model.model
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    inner = model.model
    if settings.method == "qlora":
        inner = prepare_model_for_kbit_training(
            _in_four_bits(model), gradient_checkpointing_kwargs={"use_reentrant": False}
        )
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=2 * settings.rank,
        target_modules="all-linear",
        fan_in_fan_out=any(type(layer).__name__ == "Conv1D" for layer in inner.modules()),  # as GPT-2 has it
    )
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
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


def merged(model: LanguageModel, trained: Any, folder: Path, settings: TrainingSettings) -> LanguageModel:
    """The trained model without anything around it; LoRA's matrices are kept in `folder/adapter` too."""
    if settings.method == "full":
        return LanguageModel(trained, model.tokenizer, device=model.device, batch_size=model.batches.size)
    adapter = folder / "adapter"
    trained.save_pretrained(adapter)
    if settings.method == "qlora":
        from peft import PeftModel

        trained = PeftModel.from_pretrained(model.model, adapter)
    return LanguageModel(
        trained.merge_and_unload(), model.tokenizer, device=model.device, batch_size=model.batches.size
    )
