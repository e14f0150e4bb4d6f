"""What a provider wants back with a tool call goes back as it came, also from a journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from servers import PROTOCOLS, AnthropicServer, Asked, Call, OllamaServer, OpenAIServer, ProtocolServer, Said

from fieldcraft.agent.journal.effect_events import ModelAnswered
from fieldcraft.agent.models import Answer, Message, ModelClient, ModelSettings, ModelUnavailable
from fieldcraft.agent.models.keeping.kept_turns import LONGEST_TURN
from fieldcraft.common.secrets.redaction import redact_data

QUESTION = [Message(role="system", text="Be short."), Message(role="user", text="How much is 6*7?")]
OFFER = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "Reckon.",
            "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}},
        },
    }
    for name in ("calculator", "look")
]
SIGNATURE = "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="
OUTCOME = "calculator(expression='6*7') gave:\n> 42"
Serve = Callable[..., ProtocolServer]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(variable, "loopback-0123456789")


@pytest.fixture
def serve_protocol() -> Iterator[Serve]:
    servers: list[ProtocolServer] = []

    def start(kind: type[ProtocolServer], said: Said | Callable[[Asked], Said]) -> ProtocolServer:
        def script(asked: Asked) -> Said:
            if callable(said):
                return said(asked)
            return Said("It is 42.") if asked.outcomes or OUTCOME in asked.text else said

        servers.append(kind(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def client_of(server: ProtocolServer) -> ModelClient:
    settings = ModelSettings(base_url=server.url, timeout=30, retries=1, backoff=0.01)
    return ModelClient(server.name, settings)


def went_on(answer: Answer, turn: dict[str, Any] | None = None) -> list[Message]:
    """The conversation after the tool calls of an answer were made."""
    return [
        *QUESTION,
        Message(
            role="assistant",
            text=answer.text,
            requests=answer.requests,
            turn=answer.turn if turn is None else turn,
        ),
        *(Message(role="tool", text=OUTCOME, answers=request.id) for request in answer.requests),
    ]


def asked_twice(server: ProtocolServer, *, by_journal: bool = False) -> tuple[Answer, Answer]:
    client = client_of(server)
    first = client.ask(QUESTION, role="actor", call=1, tools=OFFER)
    turn = first.turn
    if by_journal:
        event = ModelAnswered(role="actor", call=1, text="", model="m", turn=redact_data(turn))
        turn = ModelAnswered.model_validate_json(event.model_dump_json()).turn
    return first, client.ask(went_on(first, turn), role="actor", call=2, tools=OFFER)


def signed(kind: type[ProtocolServer]) -> Said:
    own = SIGNATURE if kind.name.startswith(("openai", "google")) else ""
    call = Call("calculator", {"expression": "6*7"}, signature=own)
    return Said("Let me see.", (call,), "I reckon.", SIGNATURE, wanted=("reasoning_content",))


@pytest.mark.parametrize("by_journal", [False, True], ids=["live", "by-journal"])
@pytest.mark.parametrize("kind", PROTOCOLS.values(), ids=PROTOCOLS)
def test_signatures_and_reasoning_go_back(
    serve_protocol: Serve, kind: type[ProtocolServer], by_journal: bool
) -> None:
    server = serve_protocol(kind, signed(kind))
    first, second = asked_twice(server, by_journal=by_journal)
    assert (first.text, first.reasoning, second.text) == ("Let me see.", "I reckon.", "It is 42.")
    assert server.refusals == []


@pytest.mark.parametrize(
    "field", ["reasoning_details", "thinking_blocks", "reasoning", "provider_specific_fields"]
)
def test_whatever_a_compatible_server_adds_to_a_message_goes_back(serve_protocol: Serve, field: str) -> None:
    value: Any = [{"type": "reasoning.text", "text": "hm", "signature": SIGNATURE, "index": 0}]
    value = {"reasoning": "hm", "provider_specific_fields": {"thinking": SIGNATURE}}.get(field, value)
    said = Said(calls=(Call("calculator", {"expression": "6*7"}),), extra={field: value}, wanted=(field,))
    server = serve_protocol(OpenAIServer, said)
    first, second = asked_twice(server)
    assert (second.text, server.refusals) == ("It is 42.", [])
    assert first.reasoning == ("" if field == "provider_specific_fields" else "hm")


def test_redacted_thinking_goes_back_in_its_place(serve_protocol: Serve) -> None:
    content = [
        {"type": "thinking", "thinking": "I reckon.", "signature": SIGNATURE},
        {"type": "redacted_thinking", "data": SIGNATURE},
        {"type": "tool_use", "id": "t1", "name": "calculator", "input": {"expression": "6*7"}},
    ]
    call = Call("calculator", {"expression": "6*7"}, id="t1")
    server = serve_protocol(AnthropicServer, Said(content=content, calls=(call,)))
    _, second = asked_twice(server)
    assert (second.text, server.refusals) == ("It is 42.", [])


@pytest.mark.parametrize("kind", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_turn_without_what_the_provider_wants_is_put_to_it_as_text(
    serve_protocol: Serve, kind: type[ProtocolServer], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve_protocol(kind, signed(kind))
    client = client_of(server)
    first = client.ask(QUESTION, role="actor", call=1, tools=OFFER)

    second = client.ask(went_on(first, turn={}), role="actor", call=2, tools=OFFER)

    assert second.text == "It is 42."
    assert len(server.refusals) == 1
    assert json.dumps(OUTCOME)[1:-1] in json.dumps(server.bodies[-1])
    assert "it is asked again with plainer turns" in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        {"model": "openai:other"},
        {"content": [{"no": "type"}]},
        {"content": 5},
        {"extra": "none"},
        {"kind": None},
    ],
    ids=["other-model", "no-block", "no-content", "no-extra", "no-kind"],
)
def test_a_turn_of_another_model_or_a_damaged_one_costs_only_itself(
    serve_protocol: Serve, damage: dict[str, Any]
) -> None:
    server = serve_protocol(OpenAIServer, signed(OpenAIServer))
    client = client_of(server)
    first = client.ask(QUESTION, role="actor", call=1, tools=OFFER)
    second = client.ask(went_on(first, turn={**first.turn, **damage}), role="actor", call=2, tools=OFFER)
    assert second.text == "It is 42."


def test_a_turn_whose_signature_was_redacted_is_not_sent(serve_protocol: Serve) -> None:
    server = serve_protocol(AnthropicServer, signed(AnthropicServer))
    client = client_of(server)
    first = client.ask(QUESTION, role="actor", call=1, tools=OFFER)
    turn = json.loads(json.dumps(first.turn).replace(SIGNATURE, "[redacted]"))
    assert client.ask(went_on(first, turn=turn), role="actor", call=2, tools=OFFER).text == "It is 42."
    assert "[redacted]" not in json.dumps(server.bodies)


def test_a_turn_that_is_too_long_is_left_out_with_a_word(
    serve_protocol: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    long = Said(calls=(Call("calculator", {"expression": "6*7"}),), reasoning="so " * LONGEST_TURN)
    answer = client_of(serve_protocol(OpenAIServer, long)).ask(QUESTION, role="actor", call=1, tools=OFFER)
    assert (len(answer.requests), answer.turn) == (1, {})
    assert "too long to be kept as it came" in caplog.text


def test_a_turn_that_says_no_more_than_its_text_and_calls_is_not_kept_twice(serve_protocol: Serve) -> None:
    plain = Said("Let me see.", calls=(Call("calculator", {"expression": "6*7"}),))
    first, second = asked_twice(serve_protocol(OpenAIServer, plain))
    assert (first.turn, second.text) == ({}, "It is 42.")


@pytest.mark.parametrize("ids", [("", ""), (None, None), ("c", "c")], ids=["empty", "null", "same"])
@pytest.mark.parametrize("kind", [OpenAIServer, AnthropicServer])
def test_calls_without_an_id_of_their_own_get_one(
    serve_protocol: Serve, kind: type[ProtocolServer], ids: tuple[str | None, str | None]
) -> None:
    if kind is AnthropicServer and None in ids:
        ids = ("", "")
    calls = tuple(
        Call("calculator", {"expression": "6*7"}, id=identity, signature=f"{SIGNATURE}{number}")
        for number, identity in enumerate(ids)
    )
    server = serve_protocol(kind, Said(calls=calls))
    first, second = asked_twice(server)
    assert len({request.id for request in first.requests}) == 2
    assert (second.text, server.refusals) == ("It is 42.", [])


@pytest.mark.parametrize("kind", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_call_with_the_id_of_an_earlier_one_gets_its_own(
    serve_protocol: Serve, kind: type[ProtocolServer]
) -> None:
    said = replace(signed(kind), text="")
    server = serve_protocol(kind, lambda asked: said if len(asked.outcomes) < 2 else Said("It is 42."))
    client = client_of(server)
    conversation = went_on(client.ask(QUESTION, role="actor", call=1, tools=OFFER))
    second = client.ask(conversation, role="actor", call=2, tools=OFFER)
    conversation = [*conversation, *went_on(second)[2:]]
    assert client.ask(conversation, role="actor", call=3, tools=OFFER).text == "It is 42."
    assert server.refusals == []


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("", {}),
        (None, {}),
        ("null", {}),
        ("[]", {}),
        ({"expression": "1"}, {"expression": "1"}),
        ('"{\\"expression\\": \\"1\\"}"', {"expression": "1"}),
        ("[1]", None),
        ("7", None),
    ],
    ids=["empty", "none", "null", "list", "object", "twice", "no-object", "number"],
)
def test_arguments_in_any_form_are_read_or_are_a_problem(
    serve_protocol: Serve, raw: Any, read: dict[str, Any] | None
) -> None:
    server = serve_protocol(OpenAIServer, Said(calls=(Call("look", {}, raw=raw),)))
    first, second = asked_twice(server)
    [request] = first.requests
    assert (request.arguments, bool(request.problem)) == (read or {}, read is None)
    assert (second.text, server.refusals) == ("It is 42.", [])


@pytest.mark.parametrize("kind", PROTOCOLS.values(), ids=PROTOCOLS)
def test_an_answer_cut_in_the_middle_of_a_character_is_asked_for_again(
    serve_protocol: Serve, kind: type[ProtocolServer]
) -> None:
    whole = Said("Übergröße: 🌲🌲🌲")

    def script(asked: Asked) -> Said:
        if asked.number > 1:
            return whole
        sent = server.write(whole, {"model": "tiny"})
        return Said(whole.text, cut=sent.index("🌲".encode()) + 2)

    server = serve_protocol(kind, script)
    answer = client_of(server).ask(QUESTION, role="answerer", call=1)
    assert (answer.text, answer.attempts) == (whole.text, 2)


def test_an_answer_that_is_always_cut_is_no_answer(serve_protocol: Serve) -> None:
    server = serve_protocol(OpenAIServer, Said("Half of it", cut=40))
    with pytest.raises(ModelUnavailable, match="gave no usable answer in 2 attempts"):
        client_of(server).ask(QUESTION, role="answerer", call=1)


class Ends(OllamaServer):
    """Closes the connection after the first line, as a server does whose model runner died."""

    def write(self, said: Said, body: dict[str, Any]) -> bytes:
        return super().write(said, body).splitlines(keepends=True)[0]


def test_an_answer_of_ollama_without_its_last_line_is_not_taken_for_whole(serve_protocol: Serve) -> None:
    server = serve_protocol(Ends, Said('{"success": true} would be'))

    with pytest.raises(ModelUnavailable, match="the connection ended before the answer did"):
        client_of(server).ask(QUESTION, role="critic", call=1)
