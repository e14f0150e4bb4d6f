"""Small models made on the spot, of several architectures and vocabularies; nothing is fetched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from machine import lacking

# Beside other tests the threads of Torch would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
TORCH_THERE = find_spec("torch") is not None and find_spec("transformers") is not None

MadeModel = Callable[..., Any]


class _Untried(pytest.Item):
    """Stands for the tests of a file that cannot be imported without Torch."""

    def runtest(self) -> None:
        lacking("Torch")


class _UntriedFile(pytest.Module):
    def collect(self) -> Iterator[pytest.Item]:
        yield _Untried.from_parent(self, name="all_tests")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Skip whole files where Torch is missing, and say so."""
    return None if TORCH_THERE else _UntriedFile.from_parent(parent, path=module_path)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def byte_tokenizer() -> Any:
    """Bytes alone, as a vocabulary in which ` [` is two tokens, without a pad token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=inner)
    made.add_special_tokens({"eos_token": "<end>"})
    return made


@pytest.fixture
def make_model() -> Iterator[MadeModel]:
    """`make_model("gpt2" | "llama" | "gemma2" | ..., "words" | "bytes")`: an untrained `LanguageModel`."""

    def make(architecture: str = "gpt2", vocabulary: str = "words", context: int = 256, seed: int = 0) -> Any:
        import torch
        import transformers

        from fieldcraft.tools.toolformer.demo.base import tokenizer
        from fieldcraft.tools.toolformer.lm.model import LanguageModel

        made = tokenizer() if vocabulary == "words" else byte_tokenizer()
        made.model_max_length = context
        size = {"vocab_size": len(made), "bos_token_id": None, "eos_token_id": made.eos_token_id}
        match architecture:
            case "gpt2":
                config = transformers.GPT2Config(n_positions=context, n_embd=32, n_layer=2, n_head=2, **size)
            case "llama":
                config = transformers.LlamaConfig(
                    hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                    num_key_value_heads=1, max_position_embeddings=context, **size,
                )  # fmt: skip
            case "gemma2" | "cohere" | "granite" | "mixtral" | "phi3":
                after = {
                    "gemma2": {"final_logit_softcapping": 5.0, "head_dim": 16},
                    "cohere": {"logit_scale": 0.3},
                    "granite": {"logits_scaling": 7.0},
                    "mixtral": {"num_local_experts": 3},
                    "phi3": {
                        "original_max_position_embeddings": 9,
                        "rope_parameters": {
                            "rope_type": "longrope", "rope_theta": 10_000.0, "short_factor": [1.0] * 8,
                            "long_factor": [3.0] * 8, "original_max_position_embeddings": 9,
                        },
                    },
                }  # fmt: skip
                config = transformers.AutoConfig.for_model(
                    architecture, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                    num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=context,
                    pad_token_id=0, **size, **after[architecture],
                )  # fmt: skip
            case _:
                config = transformers.GPTNeoXConfig(
                    hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                    max_position_embeddings=context, **size,
                )  # fmt: skip
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        return LanguageModel(model, made, device="cpu", batch_size=8)

    yield make
