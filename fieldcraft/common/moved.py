"""Old names of modules and functions: they still work, and a `DeprecationWarning` names the new one."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.abc import Loader  # its import takes longer than that of this package

PACKAGES: Mapping[str, str] = {
    "agent.offline": "agent.models.offline.programmer",
    "agent.report": "report",
    "agent.study": "study",
    "skills.javascript": "skills.program.javascript",
    "skills.minilm": "skills.search.minilm",
}
"""Packages of 0.1.0 that moved with the modules in them."""

MODULES: Mapping[tuple[str, str], str] = {
    ("", "common.secrets"): "secret_shapes:shapes",
    ("agent", "agent.journal"): (
        "asked:effect_events events fold:reducer rebuild:restore recorder run "
        "sameness:compare state summary:overview"
    ),
    ("agent", "agent.prompts"): "folding:name_lists",
    ("agent", "agent.roles"): (
        "actor answers:questions asking:model_calls critic curriculum feedback:visibility "
        "inventory_care:storage_tasks keeper:skill_keeper plan:planning"
    ),
    ("agent", "agent.tooling"): (
        "desk:access sightings tool_callers:replayed_calls tool_record:journaled_calls "
        "tool_values:restored_values toolkit:opening views:context"
    ),
    ("agent.models", "agent.models.offline"): "forked forking",
    ("agent.study", "study"): "crew:worker_pool lives:trials",
    ("cli", "cli.commands"): (
        "doctor envs exchange explore replay runs skills study toolformer toolformer_compare "
        "toolformer_train tools tools_add"
    ),
    ("cli", "cli.options"): "config flags naming pricing study_flags tool_arguments toolformer_options",
    ("cli", "cli.views"): (
        "console ending figures following lines live plain screen study_view toolformer_view"
    ),
    ("skills", "skills.library"): (
        "admission binding catalogue errors files folder likeness merging shelf:reader skill"
    ),
    ("skills", "skills.program"): "execution reading",
    ("skills.javascript", "skills.program.javascript.javascript_reader"): "early_errors scopes syntax",
    ("skills", "skills.search"): "dense embeddings index lexical retrieval vectors",
    ("envs", "common"): "suggest",
    ("envs.minecraft", "envs.minecraft"): "life:episode",
    ("tools", "common"): "cache",
    ("tools.sources.mcp", "tools.sources.mcp"): "hub:servers sifting:announcements",
    ("tools", "tools.calls"): (
        "approval arguments background deadlines describing ending executor naming policy results retrying "
        "running tally:limits workers"
    ),
    ("tools.toolformer", "tools.toolformer.annotation"): (
        "annotate annotated documents executing filtering prompting record report sampling"
    ),
    ("tools.toolformer", "tools.toolformer.evaluation"): "picture tasks",
    ("tools.toolformer", "tools.toolformer.inference"): "chat decoding",
    ("tools.toolformer", "tools.toolformer.lm"): "batching device forward model passes reading:stepping",
    ("tools.toolformer", "tools.toolformer.syntax"): "arguments text",
    ("tools.toolformer", "tools.toolformer.training"): "adapters mixing",
}
"""From which package to which: the modules of 0.1.0 that moved, as `old:new` where the name changed too."""

SPLIT: Mapping[str, tuple[str, ...]] = {
    "agent.prompting": ("agent.prompts.answers", "agent.prompts.placing", "agent.prompts.rendering"),
}
"""Modules of 0.1.0 whose names are in several modules now."""


def new_path(old: str) -> str | None:
    """The present path of a module of 0.1.0 that moved as a whole, `None` for any other module."""
    if (known := _table.get(old)) is not None:
        return known
    package, _, rest = old.rpartition(".")
    moved = _packages.get(package)
    return f"{moved}.{rest}" if moved else None


def renamed(old: str, new: str) -> Any:
    """The object at `new` (`module:name`), with a `DeprecationWarning` for the caller of our caller."""
    module, _, name = new.partition(":")
    warnings.warn(f"{old} is now {module}.{name}", DeprecationWarning, stacklevel=3)
    return getattr(importlib.import_module(module), name)


def names_from(package: str, *modules: str, names: str = "") -> Callable[[str], Any]:
    """A `__getattr__` for `package`: the names that it had in 0.1.0 and that are in `modules` now.

    Args:
        package: the full name of what was a module.
        modules: full names of where its names are now.
        names: those that are looked for, separated by spaces; all public ones where empty.
    """
    looked_for = frozenset(names.split())

    def find(name: str) -> Any:
        if name in looked_for or not (looked_for or name.startswith("_")):
            for module in modules:
                found = importlib.import_module(module)
                if hasattr(found, name):
                    _warn(f"{package}.{name}", f"{module}.{name}", 3)
                    return getattr(found, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find


def install() -> None:
    """Let imports find the modules of 0.1.0 that moved; a second call changes nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Knows the old paths. It comes first: a moved package would else load its modules a second time."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """How to load a module of 0.1.0 that moved; `None` for any other."""
        if not fullname.startswith(_ROOT):
            return None
        if (parts := _split.get(fullname)) is not None:
            return ModuleSpec(fullname, cast("Loader", _SplitLoader(parts)))
        new = new_path(fullname)
        return None if new is None else ModuleSpec(fullname, cast("Loader", _AliasLoader(new)))


class _AliasLoader:
    """Puts the module itself under its old path, so that its classes are the same objects."""

    def __init__(self, new: str) -> None:
        self._new = new

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002
        """Nothing of its own."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Import the module under its present path, and warn."""
        try:
            sys.modules[module.__name__] = importlib.import_module(self._new)
        except ModuleNotFoundError as error:
            if error.name != self._new:
                raise
            raise ModuleNotFoundError(f"No module named {module.__name__!r}", name=module.__name__) from None
        _warn(module.__name__, self._new, 3)


class _SplitLoader:
    """Makes a module that finds its names where they are now."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002
        """Nothing of its own."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its lookup, and warn."""
        vars(module)["__getattr__"] = names_from(module.__name__, *self._modules)
        _warn(module.__name__, " and ".join(self._modules), 3)


def _warn(old: str, new: str, level: int) -> None:
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=level)


def _expanded() -> dict[str, str]:
    table = dict(_packages)
    for (old_package, new_package), names in MODULES.items():
        for pair in names.split():
            old, _, new = pair.partition(":")
            before = f"{_ROOT}{old_package}.{old}" if old_package else _ROOT + old
            table[before] = f"{_ROOT}{new_package}.{new or old}"
    return table


_ROOT = "fieldcraft."
_packages = {_ROOT + old: _ROOT + new for old, new in PACKAGES.items()}
_split = {_ROOT + old: tuple(_ROOT + module for module in new) for old, new in SPLIT.items()}
_table = _expanded()
