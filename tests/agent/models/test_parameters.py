"""Parameters that a model does not take are left out after the first error that names them."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from langchain_openai import ChatOpenAI
from openai_server import ChatServer, fails, says

from fieldcraft.agent.models import Message, ModelClient, ModelRefused

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]
HELLO = [Message(role="user", text="Hello.")]
FUNCTION = {"name": "look", "description": "Look.", "parameters": {"type": "object"}}
TOOL = {"type": "function", "function": FUNCTION}


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        ("Unsupported value: 'temperature' does not support 0.5 with this model.", "temperature"),
        ("`temperature` is deprecated for this model.", "temperature"),
        ("temperature: Extra inputs are not permitted", "temperature"),
        ("Unrecognized request argument supplied: max_tokens", "max_tokens"),
        ('Invalid JSON payload received. Unknown name "maxOutputTokens" at generation_config', "max_tokens"),
    ],
)
def test_a_parameter_that_an_error_names_is_left_out_from_then_on(
    words: str, left_out: str, serve: Serve, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(fails(400, words), says("ok"))
    client = client_of(server, temperature=0.5, max_output_tokens=50)

    with caplog.at_level(logging.WARNING):
        first = client.ask(HELLO, role="actor", call=1)
        client.ask(HELLO, role="actor", call=2)

    bodies = [body for _, _, body in server.requests]
    assert first.attempts == 1
    assert [left_out in body for body in bodies] == [True, False, False]
    assert sum("from now on" in record.message for record in caplog.records) == 1


def test_another_name_is_used_where_the_error_says_so(serve: Serve, client_of: ClientOf) -> None:
    words = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    server = serve(fails(400, words), says("ok"))

    client_of(server, max_output_tokens=50).ask(HELLO, role="actor", call=1)

    body = server.requests[1][2]
    assert "max_tokens" not in body
    assert body["max_completion_tokens"] == 50


def test_a_limit_over_the_models_own_becomes_that(serve: Serve, client_of: ClientOf) -> None:
    words = "max_tokens is too large: 50000. This model supports at most 16384 completion tokens."
    server = serve(fails(400, words), says("ok"))

    client_of(server, max_output_tokens=50_000).ask(HELLO, role="actor", call=1)

    assert server.requests[1][2]["max_tokens"] == 16_384


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "tiny does not support tools"),
        (404, "No endpoints found that support tool use."),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    ],
)
def test_tools_are_left_out_where_a_model_takes_none(
    status: int, words: str, serve: Serve, client_of: ClientOf
) -> None:
    server = serve(fails(status, words), says("ok"))
    client = client_of(server)

    assert client.ask(HELLO, role="actor", call=1, tools=[TOOL]).text == "ok"
    assert "tools" not in server.requests[1][2]
    assert not client.calls_tools


def test_a_parameter_that_was_not_sent_is_a_refusal(serve: Serve, client_of: ClientOf) -> None:
    server = serve(fails(400, "'temperature' is not supported"))

    with pytest.raises(ModelRefused):
        client_of(server).ask(HELLO, role="actor", call=1)
    assert len(server.requests) == 1


def test_a_model_that_was_given_as_an_object_stays_as_it_is(serve: Serve) -> None:
    server = serve(fails(400, "'temperature' and 'top_p' are not supported"), fails(400, "top_p"), says("ok"))
    model = ChatOpenAI(
        model="tiny", base_url=server.url, api_key="sk-x", temperature=0.5, top_p=0.5, max_retries=0
    )

    ModelClient("own", model=model).ask(HELLO, role="actor", call=1)

    assert (model.temperature, model.top_p) == (0.5, 0.5)
    assert not {"temperature", "top_p"} & set(server.requests[2][2])
