"""What a person wrote out in a tool's settings is used, and stands in no file of the run or the study."""

from __future__ import annotations

import sys
from pathlib import Path

from cli_workshop import Workshop

from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.study import StudyPlan
from fieldcraft.tools.sources.secrets import FOR_FILES

WEATHER = Path(__file__).parent.parent / "tools" / "servers" / "weather.py"
SECRET = "quiet-mossy-badger"
SOURCES = f"""
[mcp.weather]
command = '{sys.executable}'
args = ['{WEATHER}']
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

    file.write_text(before)
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
