"""What any server sends is bounded: a long answer is cut, and one without end is no answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
from every_protocol import answers, body_of, client_for, counts
from openai_server import ChatServer, Handler, sends

from fieldcraft.agent.models import Message, ModelUnavailable

Serve = Callable[..., ChatServer]
PROVIDERS = ("anthropic", "google_genai", "mistralai", "ollama", "openai")
HELLO = [Message(role="user", text="Hello.")]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_of_ten_megabytes_is_cut(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers(provider, "word " * 2_000_000, counts(provider, 10, 2_000_000)))

    answer = client_for(provider, server.url, monkeypatch, timeout=300.0).ask(HELLO, role="actor", call=1)

    assert answer.text.startswith("word word ")
    assert len(answer.text) < 250_000
    assert (answer.input_tokens, answer.output_tokens) == (10, 2_000_000)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_without_end_is_left_at_the_limit(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def never_ends(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        try:
            handler.wfile.write(body_of(provider, "so")[:-20])
            while sum(sent) < 500_000_000:
                handler.wfile.write(b" and so on" * 100_000)
                sent.append(1_000_000)
        except OSError:
            pass

    with pytest.raises(ModelUnavailable, match="more than 16,000,000 bytes"):
        client_for(provider, serve(never_ends).url, monkeypatch, timeout=300.0).ask(
            HELLO, role="actor", call=1
        )

    assert sum(sent) < 100_000_000


def test_reasoning_without_end_in_a_stream_is_left_at_the_limit(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def thinks(handler: Handler) -> None:
        said = {"role": "assistant", "content": "", "thinking": "so " * 200_000}
        line = {"model": "tiny", "created_at": "2026-01-01T00:00:00Z", "message": said, "done": False}
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        handler.end_headers()
        try:
            for _ in range(200):
                handler.wfile.write(json.dumps(line).encode() + b"\n")
        except OSError:
            pass

    with pytest.raises(ModelUnavailable, match="more than 16,000,000 bytes"):
        client_for("ollama", serve(thinks).url, monkeypatch, timeout=300.0).ask(HELLO, role="actor", call=1)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_compressed_answers_are_read_and_bounded(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = {"Content-Encoding": "gzip"}
    good = gzip.compress(body_of(provider, "Grüße", counts(provider, 10, "5")))
    bomb = gzip.compress(b"[" + b" " * 40_000_000)
    server = serve(sends(200, good, packed), sends(200, bomb, packed))
    client = client_for(provider, server.url, monkeypatch, timeout=300.0)

    answer = client.ask(HELLO, role="actor", call=1)
    assert (answer.text, answer.output_tokens) == ("Grüße", 5)
    with pytest.raises(ModelUnavailable, match="more than 16,000,000 bytes"):
        client.ask(HELLO, role="actor", call=2)
