"""Worlds on the command line: options, variants, rules files, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_workshop import Workshop
from PIL import Image

from fieldcraft.envs.gridworld.loading import DEFAULT_RULES

Change = Callable[[dict[str, Any]], object]


def _circle(rules: dict[str, Any]) -> None:
    rules["items"] |= {"egg_of_hen": {}, "hen_of_egg": {}}
    rules["recipes"] += [
        {"item": "egg_of_hen", "needs": {"hen_of_egg": 1}},
        {"item": "hen_of_egg", "needs": {"egg_of_hen": 1}},
    ]


WRONG: list[tuple[Change, str]] = [
    (lambda rules: rules["recipes"][3].update(count=-4), "recipes.3.count: must be"),
    (lambda rules: rules["recipes"][3]["needs"].update(moon=1), "unknown item or tag 'moon'"),
    (lambda rules: rules["items"].update(moon_cheese={}), "items.moon_cheese: unobtainable"),
    (_circle, "cycle: egg_of_hen needs hen_of_egg needs egg_of_hen"),
    (lambda rules: rules["blocks"]["stone"].update(tool="pickax"), "kind of tool 'pickax'; did you mean"),
    (lambda rules: rules["ores"].pop("diamond_ore"), "diamond needs the block diamond_ore, which no world"),
]


@pytest.mark.parametrize(("change", "problem"), WRONG)
def test_a_wrong_rules_file_is_one_line_with_the_line_number(
    workshop: Workshop, change: Change, problem: str
) -> None:
    rules = json.loads(DEFAULT_RULES.read_text())
    rules["variants"] = {}
    change(rules)
    (workshop.folder / "mine.json").write_text(json.dumps(rules, indent=1))
    ended = workshop.run("envs", "show", "gridworld-v1", "--option", "rules=mine.json")
    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert "mine.json, line " in ended.err
    assert problem in ended.err


@pytest.mark.parametrize("command", [["explore", "--plain"], ["solve", "dig", "--plain"]])
@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--seed", "seven"], "--seed"),
        (["--option", "size=8"], "size: 8 is out of range; use 64 to 1024"),
        (["--option", "variant=deep", "--option", "size=64"], "too small for its ores"),
        (["--option", "variant=dessert"], "did you mean 'desert'"),
        (["--option", "rules=nowhere.json"], "cannot read the rules file nowhere.json: No such file"),
    ],
)
def test_a_wrong_world_is_refused_before_the_run_begins(
    workshop: Workshop, command: list[str], flags: list[str], problem: str
) -> None:
    ended = workshop.run(*command, "--env", "gridworld-v1", *flags)
    assert ended.code == 2
    assert problem in ended.err
    assert not (workshop.folder / "runs").exists()


def test_show_lists_the_options_the_variants_and_what_they_cost(workshop: Workshop) -> None:
    out = workshop.run("envs", "show", "gridworld-v1", "--option", "variant=desert").out
    for words in ("mob_density", "keep_inventory", "islands", "of the 253 items can be had"):
        assert words in out
    data = workshop.run("envs", "show", "gridworld-v1", "--json").data
    told = {option["name"]: option for option in data["reset_options"]}
    assert "permuted" in told["variant"]["choices"]
    assert data["remarks"] == ["every one of the 253 items can be had from empty hands"]


def test_map_draws_the_whole_world_of_a_seed(workshop: Workshop) -> None:
    ended = workshop.run(
        "envs",
        "map",
        "gridworld-v1",
        "a.png",
        "--seed",
        "3",
        "--option",
        "variant=islands",
        "--option",
        "size=96",
    )
    assert ended.code == 0
    assert "seed 3, 96 by 96 blocks" in ended.out
    with Image.open(workshop.folder / "a.png") as picture:
        assert picture.size == (768, 768)
        assert picture.getchannel("A").getextrema() == (255, 255)
    assert "clearing-v1 has no map" in workshop.run("envs", "map", "clearing:Clearing", "b.png").err
    assert workshop.run("envs", "map", "gridworld-v1", "nowhere/a.png").code == 2
    assert workshop.run("envs", "map", "gridworld-v1", "a.png", "--seed", "three").code == 2


def test_show_says_when_names_are_known_of_a_world_that_lies_on_a_server(workshop: Workshop) -> None:
    out = workshop.run("envs", "show", "minecraft-v1").out
    assert "known once connected to a server" in out
    assert "0 items" not in out


def test_install_says_what_it_does_before_it_takes_its_time(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, script in (("node", "echo v22.1.0"), ("npm", "echo no network >&2; exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    ended = workshop.run("envs", "install", "minecraft-v1")
    assert ended.code == 1
    first, last = ended.err.splitlines()
    assert first == "Installing the Minecraft bridge's packages (about 500 MB) ..."
    assert "npm could not install" in last and "no network" in last


def test_map_draws_the_world_that_explore_would_live_in(workshop: Workshop) -> None:
    small = ("--option", "size=64")
    assert "seed 7, 64 by 64" in workshop.run("envs", "map", "gridworld-v1", "a.png", *small).out
    (workshop.folder / "fieldcraft.toml").write_text("seed = 4\n")
    assert "seed 4, 64 by 64" in workshop.run("envs", "map", "gridworld-v1", "a.png", *small).out


def test_permute_writes_rules_that_a_world_takes(workshop: Workshop) -> None:
    ended = workshop.run("envs", "permute", "new.json", "--seed", "3")
    assert ended.code == 0
    assert "explore --option rules=new.json" in ended.out
    first = (workshop.folder / "new.json").read_text()
    assert "oak_log" not in first
    shown = workshop.run("envs", "show", "gridworld-v1", "--option", "rules=new.json").out
    assert "every one of the 253 items" in shown
    workshop.run("envs", "permute", "again.json", "--seed", "3")
    assert (workshop.folder / "again.json").read_text() == first
    assert workshop.run("envs", "permute", "nowhere/new.json").code == 2
