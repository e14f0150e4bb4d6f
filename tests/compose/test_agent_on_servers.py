"""An agent with the settings that docker-compose.yml gives it keeps its index on the Chroma server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import chromadb
from chroma_server import chroma_server
from machine import PATIENCE

from fieldcraft.skills import SkillLibrary


def test_the_agent_stores_its_index_on_the_server(tmp_path: Path) -> None:
    with chroma_server(tmp_path / "chroma") as (url, _):
        settings = {"FIELDCRAFT_CHROMA_URL": url, "FIELDCRAFT_CACHE": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-m", "fieldcraft", "explore", "--plain", "--iterations", "12"],
            cwd=tmp_path,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        kept = {skill.digest for skill in SkillLibrary(tmp_path / "library")}
        assert len(kept) >= 2
        host, port = url.removeprefix("http://").split(":")
        client = chromadb.HttpClient(host=host, port=int(port))
        stored = {name for found in client.list_collections() for name in found.get(include=[])["ids"]}
        assert stored
        assert stored <= kept
    assert not list((tmp_path / "cache").rglob("chroma.sqlite3"))


def test_a_run_names_the_server_that_it_cannot_reach(tmp_path: Path) -> None:
    settings = {"FIELDCRAFT_CHROMA_URL": "http://127.0.0.1:9", "FIELDCRAFT_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "fieldcraft", "explore", "--plain", "--iterations", "3"],
        cwd=tmp_path,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert "no Chroma server answers at http://127.0.0.1:9" in line
