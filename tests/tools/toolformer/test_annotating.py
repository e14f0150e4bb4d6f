"""Proposals are placed as the paper says, calls are really made, and the filter is the paper's formula."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch

from fieldcraft.tools import ToolContext, ToolError, ToolExecutor, ToolRegistry
from fieldcraft.tools.builtin.calculator import calculator
from fieldcraft.tools.builtin.calendar import calendar
from fieldcraft.tools.toolformer.annotation.annotate import POLICY, Annotator
from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.annotation.executing import CallRunner, Executed, result_text
from fieldcraft.tools.toolformer.annotation.filtering import WEIGHTS, score
from fieldcraft.tools.toolformer.annotation.prompting import prompt
from fieldcraft.tools.toolformer.annotation.sampling import PromptedSampler, Proposal, Sampler
from fieldcraft.tools.toolformer.demo.corpus import story
from fieldcraft.tools.toolformer.settings import AnnotationSettings, ToolSettings
from fieldcraft.tools.toolformer.syntax import text


def documents(count: int) -> list[Document]:
    chosen = random.Random(2)
    stories = [story(chosen) for _ in range(count)]
    return [Document(number, one.text, one.day) for number, one in enumerate(stories)]


def log_prob(model: Any, before: list[int], after: list[int]) -> float:
    """Plainly: one forward pass for one continuation."""
    with torch.no_grad():
        logits = model.model(torch.tensor([before + after])).logits[0].log_softmax(-1)
    return sum(logits[len(before) + place - 1, token].item() for place, token in enumerate(after))


@pytest.mark.parametrize("vocabulary", ["words", "bytes"])
def test_places_are_the_likeliest_for_the_whole_opening(make_model: Any, vocabulary: str) -> None:
    model = make_model("gpt2", vocabulary)
    settings = ToolSettings(positions=3, tau_s=0.0)
    sampler = Sampler(model, {"calculator"}, settings, AnnotationSettings())
    (document,) = documents(1)
    (opened,) = [sampler._open(document, "Add calls:\n")]

    places = sampler._likeliest(opened)

    prefix = [*model.start, *model.encode("Add calls:\n").ids]
    ids = list(model.encode(document.text).ids)
    first = {place: log_prob(model, prefix + ids[:place], [model.opening[0]]) for place in range(len(ids))}
    looked_at = sorted(first, key=first.__getitem__)[-(3 if len(model.opening) == 1 else 12) :]
    whole = {
        place: math.exp(log_prob(model, prefix + ids[:place], list(model.opening))) for place in looked_at
    }
    expected = sorted(whole, key=whole.__getitem__)[-3:]
    assert {place.token for place in places} == set(expected)
    for place in places:
        assert place.probability == pytest.approx(whole[place.token], rel=1e-3)


def test_places_at_or_below_tau_s_are_left_out(make_model: Any) -> None:
    model = make_model()
    for threshold in (0.0, 0.01, 0.999):
        sampler = Sampler(model, {"f"}, ToolSettings(tau_s=threshold), AnnotationSettings())
        places = sampler._likeliest(sampler._open(documents(1)[0], None))
        assert all(place.probability > threshold for place in places)
    assert not places


@pytest.mark.parametrize(("architecture", "vocabulary"), [("neox", "words"), ("gpt2", "bytes")])
def test_scores_in_batches_equal_the_formula_computed_plainly(
    make_model: Any, architecture: str, vocabulary: str
) -> None:
    model = make_model(architecture, vocabulary)
    some = {document.number: document for document in documents(6)}
    calls = recurring_calls(model, some)

    scored = score(model, calls, some)

    assert [one.executed for one in scored] == calls
    for one in scored:
        nothing, without, with_result = plain_losses(model, one.executed, some)
        assert one.loss == pytest.approx(with_result, abs=1e-4)
        assert one.loss_nothing == pytest.approx(nothing, abs=1e-4)
        assert one.loss_call == pytest.approx(without, abs=1e-4)
        assert one.gain == pytest.approx(min(one.loss_nothing, one.loss_call) - one.loss)


def recurring_calls(model: Any, some: dict[int, Document]) -> list[Executed]:
    """In each document the same calls in several places, the first and the last among them."""
    chosen = random.Random(3)
    calls = []
    for number, document in some.items():
        ends = model.encode(document.text).ends
        for result in ("2", "2", str(chosen.randint(0, 99_999))):
            calls += [
                Executed(Proposal(number, place, "calculator", "1 + 1", 0.5), result=result)
                for place in (0, ends[-2], chosen.choice(ends[:-1]))
            ]
    chosen.shuffle(calls)
    return calls


def plain_losses(model: Any, call: Executed, some: dict[int, Document]) -> list[float]:
    """The weighted loss behind nothing, the call, and the call with its result: a pass for each token."""
    encoded = model.encode(some[call.proposal.document].text)
    ids, place = list(encoded.ids), encoded.token_at(call.proposal.place)
    found = []
    for prefix in ("", " [calculator(1 + 1) -> ]", f" [calculator(1 + 1) -> {call.result}]"):
        before = [*model.start, *model.encode(prefix).ids]
        loss = 0.0
        for weight, at in zip(WEIGHTS, range(place, len(ids)), strict=False):
            loss -= weight * log_prob(model, before + ids[:at], [ids[at]])
        found.append(loss)
    return found


def test_the_weights_fall_over_five_tokens_and_add_up_to_one() -> None:
    assert pytest.approx((1 / 3, 4 / 15, 1 / 5, 2 / 15, 1 / 15)) == WEIGHTS


def test_a_document_that_fills_the_context_is_scored_by_its_last_tokens(make_model: Any) -> None:
    model = make_model("gpt2", "words", context=40)
    document = Document(0, "the mill has 12 sacks and " * 5 + "it is red.")
    place = len(document.text) - len(" red.")
    fits = Executed(Proposal(0, place, "search", "mill", 0.5), result="red")
    too_long = Executed(Proposal(0, place, "search", "mill", 0.5), result="red " * 60)

    (scored,) = score(model, [fits, too_long], {0: document})

    assert scored.executed == fits
    ids = model.encode(document.text).ids
    longest = [*model.start, *model.encode(" [search(mill) -> red]").ids]
    expected = []
    for prefix in ("", " [search(mill) -> ]", " [search(mill) -> red]"):
        before = [*model.start, *model.encode(prefix).ids, *ids[len(ids) - 40 + len(longest) : -2]]
        logs = [log_prob(model, before, [ids[-2]]), log_prob(model, [*before, ids[-2]], [ids[-1]])]
        expected.append(-sum(weight * log for weight, log in zip(WEIGHTS, logs, strict=False)))
    losses = [scored.loss_nothing, scored.loss_call, scored.loss]
    assert losses == pytest.approx(expected, abs=1e-4)


def executor(*tools: Any) -> ToolExecutor:
    return ToolExecutor(ToolRegistry(tools), policy=POLICY)


def test_calls_are_made_in_the_world_of_their_document() -> None:
    days = {
        0: Document(0, "a", "Friday, May 1, 1908"),
        1: Document(1, "b", "Monday, May 4, 1908"),
        2: Document(2, "c"),
    }
    tools = executor(calendar, calculator)
    before = tools.context = ToolContext()
    proposals = [Proposal(number, 0, "calendar", "", 1.0) for number in (1, 0, 2)]
    proposals += [Proposal(0, 0, "calculator", "6 * 7", 1.0), Proposal(1, 0, "calculator", "6 * ", 1.0)]

    made = CallRunner(tools, longest=100).run_all(proposals, days)

    assert [one.result for one in made[:2]] == ["Monday, May 4, 1908", "Friday, May 1, 1908"]
    assert (made[2].result or "").startswith("Today is ")
    assert made[3].result == "42"
    assert "not an arithmetic expression" in (made[4].error or "")
    assert tools.context is before
    tools.close()


def odd(query: str) -> str:
    """Give a result that is hard to write down."""
    return {"bracket": "a ] b -> c [", "long": "word " * 2000, "nothing": "  "}[query]


def test_results_that_are_hard_to_write_are_cut_escaped_or_refused() -> None:
    tools = executor(odd)
    runner = CallRunner(tools, longest=80)

    hard = runner.run("odd", "bracket")
    call = text.InlineCall("odd", "bracket", hard)
    assert text.parse(text.write(call)) == call
    long = runner.run("odd", "long")
    assert len(long) <= 80
    assert long.endswith("word...")
    with pytest.raises(ToolError, match="gave nothing"):
        runner.run("odd", "nothing")
    with pytest.raises(ToolError, match="no tool 'other'"):
        runner.run("other", "x")
    tools.close()


def test_of_passages_the_best_stands_in_a_text() -> None:
    assert result_text([{"source": "s", "title": "t", "text": "iron ore"}, {"text": "other"}]) == "iron ore"
    assert result_text({"answer": "Prague", "sources": ["x"]}) == "Prague"
    assert result_text([]) == result_text(None) == ""
    assert result_text([1, 2]) == "[1, 2]"
    assert result_text(0.5) == "0.5"


def test_prompts_are_made_of_schema_and_examples_and_can_be_replaced() -> None:
    registry = ToolRegistry([calculator, odd])
    made = prompt("calculator", registry.get("calculator"), ToolSettings(), "Two and two.")
    assert "[calculator(expression)]" in made
    assert "Work out an arithmetic expression" in made
    assert "a total of 30 sacks." in made
    assert "a total of [calculator(18 + 12)] 30 sacks." in made
    assert made.endswith("Two and two.\nText with calls:\n")
    assert "[odd(query)]" in prompt("odd", registry.get("odd"), ToolSettings(), "x")
    own = ToolSettings(prompt="{{ name }}|{{ text }}|{% for one in examples %}{{ one.plain }}{% endfor %}",
                       examples=("One [odd(bracket)] bracket",))  # fmt: skip
    assert prompt("odd", registry.get("odd"), own, "x") == "odd|x|One bracket"


def test_a_tool_that_fails_on_every_call_leaves_documents_without_calls(make_model: Any) -> None:
    def broken(query: str) -> str:
        """Fail."""
        raise RuntimeError("no line to the server")

    tools, settings = executor(broken), AnnotationSettings()

    class Everywhere:
        def propose(self, documents: Any, seed: int) -> list[Proposal]:
            return [Proposal(one.number, 3, "broken", "x", 0.9) for one in documents]

    made = Annotator(make_model(), Everywhere(), tools, settings).annotate(documents(8), seed=0)

    assert [len(one.calls) for one in made] == [0] * 8
    assert {failed.error for one in made for failed in one.failed} == {
        "broken failed: RuntimeError: no line to the server"
    }
    tools.close()


def test_an_untrained_model_proposes_without_a_fault(make_model: Any) -> None:
    registry = ToolRegistry([calculator, calendar])
    common = AnnotationSettings(
        longest_call=8, tools={"calculator": ToolSettings(tau_s=0.0, positions=2, samples=2)}
    )
    for vocabulary in ("words", "bytes"):
        model = make_model("gpt2", vocabulary, context=4000)
        found = PromptedSampler(model, registry, common).propose(documents(4), seed=1)
        assert all(one.name in {"calculator", "calendar"} for one in found)
