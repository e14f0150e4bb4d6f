"""Rate limits are waited out as the server says, apart from all other faults."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import pytest
from openai_server import ChatServer, Reply, fails, says, sends

from fieldcraft.agent.models import Message, ModelClient, ModelRationed, ModelRefused, ModelUnavailable

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]
HELLO = [Message(role="user", text="Hello.")]


def body_of(text: str) -> bytes:
    return json.dumps({"error": {"message": text, "type": "error"}}).encode()


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}
GEMINI = {"code": 429, "details": [RETRY_INFO]}


@pytest.mark.parametrize(
    "reply",
    [
        fails(429, retry_after="0.3"),
        fails(429, retry_after_ms="300"),
        fails(429, x_ratelimit_reset_requests="300ms", x_ratelimit_reset_tokens="6m0s"),
        fails(
            429,
            x_ratelimit_reset_requests="1ms",
            x_ratelimit_reset_tokens="300ms",
            x_ratelimit_remaining_tokens="0",
        ),
        fails(429, "Rate limit reached. Please try again in 0.3s. Visit the console."),
        fails(529, "Overloaded", retry_after="0.3"),
        fails(503, "The model is overloaded.", retry_after="0.3"),
        sends(429, json.dumps({"error": GEMINI}).encode()),
        sends(200, json.dumps({"error": GEMINI}).encode()),
        fails(429, retry_after="NaN", x_ratelimit_reset_requests="0.3s"),
    ],
)
def test_the_wait_that_a_server_asks_for_is_kept(reply: Reply, serve: Serve, client_of: ClientOf) -> None:
    answer = client_of(serve(reply, says("ok")), retries=0).ask(HELLO, role="actor", call=1)

    assert answer.text == "ok"
    assert 0.3 <= answer.waited < 20
    assert answer.attempts == 2


@pytest.mark.parametrize("value", ["0", "-5", "NaN", "inf", "soon", ""])
def test_a_wait_that_is_none_backs_off(value: str, serve: Serve, client_of: ClientOf) -> None:
    server = serve(*[fails(429, retry_after=value)] * 4, says("ok"))

    answer = client_of(server, retries=0, backoff=0.02).ask(HELLO, role="actor", call=1)

    assert (answer.text, answer.attempts) == ("ok", 5)
    assert answer.waited >= 0.02 * (1 + 2 + 4 + 8)


def test_a_rate_limit_counts_neither_for_the_retries_nor_their_time(
    serve: Serve, client_of: ClientOf
) -> None:
    limited = [fails(429, retry_after="0.2")] * 4
    server = serve(fails(500), *limited, fails(500), says("ok"))

    answer = client_of(server, retries=2, retry_seconds=0.7).ask(HELLO, role="actor", call=1)

    assert answer.attempts == 7
    assert answer.waited >= 0.8


def test_waits_that_add_up_to_more_than_the_limit_name_wait_and_setting(
    serve: Serve, client_of: ClientOf
) -> None:
    server = serve(fails(429, retry_after="0.2"), fails(429, retry_after="900"))

    with pytest.raises(ModelRationed, match=r"wait of 15 min .*rate_limit_seconds") as caught:
        client_of(server, rate_limit_seconds=2).ask(HELLO, role="actor", call=1)

    assert "\n" not in str(caught.value)
    assert caught.value.waited >= 0.2


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("insufficient_quota: you exceeded your quota", "top it up"),
        ("Your account is in arrears. Please recharge and try again.", "top it up"),
        ("Your account is not active, please check your billing details", "top it up"),
        ("Your team has used all available credits or reached its monthly spending limit.", "top it up"),
        ("Quota exceeded for metric: requests, limit: 0\nPlease retry in 7s.", "top it up"),
        ("Request too large for tiny on tokens per min: Limit 10000, Requested 15000", "too large"),
    ],
)
def test_a_limit_that_no_wait_lifts_is_refused(
    text: str, cure: str, serve: Serve, client_of: ClientOf
) -> None:
    with pytest.raises(ModelRefused, match=cure):
        client_of(serve(sends(429, body_of(text)))).ask(HELLO, role="actor", call=1)


def test_a_server_that_is_down_is_not_taken_for_a_rate_limit(serve: Serve, client_of: ClientOf) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        client_of(serve(fails(503, "down for maintenance"))).ask(HELLO, role="actor", call=1)
    assert not isinstance(caught.value, ModelRationed)


class Stop:
    """Ends waits once it is asked for."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.announced: list[float] = []

    def announce(self, model: str, role: str, seconds: float, waited: float) -> None:
        self.announced.append(seconds)

    def stopping(self) -> bool:
        return self.asked.is_set()


def test_a_wait_is_shown_and_ends_at_once_where_the_run_is_to_stop(serve: Serve, client_of: ClientOf) -> None:
    client, stop = client_of(serve(fails(429, retry_after="600"))), Stop()
    client.attend(stop)
    threading.Timer(0.5, stop.asked.set).start()
    began = time.monotonic()

    with pytest.raises(ModelRationed) as caught:
        client.ask(HELLO, role="actor", call=1)

    assert time.monotonic() - began < 30
    assert stop.announced == [600]
    assert 0.4 < caught.value.waited < 30
