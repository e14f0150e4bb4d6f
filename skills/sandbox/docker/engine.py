"""Connect to a container engine with Docker's API, or explain what to do."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fieldcraft.skills.sandbox.base import SandboxUnavailable

if TYPE_CHECKING:
    from docker import DockerClient

TIMEOUT = 60
"""Seconds for one answer of the engine; building an image has no limit."""

FIRST_TIMEOUT = 15
"""Seconds for the first answer, which shows whether there is an engine."""

ELSEWHERE = (
    "{runtime}/docker.sock",
    "{runtime}/podman/podman.sock",
    "/run/podman/podman.sock",
    "{home}/.docker/run/docker.sock",
    "{home}/.docker/desktop/docker.sock",
    "{home}/.colima/default/docker.sock",
    "{home}/.orbstack/run/docker.sock",
)
"""Further socket paths: rootless Docker, Podman, Docker Desktop, Colima, OrbStack."""

OTHERWISE = "or use --sandbox process"


def connect() -> DockerClient:
    """A client of the engine that `DOCKER_HOST` or the current Docker context names.

    Raises:
        SandboxUnavailable: no engine answers, or not to this user; the message says what to set.
    """
    import docker
    import docker.errors
    import requests

    try:
        knock()
        client = docker.from_env(timeout=FIRST_TIMEOUT) if os.environ.get("DOCKER_HOST") else _by_context()
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise SandboxUnavailable(_explained(error, address())) from None
    try:
        engine = client.version()
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        client.close()
        raise SandboxUnavailable(_explained(error, address())) from None
    if engine.get("Os", "linux") != "linux":
        client.close()
        raise SandboxUnavailable(
            f"the Docker engine runs {engine['Os']} containers; switch it to Linux containers"
        )
    client.api.timeout = TIMEOUT
    return client


def unusable(error: Exception) -> str:
    """Explain an error of the engine about images or containers, with the remedy, in one line."""
    from docker.errors import APIError

    if not isinstance(error, APIError) and any(isinstance(cause, OSError) for cause in _causes(error)):
        return _explained(error, address())
    text = str(getattr(error, "explanation", None) or error)[:500]
    if "no space left" in text:
        return (
            f"the Docker engine's disk is full ({text}): make room, for instance with `docker system prune`"
        )
    return f"the Docker engine refused: {text}"


def address() -> str:
    """The addresses at which an engine is searched."""
    return os.environ.get("DOCKER_HOST") or _context_host() or ""


def knock() -> None:
    """Try a local engine's socket: the SDK lets go of one that refuses only when it is collected.

    Raises:
        OSError: nobody answers there, or not to us.
    """
    where = address()
    if where.startswith("unix://") and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(where.removeprefix("unix://"))


def _context_host() -> str | None:
    from docker.context import ContextAPI

    context = ContextAPI.get_current_context()
    return str(context.Host) if context is not None and context.Host else None


def _by_context() -> DockerClient:
    import docker
    from docker.context import ContextAPI

    context = ContextAPI.get_current_context()
    host = _context_host()
    if context is None or host is None:
        return docker.from_env(timeout=FIRST_TIMEOUT)
    return docker.DockerClient(base_url=host, tls=context.TLSConfig or False, timeout=FIRST_TIMEOUT)


def _explained(error: BaseException, where: str) -> str:
    """Explain the error of the engine at `where`, with the remedy, in one line."""
    where = where or "its usual place"
    numbers = {number for inner in _causes(error) if (number := getattr(inner, "errno", None))}
    if errno.EACCES in numbers or errno.EPERM in numbers:
        return (
            f"no permission to use the Docker engine at {where}: join its group (sudo usermod -aG docker "
            f"$USER, then log in again), use rootless Docker or Podman and set DOCKER_HOST, {OTHERWISE}"
        )
    others = [f"DOCKER_HOST=unix://{path}" for path in _sockets() if path not in where]
    cure = (
        f"set {' or '.join(others)}" if others else "install and start Docker or Podman, or set DOCKER_HOST"
    )
    if "paramiko" in str(error):
        cure = "pip install 'docker[ssh]'"
    if numbers & {errno.ENOENT, errno.ECONNREFUSED}:
        return f"no Docker engine answers at {where}: {cure}, {OTHERWISE}"
    if any(isinstance(inner, TimeoutError) for inner in _causes(error)):
        return f"the Docker engine at {where} does not answer in time: start it again, or {cure}, {OTHERWISE}"
    return f"the Docker engine at {where} cannot be used ({str(error)[:300]}): {cure}, {OTHERWISE}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes: urllib3 keeps some causes only in `args` and `reason`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _sockets() -> list[str]:
    if not hasattr(os, "getuid"):  # sockets with a place in the file system are not used there
        return []
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    places = [place.format(runtime=runtime, home=Path.home()) for place in ELSEWHERE]
    return [place for place in dict.fromkeys(places) if _exists(place)]


def _exists(place: str) -> bool:
    try:
        return Path(place).is_socket()
    except OSError:
        return False
