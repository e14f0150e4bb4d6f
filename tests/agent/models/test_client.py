"""What a run gets from a provider on good days and on bad ones."""

from __future__ import annotations

import base64
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from openai_server import ChatServer, Reply, cuts_off, drips, fails, hangs, says, sends

from fieldcraft.agent.models import Message, ModelClient, ModelRationed, ModelRefused, ModelUnavailable, Price

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]
QUESTION = [Message(role="system", text="You dig."), Message(role="user", text="Where?")]


def ask(client: ModelClient) -> Any:
    return client.ask(QUESTION, role="actor", call=1)


def test_an_answer_carries_text_tokens_and_what_it_cost(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says("There.", tokens=(1000, 500)))
    client = client_of(server, prices={"openai:tiny": Price(input=2.0, output=8.0)})

    answer = ask(client)

    assert answer.text == "There."
    assert (answer.input_tokens, answer.output_tokens, answer.attempts) == (1000, 500, 1)
    assert answer.money == pytest.approx(0.006)
    assert answer.priced
    assert not answer.estimated
    assert not answer.truncated


def test_the_conversation_reaches_the_server_as_it_is(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says("ok"))
    client = client_of(server, temperature=0.5, max_output_tokens=77)
    picture = b"\x89PNG picture"

    client.ask(
        [
            *QUESTION,
            Message(role="assistant", text="Here?"),
            Message(role="user", text="See", images=(picture,)),
        ],
        role="critic",
        call=3,
    )

    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer sk-loopback-0123456789"
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("tiny", 0.5, 77)
    assert [turn["role"] for turn in body["messages"]] == ["system", "user", "assistant", "user"]
    text, image = body["messages"][3]["content"]
    assert text == {"type": "text", "text": "See"}
    assert base64.b64decode(image["image_url"]["url"].partition(",")[2]) == picture


def test_without_reported_tokens_they_are_estimated_and_said_so(serve: Serve, client_of: ClientOf) -> None:
    answer = ask(client_of(serve(says("x" * 40, tokens=None))))

    assert answer.estimated
    assert answer.output_tokens == 10
    assert answer.input_tokens == 2 + 2


def test_a_model_on_another_server_is_not_priced_by_its_name(
    serve: Serve, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(client_of(serve(says("ok"))))

    assert (answer.money, answer.priced) == (0.0, False)


def test_a_rate_limit_is_waited_out_as_long_as_the_server_asks(
    serve: Serve, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(fails(429, "slow down", retry_after="0.3"), says("ok"))

    with caplog.at_level(logging.WARNING, "fieldcraft.agent.models.client"):
        answer = ask(client_of(server))

    assert (answer.text, answer.attempts) == ("ok", 2)
    assert answer.waited >= 0.3
    assert "rate limit (HTTP 429)" in caplog.text


def test_a_wait_longer_than_the_limit_is_not_begun(serve: Serve, client_of: ClientOf) -> None:
    server = serve(fails(429, retry_after="3600"), says("never"))

    with pytest.raises(ModelRationed, match=r"wait of 1 h .*model_options\.rate_limit_seconds"):
        ask(client_of(server, rate_limit_seconds=5))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_are_retried(status: int, serve: Serve, client_of: ClientOf) -> None:
    answer = ask(client_of(serve(fails(status), fails(status), says("ok"))))

    assert (answer.text, answer.attempts) == ("ok", 3)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (fails(500), "server error (HTTP 500)"),
        (sends(200, b'["<html>busy</html>"]'), "unreadable answer"),
        (sends(200, b'{"choices": []}'), "unreadable answer"),
        (sends(200, b"\xff\xfe\x00"), "unreadable answer"),
        (cuts_off, "connection fault"),
        (says(" \n"), "empty answer"),
        (says('{"success": true} but', finish="error"), "the provider broke the answer off (error)"),
        (says("Half an", finish="insufficient_system_resource"), "(insufficient_system_resource)"),
    ],
    ids=["500", "html", "no-choices", "binary", "cut", "empty", "broken", "no-resource"],
)
def test_what_never_gets_better_ends_after_the_retries(
    reply: Reply, reason: str, serve: Serve, client_of: ClientOf
) -> None:
    server = serve(reply)

    with pytest.raises(ModelUnavailable) as caught:
        ask(client_of(server))

    assert str(caught.value).startswith("openai:tiny gave no usable answer in 3 attempts; the last one: ")
    assert reason in str(caught.value)
    assert len(server.requests) == 3


@pytest.mark.parametrize("reply", [hangs, drips], ids=["hangs", "drips"])
def test_a_server_that_never_finishes_is_given_up(reply: Reply, serve: Serve, client_of: ClientOf) -> None:
    server = serve(reply)

    with pytest.raises(ModelUnavailable, match=r"2 attempts; the last one: no answer within 0\.4 s"):
        ask(client_of(server, timeout=0.4, retries=1))
    assert len(server.requests) == 2


def test_a_server_that_is_not_there_is_a_connection_fault(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says("never"))
    client = client_of(server)
    server.stop()

    with pytest.raises(ModelUnavailable, match="connection fault"):
        ask(client)


def test_failed_attempts_are_on_the_bill_of_the_answer(serve: Serve, client_of: ClientOf) -> None:
    answer = ask(client_of(serve(says("", tokens=(100, 7)), says("ok", tokens=(100, 3)))))

    assert (answer.input_tokens, answer.output_tokens) == (200, 10)


def test_what_was_spent_in_vain_is_on_the_error(serve: Serve, client_of: ClientOf) -> None:
    client = client_of(
        serve(says("", tokens=(100, 10))),
        retries=1,
        prices={"openai:tiny": Price(input=1.0, output=1.0)},
    )

    with pytest.raises(ModelUnavailable, match="empty answer") as caught:
        ask(client)

    assert (caught.value.input_tokens, caught.value.output_tokens) == (200, 20)
    assert caught.value.money == pytest.approx(220e-6)


def test_an_answer_cut_before_it_had_any_text_is_not_asked_for_again(
    serve: Serve, client_of: ClientOf
) -> None:
    answer = ask(client_of(serve(says("", tokens=(100, 10), finish="length")), retries=3))
    assert (answer.text, answer.truncated, answer.attempts, answer.output_tokens) == ("", True, 1, 10)


def test_an_answer_cut_at_its_limit_says_so(serve: Serve, client_of: ClientOf) -> None:
    assert ask(client_of(serve(says("half an ans", finish="length")))).truncated


@pytest.mark.parametrize(
    ("reply", "cure"),
    [
        (fails(401, "Incorrect API key"), "check OPENAI_API_KEY"),
        (fails(403), "the account's rights"),
        (fails(404, "no model tiny"), "check the model's name and the base URL"),
        (fails(400, "bad temperature"), "bad temperature"),
        (fails(429, "You exceeded your quota", "insufficient_quota"), "top it up"),
    ],
    ids=["401", "403", "404", "400", "quota"],
)
def test_a_refusal_is_told_at_once_with_its_cure(
    reply: Reply, cure: str, serve: Serve, client_of: ClientOf
) -> None:
    server = serve(reply, says("never"))

    with pytest.raises(ModelRefused) as caught:
        ask(client_of(server))

    assert cure in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.requests) == 1


def test_a_server_that_repeats_the_key_does_not_get_it_printed(serve: Serve, client_of: ClientOf) -> None:
    server = serve(fails(401, "Incorrect API key provided: sk-loopback-0123456789"))

    with pytest.raises(ModelRefused) as caught:
        ask(client_of(server))

    assert "[redacted]" in str(caught.value)
    assert "sk-loopback" not in str(caught.value)


def test_ctrl_c_ends_a_wait(serve: Serve, client_of: ClientOf) -> None:
    server = serve(hangs)
    client = client_of(server, timeout=60)

    def interrupt() -> None:
        while not server.requests:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        ask(client)


def test_a_message_survives_json_with_its_pictures() -> None:
    message = Message(role="user", text="see", images=(bytes(range(256)),))

    assert Message.model_validate_json(message.model_dump_json()) == message
    assert json.loads(message.model_dump_json())["role"] == "user"


@pytest.mark.parametrize("content", ["x" * 10_000_000, "half \ud83d and \x00"], ids=["giant", "odd"])
def test_an_answer_is_bounded_and_valid_before_anybody_keeps_it(
    serve: Serve, client_of: ClientOf, content: str
) -> None:
    answer = ask(client_of(serve(says(content))))
    assert len(answer.text) <= 200_000
    assert "\0" not in answer.text
    answer.text.encode()


def test_tokens_beyond_belief_are_estimated_instead(serve: Serve, client_of: ClientOf) -> None:
    answer = ask(client_of(serve(says("Yes.", tokens=(10**400, 1)))))
    assert answer.estimated
    assert answer.input_tokens < 100
