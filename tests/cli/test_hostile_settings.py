"""Settings and small files of a folder that somebody else made: refused in one line, never a hang."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cli_workshop import Workshop

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options.config import load_settings
from fieldcraft.cli.options.flags import pairs, read_tasks
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.options import read_options

pytestmark = pytest.mark.attack("settings and lists of tasks that hang or fill")

SETTINGS = {
    "nested lists": "seed = " + "[" * 100_000,
    "nested tables": "[options]\nx = " + "{a=" * 100_000,
    "a deep key": "[options" + ".a" * 50_000 + "]\n",
    "a deep name": "options" + ".a" * 50_000 + " = 1\n",
    "digits": "seed = " + "9" * 10_000,
    "more digits": "[options]\nx = 0x" + "f" * 100_000,
    "size": "#" * 2_000_000,
    "many values": "tools = [" + "'a'," * 100_000 + "]\n",
    "a wrong key": '"\\u001b[2J\\nsed' + "x" * 100_000 + '" = 1\n',
    "a wrong value": 'seed = "' + "y" * 100_000 + '"\n',
    "no text": b"\xff\xfe\x00".decode("latin-1"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_hostile_file_of_settings_is_refused_in_one_line(workshop: Workshop, case: str) -> None:
    Path("fieldcraft.toml").write_text(SETTINGS[case], encoding="latin-1")
    with pytest.raises(UsageProblem, match=r"fieldcraft\.toml") as problem:
        load_settings({})
    text = str(problem.value)
    assert len(text) < 1500
    assert text.isprintable()


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_file_of_settings_that_is_none_is_not_waited_for(workshop: Workshop, kind: str) -> None:
    file = Path("fieldcraft.toml")
    file.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        file.mkdir()
    with pytest.raises(UsageProblem, match="is not a file"):
        load_settings({})


def test_a_variable_that_is_nested_too_deep_is_refused(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDCRAFT_OPTIONS", "[" * 50_000)
    with pytest.raises(UsageProblem, match="FIELDCRAFT_"):
        load_settings({})


TASKS = {
    "nested.yaml": "[" * 50_000,
    "nested.json": "[" * 50_000,
    "aliases.yaml": "- &a [x,x,x,x,x,x,x,x]\n"
    + "".join(f"- &a{n} [{', '.join([f'*a{n - 1}' if n else '*a'] * 9)}]\n" for n in range(12)),
    "digits.json": "[" + "9" * 100_000 + "]",
    "size.txt": "task\n" * 400_000,
    "constructs.yaml": "- !!python/object/apply:os.system ['true']\n",
}


@pytest.mark.parametrize("name", TASKS)
def test_a_hostile_list_of_tasks_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(TASKS[name])
    with pytest.raises(UsageProblem, match="cannot be read") as problem:
        read_tasks(path)
    assert len(str(problem.value)) < 1500


def test_a_list_of_tasks_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tasks.yaml")
    with pytest.raises(UsageProblem, match="pipe"):
        read_tasks(tmp_path / "tasks.yaml")


def test_json_on_the_command_line_that_is_nested_too_deep_is_text() -> None:
    deep = "[" * 100_000
    assert pairs("--option", [f"x={deep}", "y=[1]"], parse_json=True) == {"x": deep, "y": [1]}


@pytest.mark.parametrize("value", ["{" * 100_000, "9" * 100_000, json.dumps({"a": [[[[[[[[[[1]]]]]]]]]]})])
def test_hostile_options_of_minecraft_are_refused(value: str) -> None:
    for option in ("inventory", "position"):
        with pytest.raises(CannotPlay) as problem:
            read_options({option: value})
        assert len(str(problem.value)) < 1000
