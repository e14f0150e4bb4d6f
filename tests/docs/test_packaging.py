"""What is uploaded: a source distribution with everything in it, and the wheel that is made from it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from machine import PATIENCE

import fieldcraft

ROOT = Path(__file__).parents[2]
NOT_SOURCE = shutil.ignore_patterns(
    "node_modules", ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "runs", "site"
)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built from a copy of the tree that also has packages of Node in it."""
    folder = tmp_path_factory.mktemp("built")
    copy = folder / "tree"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=NOT_SOURCE)
    stray = copy / "envs" / "minecraft" / "bridge" / "node_modules" / "stray"
    stray.mkdir(parents=True)
    (stray / "package.json").write_text("{}")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


def names_in(built: Path) -> tuple[set[str], set[str]]:
    """The files of the source distribution, without its top folder, and of the wheel."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        source = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        return source, set(archive.namelist())


def test_both_bear_the_one_version(built: Path) -> None:
    version = fieldcraft.__version__
    assert sorted(path.name for path in built.iterdir()) == [
        f"fieldcraft-{version}-py3-none-any.whl",
        f"fieldcraft-{version}.tar.gz",
    ]


def test_the_source_has_rooms_docs_tests_changelog_and_licence(built: Path) -> None:
    source, _ = names_in(built)
    rooms = {f"fieldcraft/{room}/__init__.py" for room in ("agent", "envs", "skills", "tools")}
    rest = {"LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "mkdocs.yml", "docs/security.md"}
    assert rooms | rest | {"tests/conftest.py", "benchmarks/loop.py", ".ci/run"} <= source


def test_neither_has_packages_of_node(built: Path) -> None:
    source, wheel = names_in(built)
    assert [name for name in source | wheel if "node_modules" in name] == []


def test_the_wheel_has_every_tracked_file_that_is_read_at_run_time(built: Path) -> None:
    _, wheel = names_in(built)
    data = {".md", ".json", ".js", ".yaml", ".npz", ".html", ".css", ".typed", ".py"}
    rooms = [
        ROOT / room for room in ("agent", "envs", "skills", "tools", "fieldcraft/cli", "fieldcraft/report")
    ]
    for room in rooms:
        for path in room.rglob("*"):
            inside = path.relative_to(ROOT).as_posix().removeprefix("fieldcraft/")
            if path.suffix in data and not {"node_modules", "__pycache__"} & set(path.parts):
                assert f"fieldcraft/{inside}" in wheel


def test_the_wheel_works_by_itself(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        archive.extractall(tmp_path)
    program = (
        "import fieldcraft; from fieldcraft.agent.methods import *; print(fieldcraft.__file__); "
        "from fieldcraft.cli.main import main; main(['envs', 'show', 'gridworld-v1'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(tmp_path), "FIELDCRAFT_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "fieldcraft"))
