"""A wrong base URL is named with what is wrong about it, and is not asked again and again."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from openai_server import ChatServer, Reply, fails, says, sends

from fieldcraft.agent.models import Message, ModelClient, ModelRefused, ModelSettings

HELLO = [Message(role="user", text="Hello")]
PAGE = sends(200, b"\n<!DOCTYPE html>\n<html><body>hi</body></html>", {"Content-Type": "text/html"})
TEXT = sends(200, b"It works!", {"Content-Type": "text/plain"})

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]


def refused(client: ModelClient) -> str:
    with pytest.raises(ModelRefused) as caught:
        client.ask(HELLO, role="actor", call=1)
    return str(caught.value)


@pytest.mark.parametrize(
    ("end", "advice"),
    [
        ("/good", "/good/chat/completions; most base URLs end in /v1: is it {root}/good/v1?)"),
        ("/v1/chat/completions", "the base URL must not hold /chat/completions, which is put behind it)"),
        ("/v1", "(asked at {root}/v1/chat/completions)"),
    ],
)
def test_a_404_shows_the_address_that_was_asked(
    end: str, advice: str, serve: Serve, client_of: ClientOf
) -> None:
    server = serve(fails(404, "Not Found"))
    root = server.url.removesuffix("/v1")
    said = refused(client_of(server, base_url=root + end))

    assert advice.format(root=root) in said
    assert said.endswith("It said: Not Found")


@pytest.mark.parametrize("reply", [PAGE, TEXT], ids=["page", "text"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_page_in_place_of_answers_is_refused_at_its_second_time(
    provider: str, reply: Reply, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", "sk-loopback-0123456789")
    server = serve(reply)
    client = ModelClient(f"{provider}:m", ModelSettings(base_url=server.url, backoff=0.01))
    said = refused(client)

    assert "not an answer in JSON; correct base_url" in said and server.url in said
    assert len(server.requests) == 2


def test_one_page_between_answers_is_survived(serve: Serve, client_of: ClientOf) -> None:
    assert client_of(serve(PAGE, says("ok"))).ask(HELLO, role="actor", call=1).text == "ok"


def test_what_anthropic_says_is_shown_without_its_frame(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-loopback-0123456789")
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": "roles must alternate"}}
    server = serve(sends(400, json.dumps(body).encode()))
    said = refused(ModelClient("anthropic:m", ModelSettings(base_url=server.url)))

    assert said.endswith("It said: roles must alternate")
