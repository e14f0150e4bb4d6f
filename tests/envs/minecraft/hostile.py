"""Hostile programs for the tests: with everything in their process at hand, run and looked at afterwards."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.envs.programs import CallBack, ProgramReport, ProgramRequest

SECONDS = 8.0
TOOLS = """
const c = 'const' + 'ructor'
const client = bot._client
const Socket = client.socket[c]
const host = new Socket({ fd: 1, readable: false, writable: true })
host.on('error', () => {})
const say = (text) => new Promise((resolve) => host.write(text, resolve))
const tell = (message) => say(JSON.stringify(message) + '\\n')
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
"""
"""What a program has that reached the raw connection, and `fd 1` by it."""

MEMORY = 256 << 20
Attack = Callable[..., ProgramReport]


def no_host(digest: str, arguments: Sequence[object]) -> object:
    """A host that nobody may ask for anything."""
    raise AssertionError(f"nobody asked for {digest}{arguments}")


def attacker(world: MinecraftWorld) -> Attack:
    """Runs a hostile program; afterwards what was reached, and what a person is shown, is as it was."""

    def run(body: str, call_back: CallBack = no_host, **more: Any) -> ProgramReport:
        before, memory = world.progress(), peak()
        source = f"async function main(bot) {{{TOOLS}\n{body}\n}}"
        request = {"source": source, "entry": "main", "seconds": SECONDS, **more}
        began = time.monotonic()
        report = world.run_program(ProgramRequest.model_validate(request), call_back)
        assert time.monotonic() - began < SECONDS + 60
        assert peak() - memory < MEMORY
        after = world.progress()
        assert (after.items, after.milestones, after.placed, after.killed, after.deaths) == (
            before.items, before.milestones, before.placed, before.killed, before.deaths
        )  # fmt: skip
        assert len(report.model_dump_json()) < 4 << 20
        seen = world.observe()
        assert seen.health == 20
        assert all(len(text) <= 300 and text.isprintable() for text in seen.events)
        assert "HOSTILE" not in seen.text()
        return report

    return run


def peak() -> int:
    """The most memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
