"""Roles that see: the world's picture in their messages, scaled, kept once, and equal after a resume."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from servers import Asked, OpenAIServer, Said
from tool_workshop import WOOD, cut, live, program, resume

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import first_difference
from fieldcraft.agent.prompts.fitting import SEEN
from fieldcraft.agent.seeing import CannotSee, RunPictures
from fieldcraft.agent.settings import BudgetLimits, FixedTask
from fieldcraft.agent.transcript import kept_calls
from fieldcraft.envs import Attachment, Observation

Settings = Callable[..., RunSettings]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "loopback-0123456789")

    def script(asked: Asked) -> Said:
        more = {"task": f"Chop {asked.number} wood", "goal": {**WOOD["goal"], "count": asked.number}}
        return Said(program("pass") if "```python" in asked.text else json.dumps(more))

    server = OpenAIServer(script)
    yield server
    server.stop()


@pytest.fixture
def sighted(server: OpenAIServer, toy_settings: Settings) -> Settings:
    """Settings of a run whose actor sees a world that draws; keywords change fields."""

    def build(**changes: Any) -> RunSettings:
        fields = {
            "environment": "sighted_world:SightedWorld",
            "model": server.name,
            "model_options": {"base_url": server.url, "timeout": 30.0, "retries": 0},
            "keep_skills": False,
            "critic": "none",
            "see": ("actor",),
            "budget": BudgetLimits(iterations=2),
        }
        return toy_settings(**{**fields, **changes})

    return build


def pictures_of(body: dict[str, Any]) -> list[bytes]:
    """The pictures of a request to the provider."""
    parts = [
        part
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
    ]
    addresses = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(address.removeprefix("data:image/png;base64,")) for address in addresses]


def is_actors(body: dict[str, Any]) -> bool:
    return "```python" in json.dumps(body)


def test_only_the_roles_that_see_are_shown_the_world_as_it_is(
    server: OpenAIServer, sighted: Settings, tmp_path: Path
) -> None:
    _, events = live(sighted(), tmp_path / "runs")
    shown = [pictures_of(body) for body in server.bodies if is_actors(body)]
    others = [pictures_of(body) for body in server.bodies if not is_actors(body)]
    assert [len(pictures) for pictures in shown] == [1, 1]
    assert others
    assert not any(others)
    first, second = (Image.open(io.BytesIO(pictures[0])) for pictures in shown)
    assert first.size == second.size == (768, 192)
    assert first.getpixel((5, 5)) == (0, 0, 255)
    assert second.getpixel((5, 5)) == (255, 0, 0)
    assert SEEN in json.dumps(server.bodies[-1])
    taken = [event.picture for event in events if isinstance(event, e.WorldReset | e.ExecutionFinished)]
    assert [RunPictures(next((tmp_path / "runs").iterdir())).read(name) for name in taken[:2]] == [
        pictures[0] for pictures in shown
    ]


def test_a_picture_that_the_observation_carries_is_shown(
    server: OpenAIServer, sighted: Settings, tmp_path: Path
) -> None:
    live(sighted(environment="sighted_world:CarryingWorld"), tmp_path / "runs")
    shown = [pictures_of(body) for body in server.bodies if is_actors(body)]
    assert [Image.open(io.BytesIO(pictures[0])).size for pictures in shown] == [(768, 192)] * 2


def test_kept_prompts_name_the_picture(sighted: Settings, tmp_path: Path) -> None:
    live(sighted(), tmp_path / "runs", name="one")
    folder = tmp_path / "runs" / "one"
    kept = {path.stem for path in (folder / "pictures").iterdir()}
    texts = [call.text for call in kept_calls(folder) if call.role == "actor"]
    assert all(any(f"shows picture {name}" in text for name in kept) for text in texts)


def test_a_run_that_is_cut_anywhere_goes_on_with_equal_pictures(sighted: Settings, tmp_path: Path) -> None:
    tasks = tuple(FixedTask(task=f"Chop wood {number} times") for number in (1, 2))
    live(sighted(curriculum="fixed", tasks=tasks), tmp_path / "runs", name="one")
    whole = tmp_path / "runs" / "one"
    lines = (whole / "journal-000001.jsonl").read_bytes().count(b"\n")
    for place in range(3, lines, 5):
        folder = cut(whole, place)
        resume(folder)
        assert first_difference(whole, folder) is None, place


def test_only_the_newest_pictures_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldcraft.agent.seeing.pictures.PICTURES_KEPT", 3)
    pictures = RunPictures(tmp_path)
    kept = [pictures.keep(b"picture %d" % number) for number in range(5)]
    for number, name in enumerate(kept):
        os.utime(tmp_path / "pictures" / f"{name}.png", ns=(number, number))
    (tmp_path / "pictures" / "notes.txt").write_text("not ours")
    pictures.thin()
    assert [pictures.read(name) for name in kept] == [None, None, b"picture 2", b"picture 3", b"picture 4"]
    assert (tmp_path / "pictures" / "notes.txt").exists()


def test_a_missing_picture_is_no_picture(server: OpenAIServer, sighted: Settings, tmp_path: Path) -> None:
    live(sighted(budget=BudgetLimits(iterations=1)), tmp_path / "runs", name="one")
    folder = tmp_path / "runs" / "one"
    for path in (folder / "pictures").iterdir():
        path.write_bytes(b"changed")
    asked = len(server.bodies)
    resume(folder, budget=BudgetLimits(iterations=2))
    shown = [pictures_of(body) for body in server.bodies[asked:] if is_actors(body)]
    assert shown == [[]]


@pytest.mark.parametrize(
    ("world", "problem"),
    [("UndrawnWorld", "the display is off"), ("TextWorld", "the picture cannot be read")],
)
def test_a_world_that_fails_to_draw_is_said_once_and_the_run_goes_on(
    sighted: Settings, tmp_path: Path, world: str, problem: str
) -> None:
    state, events = live(sighted(environment=f"sighted_world:{world}"), tmp_path / "runs")
    [warned] = [event.text for event in events if isinstance(event, e.Warned) and "drawn" in event.text]
    assert problem in warned
    assert state.spent.iterations == 2


def test_seeing_can_be_taken_up_and_given_up_at_a_resume(
    server: OpenAIServer, sighted: Settings, tmp_path: Path
) -> None:
    live(sighted(see=(), budget=BudgetLimits(iterations=1)), tmp_path / "runs", name="one")
    folder = tmp_path / "runs" / "one"
    resume(folder, budget=BudgetLimits(iterations=3), changes={"see": ("actor",)})
    seen = [pictures_of(body) for body in server.bodies if is_actors(body)]
    assert [len(pictures) for pictures in seen] == [0, 0, 1]
    resume(folder, budget=BudgetLimits(iterations=4), changes={"see": ()})
    assert pictures_of([body for body in server.bodies if is_actors(body)][-1]) == []


def test_what_nobody_can_see_is_refused_before_the_run(sighted: Settings, tmp_path: Path) -> None:
    blind = {"environment": "gridworld-v1", "model": "offline", "model_options": {}}
    for settings, problem in [
        (
            sighted(environment="toy_world:ToyWorld"),
            "toy-v1 draws no pictures and shows none; leave --see out",
        ),
        (sighted(**blind), "offline, which answers for the actor, takes no pictures"),
    ]:
        with pytest.raises(CannotSee, match=problem):
            live(settings, tmp_path / "runs")
    assert not list((tmp_path / "runs").glob("*"))


def carrying(*contents: bytes, media: str = "image/png") -> Observation:
    return Observation(
        attached={str(number): Attachment.of(content, media) for number, content in enumerate(contents)}
    )


def test_what_observations_carry_is_kept_in_the_same_place_and_by_the_same_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = RunPictures(tmp_path)
    shown = pictures.keep(b"shown")
    pictures.keep_carried(carrying(b"shown", b"carried"))
    pictures.keep_carried(carrying(b"rows", media="application/x-numpy"))
    files = sorted((tmp_path / "pictures").iterdir(), key=lambda path: path.read_bytes())
    assert [(path.read_bytes(), path.suffix) for path in files] == [
        (b"carried", ".png"), (b"rows", ".bin"), (b"shown", ".png"),
    ]  # fmt: skip
    for age, path in enumerate(files):
        os.utime(path, ns=(9 - age, 9 - age))
    monkeypatch.setattr("fieldcraft.agent.seeing.pictures.BYTES_KEPT", len(b"carriedrows"))
    pictures.thin()
    assert pictures.read(shown) is None and [path.exists() for path in files] == [True, True, False]


def test_what_an_earlier_version_kept_of_observations_is_still_read(tmp_path: Path) -> None:
    digest = Attachment.of(b"carried").digest
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / f"{digest}.bin").write_bytes(b"carried")
    assert RunPictures(tmp_path).read(digest) == b"carried"
    (tmp_path / "seen" / f"{digest}.bin").write_bytes(b"changed")
    assert RunPictures(tmp_path).read(digest) is None
