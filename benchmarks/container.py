"""What the Docker sandbox costs, on the engine that DOCKER_HOST names. Prints JSON.

python benchmarks/container.py
python benchmarks/container.py --quick    3 containers, 100 programs in a row, fewer round trips

"socket" is a unix socket in a read-only mount, "streams" the container's own, through the engine.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from _sandboxes import (
    ROUND_TRIPS,
    Counter,
    machine,
    many_programs,
    round_trips,
    spread,
    start_ms,
    until_first_call,
)
from docker import DockerClient

from fieldcraft.skills.sandbox import DockerSandbox, SandboxUnavailable, probe_docker
from fieldcraft.skills.sandbox.docker.engine import connect
from fieldcraft.skills.sandbox.docker.owners import OWNER, own_label
from fieldcraft.skills.sandbox.docker.sandbox import Transport


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    try:
        DockerSandbox().close()
    except SandboxUnavailable as error:
        sys.exit(str(error))
    client = connect()
    report = {
        "machine": machine(),
        "layers": {layer.name: layer.detail for layer in probe_docker() if layer.holds},
        "socket": measured("socket", client, quick=quick),
        "streams": measured("streams", client, quick=quick),
        "left_behind": {"containers": len(_containers(client))},
    }
    client.close()
    print(json.dumps(report, indent=2))


def measured(transport: Transport, client: DockerClient, *, quick: bool) -> dict[str, object]:
    """One way of talking to the container. The image is there already."""
    starts, samples, trips, programs = (3, 50, 5_000, 100) if quick else (20, 200, ROUND_TRIPS, 1_000)
    trips = trips // 10 if transport == "streams" else trips
    world = Counter()
    report: dict[str, object] = {
        "container_up_ms": spread(lambda: start_ms(lambda: DockerSandbox(transport=transport), world), starts)
    }
    with DockerSandbox(transport=transport) as pinned, DockerSandbox(transport=transport, pin=False) as free:
        report["fresh_worker_ms"] = spread(lambda: until_first_call(pinned, world), samples)
        report["round_trips_per_second"] = {
            "pinned": round_trips(pinned, world, trips),
            "unpinned": round_trips(free, world, trips),
        }
        free.close()
        report["many_programs"] = many_programs(pinned, world, programs, lambda: _inside(client))
    return report


def _containers(client: DockerClient) -> list[Any]:
    return client.containers.list(all=True, filters={"label": f"{OWNER}={own_label()}"}, ignore_removed=True)


def _inside(client: DockerClient) -> dict[str, int]:
    """Containers of this process, and what is in the first."""
    containers = _containers(client)
    stats = containers[0].stats(stream=False)
    return {
        "containers": len(containers),
        "processes_in_container": stats["pids_stats"]["current"],
        "container_kib": stats["memory_stats"]["usage"] // 1024,
    }


if __name__ == "__main__":
    main()
