"""Errors that a server sends with HTTP 200, or whose headers a package hides, are taken for what they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from every_protocol import answers, body_of, client_for
from openai_server import ChatServer, Reply, fails, sends

from fieldcraft.agent.models import Message, ModelRationed, ModelRefused, ModelUnavailable
from fieldcraft.agent.models.errors import PromptTooLong

Serve = Callable[..., ChatServer]
HELLO = [Message(role="user", text="Hello.")]


def within(error: Any, **more: Any) -> Reply:
    return sends(200, json.dumps({"error": error, **more}).encode())


def anthropic(kind: str, message: str = "No.") -> Reply:
    return within({"type": kind, "message": message}, type="error", request_id="req_1")


def gemini(code: int, status: str, message: str = "No.", **more: Any) -> Reply:
    return within({"code": code, "status": status, "message": message, **more})


RATIONED = {
    "anthropic": [anthropic("overloaded_error"), anthropic("rate_limit_error")],
    "google_genai": [
        gemini(429, "RESOURCE_EXHAUSTED"),
        within({"status": "RESOURCE_EXHAUSTED", "message": "No."}),
        gemini(503, "UNAVAILABLE", "The model is overloaded."),
    ],
    "mistralai": [
        sends(200, b'{"object": "error", "message": "Requests rate limit exceeded", "code": "1300"}'),
        within({"code": "429", "message": "No."}),
    ],
    "groq": [within({"message": "No.", "code": "rate_limit_exceeded"}), within("Rate limit reached")],
    "xai": [within({"type": "overloaded_error", "message": "No."}), within("Too many requests")],
    "ollama": [within("server busy, please try again. maximum pending requests exceeded")],
}


@pytest.mark.parametrize("provider", RATIONED)
def test_a_rate_limit_or_overload_is_waited_out(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(*RATIONED[provider], answers(provider, "ok"))

    answer = client_for(provider, server.url, monkeypatch).ask(HELLO, role="actor", call=1)

    assert (answer.text, answer.attempts) == ("ok", 1 + len(RATIONED[provider]))
    assert answer.waited > 0


def test_the_wait_that_stands_in_such_an_error_is_kept(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
    server = serve(gemini(429, "RESOURCE_EXHAUSTED", details=[info]))

    with pytest.raises(ModelRationed, match="wait of 37 s"):
        client_for("google_genai", server.url, monkeypatch, rate_limit_seconds=1.0).ask(
            HELLO, role="actor", call=1
        )


REFUSED = [
    ("anthropic", anthropic("authentication_error", "invalid x-api-key"), "check ANTHROPIC_API_KEY"),
    ("anthropic", anthropic("not_found_error", "model: tiny"), "no such model"),
    ("google_genai", gemini(403, "PERMISSION_DENIED"), "may not use this model"),
    ("google_genai", within({"status": "UNAUTHENTICATED", "message": "No."}), "check GOOGLE_API_KEY"),
    ("mistralai", within({"type": "invalid_request_error", "message": "Bad."}), "not valid"),
]


@pytest.mark.parametrize(("provider", "reply", "cure"), REFUSED)
def test_a_refusal_is_not_asked_again(
    provider: str, reply: Reply, cure: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(reply)

    with pytest.raises(ModelRefused, match=cure):
        client_for(provider, server.url, monkeypatch).ask(HELLO, role="actor", call=1)

    assert len(server.requests) == 1


def test_a_prompt_that_is_too_long_is_found_so(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "prompt is too long: 210000 tokens > 200000 maximum"
    server = serve(anthropic("invalid_request_error", said))

    with pytest.raises(PromptTooLong) as caught:
        client_for("anthropic", server.url, monkeypatch).ask(HELLO, role="actor", call=1)

    assert (caught.value.asked, caught.value.limit) == (210_000, 200_000)


@pytest.mark.parametrize("provider", ["anthropic", "google_genai", "mistralai", "groq", "ollama"])
def test_any_other_error_is_a_fault_in_the_server_s_words(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(within({"message": "The cat sat on the cable."}), answers(provider, "ok"))

    with pytest.raises(ModelUnavailable, match=r"HTTP 500.*The cat sat on the cable"):
        client_for(provider, server.url, monkeypatch).ask(HELLO, role="actor", call=1)
    answer = client_for(provider, server.url, monkeypatch).ask(HELLO, role="actor", call=1)
    assert answer.text == "ok"


@pytest.mark.parametrize("provider", ["anthropic", "google_genai", "mistralai", "groq", "ollama", "openai"])
def test_an_answer_beside_an_empty_error_is_an_answer(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.loads(body_of(provider, "ok")) | {"error": None}
    client = client_for(provider, serve(sends(200, json.dumps(body).encode())).url, monkeypatch)

    assert client.ask(HELLO, role="actor", call=1).text == "ok"


@pytest.mark.parametrize("provider", ["ollama", "anthropic", "google_genai", "mistralai", "groq", "xai"])
def test_a_retry_after_is_obeyed(provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(fails(429, "slow down", retry_after="0.4"), answers(provider, "ok"))

    answer = client_for(provider, server.url, monkeypatch, backoff=60).ask(HELLO, role="actor", call=1)

    assert answer.text == "ok"
    assert 0.4 <= answer.waited < 30


def test_ollama_s_wait_beyond_the_limit_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(fails(503, "server busy", retry_after="900"))

    with pytest.raises(ModelRationed, match="wait of 15 min"):
        client_for("ollama", server.url, monkeypatch, rate_limit_seconds=5).ask(HELLO, role="actor", call=1)


def nested(depth: int) -> bytes:
    return b'{"error": ' + b'{"of": ' * depth + b'"all"' + b"}" * depth + b"}"


@pytest.mark.parametrize("provider", ["anthropic", "ollama"])
def test_an_error_of_any_depth_is_a_fault(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    depths = [500, 900, 10**5]
    client = client_for(provider, serve(*(sends(200, nested(depth)) for depth in depths)).url, monkeypatch)

    for call, _ in enumerate(depths, 1):
        with pytest.raises(ModelUnavailable):
            client.ask(HELLO, role="actor", call=call)
