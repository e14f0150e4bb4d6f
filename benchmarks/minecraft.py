"""How fast the Minecraft bridge is: round trip, start, observation, several bots on one server. Prints JSON.

The peer is what a Python program does without a bridge of its own: HTTP to a Node server, as Voyager did.
Needs Node.js and the fixture server's packages (`npm ci --prefix tests/envs/minecraft/server`).
"""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "envs" / "minecraft"))

from minecraft_server import FixtureServer

from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.skills.sandbox import process_launcher

TREES = ((5, 3), (7, -2), (-4, 6), (3, 9), (-7, -3), (10, 5), (-3, -9), (2, -8))
"""Where the fixture server's trees stand: one for each bot."""

PEER = (
    "require('http').createServer((q, r) => { q.resume(); q.on('end', () => r.end('{}')) })"
    ".listen(0, '127.0.0.1', function () { console.log(this.address().port) })"
)


def times(act: Callable[[], object], count: int) -> list[float]:
    """Seconds of each of `count` calls."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return found


def over_http(count: int) -> float:
    """Median seconds of a round trip over kept-alive HTTP to Node."""
    node = shutil.which("node") or "node"
    with subprocess.Popen([node, "-e", PEER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(server.stdout.readline()))

        def post() -> None:
            connection.request("POST", "/step", body="{}")
            connection.getresponse().read()

        try:
            return statistics.median(times(post, count))
        finally:
            connection.close()
            server.kill()


def enter(port: int, name: str, **options: object) -> tuple[MinecraftWorld, float]:
    """A bot in the world, and the seconds from nothing to its first observation."""
    world = MinecraftWorld(process_launcher())
    began = time.perf_counter()
    world.reset(seed=0, options={"port": port, "username": name, **options})
    return world, time.perf_counter() - began


def look_after_change(server: FixtureServer, world: MinecraftWorld, number: int) -> float:
    """Seconds of an observation for which the surroundings are read anew."""
    server.ask("setBlock", at=[2, 5, 2], name=("dirt", "stone")[number % 2])
    time.sleep(0.1)
    return times(world.observe, 1)[0]


def many(port: int) -> dict[str, object]:
    """Several bots at once, each of which mines a log of its own tree."""

    def beside(number: int) -> MinecraftWorld:
        x, z = TREES[number]
        return enter(port, f"Bot{number}", position=[x + 1.5, 5, z + 0.5])[0]

    with ThreadPoolExecutor(len(TREES)) as pool:
        began = time.perf_counter()
        worlds = list(pool.map(beside, range(len(TREES))))
        entered = time.perf_counter() - began
        try:
            gathered = list(pool.map(lambda world: world.mine("oak_log"), worlds))
            return {"bots": len(TREES), "all_entered_s": round(entered, 2), "logs_gathered": sum(gathered)}
        finally:
            for world in worlds:
                world.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer calls, no crowd")
    quick = parser.parse_args().quick
    logging.disable(logging.WARNING)
    calls = 300 if quick else 5000
    with FixtureServer() as server:
        world, start = enter(server.port, "First")
        with closing(world):
            time.sleep(1 if quick else 5)
            trips = times(lambda: world.link.ask("ping"), calls)
            looks = times(world.observe, calls // 10)
            changed = [look_after_change(server, world, n) for n in range(20)]
        http_s = over_http(calls)
        crowd = None if quick else many(server.port)
    trip = statistics.median(trips)
    print(
        json.dumps(
            {
                "round_trip_us_median": round(trip * 1e6, 1),
                "round_trip_us_p99": round(sorted(trips)[int(len(trips) * 0.99)] * 1e6, 1),
                "http_round_trip_us_median": round(http_s * 1e6, 1),
                "http_over_bridge": round(http_s / trip, 2),
                "start_to_first_observation_s": round(start, 2),
                "observation_ms_median": round(statistics.median(looks) * 1e3, 2),
                "observation_after_a_change_ms_median": round(statistics.median(changed) * 1e3, 2),
                "crowd": crowd,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
