"""Training teaches, survives being killed, and says what this machine cannot do."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from machine import PATIENCE

from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.evaluation.evaluation import perplexity
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import TrainingSettings
from fieldcraft.tools.toolformer.training.training import COMPLETE, Stopped, last_checkpoint, train

TEXTS = ["the mill has 12 sacks.", "the smith has a red hat.", "today the inn opens."] * 8
FAST = TrainingSettings(learning_rate=3e-3, batch_size=4, at_a_time=4, steps=24, seed=1)
PROCESS = """
import sys, torch
from pathlib import Path
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import TrainingSettings
from fieldcraft.tools.toolformer.training.training import train
torch.set_num_threads(1)
folder = Path(sys.argv[1])
model = LanguageModel.load(folder / "base", device="cpu")
texts = ["the mill has 12 sacks.", "the smith has a red hat.", "today the inn opens."] * 8
settings = TrainingSettings(
    method=sys.argv[3], learning_rate=3e-3, batch_size=4, at_a_time=4, steps=12, seed=1
)
train(model, texts, folder / sys.argv[2], settings, on_step=lambda step, *_: print(step, flush=True))
"""


def weights(model: LanguageModel) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.model.parameters()])


@pytest.mark.parametrize("method", ["full", "lora"])
def test_training_lowers_the_perplexity_of_its_texts(make_model: Any, tmp_path: Path, method: str) -> None:
    model = make_model("llama")
    before = perplexity(model, TEXTS[:3])
    told: list[tuple[int, int, float]] = []

    trained = train(
        model,
        TEXTS,
        tmp_path,
        FAST.model_copy(update={"method": method}),
        on_step=lambda *one: told.append(one),
    )

    assert perplexity(trained, TEXTS[:3]) < before / 2
    assert told[-1][:2] == (24, 24)
    loaded = LanguageModel.load(tmp_path / "model", device="cpu")
    assert perplexity(loaded, TEXTS[:3]) == pytest.approx(perplexity(trained, TEXTS[:3]), rel=1e-3)
    assert (tmp_path / "adapter").exists() is (method == "lora")
    assert not list(tmp_path.glob("checkpoint-*"))


def test_what_is_trained_already_is_not_trained_again(make_model: Any, tmp_path: Path) -> None:
    trained = train(make_model(), TEXTS, tmp_path, FAST)
    other_memory = FAST.model_copy(update={"at_a_time": 1, "checkpoint_every": 9})
    again = train(
        make_model(), TEXTS, tmp_path, other_memory, on_step=lambda *_: pytest.fail("trained again")
    )
    assert torch.allclose(weights(trained), weights(again))


def test_a_folder_goes_on_with_what_it_was_begun_with_only(make_model: Any, tmp_path: Path) -> None:
    train(make_model(), TEXTS, tmp_path, FAST)
    with pytest.raises(ToolformerError, match=r"holds another training \(differing: model\); take another"):
        train(make_model(seed=5), TEXTS, tmp_path, FAST)
    with pytest.raises(ToolformerError, match=r"differing: texts, settings"):
        train(make_model(), TEXTS[1:], tmp_path, FAST.model_copy(update={"method": "lora"}))


@pytest.mark.parametrize("method", ["full", "lora"])
def test_killed_training_goes_on_at_its_last_step_and_ends_the_same(
    make_model: Any, tmp_path: Path, method: str
) -> None:
    make_model("neox").save(tmp_path / "base")

    def start(name: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROCESS, tmp_path, name, method], stdout=subprocess.PIPE, text=True
        )

    with start("whole") as whole:
        whole.communicate(timeout=PATIENCE)
    with start("cut") as cut:
        assert cut.stdout is not None
        step = next(int(line) for line in cut.stdout if int(line) >= 5)
        cut.send_signal(signal.SIGKILL)
    kept = last_checkpoint(tmp_path / "cut")
    assert kept is not None
    assert int(kept.name.partition("-")[2]) >= step - 1
    torn = tmp_path / "cut" / "checkpoint-11"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"torn")
    with start("cut") as again:
        first = int((again.communicate(timeout=PATIENCE)[0] or "0").split()[0])

    assert first >= step
    models = [LanguageModel.load(tmp_path / name / "model", device="cpu") for name in ("whole", "cut")]
    assert torch.allclose(weights(models[0]), weights(models[1]), atol=1e-5)


def test_a_person_can_stop_and_go_on(make_model: Any, tmp_path: Path) -> None:
    asked = iter([False] * 5 + [True])
    with pytest.raises(Stopped):
        train(make_model(), TEXTS, tmp_path, FAST, stop=lambda: next(asked))
    kept = last_checkpoint(tmp_path)
    assert kept is not None
    assert kept.name == "checkpoint-6"

    train(make_model(), TEXTS, tmp_path, FAST)

    assert (tmp_path / "model" / COMPLETE).exists()


@pytest.mark.parametrize("saved_every", [2, 20])
def test_out_of_memory_halves_what_is_in_memory_at_a_time_and_ends_the_same(
    make_model: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, saved_every: int
) -> None:
    settings = FAST.model_copy(update={"checkpoint_every": saved_every})
    expected = train(make_model("neox"), TEXTS, tmp_path / "roomy", settings)
    model, passes = make_model("neox"), iter(range(1000))

    def refuse(_module: Any, _arguments: Any, named: Any) -> None:
        if next(passes) >= 5 and named["input_ids"].shape[0] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    model.model.register_forward_pre_hook(refuse, with_kwargs=True)
    with caplog.at_level(logging.WARNING, logger="fieldcraft"):
        trained = train(model, TEXTS, tmp_path / "tight", settings)

    assert [one.getMessage() for one in caplog.records if one.name.startswith("fieldcraft")] == [
        "out of memory with 4 texts at a time; going on with 2"
    ]
    model.model._forward_pre_hooks.clear()
    assert perplexity(trained, TEXTS) == pytest.approx(perplexity(expected, TEXTS), rel=1e-4)


def test_what_cannot_be_trained_is_one_line(make_model: Any, tmp_path: Path) -> None:
    with pytest.raises(ToolformerError, match="no text to train on; lower the thresholds"):
        train(make_model(), [], tmp_path, FAST)
    if not torch.cuda.is_available():
        with pytest.raises(ToolformerError, match="QLoRA needs a GPU, and there is none; take --method lora"):
            train(make_model(), TEXTS, tmp_path, FAST.model_copy(update={"method": "qlora"}))


def test_perplexity_without_calls_gives_their_opening_no_probability(make_model: Any) -> None:
    for vocabulary in ("words", "bytes"):
        model = make_model("gpt2", vocabulary)
        ids = [*model.start, *model.encode("it has [5").ids]
        opening = model.opening
        with torch.no_grad():
            logits = model.model(torch.tensor([ids])).logits[0]
        for place in range(len(ids)):
            if (
                tuple(ids[max(0, place + 1 - len(opening[:-1])) : place + 1]) == opening[:-1]
                or len(opening) == 1
            ):
                logits[place, opening[-1]] = float("-inf")
        expected = [logits.log_softmax(-1)[place, token].item() for place, token in enumerate(ids[1:])]
        (row,) = model.token_log_probs([ids], without=opening)
        assert row == pytest.approx(expected, abs=1e-4)
    with pytest.raises(ToolformerError, match="no held-out text"):
        perplexity(model, [])
