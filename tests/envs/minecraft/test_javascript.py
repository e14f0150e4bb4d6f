"""JavaScript programs beside the bot: Voyager's primitives, lines of errors, a fresh process after each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from minecraft_server import FixtureServer

from fieldcraft.envs.minecraft import MinecraftWorld, Script, ScriptOutcome

FORBIDDEN = {
    "process": "return process.env",
    "process, by another name": "return globalThis['pro' + 'cess'].env",
    "require": "require('child_process')",
    "the network": "return fetch('http://127.0.0.1')",
    "eval": "return eval('1')",
    "a prototype": "bot.__proto__.dig = null",
    "a prototype, by its getter": "return Object.getPrototypeOf(bot)",
    "a constructor, by another name": "const c = 'const' + 'ructor'; return bot[c]",
    "a compiler through a shared object": (
        "const c = 'const' + 'ructor'; return bot.entity[c][c]('return process')()"
    ),
    "a compiler through a function": "const c = 'const' + 'ructor'; return bot.dig[c]('return process')()",
    "a function of the bot": "bot.dig = null",
    "an import": "return import('node:fs')",
}


def run(
    world: MinecraftWorld, body: str, *, seconds: float = 30, **hosted: Callable[..., object]
) -> ScriptOutcome:
    source = f"async function main(bot) {{\n{body}\n}}"
    return world.run_javascript([Script(name="main", source=source)], "main", seconds=seconds, hosted=hosted)


def test_voyagers_primitives_change_the_world(world: MinecraftWorld, server: FixtureServer) -> None:
    outcome = run(
        world,
        'await mineBlock(bot, "oak_log", 2)\n'
        'await craftItem(bot, "oak_planks", 1)\n'
        'bot.chat("I have " + bot.inventory.count(mcData.itemsByName.oak_planks.id))',
    )
    assert outcome.fault is None
    assert outcome.log == "I have 4\n"
    assert [call.name for call in outcome.calls] == ["mineBlock", "craftItem"]
    assert world.observe().inventory == {"oak_log": 1, "oak_planks": 4}
    assert server.inventory("Tester") == {"oak_log": 1, "oak_planks": 4}


def test_scripts_share_one_scope_and_arguments_and_results_are_data(world: MinecraftWorld) -> None:
    helper = Script(name="helper", source="async function twice(bot, x) { return 2 * x }")
    main = Script(name="main", source="async function main(bot, x) { return { found: await twice(bot, x) } }")
    assert world.run_javascript([helper, main], "main", [21]).result == {"found": 42}


def test_a_host_function_is_a_promise(world: MinecraftWorld) -> None:
    assert run(world, "return 1 + await double(bot, 20)", double=lambda x: 2 * x).result == 41


def test_a_host_function_may_use_the_world_meanwhile(world: MinecraftWorld, server: FixtureServer) -> None:
    outcome = run(world, 'return await gather(bot, "oak_log")', gather=world.mine)
    assert outcome.result == 1
    assert server.inventory("Tester") == {"oak_log": 1}


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("const nothing = null\nnothing.foo", 3, "Cannot read properties of null"),
        ("\n\nawait mineBlock(bot, 'oak_lgo', 1)", 4, "did you mean oak_log?"),
        ("const x = ;", 2, "Unexpected token"),
        ("await bot.pathfinder.goto(new GoalBlock(0, 90, 0))", 2, "no way to it"),
        ("await main2(bot)\n}\nasync function main2(bot) {\n  throw new Error('here')", 5, "here"),
    ],
)
def test_an_error_has_the_programs_line(world: MinecraftWorld, body: str, line: int, words: str) -> None:
    fault = run(world, body).fault
    assert fault is not None
    assert (fault.source, fault.line) == ("main", line)
    assert words in fault.message


@pytest.mark.parametrize("body", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_a_program_may_not_reach_is_said(world: MinecraftWorld, body: str) -> None:
    fault = run(world, body).fault
    assert fault is not None
    assert fault.message.startswith("a program may not")
    assert "\n" not in fault.message
    assert fault.line == 2


@pytest.mark.parametrize("body", ["while (true) {}", "await new Promise(() => {})"])
def test_a_program_without_end_is_ended(world: MinecraftWorld, body: str) -> None:
    outcome = run(world, body, seconds=2)
    assert outcome.ended == "deadline"
    assert world.observe().health == 20


def test_what_a_program_leaves_behind_does_not_reach_the_next(world: MinecraftWorld) -> None:
    before = world.link.pid
    run(world, "globalThis.mark = 1; setInterval(() => { bot.setControlState('jump', true) }, 10)")
    assert world.link.pid != before
    assert run(world, "return typeof mark").result == "undefined"


def test_problems_are_found_without_running(world: MinecraftWorld) -> None:
    problems = world.check_javascript(
        [
            Script(name="good", source="async function f(bot) {}"),
            Script(name="bad", source="async function {"),
        ]
    )
    assert [(problem.source, problem.kind) for problem in problems] == [("bad", "SyntaxError")]
