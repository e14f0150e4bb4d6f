"""A fork server in a hardened container, reached by a socket in a read-only mount or by attached streams."""

from __future__ import annotations

import json
import logging
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.common.system import handle_on_this_process
from fieldcraft.skills.sandbox.base import SandboxUnavailable
from fieldcraft.skills.sandbox.docker.attached import AttachedStream
from fieldcraft.skills.sandbox.docker.engine import knock, unusable
from fieldcraft.skills.sandbox.docker.hardening import hardened
from fieldcraft.skills.sandbox.docker.owners import OWNER, own_label
from fieldcraft.skills.sandbox.fork_process import INTERPRETER_FLAGS
from fieldcraft.skills.sandbox.fork_server import START_SECONDS, ForkServer
from fieldcraft.skills.sandbox.worker.relay import Relay

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.types import Mount

BOOTSTRAP = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import worker.container; worker.container.main()"
)
INSIDE = "/run/fieldcraft"
"""The path inside the container of the folder with the host's socket."""

SOCKET = "host.sock"
MEMORY_BESIDE = 128 * 1024 * 1024
"""Bytes for the fork server, /tmp and /dev/shm, in addition to a program's memory."""

logger = logging.getLogger(__name__)


class SocketUnusable(Exception):
    """A socket of the host cannot be reached from a container of this engine."""


class ContainerProcess:
    """A running container with a fork server."""

    def __init__(self, container: Container, stream: AttachedStream, *, relayed: bool) -> None:
        self._container = container
        self._stream = stream
        self._relayed = relayed
        self._removed = False

    def error_output(self) -> str:
        """See `ServerProcess` in `fork_server`."""
        if not self._relayed:
            self._stream.drain()
        return self._stream.errors.decode(errors="replace") or "the container ended without a word"

    def locked_down(self) -> None:
        """See `ServerProcess` in `fork_server`. The streams stay: the container ends with its input."""

    def close(self) -> None:
        """See `ServerProcess` in `fork_server`."""
        if self._removed:
            return
        self._removed = True
        if not self._relayed:
            self._stream.close()
        remove(self._container)


def start_by_socket(client: DockerClient, image: str, memory: int) -> ForkServer:
    """Start a container that connects to a host socket. Its traffic does not go through the engine.

    Raises:
        SocketUnusable: the container cannot reach the socket; the message is for the log.
        SandboxUnavailable: a layer does not hold in the container.
    """
    from docker.types import Mount

    with _listening() as (listener, folder):
        mounts = [Mount(INSIDE, str(folder), type="bind", read_only=True)]
        settings = {"socket": f"{INSIDE}/{SOCKET}"}
        try:
            container, stream = _start(client, image, memory, settings, mounts)
        except SandboxUnavailable as error:
            raise SocketUnusable(str(error)) from None
        server_process = ContainerProcess(container, stream, relayed=False)
        try:
            control = _accepted(listener, stream)
        except BaseException:
            server_process.close()
            raise
    return ForkServer(control, server_process, memory=memory)


def start_by_streams(client: DockerClient, image: str, memory: int) -> ForkServer:
    """Start a container whose standard streams carry everything, through the engine.

    Raises:
        SandboxUnavailable: it does not start, or a layer does not hold in it.
    """
    container, stream = _start(client, image, memory, {"socket": None}, [])
    control, ours = socket.socketpair()
    relay = Relay(stream, ours, trusted=False)
    threading.Thread(target=relay.run, name="sandbox relay", daemon=True).start()
    return ForkServer(
        control, ContainerProcess(container, stream, relayed=True), memory=memory, same_kernel=False
    )


def remove(container: Container) -> None:
    """Kill and remove a container, and wait for its end; an unreachable engine is ignored."""
    from docker.errors import APIError, DockerException, NotFound
    from requests import RequestException

    deadline = time.monotonic() + START_SECONDS
    with suppress(NotFound, DockerException, RequestException, OSError):
        knock()
        while time.monotonic() < deadline:
            try:
                container.remove(force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != 409:
                    raise
                time.sleep(0.01)
            else:
                return


def _start(
    client: DockerClient, image: str, memory: int, settings: dict[str, Any], mounts: list[Mount]
) -> tuple[Container, AttachedStream]:
    from docker.errors import DockerException
    from requests import RequestException

    container = stream = None
    try:
        container = client.containers.create(
            image,
            ["python3", *INTERPRETER_FLAGS, "-c", BOOTSTRAP, "/fieldcraft", json.dumps(settings)],
            environment={"PYTHONHASHSEED": "0"},
            labels={OWNER: own_label()},
            mounts=mounts,
            stdin_open=True,
            auto_remove=True,
            **hardened(memory=memory + MEMORY_BESIDE),
        )
        stream = AttachedStream(client, str(container.id))
        container.start()
    except BaseException as error:
        if stream is not None:
            stream.close()
        if container is not None:
            remove(container)
        if isinstance(error, (DockerException, RequestException, OSError)):
            raise SandboxUnavailable(unusable(error)) from None
        raise
    return container, stream


@contextmanager
def _listening() -> Iterator[tuple[socket.socket, Path]]:
    """A listening socket in a folder that no other user of this machine can enter.

    The container reaches the folder by its mount. One connection is accepted; then the socket is removed.
    """
    try:
        private = Path(tempfile.mkdtemp(prefix="fieldcraft-"))
    except OSError as error:
        raise SocketUnusable(f"no temporary folder can be made: {error}") from None
    try:
        folder = private / "container"
        folder.mkdir()
        folder.chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(str(folder / SOCKET))
            except OSError as error:
                raise SocketUnusable(f"{folder / SOCKET}: {error}") from None
            (folder / SOCKET).chmod(0o666)
            listener.listen(1)
            yield listener, folder
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _accepted(listener: socket.socket, stream: AttachedStream) -> socket.socket:
    """The container's connection, which has been given a handle on this process."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.register(stream.incoming, select.POLLIN)
    ready = dict(poll.poll(START_SECONDS * 1000))
    if listener.fileno() not in ready:
        time.sleep(0.05)
        stream.drain()
        reason = stream.errors.decode(errors="replace").strip() or "the container does not connect"
        raise SocketUnusable(reason)
    control, _ = listener.accept()
    try:
        with handle_on_this_process() as host:
            socket.send_fds(control, [b"!"], [] if host is None else [host])
    except OSError as error:
        control.close()
        raise SocketUnusable(str(error)) from None
    return control
