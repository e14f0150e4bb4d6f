"""Commands that are told can be typed as they stand."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli_workshop import Workshop
from machine import PATIENCE

from fieldcraft.cli.options.naming import as_typed, program


def installed(folder: Path) -> Path:
    """The program as an installer writes it."""
    folder.mkdir(parents=True)
    script = folder / "fieldcraft"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom fieldcraft.cli.main import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return script


def test_its_name_is_enough_where_the_shell_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = installed(tmp_path / "bin")
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", str(script.parent))
    assert program() == "fieldcraft"


@pytest.mark.parametrize(
    ("place", "here", "words"),
    [(".venv/bin", ".", ".venv/bin/fieldcraft"), (".", ".", "./fieldcraft"), ("my tools", ".", None)],
)
def test_a_program_the_shell_does_not_find_is_named_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, here: str, words: str | None
) -> None:
    script = installed(tmp_path / "home" / place) if place != "." else installed(tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home" / here)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == (words or "'my tools/fieldcraft'")
    assert as_typed("see `fieldcraft doctor`") == f"see `{program()} doctor`"


def test_another_program_of_the_name_is_not_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, other = installed(tmp_path / "ours"), installed(tmp_path / "other")
    monkeypatch.setattr(sys, "argv", [str(ours)])
    monkeypatch.setenv("PATH", str(other.parent))
    assert program() == str(ours)


def test_the_command_that_goes_on_can_be_run_as_it_stands(workshop: Workshop) -> None:
    script = installed(workshop.folder / ".venv" / "bin")
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    arguments = [str(script), "explore", "--plain", "--name", "first", "--iterations", "1"]
    ended = subprocess.run(
        arguments, cwd=workshop.folder, env=environment, capture_output=True, text=True, check=True
    )
    [command] = [line.strip() for line in ended.stdout.splitlines() if "--resume first" in line]
    assert command.startswith(".venv/bin/fieldcraft explore --resume first")
    again = subprocess.run(
        [*shlex.split(command), "--iterations", "2"],
        cwd=workshop.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0


def test_a_module_run_by_python_is_named_so(workshop: Workshop) -> None:
    process = workshop.start("runs", "list")
    out, _ = process.communicate(timeout=PATIENCE)
    assert "-m fieldcraft explore`" in out
