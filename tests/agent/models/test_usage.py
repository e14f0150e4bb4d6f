"""What a call cost is never nothing because a server says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai_server import ChatServer, sends

from fieldcraft.agent.models import Message, ModelClient, Price

Serve = Callable[..., ChatServer]
ClientOf = Callable[..., ModelClient]
HELLO = [Message(role="user", text="x" * 400)]


def says_with(usage: Any) -> Any:
    choice = {"index": 0, "message": {"role": "assistant", "content": "y" * 80}, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return sends(200, json.dumps(body | {"usage": usage}).encode())


def usage(read: Any, written: Any, total: Any = None, **details: Any) -> dict[str, Any]:
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": total, **details}


@pytest.mark.parametrize(
    ("reported", "tokens"),
    [
        (None, (100, 20)),
        ({}, (100, 20)),
        (usage(0, 0, 0), (100, 20)),
        (usage(None, None), (100, 20)),
        (usage(-7, -3, -10), (100, 20)),
        (usage(90, None), (90, 20)),
        (usage(None, 15), (100, 15)),
        (usage(90, 0), (90, 20)),
        (usage(10**11, 15), (100, 15)),
        (usage(90, -1, 80), (90, 20)),
        ([], (100, 20)),
        ([1], (100, 20)),
        ("none", (100, 20)),
        (5, (100, 20)),
        (usage("90", [15]), (100, 20)),
        (usage(90, 15, 105, prompt_tokens_details="none"), (100, 20)),
        (usage(90, 15, 105, completion_tokens_details={"reasoning_tokens": {}}), (100, 20)),
    ],
)
def test_each_side_is_estimated_where_it_is_not_reported(
    reported: Any, tokens: tuple[int, int], serve: Serve, client_of: ClientOf
) -> None:
    answer = client_of(serve(says_with(reported))).ask(HELLO, role="actor", call=1)

    assert (answer.input_tokens, answer.output_tokens) == tokens
    assert answer.estimated


def test_a_report_of_one_token_for_a_long_prompt_is_not_believed(serve: Serve, client_of: ClientOf) -> None:
    answer = client_of(serve(says_with(usage(1, 20, 21)))).ask(
        [Message(role="user", text="x" * 40_000)], role="actor", call=1
    )

    assert (answer.input_tokens, answer.estimated) == (10_000, True)


@pytest.mark.parametrize(
    ("written", "total"), [(50, 150), (20, 150)], ids=["reasoning within the output", "reasoning beside it"]
)
def test_reasoning_is_counted_once(written: int, total: int, serve: Serve, client_of: ClientOf) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 30}}
    server = serve(says_with(usage(100, written, total, **details)))
    client = client_of(server, prices={"openai:tiny": Price(input=0, output=1)})

    answer = client.ask(HELLO, role="actor", call=1)

    assert (answer.output_tokens, answer.reasoning_tokens) == (50, 30)
    assert answer.money == pytest.approx(50e-6)
    assert not answer.estimated


def test_cached_tokens_are_part_of_the_input(serve: Serve, client_of: ClientOf) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 60}}
    answer = client_of(serve(says_with(usage(100, 20, 120, **details)))).ask(HELLO, role="actor", call=1)

    assert (answer.input_tokens, answer.cached_tokens, answer.estimated) == (100, 60, False)
