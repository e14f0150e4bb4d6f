"""The names that a JavaScript program finds in a world without defining them."""

from __future__ import annotations

import json
from pathlib import Path

_NAMES: dict[str, list[str]] = json.loads(Path(__file__).with_name("given.json").read_text(encoding="utf-8"))

LANGUAGE = frozenset(_NAMES["language"])
"""What the language itself offers, but for what the bridge refuses (`Function`, `SharedArrayBuffer`)."""

WORLD = frozenset(_NAMES["world"])
"""What Minecraft's bridge offers: Voyager's primitives and globals under their names."""

GIVEN = LANGUAGE | WORLD
