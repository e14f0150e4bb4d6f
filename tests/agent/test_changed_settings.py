"""What a resume changes of the models of a run."""

from __future__ import annotations

import pytest

from fieldcraft.agent.journal.run import RunError
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.tooling.changed_settings import changed
from fieldcraft.common.secrets.redaction import REDACTED

RUN = RunSettings(
    model="openai:a",
    role_models={"critic": "openai:c"},
    model_options={"context": 800, "prices": {"openai:a": {"input": 1, "output": 2}}},
    role_options={"critic": {"timeout": 3}},
)


def test_a_new_model_answers_for_the_roles_that_have_none_of_their_own() -> None:
    after, lines = changed(RUN, {"model": "openai:b"})
    assert (after.model_for("actor"), after.model_for("critic")) == ("openai:b", "openai:c")
    assert lines == [
        "from here on openai:b answers for curriculum, answerer, actor, describer, tools (before: openai:a)"
    ]


def test_options_change_one_by_one_and_the_rest_stays() -> None:
    prices = {"prices": {"openai:b": {"input": 1, "output": 2}}}
    after, lines = changed(
        RUN, {"model_options": {"context": 8000, **prices}, "role_options": {"critic": {}}}
    )
    assert after.model_options["context"] == 8000
    assert sorted(after.model_options["prices"]) == ["openai:a", "openai:b"]
    assert after.role_options == RUN.role_options
    assert lines[0] == "from here on model_options.context is 8000 (before: 800)"


def test_the_same_again_changes_nothing_and_says_nothing() -> None:
    same = {"model": "openai:a", "model_options": dict(RUN.model_options), "role_options": {}}
    assert changed(RUN, same) == (RUN, [])


def test_a_value_whose_secret_was_left_out_is_the_same_value() -> None:
    kept = RunSettings(model_options={"base_url": f"http://127.0.0.1/{REDACTED}/v1"})
    _, lines = changed(kept, {"model_options": {"base_url": "http://127.0.0.1/abc/v1"}})
    assert lines == []
    _, lines = changed(kept, {"model_options": {"base_url": "http://127.0.0.2/abc/v1"}})
    assert len(lines) == 1


def test_nothing_else_of_a_run_can_be_changed() -> None:
    with pytest.raises(RunError, match="keeps its own seed"):
        changed(RUN, {"seed": 3})
