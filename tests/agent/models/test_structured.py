"""JSON answers are asked for by their schema where the model has that, and in text where it fails."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai_server import ChatServer, Handler, Reply, fails, says, sends
from protocols import anthropic_says, gemini_says, ollama_says
from pydantic import BaseModel

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.models import Message, ModelClient, ModelRefused, ModelSettings, ModelUnavailable
from fieldcraft.agent.models.structured import schema_of
from fieldcraft.agent.prompts.answers import parse_json
from fieldcraft.agent.roles.critic import ModelVerdict
from fieldcraft.agent.roles.curriculum import Proposal, Questions
from fieldcraft.agent.roles.planning import Plan
from fieldcraft.agent.settings import BudgetLimits, FixedTask

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]
QUESTION = [Message(role="user", text="Was it done? Answer in JSON.")]
VERDICT = '{"reasoning": "it holds 1 wood", "success": true, "critique": ""}'
TOOL = {"type": "function", "function": {"name": "look", "description": "Look.", "parameters": {}}}


def ask(client: ModelClient, **more: Any) -> Any:
    return client.ask(QUESTION, role="critic", call=1, shape=ModelVerdict, **more)


def forms(server: ChatServer) -> list[bool]:
    """For each request, whether it held a schema."""
    return ["response_format" in body for _, _, body in server.requests]


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModelClient]:
    """A client of a well-known model of OpenAI's, whose own address is that of the server."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")

    def make(server: ChatServer, name: str = "openai:gpt-4o", **settings: Any) -> ModelClient:
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        return ModelClient(name, ModelSettings(timeout=5.0, retries=2, backoff=0.01, **settings))

    return make


def test_a_model_that_has_it_is_asked_by_the_schema(serve: Serve, named: ClientOf) -> None:
    server = serve(says(VERDICT))

    answer = ask(named(server))

    asked = server.requests[0][2]["response_format"]["json_schema"]
    assert asked["name"] == "ModelVerdict"
    assert asked["strict"] is True
    assert list(asked["schema"]["properties"]) == ["reasoning", "success", "critique"]
    assert answer.text == VERDICT
    assert (answer.input_tokens, answer.output_tokens, answer.attempts) == (11, 3, 1)


def test_a_model_that_lacks_it_is_asked_in_text(serve: Serve, named: ClientOf) -> None:
    server = serve(says(VERDICT))

    ask(named(server, "openai:gpt-3.5-turbo"))

    assert forms(server) == [False]


def test_never_means_text(serve: Serve, named: ClientOf) -> None:
    server = serve(says(VERDICT))

    ask(named(server, structured="never"))

    assert forms(server) == [False]


@pytest.mark.parametrize(("structured", "form"), [("auto", False), ("always", True), ("never", False)])
def test_a_server_behind_a_base_url_is_asked_by_the_schema_only_on_request(
    serve: Serve, client_of: ClientOf, structured: str, form: bool
) -> None:
    server = serve(says(VERDICT))

    ask(client_of(server, structured=structured))

    assert forms(server) == [form]


def test_a_role_with_tools_is_asked_in_text(serve: Serve, named: ClientOf) -> None:
    server = serve(says(VERDICT))

    ask(named(server), tools=[TOOL])

    assert forms(server) == [False]


def test_an_answer_in_text_has_no_form(serve: Serve, named: ClientOf) -> None:
    server = serve(says("A program."))

    named(server).ask(QUESTION, role="actor", call=1)

    assert forms(server) == [False]


REFUSED = [
    pytest.param(fails(400, "Invalid parameter: 'response_format' is not supported"), id="named"),
    pytest.param(
        fails(
            400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model"
        ),
        id="as OpenAI says it",
    ),
    pytest.param(fails(400, "Extra inputs are not permitted"), id="not named"),
    pytest.param(fails(422, "unprocessable"), id="422"),
    pytest.param(fails(404, "No endpoints found that support structured outputs"), id="404"),
    pytest.param(fails(500, "failed to parse grammar"), id="500"),
    pytest.param(says("Yes, it was done."), id="prose"),
    pytest.param(says(""), id="empty"),
    pytest.param(says("  \n"), id="blank"),
    pytest.param(says("<think>It was."), id="only reasoning"),
    pytest.param(says('{"success"' + "\n" * 500, finish="length"), id="blanks without end"),
    pytest.param(says('{"success": tr'), id="half an object"),
    pytest.param(says("[]"), id="a list"),
]


@pytest.mark.parametrize("first", REFUSED)
@pytest.mark.filterwarnings("ignore:.*structured output:UserWarning")
def test_a_failure_of_the_form_goes_back_to_text_at_once_and_for_good(
    serve: Serve, named: ClientOf, caplog: pytest.LogCaptureFixture, first: Reply
) -> None:
    server = serve(first, says(VERDICT))
    client = named(server)

    answers = [ask(client), ask(client)]

    assert [answer.text for answer in answers] == [VERDICT, VERDICT]
    assert [answer.attempts for answer in answers] == [1, 1]
    assert forms(server) == [True, False, False]
    assert len(warnings_of(caplog)) == 1
    assert 'structured = "never"' in warnings_of(caplog)[0]


def test_an_unusable_answer_in_the_form_is_paid_for(serve: Serve, named: ClientOf) -> None:
    answer = ask(named(serve(says("Yes."), says(VERDICT))))

    assert (answer.input_tokens, answer.output_tokens) == (22, 6)


def test_a_request_that_is_refused_in_text_too_does_not_end_the_form(
    serve: Serve, named: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    bad = fails(400, "the prompt holds an invalid character")
    server = serve(bad, bad, says(VERDICT))
    client = named(server)

    with pytest.raises(ModelRefused, match="invalid character"):
        ask(client)

    assert ask(client).text == VERDICT
    assert forms(server) == [True, False, True]
    assert warnings_of(caplog) == []


@pytest.mark.parametrize(
    "first", [fails(429, "slow down"), fails(503, "busy"), sends(200, b"{"), sends(200, b"<html>")]
)
def test_a_passing_fault_is_retried_in_the_form(serve: Serve, named: ClientOf, first: Reply) -> None:
    server = serve(first, says(VERDICT))

    answer = ask(named(server))

    assert answer.attempts == 2
    assert forms(server) == [True, True]


def test_a_wrong_key_is_refused_without_a_second_request(serve: Serve, named: ClientOf) -> None:
    server = serve(fails(401, "bad key"))

    with pytest.raises(ModelRefused):
        ask(named(server))

    assert len(server.requests) == 1


def test_json_within_prose_is_an_answer(serve: Serve, named: ClientOf) -> None:
    server = serve(says(f"Here it is:\n```json\n{VERDICT}\n```"))

    answer = ask(named(server))

    assert parse_json(answer.text, ModelVerdict).success
    assert forms(server) == [True]


def test_a_cut_answer_keeps_its_text_and_cost(serve: Serve, named: ClientOf) -> None:
    server = serve(says('{"reasoning": "it holds', finish="length"))

    answer = ask(named(server))

    assert answer.truncated
    assert answer.text == '{"reasoning": "it holds'
    assert (answer.input_tokens, answer.output_tokens) == (11, 3)
    assert forms(server) == [True] * len(server.requests)


def test_a_refusal_is_not_asked_again_in_text(serve: Serve, named: ClientOf) -> None:
    message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
    body = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    server = serve(sends(200, json.dumps(body).encode()))

    with contextlib.suppress(ModelUnavailable):
        ask(named(server))

    assert all(forms(server))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-loopback-0123456789")
    monkeypatch.setenv("GOOGLE_API_KEY", "loopback-0123456789")


def _in_anthropic(body: Any) -> Any:
    return body["output_config"]["format"]["schema"]


def _in_gemini(body: Any) -> Any:
    return body["generationConfig"]["responseJsonSchema"]


def _in_ollama(body: Any) -> Any:
    return body["format"]


PROTOCOLS = [
    ("anthropic:tiny", anthropic_says, _in_anthropic),
    ("google_genai:tiny", gemini_says, _in_gemini),
    ("ollama:tiny", ollama_says, _in_ollama),
]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("name", "reply", "schema_in"), PROTOCOLS)
@pytest.mark.parametrize("shape", [ModelVerdict, Proposal, Plan, Questions])
def test_other_protocols_carry_the_schema(
    serve: Serve,
    name: str,
    reply: Callable[[str], Reply],
    schema_in: Callable[[Any], Any],
    shape: type[BaseModel],
) -> None:
    server = serve(reply(VERDICT))
    settings = ModelSettings(base_url=server.url.removesuffix("/v1"), structured="always", retries=0)

    answer = ModelClient(name, settings).ask(QUESTION, role="critic", call=1, shape=shape)

    schema = schema_in(server.requests[0][2])
    assert set(schema["properties"]) == set(shape.model_fields)
    assert set(schema["required"]) == set(shape.model_fields)
    assert answer.text == VERDICT
    assert (answer.input_tokens, answer.output_tokens) == (11, 3)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("name", "reply", "_schema_in"), PROTOCOLS)
def test_other_protocols_go_back_to_text(
    serve: Serve, name: str, reply: Callable[[str], Reply], _schema_in: Callable[[Any], Any]
) -> None:
    server = serve(fails(400, "Unknown field: schema"), reply(VERDICT))
    settings = ModelSettings(base_url=server.url.removesuffix("/v1"), structured="always", retries=0)

    answer = ModelClient(name, settings).ask(QUESTION, role="critic", call=1, shape=ModelVerdict)

    assert answer.text == VERDICT
    assert "schema" not in json.dumps(server.requests[1][2]).lower()


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("name", "reply", "_schema_in"), PROTOCOLS)
def test_prose_in_other_protocols_is_asked_again_in_text(
    serve: Serve, name: str, reply: Callable[[str], Reply], _schema_in: Callable[[Any], Any]
) -> None:
    server = serve(reply("Yes, it was."), reply(VERDICT))
    settings = ModelSettings(base_url=server.url.removesuffix("/v1"), structured="always", retries=0)

    answer = ModelClient(name, settings).ask(QUESTION, role="critic", call=1, shape=ModelVerdict)

    assert answer.text == VERDICT
    assert (answer.input_tokens, answer.output_tokens) == (22, 6)


@pytest.mark.parametrize(
    ("profile", "form"), [(None, False), ({}, False), ({"structured_output": True}, True)]
)
@pytest.mark.parametrize("structured", ["auto", "always"])
def test_a_model_given_as_an_object_is_asked_by_the_schema_if_its_profile_says_so(
    serve: Serve, profile: Any, form: bool, structured: Any
) -> None:
    from langchain_openai.chat_models.base import BaseChatOpenAI
    from pydantic import SecretStr

    server = serve(says(VERDICT))
    model = BaseChatOpenAI(model="tiny", base_url=server.url, api_key=SecretStr("sk-x"), max_retries=0)
    model.profile = profile

    ask(ModelClient("given", ModelSettings(structured=structured), model=model))

    assert forms(server) == [form]


@pytest.fixture
def without_the_method(serve: Serve) -> Iterator[tuple[Any, ChatServer]]:
    from langchain_openai.chat_models.base import BaseChatOpenAI
    from pydantic import SecretStr

    class Plain(BaseChatOpenAI):
        def with_structured_output(self, *_: Any, **__: Any) -> Any:
            raise NotImplementedError("no structured output")

    server = serve(says(VERDICT))
    model = Plain(model="tiny", base_url=server.url, api_key=SecretStr("sk-x"), max_retries=0)
    model.profile = {"structured_output": True}
    yield model, server


def test_a_class_without_the_method_is_asked_in_text(
    without_the_method: tuple[Any, ChatServer], caplog: pytest.LogCaptureFixture
) -> None:
    model, server = without_the_method
    client = ModelClient("given", model=model)

    assert [ask(client).text, ask(client).text] == [VERDICT, VERDICT]
    assert forms(server) == [False, False]
    assert len(warnings_of(caplog)) == 1


def test_a_scripted_model_answers_as_ever(tmp_path: Path) -> None:
    script = tmp_path / "answers.yaml"
    script.write_text(f"critic:\n  - '{VERDICT}'\n")

    assert ask(ModelClient(f"scripted:{script}", ModelSettings(structured="always"))).text == VERDICT


def _objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from _objects_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects_in(value)


@pytest.mark.parametrize("shape", [ModelVerdict, Proposal, Plan, Questions])
def test_every_object_of_a_schema_is_closed_and_lists_all_its_fields(shape: type[BaseModel]) -> None:
    schema = schema_of(shape)

    for found in _objects_in(schema):
        assert found["additionalProperties"] is False
        assert found["required"] == list(found["properties"])
    for word in ("$ref", "$defs", "oneOf", "discriminator", "default", "const", "minLength", "minimum"):
        assert f'"{word}"' not in json.dumps(schema)


GOALS = [
    None,
    {"kind": "item", "item": "wood", "count": 2},
    {"kind": "reach", "position": {"x": 1, "y": 2, "z": 3}, "within": 2.0},
]


@pytest.mark.parametrize("goal", GOALS)
def test_what_fits_a_schema_is_read_as_its_class(goal: Any) -> None:
    written = json.dumps({"reasoning": "", "task": "Obtain 2 wood", "goal": goal})

    found = parse_json(written, Proposal)

    assert (found.goal is None) is (goal is None)


OF_SHAPES = {
    "Questions": {"questions": ["How is wood chopped?"]},
    "Proposal": {"reasoning": "near", "task": "Chop 1 wood", "goal": None},
    "Plan": {"reasoning": "near", "steps": [{"task": "Chop 1 wood", "goal": None}]},
    "ModelVerdict": {"reasoning": "it fell", "success": True, "critique": ""},
}


def asks_for(handler: Handler) -> str:
    """The name of the schema in the latest request."""
    return str(handler.server.requests[-1][2]["response_format"]["json_schema"]["name"])


def of_the_shape(handler: Handler) -> None:
    says(json.dumps(OF_SHAPES[asks_for(handler)]))(handler)


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"questions": 1, "ask_first": True}, ["Questions", "Proposal", "ModelVerdict"]),
        ({"questions": 1}, ["Proposal", "ModelVerdict"]),
        ({"curriculum": "solve", "tasks": (FixedTask(task="Chop 1 wood"),)}, ["Plan", "ModelVerdict"]),
    ],
)
def test_the_roles_of_a_run_ask_by_the_schema_of_their_class(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    toy_settings: Callable[..., RunSettings],
    tmp_path: Path,
    changes: dict[str, Any],
    asked: list[str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")
    server = serve(of_the_shape)
    script = tmp_path / "text.json"
    program = "```python\ndef chop_one(bot):\n    bot.chop()\n```"
    script.write_text(
        json.dumps({"answerer": ["Chop."] * 9, "actor": [program], "describer": ["Chops wood."]})
    )
    settings = toy_settings(
        model=f"scripted:{script}",
        role_models={"curriculum": "openai:tiny", "critic": "openai:tiny"},
        model_options={"base_url": server.url, "structured": "always", "retries": 0},
        budget=BudgetLimits(iterations=1),
        **changes,
    )

    with new_session(settings, runs=tmp_path / "runs") as session:
        state = session.explorer.explore()

    assert [body["response_format"]["json_schema"]["name"] for _, _, body in server.requests] == asked
    assert state.completed == ["Chop 1 wood"]
