"""What counts as a rate limit, and where each provider says how long it lasts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from openai_server import ChatServer, Reply, fails, says, sends
from pydantic import ValidationError

from fieldcraft.agent.models import Message, ModelClient, ModelRationed, ModelSettings, ModelUnavailable
from fieldcraft.agent.models.failures.rationing import wait_asked
from fieldcraft.agent.models.providers import resolve_model

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]
QUESTION = [Message(role="user", text="Where?")]
LONG = {"rate_limit_seconds": 0.0}
"""Nothing is waited for, so that the error names the wait that the provider asks for."""


def ask(client: ModelClient) -> Any:
    return client.ask(QUESTION, role="actor", call=1)


def body(status: int, content: Any, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return sends(status, json.dumps(content).encode(), named)


RATIONED = {
    "429": fails(429, "slow down"),
    "529": fails(529, "Overloaded"),
    "503 that says so": fails(503, "The engine is currently overloaded, please try again later"),
    "503 with a wait": fails(503, "maintenance", retry_after="0.01"),
    "500 by its type": body(500, {"error": {"message": "no", "type": "overloaded_error"}}),
    "an error within 200": body(200, {"error": {"message": "Provider returned error", "code": 429}}),
    "its code as text": body(200, {"error": {"message": "no", "code": "429"}}),
    "its type alone": body(200, {"error": {"message": "no", "type": "rate_limit_error"}}),
    "its words alone": body(200, {"error": "Rate limit exceeded: free models per minute"}),
    "zero": fails(429, retry_after="0"),
    "negative": fails(429, retry_after="-5"),
    "not a number": fails(429, retry_after="nan"),
    "endless": fails(429, retry_after="inf"),
    "junk": fails(429, retry_after="soon"),
    "a date long past": fails(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
}


def test_an_answer_without_choices_and_without_a_word_of_a_limit_uses_up_the_retries(
    serve: Serve, client_of: ClientOf
) -> None:
    server = serve(body(200, {"id": None, "choices": None, "model": None, "usage": None}))
    with pytest.raises(ModelUnavailable, match="2 attempts"):
        ask(client_of(server, retries=1))


@pytest.mark.parametrize("reply", RATIONED.values(), ids=RATIONED.keys())
def test_rate_limits_do_not_use_up_the_retries(reply: Reply, serve: Serve, client_of: ClientOf) -> None:
    server = serve(*[reply] * 4, says("ok"))

    answer = ask(client_of(server, retries=0, retry_seconds=0.001))

    assert (answer.text, answer.attempts) == ("ok", 5)
    assert answer.waited > 0


@pytest.mark.parametrize(
    "reply",
    [fails(500, "boom"), fails(502, "bad gateway"), fails(503, "no healthy upstream"), fails(408, "slow")],
)
def test_other_faults_are_no_rate_limits(reply: Reply, serve: Serve, client_of: ClientOf) -> None:
    answer = ask(client_of(serve(reply, says("ok"))))

    assert (answer.attempts, answer.waited) == (2, 0.0)


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


ASKED = {
    "seconds": (fails(429, retry_after="100"), 100),
    "milliseconds": (fails(429, retry_after_ms="90000", retry_after="7"), 90),
    "reset of what is used up": (
        fails(
            429,
            x_ratelimit_remaining_requests="99",
            x_ratelimit_reset_requests="1h",
            x_ratelimit_remaining_tokens="0",
            x_ratelimit_reset_tokens="6m0s",
        ),
        360,
    ),
    "words where the header says nothing": (
        fails(429, "Rate limit reached. Please try again in 1m7.66s.", retry_after="0"),
        67.66,
    ),
    "details": (
        body(429, {"error": {"code": 429, "message": "no", "details": [{"retryDelay": "37s"}]}}),
        37,
    ),
    "beyond belief": (fails(429, retry_after="1e300"), 1e300),
}


@pytest.mark.parametrize(("reply", "seconds"), ASKED.values(), ids=ASKED.keys())
def test_a_wait_is_read_wherever_the_provider_names_it(
    reply: Reply, seconds: float, serve: Serve, client_of: ClientOf
) -> None:
    with pytest.raises(ModelRationed) as caught:
        ask(client_of(serve(reply), **LONG))

    fault = caught.value.__cause__.__cause__  # type: ignore[union-attr]
    assert fault.retry_after == pytest.approx(seconds, abs=3)  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["internet", "rfc-3339", "epoch", "milliseconds"])
def test_a_wait_until_a_date_is_read(form: str, serve: Serve, client_of: ClientOf) -> None:
    then = later(1000)
    reply = {
        "internet": fails(429, retry_after=format_datetime(then, usegmt=True)),
        "rfc-3339": fails(
            429,
            anthropic_ratelimit_input_tokens_remaining="0",
            anthropic_ratelimit_input_tokens_reset=then.strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        "epoch": fails(429, x_ratelimit_reset=f"{then.timestamp():.0f}"),
        "milliseconds": fails(429, x_ratelimit_reset=f"{then.timestamp() * 1000:.0f}"),
    }[form]

    with pytest.raises(ModelRationed) as caught:
        ask(client_of(serve(reply), **LONG))

    fault = caught.value.__cause__.__cause__  # type: ignore[union-attr]
    assert 900 < fault.retry_after <= 1001  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("12", 12), ("1d", 86400)],
)
def test_durations_are_read(value: str, seconds: float) -> None:
    error = Exception()
    error.response = type("Response", (), {"headers": {"X-RateLimit-Reset-Tokens": value}})  # type: ignore[attr-defined]

    assert wait_asked(error) == pytest.approx(seconds)


PASSED_ON = {
    "message": "no",
    "metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}},
}


@pytest.mark.parametrize(
    ("words", "headers", "seconds"),
    [
        ("no", {"x-rate-limit-reset": "55"}, 55),
        ("no", {"ratelimit": "limit=100, remaining=0, reset=50"}, 50),
        ("no", {"ratelimit": '"default";r=0;t=50'}, 50),
        ("no", {"retry-after": "30, 30"}, 30),
        ("no", {"x-ms-retry-after-ms": "2500"}, 2.5),
        ({"message": "no", "retry_after": 17}, {}, 17),
        ({"message": "no", "retryAfter": "17"}, {}, 17),
        ({"error": "Model tiny is currently loading", "estimated_time": 20.0}, {}, 20),
        (PASSED_ON, {}, 60),
        ("Try again in about 1 minute.", {}, 60),
        ("Please retry after 30.", {}, 30),
        ("Limit is 60 requests in 60 seconds", {}, None),
        ("retry after 3 more tries", {}, None),
    ],
)
def test_a_wait_is_read_in_the_less_usual_forms(
    words: Any, headers: dict[str, str], seconds: float | None
) -> None:
    error = Exception(words)
    error.response = type("Response", (), {"headers": headers})  # type: ignore[attr-defined]

    assert wait_asked(error) == (None if seconds is None else pytest.approx(seconds))


def test_a_wait_until_a_date_in_words_is_read() -> None:
    until = later(1000).strftime("%Y-%m-%d %H:%M:%S")

    assert wait_asked(Exception(f"The quota will reset at {until}.")) == pytest.approx(1000, abs=30)


def test_a_server_that_goes_on_to_ask_for_moments_is_not_called_without_end(
    serve: Serve, client_of: ClientOf
) -> None:
    server = serve(fails(429, retry_after="0.001"))

    with pytest.raises(ModelRationed):
        ask(client_of(server, rate_limit_seconds=2.0))

    assert len(server.requests) < 150


def test_a_retry_after_goes_before_a_reset_of_what_is_left(serve: Serve, client_of: ClientOf) -> None:
    reply = fails(
        429, retry_after="0.05", x_ratelimit_remaining_requests="50", x_ratelimit_reset_requests="8h"
    )

    assert ask(client_of(serve(reply, says("ok")))).text == "ok"


def test_without_a_named_wait_the_last_one_ends_at_the_limit(serve: Serve, client_of: ClientOf) -> None:
    with pytest.raises(ModelRationed, match="lifts no limit") as caught:
        ask(client_of(serve(fails(429)), backoff=0.05, rate_limit_seconds=0.5))

    assert caught.value.waited >= 0.5


def test_many_short_waits_are_shown_once_a_minute(
    serve: Serve, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        ask(client_of(serve(*[fails(429, retry_after="0.01")] * 20, says("ok"))))

    assert sum("rate limit" in record.getMessage() for record in caplog.records) == 1


PROVIDERS = {
    "anthropic": (
        "ANTHROPIC_API_KEY",
        {"type": "error", "error": {"type": "overloaded_error", "message": "O"}},
    ),
    "google_genai": (
        "GOOGLE_API_KEY",
        {"error": {"code": 429, "message": "E", "status": "RESOURCE_EXHAUSTED"}},
    ),
    "groq": ("GROQ_API_KEY", {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}),
    "mistralai": ("MISTRAL_API_KEY", {"message": "Requests rate limit exceeded"}),
    "ollama": ("OLLAMA_NOTHING", {"error": "too many requests"}),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_s_own_exception_is_recognised(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, content = PROVIDERS[provider]
    monkeypatch.setenv(key, "loopback-0123456789-0123456789")
    status = 529 if provider == "anthropic" else 429
    server = serve(body(status, content, retry_after="40"))
    settings = ModelSettings(base_url=server.url.removesuffix("/v1"), rate_limit_seconds=1, timeout=30)
    client = ModelClient(
        f"{provider}:tiny", model=resolve_model(f"{provider}:tiny", settings=settings), settings=settings
    )

    with pytest.raises(ModelRationed, match="rate_limit_seconds"):
        ask(client)


@pytest.mark.parametrize("seconds", ["inf", "nan", "-1", "1e300"])
def test_a_limit_that_no_clock_can_show_is_refused(seconds: str) -> None:
    with pytest.raises(ValidationError, match="rate_limit_seconds"):
        ModelSettings.model_validate({"rate_limit_seconds": float(seconds)})
