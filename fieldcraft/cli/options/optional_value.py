"""Flags that can do without their value, which Typer does not know: `--otel`, and `--otel URL`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

OTEL = "--otel"
ON = "true"
"""What `--otel` alone stands for."""


class WithOtel(TyperCommand):
    """A command whose `--otel` may stand alone: at the end, or before another flag."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give `--otel` its value where it has none."""
        return super().parse_args(ctx, completed(args))


def completed(arguments: list[str]) -> list[str]:
    """The arguments, with a value after each `--otel`; what follows `--` is left as it is."""
    found: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            return [*found, *arguments[place:]]
        following = arguments[place + 1] if place + 1 < len(arguments) else "-"
        found.append(f"{OTEL}={ON}" if argument == OTEL and following.startswith("-") else argument)
    return found
