"""The help teaches, and starts fast because nothing heavy is loaded for it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cli_workshop import Workshop

import fieldcraft

HEAVY = "chromadb docker langchain_core numpy pydantic_settings jinja2 fieldcraft.agent.session"
COMMANDS = [
    "",
    "explore",
    "solve",
    "replay",
    "study",
    "bench",
    "doctor",
    "skills",
    "envs",
    "runs",
    "serve",
    "facts",
    "prompts",
    "toolformer",
    "tools",
    "tools add",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_shows_examples(workshop: Workshop, command: str) -> None:
    ended = workshop.run(*command.split(), "--help")
    assert ended.code == 0
    assert "Examples:" in ended.out
    assert f"fieldcraft {command}".strip() in ended.out


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from fieldcraft.cli.main import main; main(['--help']); "
        f"loaded = set({HEAVY!r}.split()) & set(sys.modules); sys.exit(f'loaded {{loaded}}' if loaded else 0)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_no_command_is_answered_with_the_help_alone(workshop: Workshop) -> None:
    ended = workshop.run()
    assert ended.code == 2
    assert ended.err == ""
    assert "Examples:" in ended.out


def test_prints_its_version(workshop: Workshop) -> None:
    ended = workshop.run("--version")
    assert (ended.code, ended.out) == (0, f"fieldcraft {fieldcraft.__version__}\n")


def test_a_reader_that_leaves_is_no_error(workshop: Workshop) -> None:
    command = f"{sys.executable} -m fieldcraft --help | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1)
    assert "Traceback" not in ended.stderr
