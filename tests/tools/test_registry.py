"""Tools are registered in a line, found by name, and described to a model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from langchain_core.tools import BaseTool, StructuredTool, Tool

from fieldcraft.tools import (
    BrokenTool,
    DuplicateTool,
    ToolError,
    ToolExecutor,
    ToolRegistry,
    UnknownTool,
    available,
    load_tools,
    tool,
)
from fieldcraft.tools.calls.naming import identifier


def double(number: int, label: Literal["a", "b"] = "a", parts: list[str] | None = None) -> str:
    """Double a number.

    And say so.
    """
    return f"{label}{number * 2}{parts}"


@tool
def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


def test_functions_and_langchain_tools_are_registered_alike() -> None:
    registry = ToolRegistry([double, shout])

    assert registry.names() == ("double", "shout")
    assert registry.get("shout") is shout
    assert registry.get("double").invoke({"number": 4}) == "a8None"
    assert "double" in registry
    assert list(registry) == ["double", "shout"]
    assert len(registry) == 2


def test_a_model_reads_names_arguments_defaults_and_purpose() -> None:
    assert ToolRegistry([shout, double]).reference() == (
        "- double(number: int, label: 'a' | 'b' = 'a', parts: list[str] | None = None): "
        "Double a number. And say so.\n"
        "- shout(text: str): Say it loudly."
    )
    assert ToolRegistry().reference() == ""


def test_an_unknown_tool_gets_the_nearest_names() -> None:
    registry = ToolRegistry([double, shout])

    with pytest.raises(UnknownTool, match=r"no tool 'shuot'; did you mean 'shout'\? Tools: double, shout\."):
        registry.get("shuot")
    with pytest.raises(UnknownTool, match=r"no tool 'any'\. Tools: none\."):
        ToolRegistry().get("any")


def test_of_very_many_tools_not_all_are_named() -> None:
    registry = ToolRegistry()
    for number in range(1_000):
        registry.add(double, name=f"double_{number:03}")

    with pytest.raises(UnknownTool, match=r"did you mean 'double_001'.*double_039 and 960 more\.$"):
        registry.get("duoble_001")


def test_of_two_tools_with_one_name_the_first_stays() -> None:
    registry = ToolRegistry([shout])

    with pytest.raises(DuplicateTool, match="a tool 'shout' already"):
        registry.add(double, name="shout")
    assert registry.get("shout") is shout


def test_what_cannot_be_a_tool_says_why() -> None:
    def silent(number: int) -> int:
        return number

    def odd(number: NoSuchType) -> int:  # noqa: F821
        """Do something odd."""
        return 1

    with pytest.raises(BrokenTool, match="3 is neither a function nor a LangChain tool"):
        ToolRegistry([3])
    with pytest.raises(BrokenTool, match="'silent' has no docstring"):
        ToolRegistry([silent])
    with pytest.raises(BrokenTool, match="cannot be called as tools"):
        ToolRegistry().add(double, name="my-double")
    with pytest.raises(BrokenTool, match="'odd' cannot be made a tool.*NoSuchType"):
        ToolRegistry([odd]).get("odd")


def test_patterns_select() -> None:
    registry = ToolRegistry()
    for name in ("search_web", "search_notes", "double"):
        registry.add(double, name=name)

    assert registry.select(["search_*"]).names() == ("search_notes", "search_web")
    assert registry.select(["*_web", "double"]).names() == ("double", "search_web")
    assert registry.select([]).names() == ()


def test_load_takes_announced_names_patterns_and_import_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_loaded_tools.py").write_text(
        'def triple(n: int) -> int:\n    "Triple it."\n    return n * 3\n'
    )
    monkeypatch.chdir(tmp_path)

    assert load_tools(()).names() == ()
    registry = load_tools(("calc*", "my_loaded_tools:triple"))

    assert registry.names() == ("calculator", "triple")
    assert registry.get("triple").invoke({"n": 2}) == 6
    assert registry.problems == []


def test_installed_packages_announce_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "announced_tools.py").write_text(
        'def quadruple(n: int) -> int:\n    "Four times."\n    return n * 4\n'
    )
    information = tmp_path / "announced-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: announced\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[fieldcraft.tools]\nfourfold = announced_tools:quadruple\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert {"calculator", "fourfold"} <= available().keys()
    assert load_tools(["fourfold"]).get("fourfold").invoke({"n": 2}) == 8


def test_two_packages_that_announce_one_tool_are_both_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("kits", "sets"):
        (tmp_path / f"{package}-1.0.dist-info").mkdir()
        (tmp_path / f"{package}-1.0.dist-info/METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (tmp_path / f"{package}-1.0.dist-info/entry_points.txt").write_text(
            f"[fieldcraft.tools]\nfourfold = {package}:fourfold\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))

    registry = load_tools(["fourfold", "calculator"])

    assert registry.names() == ("calculator",)
    assert "kits and sets both announce a tool 'fourfold'" in registry.problems[0].message


def test_broken_tools_are_named_and_the_rest_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_broken_tools.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.chdir(tmp_path)

    registry = load_tools(["my_broken_tools:anything", "json:nothing", "no_such:x", "calculator"])

    assert registry.names() == ("calculator",)
    assert [(problem.name, problem.message) for problem in registry.problems] == [
        ("my_broken_tools:anything", "importing 'my_broken_tools' failed: RuntimeError: no licence"),
        ("json:nothing", "module 'json' has no 'nothing'"),
        ("no_such:x", "no module 'no_such' can be imported"),
    ]


def test_a_tool_nobody_announces_is_an_error() -> None:
    with pytest.raises(UnknownTool, match="did you mean 'calculator'.*Your own: 'module:function'"):
        load_tools(["calculater"])


def test_importing_the_room_imports_no_langchain() -> None:
    check = (
        "import sys, fieldcraft.tools as tools; tools.load_tools(['calculator']);"
        "print('langchain_core' in sys.modules)"
    )

    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "False"


def test_tools_are_left_out_prefixed_and_wrapped() -> None:
    registry = ToolRegistry([double, shout])

    def politely(one: BaseTool) -> BaseTool:
        return StructuredTool.from_function(
            lambda text: f"please: {one.invoke({'text': text})}", name=one.name, description=one.description
        )

    assert registry.without(["s*"]).names() == ("double",)
    assert registry.prefixed("my_").names() == ("my_double", "my_shout")
    wrapped = registry.select(["shout"]).wrapped(politely)
    assert wrapped.get("shout").invoke({"text": "go"}) == "please: GO"
    assert wrapped.origin("shout") == "Python"
    with pytest.raises(BrokenTool, match="give it a name of a-z"):
        registry.prefixed("1-")


def test_a_broken_tool_does_not_cost_the_others() -> None:
    def odd(number: NoSuchType) -> int:  # noqa: F821
        """Do something odd."""
        return 1

    registry = ToolRegistry([odd, shout])

    assert registry.reference() == "- shout(text: str): Say it loudly."
    assert registry.names() == ("shout",)
    assert [problem.name for problem in registry.problems] == ["odd"]


def test_a_module_may_hold_several_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_kit.py").write_text(
        "from fieldcraft import tool\n"
        '@tool\ndef one() -> int:\n    "One."\n    return 1\n'
        '@tool\ndef two() -> int:\n    "Two."\n    return 2\n'
        "kit = [one, two]\n"
        'class Box:\n    @staticmethod\n    def three() -> int:\n        "Three."\n        return 3\n'
    )
    monkeypatch.chdir(tmp_path)

    registry = load_tools(["my_kit:kit", "my_kit:kit", "my_kit:Box.three", "my_kit:"])

    assert registry.names() == ("one", "three", "two")
    assert registry.origin("one") == "my_kit:kit"
    assert [problem.message for problem in registry.problems] == [
        "'my_kit:' is incomplete; write it as module:Name"
    ]


def test_an_import_that_ends_the_program_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_ending_tools.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)

    assert "SystemExit: 3" in load_tools(["my_ending_tools:x"]).problems[0].message


def test_origins_say_where_a_tool_is_from() -> None:
    registry = load_tools(["calculator", "math:sqrt"])

    assert (registry.origin("calculator"), registry.origin("sqrt")) == ("built in", "math:sqrt")
    with pytest.raises(UnknownTool):
        registry.origin("sqr")


def test_langchains_tool_of_one_text_is_called_by_its_only_argument() -> None:
    echo = Tool(name="echo", description="Echo.", func=lambda text: f"{text}!")
    executor = ToolExecutor(ToolRegistry([echo]))

    assert executor.registry.specs() == ("echo(tool_input: str): Echo.",)
    assert executor.call("echo", {"tool_input": "hi"}) == "hi!"
    with pytest.raises(ToolError, match="echo takes no argument 'text'; it takes: tool_input"):
        executor.call("echo", {"text": "hi"})
    executor.close()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("read-file", "read_file"),
        ("get /pets/{id}", "get_pets_id"),
        ("3d", "tool_3d"),
        ("class", "tool_class"),
        ("!?", ""),
    ],
)
def test_any_text_becomes_a_name_that_can_be_called(text: str, name: str) -> None:
    assert identifier(text) == name


def test_long_names_that_begin_alike_stay_apart() -> None:
    first, second = identifier("a" * 100 + "b"), identifier("a" * 100 + "c")

    assert first != second
    assert len(first) == len(second) == 64
