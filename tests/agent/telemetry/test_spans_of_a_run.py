"""What a collector gets of a run: a span for each effect, their order and their sums."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from otlp_receiver import Collector, Received

from fieldcraft.agent import RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.telemetry.records import Identity
from fieldcraft.agent.telemetry.spans import Spans

Settings = Callable[..., RunSettings]


def lived(settings: RunSettings, runs: Path, collector: Collector, **options: Any) -> RunState:
    with new_session(settings, runs=runs, name="one", otel=collector.url, **options) as session:
        return session.explorer.explore()


def recorded(runs: Path, name: str = "one") -> list[e.Event]:
    return Journal(runs / name).read()


def kinds(spans: list[Received]) -> Counter[str]:
    return Counter(span.name.partition(" ")[0] for span in spans)


def expected(events: list[e.Event]) -> Counter[str]:
    """How many spans of each kind these events make."""
    names = {
        "model_asked": "chat",
        "execution_started": "run_program",
        "verification_started": "verify_program",
        "tool_called": "execute_tool",
        "task_finished": "task",
        "run_started": "invoke_agent",
        "run_resumed": "invoke_agent",
    }
    found = Counter(names[event.type] for event in events if event.type in names)
    loads = sum(len(event.skills) for event in events if isinstance(event, e.ExecutionStarted))
    return found + Counter({"load_skill": loads})


def test_there_is_one_span_for_each_effect(
    toy_settings: Settings, tmp_path: Path, receiver: Collector
) -> None:
    lived(toy_settings(), tmp_path / "runs", receiver)
    events = recorded(tmp_path / "runs")
    found = kinds(receiver.spans)
    assert found == expected(events)
    assert found["load_skill"] > 0 and found["verify_program"] > 0
    assert len({span.id for span in receiver.spans}) == len(receiver.spans)


def test_all_spans_hang_together(with_tools: RunSettings, tmp_path: Path, receiver: Collector) -> None:
    lived(with_tools, tmp_path / "runs", receiver)
    by_id = {span.id: span for span in receiver.spans}
    (root,) = (span for span in receiver.spans if not span.parent)
    assert root.name == "invoke_agent fieldcraft"
    assert {span.trace for span in receiver.spans} == {root.trace}
    for span in receiver.spans:
        assert span is root or by_id[span.parent].begin <= span.begin <= span.end
    above = Counter(
        (span.attributes["fieldcraft.tool.user"], by_id[span.parent].name)
        for span in receiver.named("execute_tool")
    )
    assert above == {("actor", "task"): 2, ("programs", "run_program"): 1}


def test_names_and_kinds_are_those_of_the_conventions(
    with_tools: RunSettings, tmp_path: Path, receiver: Collector
) -> None:
    lived(with_tools, tmp_path / "runs", receiver)
    asked = receiver.named("chat")[0]
    assert asked.kind == 3
    assert asked.attributes["gen_ai.operation.name"] == "chat"
    assert asked.attributes["gen_ai.provider.name"] == "fieldcraft"
    assert asked.name == f"chat {asked.attributes['gen_ai.request.model']}"
    assert {"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"} <= asked.attributes.keys()
    called = receiver.named("execute_tool calculator")
    assert {span.attributes["gen_ai.tool.name"] for span in called} == {"calculator"}
    assert len({span.attributes["gen_ai.tool.call.id"] for span in called}) == len(called) == 3
    assert [span.attributes.get("error.type") for span in called if span.failed] == ["tool_error"]
    (broken,) = (span for span in receiver.named("run_program") if span.failed)
    assert broken.attributes["error.type"] == "PrimitiveError" and "saw" in broken.why


def test_the_tokens_of_the_spans_and_the_metrics_are_those_of_the_journal(
    with_tools: RunSettings, tmp_path: Path, receiver: Collector
) -> None:
    state = lived(with_tools, tmp_path / "runs", receiver)
    for kind, used in (("input", state.spent.input_tokens), ("output", state.spent.output_tokens)):
        assert used > 0
        in_spans = sum(span.attributes.get(f"gen_ai.usage.{kind}_tokens", 0) for span in receiver.spans)
        assert in_spans == used
        assert receiver.total("fieldcraft.tokens", gen_ai__token__type=kind) == used
        assert receiver.total("gen_ai.client.token.usage", gen_ai__token__type=kind) == used


def test_the_metrics_are_the_figures_of_the_run(
    toy_settings: Settings, tmp_path: Path, receiver: Collector
) -> None:
    state = lived(toy_settings(), tmp_path / "runs", receiver)
    done = sum(success for _, success in state.finished_tasks)
    assert receiver.total("fieldcraft.iterations") == state.spent.iterations == 5
    assert receiver.total("fieldcraft.items") == len(state.progress.items) > 0
    assert receiver.total("fieldcraft.skills") == len(state.kept)
    assert receiver.total("fieldcraft.tasks") == len(state.finished_tasks)
    assert receiver.total("fieldcraft.tasks", fieldcraft__success=True) == done
    assert receiver.total("fieldcraft.stalls") == 0
    calls = receiver.latest("gen_ai.client.operation.duration")
    assert sum(point.count for point in calls) == sum(state.calls.values())


def test_what_was_said_is_sent_only_where_the_variable_asks_for_it(
    with_tools: RunSettings, tmp_path: Path, receiver: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(with_tools, tmp_path / "runs", receiver)
    told = {"gen_ai.output.messages", "gen_ai.tool.call.arguments", "fieldcraft.program.source"}
    assert not any(told & span.attributes.keys() for span in receiver.spans)
    receiver.spans.clear()
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    lived(with_tools, tmp_path / "again", receiver)
    found = set().union(*(told & span.attributes.keys() for span in receiver.spans))
    assert found == told
    said = json.loads(receiver.named("chat")[0].attributes["gen_ai.output.messages"])
    assert said[0]["role"] == "assistant" and said[0]["parts"][0]["type"] == "text"


def test_a_resume_sends_what_is_new_and_nothing_again(
    toy_settings: Settings, tmp_path: Path, receiver: Collector
) -> None:
    runs = tmp_path / "runs"
    lived(toy_settings(budget=BudgetLimits(iterations=2)), runs, receiver)
    for iterations in (3, 5):
        with resumed_session(
            "one", runs=runs, budget=BudgetLimits(iterations=iterations), otel=receiver.url
        ) as session:
            state = session.explorer.explore()
    ids = [span.id for span in receiver.spans]
    assert len(ids) == len(set(ids))
    assert kinds(receiver.spans) == expected(recorded(runs))
    assert receiver.total("fieldcraft.tokens", gen_ai__token__type="input") == state.spent.input_tokens
    assert receiver.total("gen_ai.client.token.usage", gen_ai__token__type="input") == (
        state.spent.input_tokens
    )
    assert all(not span.parent or span.parent in set(ids) for span in receiver.spans)


def test_a_run_that_is_traced_from_a_resume_on_sends_what_happens_from_there(
    toy_settings: Settings, tmp_path: Path, receiver: Collector
) -> None:
    runs = tmp_path / "runs"
    with new_session(toy_settings(budget=BudgetLimits(iterations=1)), runs=runs, name="one") as session:
        before = session.explorer.explore().events
    with resumed_session("one", runs=runs, budget=BudgetLimits(iterations=5), otel=receiver.url) as session:
        state = session.explorer.explore()
    later = [event for event in recorded(runs) if event.number > before]
    root = Counter({"invoke_agent": 1})
    assert kinds(receiver.spans) == expected(later) + root
    ids = {span.id for span in receiver.spans}
    assert all(span.parent in ids for span in receiver.spans if span.parent)
    assert receiver.total("fieldcraft.tokens", gen_ai__token__type="output") == state.spent.output_tokens


def test_what_a_run_did_untraced_is_not_sent_by_a_later_resume(
    toy_settings: Settings, tmp_path: Path, receiver: Collector
) -> None:
    runs = tmp_path / "runs"
    lived(toy_settings(budget=BudgetLimits(iterations=1)), runs, receiver)
    with resumed_session("one", runs=runs, budget=BudgetLimits(iterations=3)) as session:
        session.explorer.explore()
    traced = len(receiver.named("chat"))
    with resumed_session("one", runs=runs, budget=BudgetLimits(iterations=3), otel=receiver.url) as session:
        state = session.explorer.explore()
    assert len(receiver.named("chat")) == traced
    assert receiver.total("fieldcraft.tokens", gen_ai__token__type="input") == state.spent.input_tokens


def test_an_effect_that_was_cut_off_is_one_span_of_the_time_in_which_it_was_done() -> None:
    spans = Spans(Identity("one", 100.0))
    events = [
        e.RunStarted(number=1, time=100.0, run="one", settings=RunSettings()),
        e.ModelAsked(number=2, time=101.0, role="actor", call=1, template="actor"),
        e.RunResumed(number=3, time=900.0, settings=RunSettings()),
        e.ModelAnswered(number=4, time=902.0, role="actor", call=1, text="", model="m"),
    ]
    ended = [span for event in events for span in spans.take(event)]
    assert [(span.name, span.begin, span.end) for span in ended] == [
        ("invoke_agent fieldcraft", 100.0, 101.0),
        ("chat offline", 900.0, 902.0),
    ]
    assert all(span.attributes["fieldcraft.interrupted"] for span in ended)


def test_a_clock_that_jumps_back_gives_no_span_an_end_before_its_beginning() -> None:
    spans = Spans(Identity("one", 100.0))
    events = [
        e.RunStarted(number=1, time=100.0, run="one", settings=RunSettings()),
        e.ModelAsked(number=2, time=101.0, role="actor", call=1, template="actor"),
        e.ModelAnswered(number=3, time=50.0, role="actor", call=1, text="", model="m"),
        e.RunPaused(number=4, time=40.0, reason="enough"),
    ]
    ended = [span for event in events for span in spans.take(event)]
    assert len(ended) == 2 and all(span.begin <= span.end for span in ended)


def test_what_worlds_and_models_wrote_arrives_as_visible_text_without_secrets(
    scripted_run: Callable[..., list[Any]],
    tmp_path: Path,
    receiver: Collector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-abcdefghijklmnopqrstuvwx")
    words = "Chop \x1b[31m\u202ewood with sk-proj-abcdefghijklmnopqrstuvwx"
    task = {"task": words, "goal": {"kind": "item", "item": "plank", "count": 4}}
    scripted_run([task], ["```python\ndef f(bot):\n    raise KeyError('\\x1b[2J\\n\\n')\n```"])
    (found,) = receiver.named("task")
    assert found.attributes["fieldcraft.task"] == "Chop [31mwood with [redacted]"
    assert all(letter.isprintable() for span in receiver.spans for letter in span.why)


def test_a_fork_has_spans_of_its_own(toy_settings: Settings, tmp_path: Path, receiver: Collector) -> None:
    runs = tmp_path / "runs"
    lived(toy_settings(budget=BudgetLimits(iterations=2)), runs, receiver)
    (runs / "one").rename(runs / "other")
    first = {span.id for span in receiver.spans}
    with resumed_session("other", runs=runs, budget=BudgetLimits(iterations=4), otel=receiver.url) as session:
        session.explorer.explore()
    later = [span for span in receiver.spans if span.id not in first]
    assert len(later) + len(first) == len(receiver.spans)
    assert len({span.trace for span in receiver.spans}) == 2
    assert {span.parent for span in later} <= {span.id for span in later} | {b""}
