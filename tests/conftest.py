"""What every test shares: an attack is told to `benchmarks/attacks.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest


@pytest.fixture(autouse=True)
def _attack_row(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[None]:
    """Record which attack a test makes, and on what; the sandbox's own tests also record how it ended."""
    yield
    marker = request.node.get_closest_marker("attack")
    if marker is None or "sandbox" in getattr(getattr(request.node, "callspec", None), "params", ()):
        return
    record_property("attack", marker.args[0])
    record_property("sandbox", marker.kwargs.get("on", "host"))
    record_property("killed", False)
