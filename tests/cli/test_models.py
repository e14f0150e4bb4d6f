"""`fieldcraft models check`: what it prints, and how it ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest
from cli_workshop import Workshop


def test_the_offline_model_can_serve_in_every_role(workshop: Workshop) -> None:
    ended = workshop.run("models", "check", "offline")
    assert (ended.code, ended.err) == (0, "")
    for words in ("plain", "json", "code", "this model takes no tools", "window: unknown", "0.000000 USD"):
        assert words in ended.out
    assert "it can serve in every role" in ended.out


def test_the_model_of_the_settings_is_checked_where_none_is_named(workshop: Workshop) -> None:
    (workshop.folder / "answers.json").write_text(json.dumps({"answerer": ["Wood."]}))
    ended = workshop.run("models", "check", "--json")
    assert ended.code == 1
    assert ended.data["name"] == "scripted:answers.json"
    assert [question["works"] for question in ended.data["questions"]] == [True, False, False, False, None]
    assert [role for role, serves in ended.data["roles"].items() if serves] == [
        "answerer",
        "describer",
        "tools",
    ]


@pytest.mark.parametrize(("role", "code"), [("answerer", 0), ("actor", 1)])
def test_with_a_role_only_what_it_needs_decides(workshop: Workshop, role: str, code: int) -> None:
    (workshop.folder / "answers.json").write_text(json.dumps({"answerer": ["Wood."], "actor": ["No."]}))
    ended = workshop.run("models", "check", "scripted:answers.json", "--role", role)
    assert ended.code == code
    assert "it can serve as: answerer, describer, tools" in ended.out


def test_roles_whose_shortest_prompt_is_too_long_are_left_out(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDCRAFT_MODEL_OPTIONS__CONTEXT", "700")
    ended = workshop.run("models", "check", "offline")
    assert ended.code == 1
    assert "the shortest prompt of the actor takes about" in ended.out
    assert "it can serve in every role" not in ended.out


def test_a_failed_tool_call_is_no_hindrance_without_tools(workshop: Workshop) -> None:
    (workshop.folder / "deaf.py").write_text(
        "from fieldcraft.agent.models.offline.chat_model import OfflineChatModel\n"
        "class Deaf(OfflineChatModel):\n"
        "    def bind_tools(self, tools, **kwargs):\n"
        "        return self\n"
    )
    ended = workshop.run("models", "check", "deaf:Deaf")
    assert ended.code == 0
    assert "it can serve in every role, but not with --tools" in ended.out


def test_a_price_of_no_model_of_the_run_is_said(workshop: Workshop) -> None:
    with (workshop.folder / "fieldcraft.toml").open("a") as file:
        file.write("[model_options.prices]\nm = {input = 1.0, output = 2.0}\n")
    ended = workshop.explore("--iterations", "1")
    assert "model_options.prices has 'm', which is no model of this run" in ended.err


def test_a_model_of_ones_own_is_checked(workshop: Workshop) -> None:
    (workshop.folder / "mine.py").write_text(
        "from langchain_core.language_models import FakeListChatModel\n"
        "model = FakeListChatModel(responses=['Wood.', 'no JSON', 'no code'])\n"
    )
    ended = workshop.run("models", "check", "mine:model", "--role", "critic")
    assert ended.code == 1 and "it holds no JSON object; it said: 'no JSON'" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ofline"], "did you mean 'offline'"),
        (["offline", "--role", "actr"], "did you mean 'actor'"),
        (["openai:gpt-5", "--base-url", "nowhere"], "begins with http"),
        (["openai:gpt-5"], "OPENAI_API_KEY"),
    ],
)
def test_wrong_usage_is_one_line(
    workshop: Workshop, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ended = workshop.run("models", "check", *arguments)
    assert ended.code == 2 and said in " ".join(ended.err.split())


def test_doctor_names_it(workshop: Workshop) -> None:
    assert "models check NAME" in workshop.run("doctor", "--json").out


def test_ctrl_c_ends_the_wait(workshop: Workshop, start_slow: Callable[[], object]) -> None:
    process = start_slow()
    process.send_signal(signal.SIGINT)  # type: ignore[attr-defined]
    _, complaints = process.communicate(timeout=60)  # type: ignore[attr-defined]
    assert process.returncode == 130 and "stopped" in complaints  # type: ignore[attr-defined]


@pytest.fixture
def start_slow(workshop: Workshop) -> Callable[[], object]:
    """A check of a model that never answers, once it was asked."""
    (workshop.folder / "slow.py").write_text(
        "import time\nfrom langchain_core.language_models import FakeListChatModel\n"
        "class Slow(FakeListChatModel):\n    responses: list = ['x']\n"
        "    def invoke(self, *a, **k):\n        open('asked', 'w').close()\n        time.sleep(100)\n"
    )

    def started() -> object:
        import time

        process = workshop.start("models", "check", "slow:Slow")
        for _ in range(600):
            if (workshop.folder / "asked").exists():
                break
            time.sleep(0.05)
        return process

    return started
