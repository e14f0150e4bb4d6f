"""Batches, padding and kept keys and values change nothing in what a model says."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from fieldcraft.tools.toolformer.demo.corpus import story
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.lm.batching import Batches
from fieldcraft.tools.toolformer.lm.forward import quick_products, reading
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.syntax.text import OPENING

ARCHITECTURES = ["gpt2", "llama", "neox"]


def texts(count: int) -> list[str]:
    chosen = random.Random(5)
    return [story(chosen).text[: chosen.randint(10, 80)] for _ in range(count)]


@pytest.mark.parametrize("vocabulary", ["words", "bytes"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_log_probabilities_in_batches_are_those_of_one_text_at_a_time(
    make_model: Any, architecture: str, vocabulary: str
) -> None:
    model = make_model(architecture, vocabulary)
    sequences = [(*model.start, *model.encode(text).ids) for text in texts(21)]

    batched = model.token_log_probs(sequences)

    for row, sequence in zip(batched, sequences, strict=True):
        with torch.no_grad():
            logits = model.model(torch.tensor([sequence])).logits[0].log_softmax(-1)
        alone = [logits[place, token].item() for place, token in enumerate(sequence[1:])]
        assert row == pytest.approx(alone, abs=1e-4)
    since = [max(1, len(sequence) - place % 5) for place, sequence in enumerate(sequences)]
    some = model.token_log_probs(sequences, since=since)
    for few, row, first in zip(some, batched, since, strict=True):
        assert few == pytest.approx(row[first - 1 :], abs=1e-4)


@pytest.mark.parametrize(
    "architecture", ["gemma2", "cohere", "granite", "mixtral", "phi3", "headless", "looped"]
)
def test_few_places_of_any_model_are_those_of_a_whole_pass(make_model: Any, architecture: str) -> None:
    model = make_model("neox" if architecture in ("headless", "looped") else architecture)
    if architecture == "headless":
        model.model.get_output_embeddings = lambda: None
    if architecture == "looped":
        layers = model.model.gpt_neox.layers
        layers.append(layers[-1])
    sequences = [(*model.start, *model.encode(text).ids) for text in texts(9)]

    some = model.token_log_probs(sequences, since=[len(sequence) - 3 for sequence in sequences])
    openings = model.next_log_probs(sequences, 7)

    for row, opening, sequence in zip(some, openings, sequences, strict=True):
        with torch.no_grad():
            logits = model.model(torch.tensor([sequence]), use_cache=False).logits[0].log_softmax(-1)
        alone = [logits[place - 1, sequence[place]].item() for place in range(-3, 0)]
        assert row == pytest.approx(alone, abs=1e-4)
        assert opening == pytest.approx(logits[:, 7].tolist(), abs=1e-4)


@pytest.mark.parametrize("architecture", ["gpt2", "neox"])
def test_a_model_that_was_read_with_is_as_before(make_model: Any, architecture: str) -> None:
    model = make_model(architecture)
    ids = torch.tensor([model.encode(texts(1)[0]).ids])
    layers = {name: dict(layer.__dict__) for name, layer in model.model.named_modules()}
    for read in (quick_products, reading):
        with pytest.raises(KeyError), read(model.model):
            raise KeyError
    model.token_log_probs(ids.tolist())

    assert {name: dict(layer.__dict__) for name, layer in model.model.named_modules()} == layers
    model.model(ids, labels=ids).loss.backward()
    assert all(weight.grad is not None for weight in model.model.parameters())


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "neox", "gemma2", "cohere", "mixtral", "wrapped"])
def test_several_threads_say_what_one_says(make_model: Any, architecture: str) -> None:
    model = make_model("neox" if architecture == "wrapped" else architecture)
    if architecture == "wrapped":
        layer = model.model.gpt_neox.layers[0]
        layer.forward = layer.forward
    threads: set[str] = set()
    model.model.register_forward_pre_hook(lambda *_: threads.add(threading.current_thread().name))
    sequences = [(*model.start, *model.encode(text).ids) for text in texts(80)]
    since = [len(sequence) - 3 for sequence in sequences]
    alone = model.token_log_probs(sequences, since=since)
    assert threads == {threading.main_thread().name}

    torch.set_num_threads(2)
    together = model.token_log_probs(sequences, since=since)

    assert torch.get_num_threads() == 2
    assert (len(threads) > 1) == (architecture != "wrapped")
    for row, other in zip(together, alone, strict=True):
        assert row == pytest.approx(other, abs=1e-4)


def test_several_threads_that_run_out_of_memory_go_on_as_one(
    make_model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = make_model()
    sequences = [model.encode(text).ids for text in texts(80)]
    since = [len(sequence) - 1 for sequence in sequences]
    expected = model.token_log_probs(sequences, since=since)
    torch.set_num_threads(2)
    _Small(model, room=2)

    with caplog.at_level(logging.WARNING):
        found = model.token_log_probs(sequences, since=since)

    assert found == [pytest.approx(row, abs=1e-4) for row in expected]
    assert [record.getMessage() for record in caplog.records] == [
        "out of memory with 8 texts at a time; going on with 4"
    ]
    assert torch.get_num_threads() == 2


def test_an_error_in_a_thread_is_told_as_it_is(make_model: Any) -> None:
    model = make_model()
    sequences = [model.encode(text).ids for text in texts(80)]
    torch.set_num_threads(2)

    def fail(*_: Any) -> None:
        raise ValueError("a fault of the model")

    model.model.register_forward_pre_hook(fail)
    with pytest.raises(ValueError, match="a fault of the model"):
        model.token_log_probs(sequences, since=[1] * 80)
    assert torch.get_num_threads() == 2


def test_a_batch_is_no_longer_than_allowed() -> None:
    read: list[list[str]] = []

    def work(batch: Sequence[str]) -> list[int]:
        read.append(list(batch))
        return [len(one) for one in batch]

    items = ["a", "bbbb", "ccc", "ddddddddd", "ee", "f"]
    assert Batches(3).map(work, items, length=len, most=8) == [1, 4, 3, 9, 2, 1]
    assert read == [["ddddddddd"], ["bbbb", "ccc"], ["ee", "a", "f"]]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_greedy_sampling_with_kept_keys_and_values_equals_full_forward_passes(
    make_model: Any, architecture: str
) -> None:
    model = make_model(architecture)
    prompts = [(*model.start, *model.encode(text).ids) for text in texts(5)]

    sampled = model.sample(prompts, seed=1, most=12, done=lambda _: False, temperature=0)

    for prompt, written in zip(prompts, sampled, strict=True):
        read = list(prompt)
        for token in written:
            with torch.no_grad():
                assert model.model(torch.tensor([read])).logits[0, -1].argmax().item() == token
            read.append(token)


def test_the_same_seed_samples_the_same_and_leaves_other_randomness_alone(make_model: Any) -> None:
    model = make_model()
    prompts = [model.encode(text).ids for text in texts(4)]
    state = torch.random.get_rng_state()

    first = model.sample(prompts, seed=3, most=9, done=lambda _: False)
    again = model.sample(prompts, seed=3, most=9, done=lambda _: False)
    other = model.sample(prompts, seed=4, most=9, done=lambda _: False)

    assert first == again != other
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_continuation_ends_where_it_is_done(make_model: Any) -> None:
    model = make_model("gpt2", "bytes")
    (written,) = model.sample([model.encode("a").ids], seed=0, most=50, done=lambda text: len(text) >= 3)
    assert len(written) <= 12


def test_characters_of_several_bytes_are_placed_whole(make_model: Any) -> None:
    model = make_model("gpt2", "bytes")
    encoded = model.encode("aü€b")

    assert encoded.ends[0] == 1
    assert encoded.ends[-1] == 4
    assert model.decode(encoded.ids) == "aü€b"
    assert encoded.token_at(3) == len(encoded.ids) - 1
    assert len(model.encode(OPENING).ids) == 2


class _Small:
    """Memory for two texts: the fault that is injected, in front of the real model."""

    def __init__(self, model: LanguageModel, room: int) -> None:
        def refuse(_module: Any, _arguments: Any, named: Any) -> None:
            if named["input_ids"].shape[0] > room:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

        self.handle = model.model.register_forward_pre_hook(refuse, with_kwargs=True)


def test_out_of_memory_makes_batches_smaller_and_says_so_once(
    make_model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = make_model()
    sequences = [model.encode(text).ids for text in texts(20)]
    expected = model.token_log_probs(sequences)
    _Small(model, room=2)

    with caplog.at_level(logging.WARNING):
        assert [len(row) for row in model.token_log_probs(sequences)] == [len(row) for row in expected]
        model.token_log_probs(sequences)

    assert [record.getMessage() for record in caplog.records] == [
        "out of memory with 8 texts at a time; going on with 4"
    ]
    assert model.batches.size == 2


def test_out_of_memory_with_a_single_text_names_the_cure(make_model: Any) -> None:
    model = make_model()
    _Small(model, room=0)
    with pytest.raises(ToolformerError, match="take a smaller model, or a smaller context"):
        model.token_log_probs([model.encode("the mill has").ids])


def test_a_folder_that_holds_no_model_is_one_line(tmp_path: Any) -> None:
    with pytest.raises(ToolformerError, match="save_pretrained") as caught:
        LanguageModel.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_model_is_saved_and_loaded(make_model: Any, tmp_path: Any) -> None:
    model = make_model("neox")
    model.save(tmp_path)
    loaded = LanguageModel.load(tmp_path, device="cpu")
    sequences = [model.encode(text).ids for text in texts(3)]

    for one, other in zip(model.token_log_probs(sequences), loaded.token_log_probs(sequences), strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert loaded.context == 256
