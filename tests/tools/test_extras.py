"""Without its extra a source of tools is one line that names the extra, and everything else works."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOAD = """
import sys
sys.modules[{package!r}] = None
from fieldcraft.tools import ToolRegistry, load_tools
from fieldcraft.tools.sources.settings import ToolSources
sources = ToolSources.model_validate({settings!r})
registry = load_tools(["calculator"], sources)
print(registry.names())
print(*(f"{{problem.name}}: {{problem.message}}" for problem in registry.problems), sep="\\n")
"""


@pytest.mark.parametrize(
    ("package", "settings", "words"),
    [
        ("mcp", {"mcp": {"a": {"command": "b"}}}, "mcp.a: MCP servers need the extra `mcp`: pip install"),
        (
            "openapi_pydantic",
            {"openapi": {"a": {"document": "b"}}},
            "openapi.a: OpenAPI documents need the extra `openapi`: pip install",
        ),
    ],
)
def test_an_extra_that_is_missing_is_named(package: str, settings: object, words: str) -> None:
    program = LOAD.format(package=package, settings=settings)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    names, problem = ended.stdout.splitlines()
    assert names == "('calculator',)"
    assert problem.startswith(words)
