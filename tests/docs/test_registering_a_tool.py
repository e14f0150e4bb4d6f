"""The page about registering a tool is followed, from its first line to its last."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from machine import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "registering-a-tool.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
LONGEST = 10
BLOCKS = [(match[1], match[2]) for match in FENCE.finditer(PAGE)]


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture
def shop() -> Iterator[str]:
    """The tests' web API, where the page's has its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    process = subprocess.Popen([sys.executable, ROOT / "tests" / "tools" / "servers" / "shop.py", str(port)])
    assert eventually(lambda: listens(port))
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def run(command: str, folder: Path) -> str:
    words = shlex.split(command)
    assert words[0] == "fieldcraft"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "FIELDCRAFT_CACHE": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_page_holds_when_it_is_followed(tmp_path: Path, shop: str) -> None:
    said = ""
    for kind, block in BLOCKS:
        name = re.match(r"# ([\w.]+)\n", block)
        if kind in {"python", "yaml"} and name is not None:
            (tmp_path / name[1]).write_text(block)
        elif kind == "json":
            (tmp_path / ".mcp.json").write_text(block)
        elif kind == "sh":
            commands = block.replace("http://localhost:8080", shop).splitlines()
            said = [run(command, tmp_path) for command in commands][-1]
        elif kind == "text":
            assert said == block
    assert '"path": "/pets/7"' in said
    checked = run("fieldcraft tools list --json", tmp_path)
    assert "there is a tool 'forecast' already (mcp.weather)" in checked


def test_each_way_takes_ten_lines_at_most() -> None:
    for _, block in BLOCKS:
        lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
        assert len(lines) <= LONGEST, block
