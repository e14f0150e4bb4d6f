"""JavaScript programs that attack the server: commands and chat by every way, and what counts there."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hostile import Attack, no_host
from minecraft_server import FixtureServer

from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.envs.programs import ProgramRequest
from fieldcraft.skills.sandbox import process_launcher

NAME = "Tester"
GIVE = f"give {NAME} diamond 3"
CHAT_COMMAND = 4
RAW = (
    f"(() => {{ const b = [...'{GIVE}'].map((one) => one.charCodeAt(0)); "
    f"const body = [{CHAT_COMMAND}, b.length, ...b, ...Array(21).fill(0)]; "
    "return Uint8Array.from([body.length + 1, 0, ...body]) })()"
)
"""A frame of 1.20.4 that gives a command."""

COMMANDS = {
    "the client's chat": f"client.chat('/{GIVE}')",
    "the client's chat, after a blank": f"client.chat(' /{GIVE}')",
    "the bot's own function": f"Object.getOwnPropertyDescriptor(bot, 'chat')?.value?.('/{GIVE}')",
    "a packet for commands": (
        f"client.write('chat_command', {{ command: '{GIVE}', timestamp: 0n, salt: 0n, "
        "argumentSignatures: [], messageCount: 0, acknowledged: new Uint8Array(3) })"
    ),
    "a packet of chat": (
        f"client.write('chat_message', {{ message: '/{GIVE}', timestamp: 0n, salt: 0n, offset: 0, "
        "acknowledged: new Uint8Array(3) })"
    ),
    "bytes of a packet": f"client.socket.write({RAW})",
    "bytes of a packet, byte by byte": (
        f"for (const one of {RAW}) {{ client.socket.write(Uint8Array.of(one)); await later(5) }}"
    ),
    "a packet past its writer": f"client.writeRaw(Uint8Array.from({RAW}.subarray(2)))",
    "a frame of a longer length": (
        f"client.socket.write(Uint8Array.from([{RAW}[0] | 128, 0, ...{RAW}.subarray(1)]))"
    ),
    "bytes of a packet, over another socket": (
        "for (let fd = 3; fd < 64; fd++) try { const s = new Socket({ fd }); s.on('error', () => {}); "
        f"s.write({RAW}) }} catch {{}}"
    ),
    "a slot of creative mode": (
        "client.write('set_creative_slot', { slot: 36, item: "
        "{ present: true, itemId: mcData.itemsByName.diamond.id, itemCount: 3 } })"
    ),
}  # fmt: skip


@pytest.mark.attack("use the bot's operator rights")
@pytest.mark.parametrize("body", COMMANDS.values(), ids=COMMANDS)
def test_commands_do_not_reach_the_server(attack: Attack, server: FixtureServer, body: str) -> None:
    attack(f"try {{ {body} }} catch (error) {{ console.log(error.message) }}; await later(700)")
    assert server.inventory(NAME) == {}


def test_the_host_itself_gives_commands(world: MinecraftWorld, server: FixtureServer) -> None:
    options = {"port": server.port, "username": NAME, "inventory": {"diamond": 3}}
    world.reset(seed=0, options=options)
    assert int(server.inventory(NAME)["diamond"]) == 3


@pytest.mark.attack("fill the server's chat")
def test_chat_is_no_faster_than_a_person(attack: Attack, server: FixtureServer) -> None:
    before = len(server.ask("player", name=NAME)["chat"])
    attack("for (let n = 0; n < 200; n++) client.chat(`word ${n}`); await later(1500)")
    said = server.ask("player", name=NAME)["chat"][before:]
    assert said[0] == "word 0"
    assert len(said) <= 8


def test_what_the_server_counts_is_a_fact(world: MinecraftWorld, server: FixtureServer, give: Any) -> None:
    give(oak_planks=4, iron_sword=1)
    server.ask("spawn", mob="chicken", at=[3, 4, 0])
    before = world.progress()
    report = world.run_program(
        ProgramRequest(
            source=(
                "async function main(bot) {\n"
                "  await craftItem(bot, 'crafting_table', 1)\n"
                "  await placeItem(bot, 'crafting_table', bot.entity.position.offset(2, 0, 2))\n"
                "  await killMob(bot, 'chicken', 60)\n}"
            ),
            entry="main",
            seconds=60,
        ),
        no_host,
    )
    assert report.failure is None
    after = world.progress()
    assert after.placed.get("crafting_table", 0) - before.placed.get("crafting_table", 0) == 1
    assert after.killed.get("chicken", 0) - before.killed.get("chicken", 0) == 1
    assert {"crafting_table", "chicken", "feather"} <= set(after.items)


def test_a_death_while_a_program_plays_is_a_fact(world: MinecraftWorld, server: FixtureServer) -> None:
    before = world.progress().deaths
    hurt = threading.Timer(1.5, lambda: server.ask("hurt", name=NAME, damage=40))
    hurt.start()
    source = "async function main(bot) { await new Promise((resolve) => setTimeout(resolve, 6000)) }"
    world.run_program(ProgramRequest(source=source, entry="main", seconds=20), no_host)
    hurt.join()
    assert world.progress().deaths == before + 1
    assert "died" in world.observe().events


def test_what_no_server_confirms_is_said() -> None:
    with FixtureServer(statistics=False) as server:
        world = MinecraftWorld(process_launcher())
        try:
            world.reset(seed=0, options={"port": server.port, "username": NAME, "inventory": {"dirt": 1}})
            place = "await placeItem(bot, 'dirt', bot.entity.position.offset(2, 0, 2))"
            request = ProgramRequest(
                source=f"async function main(bot) {{ {place} }}", entry="main", seconds=30
            )
            report = world.run_program(request, no_host)
            assert report.failure is None
            assert world.progress().placed == {}
            assert "not confirmed: the program says that it placed 1 dirt" in world.observe().events
        finally:
            world.close()
