"""A Ctrl-C that arrives inside a serializer, which pydantic turns into an error of its own."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from pydantic import BaseModel, model_serializer
from pydantic_core import PydanticSerializationError

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.lines import line_of
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.travelling import share
from fieldcraft.common.fields import serialized

FACT = Fact(key="drop stone", kind="drop", subject="stone", text="stone drops cobblestone", iteration=1)


@contextmanager
def ctrl_c_at(function: str, *, call: int = 1) -> Iterator[None]:
    """Send this process a SIGINT where it enters `function` for the nth time."""
    left = call

    def watch(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        if event == "call" and frame.f_code.co_name == function:
            left -= 1
            if not left:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("call", [1, 2])
def test_ctrl_c_while_an_event_is_written_is_not_lost(call: int) -> None:
    event = e.FactsLearned(iteration=1, facts=[FACT, FACT.changed(subject="dirt")])
    with ctrl_c_at("_brief", call=call), pytest.raises(KeyboardInterrupt):
        line_of(event)


def test_ctrl_c_while_a_change_of_facts_becomes_a_line_is_not_lost() -> None:
    with ctrl_c_at("_brief"), pytest.raises(KeyboardInterrupt):
        e.FactsLearned(iteration=1, facts=[FACT]).line()


def test_ctrl_c_while_facts_are_shared_is_not_lost(tmp_path: Path) -> None:
    with ctrl_c_at("_brief"), pytest.raises(KeyboardInterrupt):
        share(tmp_path, "grid", [FACT], "one")


def test_a_serializer_that_fails_by_its_data_is_no_interrupt() -> None:
    class Failing(BaseModel):
        @model_serializer
        def fail(self) -> str:
            raise ValueError("it says KeyboardInterrupt: like one")

    with pytest.raises(PydanticSerializationError, match="it says KeyboardInterrupt"):
        serialized(Failing().model_dump_json)
