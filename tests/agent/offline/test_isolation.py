"""The model knows nothing of any world, reads nothing but its messages, and keeps nothing."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import fieldcraft.agent.models.offline.programmer
from fieldcraft.agent.prompts.rendering import render
from fieldcraft.envs import gridworld

BRAIN = Path(fieldcraft.agent.models.offline.programmer.__file__).parent
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in sorted(BRAIN.glob("*.py"))}
ALLOWED = {"__future__", "collections.abc", "importlib", "json", "re", "sys", "zlib"}


def test_its_source_holds_no_name_of_the_world():
    rules = json.loads((Path(gridworld.__file__).parent / "rules.json").read_text(encoding="utf-8"))
    names = {*rules["items"], *rules["blocks"], *rules["mobs"], *rules["tags"], *rules["biomes"]}
    words = {word for source in SOURCES.values() for word in re.findall(r"[a-z0-9_]+", source.lower())}
    assert names & words == set()


def test_it_imports_nothing_but_the_standard_library_that_it_needs():
    imported = set()
    for source in SOURCES.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module)
    assert imported <= ALLOWED


def test_it_opens_no_file_and_reads_no_environment():
    for source in SOURCES.values():
        called = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        assert called.isdisjoint({"open", "exec", "eval", "compile", "__import__", "globals"})


def test_a_process_of_its_own_answers_from_standard_input_alone(ask):
    template, values = "answer", {"world": "A world.", "question": "What does gorm take?", "evidence": []}
    messages = [{"role": m.role, "text": m.text} for m in render(template, **values)]
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-B", str(BRAIN / "__main__.py")],
        input=json.dumps(messages).encode(),
        capture_output=True,
        env={},
        cwd="/",
        check=True,
    )
    assert json.loads(process.stdout) == {"text": ask(template, **values)}
