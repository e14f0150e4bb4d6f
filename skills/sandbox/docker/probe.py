"""What a container of this machine's engine would hold, layer by layer, as `doctor` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fieldcraft.skills.sandbox.base import SandboxUnavailable
from fieldcraft.skills.sandbox.docker.container import SocketUnusable, start_by_socket, start_by_streams
from fieldcraft.skills.sandbox.docker.engine import address, connect, unusable
from fieldcraft.skills.sandbox.docker.image import find_image, image_name
from fieldcraft.skills.sandbox.fork_server import ForkServer
from fieldcraft.skills.sandbox.probe import Layer

if TYPE_CHECKING:
    from docker import DockerClient

LIMITS = {"MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "processes"}
TRIED_WITH = 64 * 1024 * 1024


def probe_docker() -> list[Layer]:
    """Ask the engine, and start one container where the image is there already. Makes no image."""
    from docker.errors import DockerException
    from requests import RequestException

    try:
        client = connect()
    except SandboxUnavailable as error:
        return [
            Layer(
                name="engine",
                holds=False,
                detail=str(error),
                cure="install Docker or Podman, or set DOCKER_HOST",
            )
        ]
    try:
        return list(_layers(client))
    except (DockerException, RequestException) as error:
        return [Layer(name="engine", holds=False, detail=unusable(error), cure="look after the engine")]
    finally:
        client.close()


def _layers(client: DockerClient) -> Iterator[Layer]:
    engine, info = client.version(), client.info()
    parts = [
        f"{part['Name']} {part['Version']}" for part in engine.get("Components") or [] if "Version" in part
    ]
    name = parts[0] if parts else f"Engine {engine.get('Version')}"
    yield Layer(name="engine", holds=True, detail=f"{name}, {engine.get('Arch')}, at {address()}")
    yield _limits(info)
    filtered = any("seccomp" in option for option in info.get("SecurityOptions") or [])
    detail = (
        "the engine filters system calls too" if filtered else "the engine filters no system calls itself"
    )
    yield Layer(
        name="engine seccomp",
        holds=filtered,
        detail=detail,
        cure="" if filtered else "see dockerd --seccomp-profile",
    )
    image = find_image(client, image_name())
    if image is None:
        detail = f"{image_name()} is not there yet: made at the first use, in seconds to a minute"
        yield Layer(name="image", holds=False, detail=detail, cure="fieldcraft explore --sandbox docker")
        return
    yield Layer(name="image", holds=True, detail=image_name())
    yield _container(client, str(image.id))


def _limits(info: dict[str, Any]) -> Layer:
    version = str(info.get("CgroupVersion", 1))
    rootless = info.get("Rootless") or "name=rootless" in (info.get("SecurityOptions") or [])
    powerless = rootless and version == "1"
    lacking = [words for key, words in LIMITS.items() if info.get(key) is False or powerless]
    if lacking:
        cure = "cgroups v2, or delegate these controllers to the engine's user"
        return Layer(
            name="limits", holds=False, detail=f"the engine cannot limit {', '.join(lacking)}", cure=cure
        )
    return Layer(
        name="limits",
        holds=True,
        detail=f"{', '.join(LIMITS.values())} (cgroup v{version})",
    )


def _container(client: DockerClient, image: str) -> Layer:
    """The layers in a container that was just started, and how it is talked to."""
    try:
        server, way = _start(client, image)
    except SandboxUnavailable as error:
        return Layer(name="container", holds=False, detail=str(error), cure="look after the engine")
    server.close()
    return Layer(name="container", holds=True, detail=f"{', '.join(server.layers)}; {way}")


def _start(client: DockerClient, image: str) -> tuple[ForkServer, str]:
    try:
        return start_by_socket(client, image, TRIED_WITH), "by a socket in a read-only mount"
    except SocketUnusable as error:
        server = start_by_streams(client, image, TRIED_WITH)
        return server, f"by attached streams, which are slower (no socket: {error})"
