"""The shape of the code: no import cycles, small folders and functions, types everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "structure.py"
MODULES_AT_ONE_LEVEL = 20
FLAT = {"fieldcraft.envs.gridworld"}
"""Packages that may be larger: grouping its modules led to more imports between groups than within."""


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    done = subprocess.run([sys.executable, SCRIPT, "--quick"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_no_modules_import_each_other_also_inside_functions_and_for_types(figures: dict[str, Any]) -> None:
    assert figures["import_cycles"] == {"top_level": [], "all_at_run_time": [], "type_checking_too": []}


def test_no_folder_has_too_many_modules_to_look_through(figures: dict[str, Any]) -> None:
    counts = figures["modules_at_one_level"]
    assert {name for name, count in counts.items() if count > MODULES_AT_ONE_LEVEL} <= FLAT


def test_functions_are_short(figures: dict[str, Any]) -> None:
    assert figures["function_lines"]["median"] <= 8
    assert figures["function_lines"]["p99"] < 45


def test_every_function_is_fully_typed(figures: dict[str, Any]) -> None:
    assert figures["fully_typed_percent"] == 100


def test_no_benchmark_has_the_name_of_a_package() -> None:
    """Python searches its folder first: one called `gymnasium.py` hid Gymnasium from the tests' processes."""
    taken = set(packages_distributions()) | sys.stdlib_module_names
    assert [path.name for path in SCRIPT.parent.glob("*.py") if path.stem in taken] == []
