"""No secret is kept or shown."""

from __future__ import annotations

import pytest

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.secret_free import line_without_secrets
from fieldcraft.agent.redact import redact


@pytest.mark.parametrize("name", ["SOME_API_KEY", "DB_PASSWORD", "GITHUB_TOKEN", "client_secret"])
def test_the_values_of_secret_variables_are_taken_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "v3ry-quiet-value")

    assert redact("it said v3ry-quiet-value twice: v3ry-quiet-value") == (
        "it said [redacted] twice: [redacted]"
    )


def test_other_and_short_values_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYBOARD_LAYOUT", "colemak-dh")
    monkeypatch.setenv("SHORT_KEY", "abc")

    assert redact("abc types on colemak-dh") == "abc types on colemak-dh"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-proj-abcdefghijkl123 used", "key [redacted] used"),
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer [redacted]"),
        ("http://user:hunter2@host/path", "http://[redacted]@host/path"),
        ("token ghp_abcdefghijklmnopqrst", "token [redacted]"),
        ("mine the task-sk-ore and a desk-like block", "mine the task-sk-ore and a desk-like block"),
    ],
)
def test_what_has_the_shape_of_a_key_is_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_further_secrets_can_be_named() -> None:
    assert redact("pass correct-horse on", extra=["correct-horse"]) == "pass [redacted] on"


def test_an_event_is_changed_as_the_journal_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "v3ry-quiet-value")
    event = e.HumanAnswered(text="it is v3ry-quiet-value")

    line = line_without_secrets(event)

    assert event.text == "it is [redacted]"
    assert e.EVENT.validate_json(line) == event


def test_a_secret_that_is_a_word_of_the_format_too_leaves_the_journal_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "environment")
    monkeypatch.setenv("OTHER_TOKEN", "run_started")
    event = e.RunStarted(run="one", settings=RunSettings(library="the environment"))

    read = e.EVENT.validate_json(line_without_secrets(event))

    assert (read.settings.critic, read.settings.library) == ("environment", "the [redacted]")
    assert event.settings.library == "the environment"
