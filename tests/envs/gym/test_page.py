"""The examples of the page on Gymnasium run."""

from __future__ import annotations

from pathlib import Path

import pytest
from documented import ROOT, examples_of, run_example


@pytest.mark.parametrize("source", list(examples_of(ROOT / "docs" / "gymnasium.md")))
def test_an_example_runs(source: str, tmp_path: Path) -> None:
    run_example(source, tmp_path)
