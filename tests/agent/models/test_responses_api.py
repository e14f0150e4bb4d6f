"""Models that OpenAI answers for by its responses only: what they answer, and turns with their tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers import Asked, Call, ResponsesServer, Said

from fieldcraft.agent.journal.effect_events import ModelAnswered
from fieldcraft.agent.models import Answer, Message, ModelClient, ModelSettings
from fieldcraft.common.secrets.redaction import redact_data

QUESTION = [Message(role="system", text="Be short."), Message(role="user", text="How much is 6*7?")]
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
SIGNATURE = "c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="
CALLS = (Call("calculator", {"expression": "6*7"}), Call("calculator", {"expression": "7*6"}, id="call_2"))
ASKS = Said("Let me see.", CALLS, "I reckon.", SIGNATURE)
Serve = Callable[..., ResponsesServer]


@pytest.fixture
def serve_responses() -> Iterator[Serve]:
    servers: list[ResponsesServer] = []

    def start(said: Said) -> ResponsesServer:
        def script(asked: Asked) -> Said:
            return Said("It is 42.") if asked.outcomes or "gave" in asked.text else said

        servers.append(ResponsesServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")

    def asked(server: ResponsesServer, messages: list[Message] = QUESTION, **more: Any) -> Answer:
        settings = ModelSettings(base_url=server.url, timeout=60, retries=0, backoff=0.01)
        return ModelClient(server.name, settings).ask(messages, role="actor", call=1, **more)

    return asked


def went_on(answer: Answer, turn: dict[str, Any]) -> list[Message]:
    outcomes = (Message(role="tool", text="It gave 42.", answers=call.id) for call in answer.requests)
    said = Message(role="assistant", text=answer.text, requests=answer.requests, turn=turn)
    return [*QUESTION, said, *outcomes]


@pytest.mark.parametrize("by_journal", [False, True], ids=["live", "by-journal"])
def test_reasoning_items_go_back_with_their_calls(
    serve_responses: Serve, ask: Callable[..., Answer], by_journal: bool
) -> None:
    server = serve_responses(ASKS)

    first = ask(server, tools=OFFER)
    turn = first.turn
    if by_journal:
        event = ModelAnswered(role="actor", call=1, text="", model="m", turn=redact_data(turn))
        turn = ModelAnswered.model_validate_json(event.model_dump_json()).turn
    second = ask(server, went_on(first, turn), tools=OFFER)

    assert (first.text, first.reasoning) == ("Let me see.", "I reckon.")
    assert [call.arguments["expression"] for call in first.requests] == ["6*7", "7*6"]
    assert (second.text, server.refusals) == ("It is 42.", [])
    kinds = [item.get("type", "message") for item in server.bodies[-1]["input"]]
    assert kinds.index("reasoning") < kinds.index("function_call")


def test_a_turn_without_its_reasoning_is_put_as_text(
    serve_responses: Serve, ask: Callable[..., Answer]
) -> None:
    server = serve_responses(ASKS)
    first = ask(server, tools=OFFER)

    second = ask(server, went_on(first, {}), tools=OFFER)

    assert second.text == "It is 42."
    assert server.refusals


def test_calls_without_ids_of_their_own_are_told_apart(
    serve_responses: Serve, ask: Callable[..., Answer]
) -> None:
    twins = tuple(Call("calculator", {"expression": text}, id="call_1") for text in ("6*7", "7*6"))
    server = serve_responses(Said(calls=twins, reasoning="I reckon.", signature=SIGNATURE))

    first = ask(server, tools=OFFER)
    second = ask(server, went_on(first, first.turn), tools=OFFER)

    assert len({call.id for call in first.requests}) == 2
    assert second.text == "It is 42."


@pytest.mark.parametrize("report", ["none", [], {"input_tokens": "many"}], ids=str)
def test_no_answer_is_lost_over_its_report_of_tokens(
    report: Any, serve_responses: Serve, ask: Callable[..., Answer]
) -> None:
    server = serve_responses(Said("y" * 80))
    write = server.write
    server.write = lambda said, body: json.dumps(  # type: ignore[method-assign]
        json.loads(write(said, body)) | {"usage": report}
    ).encode()

    answer = ask(server)

    assert (answer.text, answer.output_tokens, answer.estimated) == ("y" * 80, 20, True)


def test_an_answer_that_was_cut_is_known_as_such(serve_responses: Serve, ask: Callable[..., Answer]) -> None:
    answer = ask(serve_responses(Said("It is", finish="length")))

    assert (answer.text, answer.truncated) == ("It is", True)
