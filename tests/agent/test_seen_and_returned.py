"""What a world shows in its own words and data, and what its primitives return, where it is to be seen."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from corridor import Corridor
from foreign_worlds import Database
from test_world_words import GO, script

from fieldcraft import explore
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.transcript.reading import kept_calls
from fieldcraft.envs import Attachment, Observation, primitive
from fieldcraft.envs.apart import WorldApart

PICTURE = b"\x89PNG picture"


class Asked(Database):
    """The database, whose answers a judge sees, with a picture of each moment."""

    def observe(self) -> Observation:
        seen = super().observe()
        return seen.model_copy(
            update={
                "words": "A prompt.\n> select",
                "extra": {"tables": [{"name": "people", "rows": 3}], "grid": np.zeros((2, 2)).tolist()},
                "attached": {"screen": Attachment.of(PICTURE)},
            }
        )

    @primitive(judged=True)
    def ask(self, sql: str) -> list[list[Any]]:
        """The rows that a query gives."""
        return super().ask(sql)


def explored(tmp_path: Path) -> tuple[list[e.Event], dict[str, str]]:
    program = GO.format("for _ in range(30):\n        bot.ask('select count(*) from people')")
    model = script(
        tmp_path,
        curriculum=[{"task": "Count the people", "goal": None}],
        actor=[program],
        critic=[{"reasoning": "3", "success": True, "critique": ""}],
        describer=["Counts."],
    )
    runs = tmp_path / "runs"
    explore(
        Asked(), model=model, iterations=1, runs=runs, name="a", library=str(tmp_path / "lib"), progress=False
    )
    return Journal(runs / "a").read(), {call.template: call.text for call in kept_calls(runs / "a")}


def test_what_judged_primitives_return_reaches_the_judge_and_is_bounded(tmp_path: Path) -> None:
    events, said = explored(tmp_path)
    (finished,) = [event for event in events if isinstance(event, e.ExecutionFinished)]

    assert len(finished.execution.results) == 20
    assert "# What calls returned\n> ask('select count(*) from people') returned [[3]]\n" in said["critic"]


def test_the_world_s_words_come_first_and_data_of_any_shape_stands_as_json(tmp_path: Path) -> None:
    _, said = explored(tmp_path)

    assert "# Observation\n> A prompt.\n> > select\n" in said["actor"]
    assert '> Tables: [{"name": "people", "rows": 3}]' in said["actor"]
    assert "PNG" not in said["actor"]


def test_a_picture_is_kept_with_the_run_by_its_digest(tmp_path: Path) -> None:
    events, _ = explored(tmp_path)
    (kept,) = (tmp_path / "runs" / "a" / "pictures").iterdir()
    (reset,) = [event for event in events if isinstance(event, e.WorldReset)]

    assert kept.read_bytes() == PICTURE
    assert kept.stem == sha256(PICTURE).hexdigest() == reset.observation.attached["screen"].digest
    assert "content" not in reset.model_dump_json()


def test_extras_of_any_size_and_depth_are_bounded() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    seen = Observation(extra={"deep": deep, "long": ["x" * 50_000], "none": None})

    assert max(map(len, seen.text().splitlines())) < 5_000
    assert Observation.model_validate_json(seen.model_dump_json()) == seen


def test_a_world_in_a_process_of_its_own_says_what_is_judged() -> None:
    world = WorldApart("test_seen_and_returned:Asked")
    try:
        assert world.judged_primitives == {"ask"}
    finally:
        world.close()
    assert Corridor().judged_primitives == frozenset()
