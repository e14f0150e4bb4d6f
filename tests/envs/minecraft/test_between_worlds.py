"""Skills that move: what an agent learned in the grid world, and what Voyager published, in Minecraft."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from minecraft_server import FixtureServer

from fieldcraft.agent.replaying import Outcome, replay_skills
from fieldcraft.cli.main import main
from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.skills import SkillLibrary, Verified
from fieldcraft.skills.formats.voyager import import_voyager
from fieldcraft.skills.sandbox import Sandbox, open_sandbox

sys.path.insert(0, str(Path(__file__).parents[2] / "skills"))

from voyager_library import publish

LEARNED = Path(__file__).parent / "learned"
ITEMS = {
    "oak_log", "oak_planks", "stick", "crafting_table", "wooden_pickaxe", "cobblestone", "stone_pickaxe",
    "furnace", "iron_ingot", "chest",
}  # fmt: skip
HELD = {"oak_planks": 40, "stick": 8, "cobblestone": 16, "stone_pickaxe": 1, "raw_iron": 1}
TRIED = (
    "craftPlanks", "mineWoodLog", "mineWoodLogV2", "craftCraftingTable", "placeTableNearby",
    "mineCobblestone",
    "craftStonePickaxe", "depositLoot",
    "collectSand", "carefulMining", "gatherFuel", "feedFire", "patrol", "raiseFlag",
)  # fmt: skip


@pytest.fixture
def learned(tmp_path: Path) -> Path:
    """A copy of what an agent with the offline model learned in the grid world, setting out with nothing."""
    return shutil.copytree(LEARNED, tmp_path / "library")


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
    assert {library.get(name).provenance.goal["item"] for name in found} == ITEMS  # type: ignore[index]


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
    unstarted = {name: why for name, why in failed.items() if "interrupted" not in why}
    assert list(unstarted) == ["raise-flag"], failed
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
