"""Parameters that a model does not take are left out after the first error that names them."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from anthropic import BadRequestError
from httpx import Request, Response
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from openai_server import ChatServer, fails, says
from pydantic import SecretStr

from fieldcraft.agent.models import Message, ModelClient, ModelRefused
from fieldcraft.agent.models.failures.parameters import Parameters

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


def test_a_temperature_of_zero_is_left_out_too(serve: Serve, client_of: ClientOf) -> None:
    words = "Unsupported value: 'temperature' does not support 0 with this model."
    server = serve(fails(400, words), says("ok"))

    assert client_of(server, temperature=0).ask(HELLO, role="actor", call=1).text == "ok"
    assert "temperature" not in server.requests[1][2]


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 50000. This model supports at most 16384 completion tokens.",
        "`max_tokens` must be less than or equal to `16384`, the maximum value for `max_tokens` is less than "
        "the `context_window` for this model",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 16384]",
        "The maximum tokens you requested exceeds the model limit of 16384. Try again with a maximum tokens "
        "value that is lower than 16384.",
    ],
)
def test_a_limit_over_the_models_own_becomes_that(words: str, serve: Serve, client_of: ClientOf) -> None:
    server = serve(fails(400, words), says("ok"))

    client_of(server, max_output_tokens=50_000).ask(HELLO, role="actor", call=1)

    assert server.requests[1][2]["max_tokens"] == 16_384


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "tiny does not support tools"),
        (404, "No endpoints found that support tool use."),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (400, "tool calling not supported with model"),
        (400, "Tool use with function calling is unsupported"),
        (400, "tiny is not supported for JSON mode/function calling"),
        (400, "Unrecognized request argument supplied: tools"),
        (422, "[{'loc': ('body', 'tools'), 'msg': 'Extra inputs are not permitted'}]"),
        (500, "tools param requires --jinja flag"),
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


@pytest.mark.parametrize(
    "words",
    [
        "Invalid schema: unexpected key in tools[0].function",
        "('body', 'tools', 0): Extra inputs",
    ],
)
def test_a_tool_that_is_not_valid_does_not_cost_the_others(
    words: str, serve: Serve, client_of: ClientOf
) -> None:
    client = client_of(serve(fails(400, words)))

    with pytest.raises(ModelRefused):
        client.ask(HELLO, role="actor", call=1, tools=[TOOL])
    assert client.calls_tools


@pytest.mark.parametrize(
    "words",
    [
        "System role not supported",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    ],
)
def test_a_turn_of_the_system_goes_before_the_question_where_a_model_takes_none(
    words: str, serve: Serve, client_of: ClientOf
) -> None:
    server = serve(fails(400, words), says("ok"))
    client = client_of(server)
    asked = [Message(role="system", text="Be brief."), Message(role="user", text="Where?")]

    client.ask(asked, role="actor", call=1)
    client.ask(asked, role="actor", call=2)

    turns = [body["messages"] for _, _, body in server.requests]
    assert [len(each) for each in turns] == [2, 1, 1]
    assert turns[1] == [{"role": "user", "content": "Be brief.\n\nWhere?"}]


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


def test_a_limit_that_a_class_cannot_do_without_is_halved() -> None:
    words = "max_tokens: too big"
    refused = BadRequestError(
        words, response=Response(400, request=Request("POST", "http://127.0.0.1/v1")), body={}
    )
    model = ChatAnthropic(model_name="claude-x", api_key=SecretStr("none"), max_tokens_to_sample=4096)
    parameters = Parameters("anthropic:claude-x")

    assert parameters.learn(refused, parameters.prepare(model, []))
    fitted = parameters.fitted(model)
    assert isinstance(fitted, ChatAnthropic)
    assert fitted.max_tokens == 2048
