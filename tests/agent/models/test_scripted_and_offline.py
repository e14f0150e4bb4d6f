"""The two models that need no key."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from machine import PATIENCE

from fieldcraft.agent.models import BadScript, Message, ModelClient, ModelSettings, ModelUnavailable
from fieldcraft.agent.models.offline.chat_model import OfflineChatModel

HELLO = [Message(role="system", text="rules"), Message(role="user", text="Grüße, Jörg")]


def scripted(path: Path, text: str) -> ModelClient:
    path.write_text(text, encoding="utf-8")
    return ModelClient(f"scripted:{path}")


def test_each_role_gets_its_own_answers_by_the_number_of_the_call(tmp_path: Path) -> None:
    client = scripted(tmp_path / "a.yaml", "actor: [one, two]\ncurriculum:\n- {task: dig, goal: null}\n")

    assert client.ask(HELLO, role="actor", call=2).text == "two"
    assert client.ask(HELLO, role="actor", call=1).text == "one"
    assert client.ask(HELLO, role="actor", call=2).text == "two"
    assert json.loads(client.ask(HELLO, role="curriculum", call=1).text) == {"task": "dig", "goal": None}


def test_a_list_answers_every_role_from_its_beginning(tmp_path: Path) -> None:
    client = scripted(tmp_path / "a.json", '["first", "second"]')

    assert client.ask(HELLO, role="actor", call=1).text == "first"
    assert client.ask(HELLO, role="critic", call=1).text == "first"


def test_a_script_that_ended_says_where_and_is_not_asked_again(tmp_path: Path) -> None:
    client = scripted(tmp_path / "a.yaml", "actor: [one, two]\n")

    with pytest.raises(
        ModelUnavailable, match="scripted answers for role 'actor' ended after 2; add more to"
    ):
        client.ask(HELLO, role="actor", call=3)
    with pytest.raises(ModelUnavailable, match=r"no scripted answers for role 'critic' \(only for actor\)"):
        client.ask(HELLO, role="critic", call=1)


def test_an_empty_scripted_answer_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="in 1 attempt; the last one: empty answer"):
        scripted(tmp_path / "a.yaml", "actor: ['']\n").ask(HELLO, role="actor", call=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("actor:\n- one\n  two: [\n", r"a\.yaml, line 3: not valid YAML or JSON"),
        ("actor: [one]\ncritic: yes\n", r"a\.yaml, line 2: 'critic' holds no list"),
        ("just words\n", r"a\.yaml, line 1: it must hold a list of answers"),
        ("", r"a\.yaml, line 1: it must hold"),
        ("actor: [!!python/object/apply:os.getcwd []]\n", r"a\.yaml, line 1: not valid"),
    ],
    ids=["syntax", "no-list", "words", "empty", "python-object"],
)
def test_a_bad_file_is_told_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadScript, match=message):
        scripted(tmp_path / "a.yaml", text)


def test_a_file_that_is_not_there_is_told_before_any_call(tmp_path: Path) -> None:
    with pytest.raises(BadScript, match="cannot be read"):
        ModelClient(f"scripted:{tmp_path / 'none.yaml'}")


def brain(tmp_path: Path, source: str, *, timeout: float = PATIENCE) -> OfflineChatModel:
    script = tmp_path / "brain_script.py"
    script.write_text(source)
    return OfflineChatModel(script=script, timeout=timeout)


REPORTER = """
import json, os, sys
said = json.load(sys.stdin)
seen = dict(said=said, environment=sorted(os.environ), folder=os.getcwd(), arguments=sys.argv[1:],
            process=os.getpid(), hash=hash("stable"), site="site" in sys.modules)
print(json.dumps({"text": json.dumps(seen)}))
"""


def test_the_offline_process_is_given_the_messages_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret-value-123")
    model = brain(tmp_path, REPORTER)

    seen, again = (
        json.loads(model.invoke([("system", "rules"), ("user", "Grüße, Jörg"), ("ai", "ja")]).text)
        for _ in range(2)
    )

    assert seen["said"] == [
        {"role": "system", "text": "rules"},
        {"role": "user", "text": "Grüße, Jörg"},
        {"role": "assistant", "text": "ja"},
    ]
    assert set(seen["environment"]) <= {"PYTHONHASHSEED", "LC_CTYPE"}
    assert (seen["folder"], seen["arguments"], seen["site"]) == ("/", [], False)
    assert seen["process"] != again["process"]
    assert seen["hash"] == again["hash"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ValueError('lost')", r"failed \(exit 1\): ValueError: lost"),
        ("print('no json')", "wrote no answer"),
        ("print('{\"text\": 3}')", "answered with int, not text"),
        ("import os; os.kill(os.getpid(), 9)", r"failed \(exit -9\): no message"),
        ("while True: pass", r"did not answer within 0\.5 s"),
    ],
    ids=["raises", "junk", "number", "killed", "loops"],
)
def test_an_offline_process_that_fails_is_an_answer_that_did_not_come(
    source: str, message: str, tmp_path: Path
) -> None:
    timeout = 0.5 if "while" in source else PATIENCE
    with pytest.raises(ModelUnavailable, match=message):
        brain(tmp_path, source, timeout=timeout).invoke("hello")


def test_an_offline_process_that_was_killed_while_it_waited_is_started_anew(tmp_path: Path) -> None:
    model = brain(tmp_path, "import json, os\nprint(json.dumps({'text': str(os.getppid())}))")

    before, same = (int(model.invoke("hello").text) for _ in range(2))
    os.kill(before, signal.SIGKILL)
    after = int(model.invoke("hello").text)

    assert before == same != after


def test_one_offline_answer_cannot_reach_the_next(tmp_path: Path) -> None:
    model = brain(
        tmp_path,
        "import json, sys\nseen = getattr(json, 'kept', [])\njson.kept = [*seen, sys.stdin.read()]\n"
        "print(json.dumps({'text': str(len(seen))}))",
    )

    assert [model.invoke("hello").text for _ in range(2)] == ["0", "0"]


def test_the_offline_model_answers_the_same_question_the_same_way() -> None:
    client = ModelClient("offline", ModelSettings(timeout=PATIENCE))

    first, second = (client.ask(HELLO, role="actor", call=call) for call in (1, 2))

    assert first.text == second.text
    assert (first.money, first.priced) == (0.0, True)


@pytest.mark.parametrize(
    "text",
    [
        "- " * 100_000,
        "[" * 100_000,
        "a: &a [x]\nb: [" + "*a, " * 5_000 + "]",
        "actor: [" + "9" * 10_000 + "]",
    ],
    ids=["deep-yaml", "deep-json", "aliases", "digits"],
)
def test_a_file_that_would_hang_or_crash_a_parser_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadScript, match="not valid YAML or JSON"):
        scripted(tmp_path / "a.yaml", text)


def test_a_pipe_is_no_file_of_answers(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadScript, match="cannot be read"):
        ModelClient(f"scripted:{tmp_path / 'pipe'}")


def test_half_a_character_in_an_answer_is_made_whole(tmp_path: Path) -> None:
    client = scripted(tmp_path / "a.json", '["cut \\ud83d, nul \\u0000"]')
    assert (
        client.ask(HELLO, role="actor", call=1).text
        == "cut \N{REPLACEMENT CHARACTER}, nul \N{REPLACEMENT CHARACTER}"
    )
