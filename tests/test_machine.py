"""What a machine lacks is said once for all tests that it costs, and never passes in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import PATIENCE

TESTS = Path(__file__).parent
FILE = """
import pytest
from machine import lacking, needs

@pytest.mark.parametrize("number", range(5))
def test_in_a_container(number):
    lacking("Docker")

@needs("root", there=False)
def test_of_a_disk():
    pass

def test_of_arithmetic():
    assert 1 + 1 == 2
"""
Ran = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_tests(tmp_path: Path) -> Ran:
    """Runs three tests under these tests' own rules: one passes, the others need what is not there."""
    for name in ("conftest.py", "machine.py"):
        shutil.copy(TESTS / name, tmp_path)
    (tmp_path / "test_some.py").write_text(FILE)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\naddopts = -rfE\nmarkers = attack\n  slow\n"
    )

    def run(*arguments: str, ci: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "xdist", *arguments],
            cwd=tmp_path,
            env={**environment, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "spread"])
def test_each_missing_thing_is_named_once_with_its_cure(run_tests: Ran, arguments: tuple[str, ...]) -> None:
    done = run_tests(*arguments, ci="")
    assert done.returncode == 0, done.stdout
    said = [line for line in done.stdout.splitlines() if "lack" in line]
    assert len(said) == 2
    assert said[0].startswith("5 tests for lack of Docker: apt-get install docker.io")
    assert said[1].startswith("1 test for lack of root: ")
    assert "1 passed, 6 skipped" in done.stdout


def test_in_ci_what_is_missing_fails(run_tests: Ran) -> None:
    done = run_tests(ci="true")
    assert done.returncode == 1
    assert "5 failed, 1 passed, 1 error" in done.stdout
    assert "skipped in CI, which must have everything" in done.stdout
