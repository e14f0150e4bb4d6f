"""What a person wrote out in a tool's settings is used, and stands in no file of the run or the study."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_workshop import Workshop

from fieldcraft import explore
from fieldcraft.agent.journal.run import RunError
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.fields import FOR_FILES
from fieldcraft.study import StudyPlan
from fieldcraft.tools.sources.settings import McpServer, OpenApiDocument

WEATHER = Path(__file__).parent.parent / "tools" / "servers" / "weather.py"
SECRET = "quiet-mossy-badger"
SOURCES = f"""
[mcp.weather]
command = '{sys.executable}'
args = ['{WEATHER}', '--access-token', '{SECRET}', '--region=north']
env = {{ BADGE = "{SECRET}", FORECASTER = "${{USER_NAME:-{SECRET}}}", PLACE = "${{HOME}}" }}
"""


def holding(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_no_file_of_a_run_holds_it_and_the_run_goes_on_with_it(workshop: Workshop) -> None:
    file = workshop.folder / "fieldcraft.toml"
    before = file.read_text()
    file.write_text(before + SOURCES)
    assert workshop.explore("--iterations", "1").code == 0
    resumed = workshop.run("explore", "--plain", "--resume", "first", "--iterations", "2")
    assert resumed.code == 0, resumed.err

    runs = workshop.folder / "runs"
    assert holding(runs, SECRET) == []
    assert len(holding(runs, "BADGE")) == len(holding(runs, "${HOME}")) == 1

    file.write_text(before + SOURCES.replace("north", "south"))
    other = workshop.run("explore", "--plain", "--resume", "first", "--iterations", "3")
    assert other.code == 1
    assert "keep args of [mcp.weather] without its secrets; have the same args in" in other.err

    file.write_text(before + SOURCES.replace(f'BADGE = "{SECRET}", ', ""))
    lost = workshop.run("explore", "--plain", "--resume", "first", "--iterations", "3")
    assert (lost.code, lost.out) == (1, "")
    assert "do not keep the value of BADGE in [mcp.weather.env]; have it in fieldcraft.toml" in lost.err


def test_nor_does_a_plan_hold_headers_or_credentials() -> None:
    settings = RunSettings.model_validate(
        {
            "mcp": {
                "wiki": {"url": "http://localhost/mcp", "headers": {"Authorization": f"Bearer {SECRET}"}}
            },
            "openapi": {
                "bank": {"document": "bank.yaml", "credentials": {"key": SECRET, "other": "${BANK}"}}
            },
        }
    )
    plan = StudyPlan(kind="items", settings=settings)
    kept = plan.model_dump_json(context=FOR_FILES)

    assert SECRET not in kept
    assert "Authorization" in kept and "${BANK}" in kept
    assert SECRET in plan.model_dump_json()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (("--api-key", SECRET, "north"), ("--api-key", "[left out]", "north")),
        (("--api-key", "${KEY}"), ("--api-key", "${KEY}")),
        (("--token", "--verbose"), ("--token", "--verbose")),
        ((f"--apiKey={SECRET}",), ("--apiKey=[left out]",)),
        (("-e", f"FORECAST_KEY={SECRET}"), ("-e", "FORECAST_KEY=[left out]")),
        (("--header", f"Authorization: Basic {SECRET}"), ("--header", "Authorization: [left out]")),
        (('{"regionKey": 1, "apiKey": "' + SECRET + '"}',), ('{"regionKey": 1, "apiKey": "[left out]"}',)),
        (('{\\"apiKey\\":\\"' + SECRET + '\\"}',), ('{\\"apiKey\\":\\"[left out]\\"}',)),
        (("sk-" + "a1b2" * 5, "--tokenizer=words"), ("[left out]", "--tokenizer=words")),
        ((f"--db=postgres://me:{SECRET}@localhost/db",), ("--db=postgres://[left out]@localhost/db",)),
        (("--db=postgres://${USER}:${PASS}@localhost",), ("--db=postgres://${USER}:${PASS}@localhost",)),
        (("--max-tokens", "500", "--tokens=7"), ("--max-tokens", "500", "--tokens=7")),
        (("--API-TOKEN", "-kX9-" + SECRET), ("--API-TOKEN", "[left out]")),
        (("-H", "Authorization:", "Bearer", SECRET), ("-H", "Authorization:", "Bearer", "[left out]")),
        (
            ("-H", f"X-Ray: {SECRET}", "-H", "Accept: text/plain"),
            ("-H", "X-Ray: [left out]", "-H", "Accept: text/plain"),
        ),
        (("-u", f"me:{SECRET}"), ("-u", "[left out]")),
        (("--password=12345678",), ("--password=[left out]",)),
    ],
)
def test_what_is_a_secret_in_the_arguments_of_a_server(
    written: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    server = McpServer(command="weather", args=written)
    assert server.model_dump(context=FOR_FILES)["args"] == kept
    assert server.model_dump()["args"] == written


def test_what_is_a_secret_in_a_url() -> None:
    url = f"https://localhost/mcp?region=north&api_key={SECRET}&page=2#top"
    kept = McpServer(url=url).model_dump(context=FOR_FILES)["url"]
    assert kept == "https://localhost/mcp?region=north&api_key=[left out]&page=2#top"
    bank = OpenApiDocument(document=f"https://me:{SECRET}@localhost/bank.yaml", servers=(url,))
    assert SECRET not in bank.model_dump_json(context=FOR_FILES)


def test_a_run_in_python_goes_on_with_what_is_given_again(tmp_path: Path) -> None:
    server = McpServer(
        command=sys.executable, args=(str(WEATHER), "--access-token", SECRET), env={"BADGE": SECRET}
    )
    first = explore(iterations=1, runs=tmp_path, name="first", mcp={"weather": server})
    assert first.spent.iterations == 1
    with pytest.raises(RunError, match=r"without its secrets|do not keep the value of BADGE"):
        explore(iterations=2, runs=tmp_path, resume="first")
    assert explore(iterations=2, runs=tmp_path, resume="first", mcp={"weather": server}).spent.iterations == 2
    assert holding(tmp_path, SECRET) == []
