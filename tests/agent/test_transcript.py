"""The kept messages of a run: every one as it was sent, small, and read as a stranger's."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.agent.models.messages import Message, ToolRequest
from fieldcraft.agent.transcript import KeptCall, Transcript, TranscriptDamaged, kept_calls, reading
from fieldcraft.agent.transcript.form import FILE_LIMIT, numbers_of, spans
from fieldcraft.common.secrets.redaction import learn

CONSTANT = "\n".join(f"A rule, number {number}, that never changes." for number in range(200))


def said(*texts: str) -> list[Message]:
    roles = ("system", "user", "assistant", "user")
    return [Message(role=role, text=text) for role, text in zip(roles, texts, strict=False)]  # type: ignore[arg-type]


def damaged(run: Path) -> str:
    with pytest.raises(TranscriptDamaged) as raised:
        list(kept_calls(run))
    return str(raised.value)


def packed(*records: object) -> bytes:
    return zlib.compress("".join(json.dumps(record) + "\n" for record in records).encode())


def put(run: Path, content: bytes, name: str = "calls-000001.z") -> None:
    (run / "prompts").mkdir(exist_ok=True)
    (run / "prompts" / name).write_bytes(content)


def test_what_was_kept_is_read_back_in_order(tmp_path: Path) -> None:
    kept = Transcript(tmp_path)
    kept.keep("actor", "actor", 1, said("Rules.", "# Task\n\nDig.\n"))
    kept.keep("critic", "critic", 1, said("Judge.", ""))
    assert list(kept_calls(tmp_path)) == [
        KeptCall("actor", 1, "actor", (("system", "Rules."), ("user", "# Task\n\nDig.\n"))),
        KeptCall("critic", 1, "critic", (("system", "Judge."), ("user", ""))),
    ]


@given(texts=st.lists(st.text(alphabet="ab\n #é\u2028\x00", max_size=30), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_back(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    run = tmp_path_factory.mktemp("run")
    kept = Transcript(run)
    for number, text in enumerate(texts, 1):
        kept.keep("actor", "actor", number, said(text, text + texts[0]))
    assert [call.messages[0][1] for call in kept_calls(run)] == texts
    assert [call.messages[1][1] for call in kept_calls(run)] == [text + texts[0] for text in texts]


def test_what_is_said_again_costs_next_to_nothing(tmp_path: Path) -> None:
    kept = Transcript(tmp_path)
    for number in range(1, 101):
        kept.keep("actor", "actor", number, said(CONSTANT, f"# Task\nDig {number} stones.\n\n{CONSTANT}"))
    size = sum(path.stat().st_size for path in (tmp_path / "prompts").iterdir())
    assert size < 100 * 200
    assert [call.call for call in kept_calls(tmp_path)] == list(range(1, 101))


def test_each_process_writes_a_file_of_its_own(tmp_path: Path) -> None:
    for call in (1, 2):
        Transcript(tmp_path).keep("actor", "actor", call, said("Rules."))
    names = sorted(path.name for path in (tmp_path / "prompts").iterdir())
    assert names == ["calls-000001.z", "calls-000002.z"]
    assert [call.call for call in kept_calls(tmp_path)] == [1, 2]


def test_a_torn_end_costs_the_last_call_alone(tmp_path: Path) -> None:
    kept = Transcript(tmp_path)
    for call in (1, 2, 3):
        kept.keep("actor", "actor", call, said("Rules.", f"Task {call} is one of its own."))
    (path,) = (tmp_path / "prompts").iterdir()
    path.write_bytes(path.read_bytes()[:-15])
    assert [call.call for call in kept_calls(tmp_path)] == [1, 2]
    Transcript(tmp_path).keep("actor", "actor", 3, said("Rules."))
    assert [call.call for call in kept_calls(tmp_path)] == [1, 2, 3]


def test_a_file_that_somebody_else_changed_is_not_written_on(tmp_path: Path) -> None:
    kept = Transcript(tmp_path)
    kept.keep("actor", "actor", 1, said("Rules."))
    put(tmp_path, b"")
    with pytest.raises(OSError, match="was changed"):
        kept.keep("actor", "actor", 2, said("Rules."))
    kept.keep("actor", "actor", 2, said("Rules."))
    assert [(call.call, call.messages) for call in kept_calls(tmp_path)] == [(2, (("system", "Rules."),))]


def test_secrets_are_not_kept(tmp_path: Path) -> None:
    learn(["open-sesame-4711"])
    Transcript(tmp_path).keep("actor", "actor", 1, said("Say open-sesame-4711.\n\nThen dig."))
    (call,) = kept_calls(tmp_path)
    assert call.messages == (("system", "Say [redacted].\n\nThen dig."),)


def test_tool_calls_are_kept(tmp_path: Path) -> None:
    request = ToolRequest(id="1", name="lookup", arguments={"name": "wood"})
    Transcript(tmp_path).keep("actor", "actor", 1, [Message(role="assistant", text="", requests=(request,))])
    (call,) = kept_calls(tmp_path)
    assert 'calls lookup {"id":"1"' in call.text


def test_the_form_of_earlier_versions_is_read(tmp_path: Path) -> None:
    put(tmp_path, b"<!-- system -->\nRules.\n\n<!-- user -->\n# Task\n\nDig.\n", "actor-00002-actor.md")
    put(tmp_path, b"<!-- user -->\nJudge.\n", "critic-00001-critic.md")
    put(tmp_path, b"notes", "README.md")
    assert list(kept_calls(tmp_path)) == [
        KeptCall("critic", 1, "critic", (("user", "Judge."),)),
        KeptCall("actor", 2, "actor", (("system", "Rules."), ("user", "# Task\n\nDig."))),
    ]


def test_a_run_without_any_has_none(tmp_path: Path) -> None:
    assert list(kept_calls(tmp_path)) == []


CALL = {"role": "actor", "call": 1, "template": "actor", "lines": ["a"], "messages": [["user", "0"]]}


@pytest.mark.attack("a file of kept prompts that is no such file, or names what is not there")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"nothing of the kind", "no stream of zlib"),
        (zlib.compress(b"{}\n"), "lacks its role"),
        (zlib.compress(b"[1]\n"), "no JSON object"),
        (zlib.compress(b"{\n"), "no JSON"),
        (packed({**CALL, "messages": [["user", "1"]]}), "names line 1 of 1"),
        (packed({**CALL, "messages": [["user", "0-99999999"]]}), "names line"),
        (packed({**CALL, "messages": [["user", "-1"]]}), "no number of a line"),
        (packed({**CALL, "messages": [["user", "٣"]]}), "no number of a line"),
        (packed({**CALL, "messages": [["user"]]}), "lacks its role"),
        (packed({**CALL, "lines": [1]}), "lacks its role"),
    ],
)
def test_damage_is_named_and_costs_its_file_alone(content: bytes, problem: str, tmp_path: Path) -> None:
    put(tmp_path, content)
    put(tmp_path, packed(CALL), "calls-000002.z")
    assert problem in damaged(tmp_path)
    calls = kept_calls(tmp_path)
    assert next(calls).messages == (("user", "a"),)


@pytest.mark.attack("a file of kept prompts that unfolds to more than any machine has")
def test_a_bomb_is_not_unfolded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, zlib.compress(b'{"role":"' + b"a" * 80_000_000))
    assert "more than" in damaged(tmp_path)
    monkeypatch.setattr(reading, "TEXT_LIMIT", 100_000)
    put(tmp_path, packed(*[{**CALL, "lines": ["a" * 10_000], "messages": [["user", "0 0 0 0 0 0"]]}] * 2))
    calls = kept_calls(tmp_path)
    assert len(next(calls).text) > 60_000
    with pytest.raises(TranscriptDamaged, match="unfolds to more"):
        next(calls)


@pytest.mark.attack("a file of kept prompts that is a link, or larger than is read")
def test_links_and_giants_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, b"", "calls-000002.z")
    (tmp_path / "prompts" / "calls-000001.z").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(packed(CALL))
    assert "calls-000001.z" in damaged(tmp_path)
    (tmp_path / "prompts" / "calls-000001.z").unlink()
    with (tmp_path / "prompts" / "calls-000002.z").open("wb") as file:
        file.truncate(FILE_LIMIT + 1)
    assert "at most" in damaged(tmp_path)


@given(st.lists(st.integers(min_value=0, max_value=50)))
def test_numbers_of_lines_are_written_as_spans(numbers: list[int]) -> None:
    assert list(numbers_of(spans(numbers), 51)) == numbers
    assert len(spans(range(1000))) < 10
