"""What a call costs: by the user's own price, by the list, or nothing where nobody charges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from openai_server import ChatServer, sends

from fieldcraft.agent.models import Message, ModelClient, ModelSettings
from fieldcraft.agent.models.prices import FREE, Tokens, price_of
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.models.settings import Price
from fieldcraft.agent.settings import RunSettings
from fieldcraft.cli.options.pricing import check_prices

HELLO = [Message(role="user", text="Hello")]
LISTED = ModelSettings()


def listed_models() -> Iterator[str]:
    """Every model of the list that belongs to a provider of ours, once."""
    from genai_prices.data import providers

    ours = {provider.prices: name for name, provider in PROVIDERS.items() if provider.prices}
    for provider in providers:
        if provider.id in ours:
            yield from (f"{ours[provider.id]}:{model.id}" for model in provider.models)


def money(name: str, *tokens: int, settings: ModelSettings = LISTED) -> float:
    price = price_of(name, settings)
    assert price is not None, name
    return price(Tokens(*tokens))


def test_money_limits_two_hundred_models_of_the_list() -> None:
    priced = [name for name in listed_models() if price_of(name, LISTED) is not None]

    for name in priced[:: len(priced) // 200]:
        check_prices(RunSettings(model=name))
    assert len(priced) > 800


def test_no_count_of_a_prompt_cache_makes_a_price_fail_or_free() -> None:
    wrong = []
    for name in listed_models():
        price = price_of(name, LISTED)
        if price is None or not price(Tokens(1_000, 0)):
            continue
        costs = [price(Tokens(1_000, 0, *cached)) for cached in ((1_000,), (0, 1_000), (0, 1_000, 1_000))]
        if min(costs) <= 0:
            wrong.append((name, costs))

    assert wrong == []


def test_a_users_own_price_wins_over_the_list() -> None:
    own = ModelSettings(prices={"openai:gpt-4o": Price(input=1, output=2)})

    assert money("openai:gpt-4o", 10**6, 10**6, settings=own) == pytest.approx(3.0)
    assert money("openai:gpt-4o", 10**6, 10**6) == pytest.approx(12.5)


@pytest.mark.parametrize("provider", FREE)
def test_local_models_cost_nothing(provider: str) -> None:
    assert money(f"{provider}:anything", 10**9, 10**9) == 0.0


@pytest.mark.parametrize(
    "name",
    [
        "google_genai:gemini-2.5-flash",
        "google_genai:models/gemini-2.5-flash",
        "google_vertexai:gemini-2.5-flash",
        "google_vertexai:publishers/google/models/gemini-2.5-flash",
    ],
)
def test_one_model_has_one_price_by_all_its_names(name: str) -> None:
    assert money(name, 10**6, 10**6) == pytest.approx(money("google_genai:gemini-2.5-flash", 10**6, 10**6))


@pytest.mark.parametrize(
    "name",
    [
        "bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock_converse:us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "anthropic:claude-sonnet-4-5-20250929",
        "google_anthropic_vertex:claude-sonnet-4-5@20250929",
        "openrouter:anthropic/claude-sonnet-4.5",
        "azure_openai:gpt-4o",
        "xai:grok-4",
    ],
)
def test_names_of_clouds_regions_and_dates_are_found(name: str) -> None:
    assert money(name, 1_000, 1_000) > 0


def test_what_is_written_to_a_cache_for_an_hour_costs_more() -> None:
    minutes = money("anthropic:claude-sonnet-4-5", 1_000, 0, 0, 1_000)
    hour = money("anthropic:claude-sonnet-4-5", 1_000, 0, 0, 1_000, 1_000)

    assert money("anthropic:claude-sonnet-4-5", 1_000, 0) < minutes < hour


def _anthropic(usage: dict[str, object]) -> bytes:
    body = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "Hi."}],
        "stop_reason": "end_turn",
        "usage": usage,
    }
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "lifetimes", [None, {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 300}]
)
def test_anthropics_cache_is_charged_as_a_cache(
    lifetimes: dict[str, int] | None, serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = {
        "input_tokens": 100,
        "cache_read_input_tokens": 400,
        "cache_creation_input_tokens": 500,
        "cache_creation": lifetimes,
        "output_tokens": 0,
    }
    server = serve(sends(200, _anthropic(usage)))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-loopback-0123")
    own = Price(input=10, output=0, cache_read=1, cache_write=20)
    settings = ModelSettings(
        base_url=server.url.removesuffix("/v1"), retries=0, timeout=5, prices={"anthropic:claude": own}
    )

    answer = ModelClient("anthropic:claude", settings).ask(HELLO, role="actor", call=1)

    assert answer.input_tokens == 1_000
    assert answer.money == pytest.approx((100 * 10 + 400 * 1 + 500 * 20) / 1e6)


@pytest.mark.parametrize(
    ("details", "estimated"),
    [
        ({"cached_tokens": 400}, False),
        ({"cached_tokens": 4_000}, True),
        ({"cached_tokens": -4}, True),
    ],
)
def test_openais_cache_is_charged_as_a_cache_where_it_can_be_believed(
    details: dict[str, int],
    estimated: bool,
    serve: Callable[..., ChatServer],
    client_of: Callable[..., ModelClient],
) -> None:
    body = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}
        ],
        "usage": {
            "prompt_tokens": 1_000,
            "completion_tokens": 1,
            "total_tokens": 1_001,
            "prompt_tokens_details": details,
        },
    }
    server = serve(sends(200, json.dumps(body).encode()))
    client = client_of(server, prices={"openai:tiny": Price(input=10, output=0, cache_read=1)})

    answer = client.ask(HELLO, role="actor", call=1)

    assert answer.estimated is estimated
    if not estimated:
        assert answer.money == pytest.approx((600 * 10 + 400 * 1) / 1e6)
