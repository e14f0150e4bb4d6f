"""A decoder opens calls by the rank of their token, runs the real tools, and reads what they gave."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from fieldcraft.agent.models.of_roles import clients_of
from fieldcraft.agent.models.providers import resolve_model
from fieldcraft.agent.settings import RunSettings
from fieldcraft.tools import ToolExecutor, ToolRegistry, load_tools
from fieldcraft.tools.builtin.calculator import calculator
from fieldcraft.tools.builtin.calendar import calendar
from fieldcraft.tools.toolformer.annotation.annotate import POLICY
from fieldcraft.tools.toolformer.evaluation.evaluation import choose_k, compare, evaluate
from fieldcraft.tools.toolformer.evaluation.tasks import Task
from fieldcraft.tools.toolformer.inference.chat import note_tools
from fieldcraft.tools.toolformer.inference.decoding import Decoder, DecodingSettings
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import TrainingSettings
from fieldcraft.tools.toolformer.training.training import train

WITH_CALLS = [
    "the mill has 6 rows of 7 sacks, which makes [calculator( 6 * 7) -> 42] 42 sacks.",
    "today the inn opens and the date is [calendar() -> Friday, May 1, 1908] Friday, May 1, 1908.",
    "the farm has 9 nails and gets [search( nails) -> 3] 3 more.",
    "the smith has a red hat and walks to the hill. the hat is red.",
]
DAY = "Friday, May 1, 1908"


def odd(query: str) -> str:
    """Give what is hard to write."""
    return "a ] -> [ b " * 30


def broken(query: str) -> str:
    """Fail."""
    raise RuntimeError("no line")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    """A model that knows four texts by heart, calls and results among them."""
    from fieldcraft.tools.toolformer.demo.base import new_model

    torch.set_num_threads(1)
    settings = TrainingSettings(
        learning_rate=2e-3, batch_size=8, at_a_time=8, steps=90, checkpoint_every=1000, weight_decay=0.0
    )
    return train(new_model(seed=0, width=64), WITH_CALLS * 180, tmp_path_factory.mktemp("learned"), settings)


@pytest.fixture
def tools() -> Any:
    executor = ToolExecutor(ToolRegistry([calculator, calendar]), policy=POLICY)
    yield executor
    executor.close()


PROMPTS = [line.partition(" [")[0] for line in WITH_CALLS[:2]]


def test_calls_are_made_and_their_results_are_read(learned: LanguageModel, tools: ToolExecutor) -> None:
    product, date = Decoder(learned, tools, DecodingSettings(k=1)).write(PROMPTS, [None, DAY])

    assert product.written == " [calculator( 6 * 7) -> 42] 42 sacks."
    assert product.plain == " 42 sacks."
    assert [(one.name, one.arguments, one.result) for one in product.calls] == [
        ("calculator", " 6 * 7", "42")
    ]
    assert date.plain == f" {DAY}."
    assert date.calls[0].result == DAY


def test_a_batch_of_prompts_of_many_lengths_writes_what_each_alone_does(
    learned: LanguageModel, tools: ToolExecutor
) -> None:
    prompts = [*PROMPTS, "the", WITH_CALLS[3][:20], "the smith has"]
    days = [None, DAY, None, None, None]
    decoder = Decoder(learned, tools, DecodingSettings(k=3, tokens=30))

    together = decoder.write(prompts, days)

    for prompt, day, made in zip(prompts, days, together, strict=True):
        assert decoder.write([prompt], [day]) == [made]
        assert "".join(decoder.stream(prompt, day)) == made.written


def test_as_the_model_of_a_run_it_searches_what_the_run_does(learned: LanguageModel, tmp_path: Path) -> None:
    learned.save(tmp_path / "model")
    note_tools(tmp_path / "model", ["search"])
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "farm.txt").write_text("A farm needs 3 nails a day.")
    model, corpus = f"toolformer:{tmp_path / 'model'}", (str(tmp_path / "notes"),)

    client = clients_of(RunSettings(model=model, corpus=corpus))["actor"]
    chat = resolve_model(client.name, settings=client.settings)
    answer = chat.invoke(WITH_CALLS[2].partition(" [")[0])

    (call,) = answer.response_metadata["calls"]
    assert (call["name"], call["result"]) == ("search", "A farm needs 3 nails a day.")


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        ("search", "search failed on all of its 2 calls: there is nothing to search in"),
        ("calendar", "2 of 2 calls are of what is no tool here (search); see --tools"),
    ],
)
def test_a_comparison_tells_of_a_tool_that_gives_nothing(
    learned: LanguageModel, tool: str, told: str
) -> None:
    tasks = [Task("lookup", WITH_CALLS[2].partition(" [")[0], ("3",))] * 2
    executor = ToolExecutor(load_tools([tool]), policy=POLICY)

    made = compare({"toolformer": learned}, executor, tasks, settings=DecodingSettings(tokens=40), ks=(1,))

    executor.close()
    (warning,) = made.warnings
    assert warning.startswith(told)


def test_disabled_writes_no_call_and_a_larger_k_more(learned: LanguageModel, tools: ToolExecutor) -> None:
    plain = WITH_CALLS[3][:30]
    disabled = Decoder(learned, tools, DecodingSettings(k=0)).write([*PROMPTS, plain])
    assert all(" [" not in one.written and not one.calls for one in disabled)
    vocabulary = len(learned.tokenizer)
    (always,) = Decoder(learned, tools, DecodingSettings(k=vocabulary)).write([plain])
    assert always.written.startswith(" [")


def test_at_most_so_many_calls_are_opened(learned: LanguageModel, tools: ToolExecutor) -> None:
    every = DecodingSettings(k=10_000, calls=2, tokens=60)
    (made,) = Decoder(learned, tools, every).write(PROMPTS[:1])
    assert made.written.count(" [") == 2


@pytest.mark.parametrize("calls", [0, 1])
def test_a_limit_of_no_calls_is_disabled(learned: LanguageModel, tools: ToolExecutor, calls: int) -> None:
    (made, *_) = Decoder(learned, tools, DecodingSettings(k=1, calls=calls)).write(PROMPTS[:1])
    assert len(made.calls) == calls


def test_unknown_and_failing_tools_leave_an_empty_result(learned: LanguageModel) -> None:
    executor = ToolExecutor(ToolRegistry([broken]), policy=POLICY)
    (made,) = Decoder(learned, executor, DecodingSettings(k=1)).write(PROMPTS[:1])
    assert made.calls[0].result is None
    assert "no tool 'calculator'" in (made.calls[0].error or "")
    assert " -> ]" in made.written or "->]" in made.written
    executor.close()


def test_a_result_with_brackets_and_arrows_is_read_whole_and_taken_out_again(learned: LanguageModel) -> None:
    registry = ToolRegistry()
    registry.add(odd, name="calculator")
    executor = ToolExecutor(registry, policy=POLICY)
    settings = DecodingSettings(k=1, tokens=90, longest_result=40)

    (made,) = Decoder(learned, executor, settings).write(PROMPTS[:1])

    assert made.calls[0].result is not None
    assert len(made.calls[0].result) <= 40
    assert "[" not in made.plain
    executor.close()


def test_a_prompt_longer_than_the_context_is_read_from_its_end(
    learned: LanguageModel, tools: ToolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    (made,) = Decoder(learned, tools, DecodingSettings(k=1, tokens=40)).write(
        ["red hat. " * 200 + PROMPTS[0]]
    )
    assert made.tokens <= 40
    assert "is longer than the" in caplog.text


def test_stop_texts_end_the_writing(learned: LanguageModel, tools: ToolExecutor) -> None:
    (made,) = Decoder(learned, tools, DecodingSettings(k=1, stop=(" sacks",))).write(PROMPTS[:1])
    assert made.written.endswith("] 42")


@pytest.mark.parametrize("vocabulary", ["words", "bytes"])
def test_untrained_models_of_any_vocabulary_write_within_their_limits(
    make_model: Any, tools: ToolExecutor, vocabulary: str
) -> None:
    model = make_model("llama", vocabulary)
    for k in (0, 3, 1000):
        for made in Decoder(model, tools, DecodingSettings(k=k, tokens=20)).write(["the mill", "", "a"]):
            assert made.tokens <= 20
            if k == 0:
                assert not re.search(r" \[", made.written)


def test_the_comparison_measures_what_calls_are_worth(learned: LanguageModel, tools: ToolExecutor) -> None:
    tasks = [
        Task("arithmetic", PROMPTS[0], (" 42",)),
        Task("date", PROMPTS[1], (f" {DAY}",), day=DAY),
        Task("plain", WITH_CALLS[3].removesuffix(" red."), (" red",)),
    ]
    settings = DecodingSettings(tokens=40)

    made = compare(
        {"base": learned, "toolformer": learned},
        tools,
        tasks,
        settings=settings,
        ks=(0, 1),
        validation=tasks,
        texts=[WITH_CALLS[3]],
    )

    assert [(row.model, row.k) for row in made.rows] == [("base", 0), ("disabled", 0), ("enabled", 1)]
    assert made.chosen_k == 1
    enabled = made.row("enabled", 1).cells
    assert (enabled["arithmetic"].accuracy, enabled["arithmetic"].calls) == (1.0, 1.0)
    assert (enabled["plain"].accuracy, enabled["plain"].calls) == (1.0, 0.0)
    assert made.row("base").perplexity == made.row("disabled").perplexity
    assert made.row("base").perplexity == pytest.approx(1.0, abs=0.5)
    assert choose_k(learned, tools, tasks, settings=settings, ks=(1, 411)) == 1
    assert evaluate(learned, tools, tasks[:1], DecodingSettings(k=0, tokens=40))["arithmetic"].calls == 0.0
