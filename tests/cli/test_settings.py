"""Flags override the environment, which overrides the settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_workshop import Workshop

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options.config import load_settings
from fieldcraft.cli.options.flags import read_tasks


def write(text: str) -> None:
    Path("fieldcraft.toml").write_text(text)


@pytest.mark.parametrize(
    ("variable", "flags", "seed"),
    [(None, {}, 1), ("2", {}, 2), ("2", {"seed": 3}, 3), (None, {"seed": 3}, 3)],
)
def test_flags_go_before_variables_before_the_file(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    flags: dict[str, Any],
    seed: int,
) -> None:
    write("seed = 1\n")
    if variable is not None:
        monkeypatch.setenv("FIELDCRAFT_SEED", variable)
    assert load_settings(flags).seed == seed


def test_tables_of_all_three_are_one(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    write("[budget]\niterations = 5\ntokens = 10\n[role_models]\nactor = 'offline'\n")
    monkeypatch.setenv("FIELDCRAFT_BUDGET__TOKENS", "20")
    monkeypatch.setenv("FIELDCRAFT_OPTIONS", '{"size": 96}')
    found = load_settings({"budget": {"money": 2.5}, "role_models": {"critic": "offline"}})
    assert (found.budget.iterations, found.budget.tokens, found.budget.money) == (5, 20, 2.5)
    assert found.role_models == {"actor": "offline", "critic": "offline"}
    assert found.options == {"size": 96}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sead = 3\n", "fieldcraft.toml, line 1: no setting 'sead'; did you mean 'seed'"),
        (
            "[budget]\niteration = 3\n",
            "fieldcraft.toml, line 2: no setting 'budget.iteration'; did you mean 'iterations'?",
        ),
        ("seed = 'x'\n", "fieldcraft.toml, line 1: seed: must be a whole number (got 'x')"),
        ("[role_models]\naktor = 'offline'\n", "no model role 'aktor'; did you mean 'actor'?"),
        (
            "[model_options]\nprise = 3\n",
            "no setting 'model_options.prise'; did you mean 'prices' or 'retries'? Known settings",
        ),
        (
            "sandbox = 'cage'\n",
            "fieldcraft.toml, line 1: sandbox: no sandbox 'cage'. Known: auto, docker, process, unsafe",
        ),
        ("sandbox = 'proces'\n", "no sandbox 'proces'; did you mean 'process'?"),
        ("[mcp.a]\ncommand = 'b'\n\n[mcp.a.effects]\n'*' = 'read'\n", "line 5: mcp.a.effects.*: must be "),
        ("[mcp.a]\ncommand = 3\n", "fieldcraft.toml, line 2: mcp.a.command: must be a text (got '3')"),
        ("[openapi]\na = { documnt = 'b' }\n", "fieldcraft.toml, line 2: "),
        (
            "[model_options]\ntimeout = 'long'\n",
            "line 2: model_options.timeout: must be a number (got 'long')",
        ),
        ("[tool_policy]\ncalls = 'x'\n", "line 2: "),
        ("seed = 1\nbudget = 3\n", "fieldcraft.toml, line 2: budget: must be a table (got '3')"),
        ("seed = \n", "fieldcraft.toml is not valid TOML: Invalid value (at line 1, column 8)"),
    ],
)
def test_the_file_is_read_strictly(workshop: Workshop, text: str, words: str) -> None:
    write(text)
    with pytest.raises(UsageProblem) as caught:
        load_settings({})
    assert words in str(caught.value)


def test_a_wrong_role_is_told_without_the_table_it_stands_in(workshop: Workshop) -> None:
    with pytest.raises(UsageProblem, match=r"Roles: .*describer, tools$"):
        load_settings({"role_models": {"actr": "offline"}})


def test_a_folder_of_the_files_name_is_told(workshop: Workshop) -> None:
    Path("fieldcraft.toml").unlink()
    Path("fieldcraft.toml").mkdir()
    with pytest.raises(UsageProblem, match=r"fieldcraft\.toml is not a file; move it away"):
        load_settings({})


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FIELDCRAFT_SEED", "x", "FIELDCRAFT_SEED: seed: must be a whole number (got 'x')"),
        ("FIELDCRAFT_OPTIONS", "{size", "FIELDCRAFT_OPTIONS must hold JSON"),
        ("FIELDCRAFT_SEAD", "3", "FIELDCRAFT_SEAD is not a setting; did you mean 'seed'"),
        (
            "FIELDCRAFT_BUDGET__TOKENS",
            "-1",
            "FIELDCRAFT_BUDGET__TOKENS: budget.tokens: must be 0 or more (got '-1')",
        ),
    ],
)
def test_a_wrong_variable_is_named(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageProblem) as caught:
        load_settings({})
    assert words in str(caught.value)


def test_a_wrong_flag_is_named(workshop: Workshop) -> None:
    with pytest.raises(UsageProblem, match="--tokens: must be 0 or more"):
        load_settings({"budget": {"tokens": -5}})


def test_the_folder_of_runs_is_a_setting(workshop: Workshop) -> None:
    write(Path("fieldcraft.toml").read_text().replace("[budget]", 'runs = "elsewhere"\n[budget]'))
    assert workshop.explore("--iterations", "1").code == 0
    assert Path("elsewhere/first").is_dir()


def test_the_example_of_the_documentation_holds(workshop: Workshop) -> None:
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
    write(page.partition("```toml\n")[2].partition("```")[0])
    found = load_settings({})
    assert (found.budget.tokens, found.options, found.model_options) == (
        2_000_000,
        {"size": 128},
        {"timeout": 60},
    )
    Path("tasks.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    first, second = read_tasks(Path("tasks.yaml"))
    assert (first.goal, str(second.goal)) == (None, "hold 1 crafting_table")


def test_the_script_of_the_documentation_can_be_lived(workshop: Workshop) -> None:
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
    section = page.partition("## A script instead of a model")[2]
    Path("answers.yaml").write_text(section.partition("```yaml\n")[2].partition("\n```\n")[0] + "\n")
    write("questions = 0\n")
    ended = workshop.run("explore", "--model", "scripted:answers.yaml", "--iterations", "1", "--json")
    assert ended.code == 0
    assert list(ended.data["skills"]) == ["mine-oak-log"]


@pytest.mark.parametrize("command", [("explore",), ("solve", "chop wood")])
def test_a_limit_in_money_that_limits_nothing_is_refused(
    workshop: Workshop, command: tuple[str, ...]
) -> None:
    ended = workshop.run(*command, "--model", "openai:nobody-knows", "--money", "1")
    assert ended.code == 2
    assert "--money has no effect while the price of openai:nobody-knows is unknown" in ended.err
    assert not (workshop.folder / "runs").exists()


def test_with_a_limit_in_money_a_mistyped_provider_is_named_and_not_its_price(workshop: Workshop) -> None:
    ended = workshop.run("explore", "--model", "opnai:gpt-5", "--money", "1")
    assert ended.code != 0
    assert "no model provider 'opnai'; did you mean 'openai'?" in ended.err
    assert "price" not in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[model_options]\napi_key = "x"\n', "a key is read from its variable, such as OPENAI_API_KEY"),
        ('modle = "offline"\n', "did you mean 'model'"),
    ],
)
def test_a_misspelt_key_and_a_secret_have_one_short_cure(workshop: Workshop, text: str, said: str) -> None:
    (workshop.folder / "fieldcraft.toml").write_text(text)
    ended = workshop.run("explore")
    assert ended.code == 2
    assert said in ended.err and "Known settings" not in ended.err
