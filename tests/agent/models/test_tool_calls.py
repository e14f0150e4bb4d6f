"""Tool calls between a model and us: offered, asked for, answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai_server import ChatServer, calls, says, sends

from fieldcraft.agent.models import BadScript, Message, ModelClient, ModelUnavailable, ToolRequest

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]
QUESTION = [Message(role="user", text="How much is a third?")]
OFFER = [
    {
        "type": "function",
        "function": {
            "name": "calculator",
            "description": "Reckon.",
            "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}},
        },
    }
]


def test_tools_are_offered_and_what_the_model_asks_for_comes_back(serve: Serve, client_of: ClientOf) -> None:
    server = serve(calls(("calculator", '{"expression": "1/3"}'), ("calculator", '{"expression": "2/3"}')))

    answer = client_of(server).ask(QUESTION, role="actor", call=1, tools=OFFER)

    assert server.requests[0][2]["tools"] == OFFER
    assert answer.text == ""
    assert answer.requests == (
        ToolRequest(id="call_1", name="calculator", arguments={"expression": "1/3"}),
        ToolRequest(id="call_2", name="calculator", arguments={"expression": "2/3"}),
    )
    assert (answer.input_tokens, answer.output_tokens) == (20, 5)


def test_outcomes_go_back_with_the_requests_that_they_answer(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says("0.33"))
    request = ToolRequest(id="call_1", name="calculator", arguments={"expression": "1/3"})
    conversation = [
        *QUESTION,
        Message(role="assistant", text="", requests=(request,)),
        Message(role="tool", text="> 0.333", answers="call_1"),
    ]

    client_of(server).ask(conversation, role="actor", call=2, tools=OFFER)

    asked, told = server.requests[0][2]["messages"][1:]
    assert asked["tool_calls"][0]["id"] == "call_1"
    assert asked["tool_calls"][0]["function"] == {"name": "calculator", "arguments": '{"expression": "1/3"}'}
    assert (told["role"], told["content"], told["tool_call_id"]) == ("tool", "> 0.333", "call_1")


@pytest.mark.parametrize("arguments", ["{1/3", '{"x": NaN}', ""], ids=["cut", "nan", "none"])
def test_arguments_that_cannot_be_read_are_a_problem_to_tell(
    serve: Serve, client_of: ClientOf, arguments: str
) -> None:
    server = serve(calls(("calculator", arguments)))

    (request,) = client_of(server).ask(QUESTION, role="actor", call=1, tools=OFFER).requests

    assert (request.id, request.name) == ("call_1", "calculator")
    assert "arguments" in request.problem or (not arguments and request.arguments == {})


@pytest.mark.parametrize(
    "odd",
    [None, "look", {"id": "c", "function": None}, {"id": "c"}, {"id": "c", "function": {"name": {"a": 1}}}],
    ids=["null", "text", "no-function", "nothing", "name"],
)
def test_what_is_no_call_costs_neither_the_answer_nor_the_calls_beside_it(
    serve: Serve, client_of: ClientOf, odd: Any
) -> None:
    good = {"id": "c1", "type": "function", "function": {"name": "calculator", "arguments": "{}"}}
    message = {"role": "assistant", "content": "Let me see.", "tool_calls": [odd, good]}
    body = {"id": "x", "created": 1, "model": "tiny", "object": "chat.completion"}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    server = serve(sends(200, json.dumps({**body, "choices": [choice]}).encode()))

    answer = client_of(server).ask(QUESTION, role="actor", call=1, tools=OFFER)

    assert (answer.text, [request.name for request in answer.requests]) == ("Let me see.", ["calculator"])


def test_without_an_offer_nothing_is_asked_for(serve: Serve, client_of: ClientOf) -> None:
    client = client_of(serve(calls(("calculator", "{}"))))

    with pytest.raises(ModelUnavailable, match="empty answer"):
        client.ask(QUESTION, role="actor", call=1)


def script(folder: Path, text: str) -> ModelClient:
    path = folder / "answers.json"
    path.write_text(text)
    return ModelClient(f"scripted:{path}")


def test_a_script_asks_for_tools_too(tmp_path: Path) -> None:
    client = script(
        tmp_path,
        '{"actor": [{"tool_calls": [{"name": "calculator", "arguments": {"expression": "1"}}]}, "One."]}',
    )

    first = client.ask(QUESTION, role="actor", call=1, tools=OFFER)
    second = client.ask(QUESTION, role="actor", call=2, tools=OFFER)

    assert client.calls_tools
    assert first.requests == (ToolRequest(id="actor-1-1", name="calculator", arguments={"expression": "1"}),)
    assert (second.text, second.requests) == ("One.", ())


def test_bad_tool_calls_in_a_script_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        BadScript, match=r"an answer of actor has bad tool calls: tool_calls.0.name: is missing"
    ):
        script(tmp_path, '{"actor": [{"tool_calls": [{"arguments": {}}]}]}')


def test_the_offline_model_calls_no_tools() -> None:
    assert not ModelClient("offline").calls_tools


def test_any_chat_model_without_tool_calls_is_known_as_such() -> None:
    name = "langchain_core.language_models.fake_chat_models:ParrotFakeChatModel"
    client: Any = ModelClient(name)
    assert not client.calls_tools


def nested(levels: int) -> str:
    return '{"a": ' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (nested(220), "its arguments cannot be read: it is nested deeper than 32 levels"),
        (nested(5_000), "its arguments are no valid JSON object"),
        (
            f'{{"n": {"9" * 400}}}',
            "its arguments cannot be read: it holds an integer of more than 300 digits",
        ),
        (f'{{"n": "{"x" * 200_000}"}}', "its arguments are 200,009 characters long; 100,000 are allowed"),
        (f'{{"n": [{"1," * 30_000}1]}}', "its arguments cannot be read: it holds more than 20,000 values"),
    ],
    ids=["deep", "endless", "digits", "long", "many"],
)
def test_arguments_beyond_bounds_are_a_problem_that_the_model_is_told(
    serve: Serve, client_of: ClientOf, arguments: str, problem: str
) -> None:
    server = serve(calls(("calculator", arguments)))
    (request,) = client_of(server).ask(QUESTION, role="actor", call=1, tools=OFFER).requests
    assert request.problem == problem
    assert request.arguments == {}


def test_names_and_texts_of_requests_are_valid_and_few(serve: Serve, client_of: ClientOf) -> None:
    server = serve(calls(*[("a\n# b\ud83d" * 100, '{"x": "\\ud83d"}')] * 1_000))
    requests = client_of(server).ask(QUESTION, role="actor", call=1, tools=OFFER).requests
    assert len(requests) == 64
    assert len(requests[0].name) <= 200
    assert "\n" not in requests[0].name
    assert requests[0].arguments == {"x": "\N{REPLACEMENT CHARACTER}"}
    requests[0].model_dump_json()
