"""Skills that move: what an agent learned in the grid world, and what Voyager published, in Minecraft."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from minecraft_server import FixtureServer

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.replaying import Outcome, replay_skills
from fieldcraft.agent.settings import BudgetLimits, FixedTask
from fieldcraft.cli.main import main
from fieldcraft.envs import ItemGoal
from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.skills import SkillLibrary, Verified
from fieldcraft.skills.formats.voyager import import_voyager
from fieldcraft.skills.sandbox import Sandbox, open_sandbox

sys.path.insert(0, str(Path(__file__).parents[2] / "skills"))

from voyager_library import publish

LEARNED = {
    "oak_log": "Get 1 oak log",
    "oak_planks": "Craft oak planks",
    "stick": "Craft sticks",
    "crafting_table": "Craft a crafting table",
    "wooden_pickaxe": "Craft a wooden pickaxe",
    "cobblestone": "Mine 1 cobblestone",
    "stone_pickaxe": "Craft a stone pickaxe",
    "furnace": "Craft a furnace",
    "iron_ingot": "Smelt an iron ingot",
    "chest": "Craft a chest",
}
HELD = {"oak_planks": 40, "stick": 8, "cobblestone": 16, "stone_pickaxe": 1, "raw_iron": 1}
TRIED = (
    "craftPlanks", "mineWoodLog", "mineWoodLogV2", "craftCraftingTable", "placeTableNearby",
    "mineCobblestone",
    "craftStonePickaxe", "depositLoot",
    "collectSand", "carefulMining", "gatherFuel", "feedFire", "patrol", "raiseFlag",
)  # fmt: skip


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of an agent that lived in the grid world and set out with nothing."""
    folder = tmp_path_factory.mktemp("learned")
    settings = RunSettings(
        curriculum="fixed",
        tasks=tuple(FixedTask(task=words, goal=ItemGoal(item=item)) for item, words in LEARNED.items()),
        library=str(folder / "library"),
        budget=BudgetLimits(iterations=60),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIELDCRAFT_CACHE", str(folder / "cache"))
        with new_session(settings, runs=folder / "runs") as session:
            state = session.explorer.explore()
    assert state.completed == list(LEARNED.values())
    return folder / "library"


def replayed(capsys: pytest.CaptureFixture[str], library: Path, **options: Any) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    given = [word for name, value in options.items() for word in ("--option", f"{name}={value}")]
    command = ["replay", "--library", str(library), "--env", "minecraft-v1", *given, "--mark", "--json"]
    assert main(command) == 0
    return {found["skill"]: found for found in json.loads(capsys.readouterr().out)}


def test_what_was_learned_in_the_grid_world_works_in_minecraft(
    learned: Path, server: FixtureServer, world: MinecraftWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replayed(capsys, learned, port=server.port, username="Settler")
    assert {name: (result["outcome"], result["why"]) for name, result in found.items()} == {
        name: ("works", result["why"]) for name, result in found.items()
    }
    library = SkillLibrary(learned)
    assert {library.get(name).provenance.goal["item"] for name in found} == set(LEARNED)  # type: ignore[index]


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with open_sandbox() as opened:
        yield opened


def test_published_skills_parse_resolve_and_start(
    server: FixtureServer, world: MinecraftWorld, sandbox: Sandbox, tmp_path: Path
) -> None:
    published = publish(tmp_path / "trial1")
    (published / "skill" / "skills.json").unlink()
    for path in (published / "skill" / "code").iterdir():
        if path.stem not in TRIED:
            path.unlink()
    library = SkillLibrary(tmp_path / "library")
    report = import_voyager(published, library)
    assert (len(report.added), report.refused) == (len(TRIED) - 1, {})
    options = {
        "port": server.port, "username": "Tester", "reset": "hard", "position": "0.5,5,0.5", "inventory": HELD
    }  # fmt: skip
    results = list(replay_skills(library, world, sandbox, seed=1, options=options))
    failed = {result.skill: result.why for result in results if result.outcome is not Outcome.WORKS}
    assert list(failed) == ["raise-flag"], failed
    assert failed["raise-flag"].startswith("ReferenceError: weaveFlag is not defined at line 2")


def test_a_python_program_and_a_javascript_skill_share_the_bot(
    server: FixtureServer, world: MinecraftWorld, sandbox: Sandbox, tmp_path: Path, give: Any
) -> None:
    from fieldcraft.skills import Skill, parse_program

    give(oak_log=1)
    library = SkillLibrary(tmp_path / "library")
    make = "def make_planks(bot, count=4):\n    return bot.craft('oak_planks', count)\n"
    library.keep(Skill(name="make-planks", entry="make_planks", description="Planks.", source=make))
    table = (
        "async function craftTable(bot, count = 1) {\n  const made = await make_planks(bot, 4);\n"
        "  await craftItem(bot, 'crafting_table', count);\n  return made;\n}"
    )
    digests = library.digests_of(["make_planks"])
    library.keep(
        Skill(
            name="craft-table", entry="craftTable", description="A table.", source=table,
            language="javascript", dependencies=digests,
        )
    )  # fmt: skip
    program = parse_program("def go(bot):\n    made = craftTable(bot)\n    return made, bot.inventory()\n")
    execution = sandbox.run(program, world, skills=library.bind(["craftTable"]))
    assert execution.error_text() is None
    assert execution.result == [4, {"crafting_table": 1}]
    assert execution.skills_called == {"craftTable": 1, "make_planks": 1}
    assert server.inventory("Tester") == {"crafting_table": 1}
    assert library.get("craftTable").verified is Verified.NO
