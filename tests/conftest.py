"""What every test shares: an attack is told to `benchmarks/attacks.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest


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
