"""What every test shares: attacks are recorded, slow tests are marked, and missing things are named once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from machine import IN_CI, missing_in

TESTS = Path(__file__).parent
SLOW_FOLDERS = (
    "compose",
    "end_to_end",
    "envs/minecraft",
    "tools/toolformer",
)
"""Folders whose tests start servers, containers, browsers or trainings: `make check` leaves them out."""


@pytest.fixture(autouse=True)
def _attack_row(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[None]:
    """Record which attack a test makes, and on what. The tests of sandboxes record how it ended, too."""
    yield
    marker = request.node.get_closest_marker("attack")
    if marker is None or "sandbox" in getattr(getattr(request.node, "callspec", None), "params", ()):
        return
    record_property("attack", marker.args[0])
    record_property("sandbox", "javascript" if "minecraft" in request.node.path.parts else "host")
    record_property("killed", False)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow folders as slow."""
    for item in items:
        if any(item.path.is_relative_to(TESTS / folder) for folder in SLOW_FOLDERS):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Fail in CI what would be skipped: nothing may be missing there."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, which must have everything: {report.longrepr[2]}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each thing that tests were skipped for, once, with what brings it."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.getreports("skipped"))
    if not skipped:
        return
    terminalreporter.section("skipped")
    for why, count in skipped.most_common():
        plain = why.removeprefix("Skipped: ")
        missing = missing_in(plain)
        tests = f"{count} test{'s' if count > 1 else ''}"
        terminalreporter.line(f"{tests} for lack of {missing}" if missing else f"{tests}: {plain}")
