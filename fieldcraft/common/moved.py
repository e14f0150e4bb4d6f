"""Old names of modules, functions and classes: they still work, and warn with the new name."""

from __future__ import annotations

import importlib
import warnings
from typing import Any


def renamed(old: str, new: str) -> Any:
    """The object at `new` (`module:name`), with a `DeprecationWarning` for the caller of our caller."""
    module, _, name = new.partition(":")
    warnings.warn(f"{old} is now {module}.{name}", DeprecationWarning, stacklevel=3)
    return getattr(importlib.import_module(module), name)
