"""The page on security speaks of the attacks that the tests make, no more and no fewer."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_of_attacks_is_the_tests_own():
    page = (ROOT / "docs/security.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (?:stopped|killed)", page, re.MULTILINE)
    marked = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        marked |= set(re.findall(r'pytest\.mark\.attack\(\s*"(.+?)"', path.read_text()))
    assert len(rows) == len(set(rows))
    assert set(rows) == marked
