"""Every role gets the right answer, in whatever style and protocol its model answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

sys.path.insert(0, str(Path(__file__).parent / "models"))

from answer_styles import ABSENT, STYLES, WITH_CALLS, WITH_REASONING, Answer
from servers import PROTOCOLS, Asked, ProtocolServer, Said
from tool_workshop import DONE, WOOD, live, program

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import ROLES, BudgetLimits
from fieldcraft.skills import SkillLibrary

RIGHT = {
    "questions": Answer({"questions": ["How is wood had?"]}, {"questions": ["Is this a draft?"]}),
    "curriculum": Answer(WOOD, {**WOOD, "task": "Draft 99 wood"}, optional=("reasoning",)),
    "answerer": Answer("Trees give it.", "Draft: stones give it."),
    "actor": Answer(
        program("print(tools.answer(question='Do otters hold hands?')['answer'])"),
        program("print('a draft')", name="draft"),
    ),
    "critic": Answer(DONE, {"success": False, "critique": "a draft"}, optional=("critique",)),
    "describer": Answer("Chops wood from a tree.", "Draft of a description."),
    "tools": Answer("Yes, they do.", "Draft: no."),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys, and one certificate: each of six clients a run would read a hundred that none of them needs."""
    first = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    (tmp_path / "certificate.pem").write_text(f"{first[0]}{first[1]}\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(variable, "loopback-0123456789")


@pytest.fixture
def serve() -> Iterator[Callable[[str, str], ProtocolServer]]:
    servers: list[ProtocolServer] = []

    def start(protocol: str, style: str) -> ProtocolServer:
        def script(asked: Asked) -> Said:
            role = asked.model.rpartition("-")[2]
            known = "questions" if role == "curriculum" and '{"questions"' in asked.text else role
            return STYLES[style](protocol, RIGHT[known], asked)

        servers.append(PROTOCOLS[protocol](script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def settings_for(
    server: ProtocolServer, toy_settings: Callable[..., RunSettings], texts: Path
) -> RunSettings:
    texts.mkdir()
    (texts / "otters.md").write_text("# Otters\n\nOtters hold hands while they sleep.\n")
    return toy_settings(
        model=server.name,
        role_models={role: server.name.replace("tiny", f"tiny-{role}") for role in ROLES},
        model_options={"base_url": server.url, "timeout": 30.0, "retries": 0},
        questions=1,
        retrieved=0,
        critic="model",
        tools=("calculator", "answer"),
        corpus=(str(texts),),
        budget=BudgetLimits(iterations=1),
    )


@pytest.mark.parametrize(
    ("protocol", "style"),
    [(protocol, style) for protocol in PROTOCOLS for style in STYLES if (protocol, style) not in ABSENT],
)
def test_every_role_gets_the_right_answer(
    serve: Callable[[str, str], ProtocolServer],
    toy_settings: Callable[..., RunSettings],
    tmp_path: Path,
    protocol: str,
    style: str,
) -> None:
    server = serve(protocol, style)

    state, events = live(settings_for(server, toy_settings, tmp_path / "texts"), tmp_path / "runs")

    assert server.refusals == [], "what the provider wanted back came back"
    assert not any(isinstance(event, e.AnswerRefused | e.ModelFailed) for event in events)
    assert {event.answer for event in events if isinstance(event, e.QuestionAnswered)} == {"Trees give it."}
    assert state.completed == ["Chop 4 wood"]
    [run] = [event.execution for event in events if isinstance(event, e.ExecutionFinished)]
    assert run.log.strip() == "Yes, they do."
    library = SkillLibrary(tmp_path / "library", tools=("calculator", "answer"))
    assert library.get("chop-wood").description == "Chops wood from a tree."
    library.close()
    check_calls_and_reasoning(events, style)


def check_calls_and_reasoning(events: list[Any], style: str) -> None:
    """Roles that were offered tools called one first; reasoning is in the journal for people to read."""
    asked = {event.role for event in events if isinstance(event, e.ModelAnswered) and event.requests}
    assert asked == ({"curriculum", "answerer", "actor", "critic"} if style in WITH_CALLS else set())
    kept = {event.role for event in events if isinstance(event, e.ModelAnswered) and event.reasoning}
    assert kept >= (asked or {"curriculum", "answerer", "actor", "critic", "describer"}) or (
        style not in WITH_REASONING
    )
