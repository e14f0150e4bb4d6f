"""docker-compose.yml builds the agent and runs it in a container, on servers of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import chromadb
import docker
import pytest
import yaml
from chroma_server import chroma_server
from compose_command import compose
from local_base import import_base
from machine import lacking
from minecraft_server import FixtureServer, missing

from fieldcraft.skills.sandbox import SandboxUnavailable
from fieldcraft.skills.sandbox.docker.engine import connect

ROOT = Path(__file__).parents[2]
BASE, IMAGE, PROJECT = "fieldcraft-test-base", "fieldcraft-agent-test", "fieldcraft-test"
BOT = "Composed"


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    if problem := missing():
        lacking(problem)
    if not shutil.which("busybox"):
        lacking("busybox")
    try:
        client = connect()
        client.api.timeout = 600
    except SandboxUnavailable:
        lacking("Docker")
    import_base(client, BASE)
    yield client
    for image in (IMAGE, BASE):
        client.images.remove(image, force=True)
    client.close()


class Project:
    """The compose file with what a machine without a registry and without bridges must change."""

    def __init__(self, folder: Path, chroma: str, port: int) -> None:
        options = json.dumps({"host": "127.0.0.1", "port": port, "username": BOT})
        here = {"network_mode": "host"}
        agent = {
            **here,
            "build": {"network": "none"},
            "environment": {"FIELDCRAFT_OPTIONS": options, "FIELDCRAFT_CHROMA_URL": chroma},
        }
        self._file = folder / "here.yml"
        self._file.write_text(
            yaml.safe_dump({"services": {"minecraft": here, "chroma": here, "agent": agent}}),
            encoding="utf-8",
        )

    def run(self, *arguments: str, command: str = "explore --plain") -> subprocess.CompletedProcess[str]:
        """One command of docker compose."""
        files = ["-p", PROJECT, "-f", str(ROOT / "docker-compose.yml"), "-f", str(self._file)]
        settings = {
            "AGENT_BASE": BASE,
            "AGENT_EXTRAS": "minecraft",
            "AGENT_IMAGE": IMAGE,
            "AGENT_COMMAND": command,
            "DOCKER_BUILDKIT": "0",
        }
        return subprocess.run(
            [*compose(), *files, *arguments],
            cwd=ROOT,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=600,
        )


PLANKS = "async function craftPlanks(bot, count = 1) { await craftItem(bot, 'oak_planks', count) }"


def replayed_javascript(project: Project, folder: Path) -> list[str]:
    """What becomes of a published skill in the container: it runs there only where it is confined."""
    published = folder / "published" / "skill"
    published.mkdir(parents=True)
    code = {"craftPlanks": {"code": PLANKS, "description": "Planks of a log."}}
    (published / "skills.json").write_text(json.dumps(code), encoding="utf-8")
    once = ("run", "--rm", "--no-deps", "-v", f"{published.parent}:/published:ro", "agent")
    taken = project.run(
        *once, "skills", "import", "--format", "voyager", "/published", "--library", "borrowed"
    )
    assert taken.returncode == 0, taken.stdout + taken.stderr
    given = ("--option", 'inventory={"oak_log": 1}')
    tried = project.run(*once, "replay", "--library", "borrowed", *given, "--json")
    results = json.loads(tried.stdout)
    assert not [result["why"] for result in results if result["outcome"] != "works"], results
    return [result["outcome"] for result in results]


def test_the_agent_lives_in_its_container(engine: docker.DockerClient, tmp_path: Path) -> None:
    with chroma_server(tmp_path / "chroma") as (url, _), FixtureServer("1.20.4") as server:
        project = Project(tmp_path, url, server.port)
        built = project.run("build", "agent")
        assert built.returncode == 0, built.stdout + built.stderr
        try:
            life = project.run(
                *("up", "--no-deps", "--abort-on-container-exit", "--exit-code-from", "agent", "agent"),
                command="explore --plain --iterations 6",
            )
            assert life.returncode == 0, life.stdout + life.stderr
            assert "minecraft-v1" in life.stdout
            kept = project.run("run", "--rm", "--no-deps", "agent", "skills", "list", "--json")
            skills = json.loads(kept.stdout)
            assert {skill["environment"] for skill in skills} == {"minecraft-v1"}, life.stdout
            watched = project.run("run", "--rm", "--no-deps", "agent", "runs", "list", "--json")
            assert len(json.loads(watched.stdout)) == 1
            host, port = url.removeprefix("http://").split(":")
            client = chromadb.HttpClient(host=host, port=int(port))
            stored = {name for found in client.list_collections() for name in found.get(include=[])["ids"]}
            assert stored
            assert stored <= {skill["digest"] for skill in skills}
            assert replayed_javascript(project, tmp_path) == ["works"]
        finally:
            project.run("down", "--volumes")
