"""docker-compose.yml is valid, all of it is pinned and watched, and .env.example says what it needs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_command import compose

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    command = [*compose(), "--env-file", str(ROOT / ".env.example"), "-f", str(ROOT / "docker-compose.yml")]
    done = subprocess.run([*command, "config"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return found


def test_every_service_is_pinned_and_watched(services: dict[str, Any]) -> None:
    assert set(services) == {"minecraft", "chroma", "agent"}
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert service["volumes"], name
    for name in ("minecraft", "chroma"):
        assert re.fullmatch(r"[\w/-]+:[0-9][\w.-]+", services[name]["image"]), name


def test_the_agent_waits_for_both_servers_and_uses_them(services: dict[str, Any]) -> None:
    agent = services["agent"]
    assert {name: wait["condition"] for name, wait in agent["depends_on"].items()} == {
        "minecraft": "service_healthy",
        "chroma": "service_healthy",
    }
    settings = agent["environment"]
    assert settings["FIELDCRAFT_CHROMA_URL"] == "http://chroma:8000"
    assert settings["FIELDCRAFT_ENVIRONMENT"] == "minecraft-v1"
    assert json.loads(settings["FIELDCRAFT_OPTIONS"])["host"] == "minecraft"


def test_the_servers_pin_is_that_of_the_client() -> None:
    import chromadb

    pinned = re.search(r"CHROMA_IMAGE_TAG=(\S+)", EXAMPLE)
    assert pinned is not None
    assert pinned[1].split(".")[0] == chromadb.__version__.split(".")[0]


def test_the_example_has_every_variable_and_no_other() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", TEXT))
    told = set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, flags=re.MULTILINE))
    assert told <= used
    assert used - told == {"AGENT_IMAGE", "FIELDCRAFT_CHROMA_URL", "FIELDCRAFT_ENVIRONMENT"}


def test_defaults_in_the_file_are_those_of_the_example() -> None:
    told = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, flags=re.MULTILINE))
    for name, default in re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", TEXT):
        if name in told and name != "AGENT_COMMAND":
            assert default == told[name], name


def test_the_image_is_made_of_what_the_package_needs() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    for wanted in (
        "agent",
        "envs",
        "fieldcraft",
        "skills",
        "tools",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    ):
        assert f"!{wanted}" in ignored
        assert (ROOT / wanted).exists()
