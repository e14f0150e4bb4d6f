"""Parsing what a person types: flags, settings files, arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.common.moved import names_from

if not TYPE_CHECKING:
    __getattr__ = names_from(
        __name__,
        "fieldcraft.cli.options.shared",
        names="Approve Attempts BUDGET BaseUrl CONDUCT Corpus Critic Curriculum Env Iterations Json KEEPING "
        "Keep KeepPrompts Library MODELS Mark Method Minutes Model Money Name OUTPUT Option Picture Plain "
        "RoleModel Runs Sandbox Seed TOOLS Tasks Tokens Tools WORLD Without",
    )
