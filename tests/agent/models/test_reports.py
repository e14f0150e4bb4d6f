"""No answer of any protocol is lost over a report of tokens in an odd form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from every_protocol import ABSENT, PROVIDERS, answers, body_of, client_for, counts
from openai_server import ChatServer, sends

from fieldcraft.agent.models import Answer, Message

Serve = Callable[..., ChatServer]
HELLO = [Message(role="user", text="x" * 400)]
TEXT = "y" * 80


Ask = Callable[..., list[Answer]]


@pytest.fixture
def ask(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Answers with these reports, one after the other, as the client of a provider reads them."""

    def asked(provider: str, *reports: Any) -> list[Answer]:
        server = serve(*(answers(provider, TEXT, report) for report in reports))
        client = client_for(provider, server.url, monkeypatch)
        found = [client.ask(HELLO, role="actor", call=1) for _ in reports]
        assert {answer.text for answer in found} == {TEXT}
        return found

    return asked


def tokens(found: Sequence[Answer]) -> list[tuple[int, int, bool]]:
    return [(answer.input_tokens, answer.output_tokens, answer.estimated) for answer in found]


NO_REPORTS = (ABSENT, None, [], [1], "none", 5, True, {}, [[[{}]]])
NO_COUNTS = (
    ("many", "few"),
    ([1], {}),
    (90.5, 15.5),
    (True, True),
    (-7, -3),
    (None, None),
    (float("nan"), float("inf")),
    ("-7", ""),
)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_no_report_is_estimated(provider: str, ask: Ask) -> None:
    assert tokens(ask(provider, *NO_REPORTS)) == [(100, 20, True)] * len(NO_REPORTS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_no_count_is_estimated(provider: str, ask: Ask) -> None:
    found = ask(provider, *(counts(provider, *pair) for pair in NO_COUNTS))

    assert tokens(found) == [(100, 20, True)] * len(NO_COUNTS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_counts_are_read_in_whatever_way_they_are_written(provider: str, ask: Ask) -> None:
    ways = [("90", "15"), (90.0, 15.0), (90, "15")]
    found = ask(provider, *(counts(provider, *pair) for pair in ways))

    assert tokens(found) == [(90, 15, False)] * 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_only_the_side_that_is_missing_is_estimated(provider: str, ask: Ask) -> None:
    read_only = [counts(provider, 90, missing) for missing in (ABSENT, None, 0)]
    written_only = [counts(provider, missing, 15) for missing in (ABSENT, None, 0)]

    assert tokens(ask(provider, *read_only)) == [(90, 20, True)] * 3
    assert tokens(ask(provider, *written_only)) == [(100, 15, True)] * 3


def test_one_odd_count_of_ollama_s_costs_itself_alone(ask: Ask) -> None:
    times = {"total_duration": "long", "load_duration": 1.5}
    found = ask("ollama", *({**counts("ollama", 90, odd), **times} for odd in ("text", [], 0.5)))

    assert tokens(found) == [(90, 20, True)] * 3


ODD_DETAILS: dict[str, list[dict[str, Any]]] = {
    "anthropic": [
        {"cache_creation": [], "cache_read_input_tokens": 3},
        {"cache_read_input_tokens": "some"},
        {"cache_creation": {"ephemeral_5m_input_tokens": {}}},
    ],
    "google_genai": [
        {"thoughtsTokenCount": "some"},
        {"promptTokensDetails": "none"},
        {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": []}]},
    ],
    "groq": [{"completion_tokens_details": {"reasoning_tokens": []}}, {"prompt_tokens_details": [{}]}],
    "xai": [{"completion_tokens_details": "none"}, {"prompt_tokens_details": [1]}],
    "mistralai": [{"total_tokens": []}],
    "deepseek": [{"prompt_cache_hit_tokens": "some"}],
}
BESIDE: dict[str, list[dict[str, Any]]] = {
    "anthropic": [
        {"service_tier": "standard", "cache_read_input_tokens": 0, "speed": 1},
        {"service_tier": [], "server_tool_use": {"web_search_requests": 0}},
    ],
    "google_genai": [
        {"trafficType": {}, "totalTokenCount": 105},
        {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 90}]},
    ],
    "openai": [{"cost": 0.01, "cost_details": {"upstream": 0.01}, "is_byok": False}],
    "mistralai": [{"prompt_audio_seconds": {}}],
}


@pytest.mark.parametrize("provider", ODD_DETAILS)
def test_a_report_with_odd_details_is_estimated(provider: str, ask: Ask) -> None:
    odd = ODD_DETAILS[provider]
    found = ask(provider, *(counts(provider, 90, 15) | details for details in odd))

    assert tokens(found) == [(100, 20, True)] * len(odd)


@pytest.mark.parametrize("provider", BESIDE)
def test_what_a_report_holds_beside_counts_of_tokens_does_no_harm(provider: str, ask: Ask) -> None:
    beside = BESIDE[provider]
    found = ask(provider, *(counts(provider, 90, 15) | more for more in beside))

    assert tokens(found) == [(90, 15, False)] * len(beside)


@pytest.mark.parametrize("provider", ["google_genai", "mistralai", "xai"])
def test_a_number_of_more_digits_than_python_reads_is_no_count(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = body_of(provider, TEXT, counts(provider, 123_456, 15)).replace(b"123456", b"9" * 5_000)
    client = client_for(provider, serve(sends(200, body)).url, monkeypatch)

    assert tokens([client.ask(HELLO, role="actor", call=1)]) == [(100, 20, True)]


@pytest.mark.parametrize(
    ("provider", "name"),
    [("google_genai", "totalTokenCount"), ("openai", "total_tokens"), ("groq", "total_tokens")],
)
def test_reasoning_that_only_the_total_shows_is_counted(provider: str, name: str, ask: Ask) -> None:
    totals = {155: (65, 50), 105: (15, 0), 50: (15, 0), 99_000_000: (15, 0)}
    found = ask(provider, *(counts(provider, 90, 15) | {name: total} for total in totals))

    assert [(answer.output_tokens, answer.reasoning_tokens) for answer in found] == [*totals.values()]
    assert not any(answer.estimated for answer in found)


def test_a_prompt_that_only_the_total_shows_is_not_taken_for_reasoning(ask: Ask) -> None:
    [answer] = ask("openai", {"completion_tokens": 15, "total_tokens": 105})

    assert (answer.output_tokens, answer.reasoning_tokens) == (15, 0)
