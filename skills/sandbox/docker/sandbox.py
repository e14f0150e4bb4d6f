"""The Docker sandbox: programs in one hardened container a run, each in a fresh, locked-down worker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from fieldcraft.skills.sandbox.base import SandboxUnavailable
from fieldcraft.skills.sandbox.docker.container import SocketUnusable, start_by_socket, start_by_streams
from fieldcraft.skills.sandbox.docker.engine import connect
from fieldcraft.skills.sandbox.docker.image import ensure_image
from fieldcraft.skills.sandbox.docker.owners import remove_stale
from fieldcraft.skills.sandbox.fork_server import ForkServer
from fieldcraft.skills.sandbox.forking import ForkingSandbox

if TYPE_CHECKING:
    from docker import DockerClient

Transport = Literal["auto", "socket", "streams"]

logger = logging.getLogger(__name__)


class DockerSandbox(ForkingSandbox):
    """Runs programs in a container of a Docker engine, or of another that speaks its API.

    The container starts with the first program, lives as long as the sandbox, and ends with this process
    however that ends. See docs/security.md for what holds it.
    """

    def __init__(self, *, image: str | None = None, transport: Transport = "auto", pin: bool = True) -> None:
        """Reach the engine, remove what dead runs left there, and see to the image.

        Args:
            image: an image of one's own that holds this version's worker; made where omitted.
            transport: `socket` (in a mount), `streams` (through the engine), or whichever works.
            pin: keep the calling thread and the program on one core while a program runs.

        Raises:
            SandboxUnavailable: no engine, no permission, no image; the message says what to do.
        """
        self._client: DockerClient = connect()
        super().__init__(pin=pin)
        self._transport: Transport = transport
        self._image = image
        try:
            ensure_image(self._client, image)
            remove_stale(self._client)
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """See `Sandbox.name`."""
        return "docker"

    def close(self) -> None:
        """Remove the container and let go of the engine. Safe to call twice."""
        super().close()
        self._client.close()

    def _another(self) -> DockerSandbox:
        return DockerSandbox(image=self._image, transport=self._transport, pin=False)

    def _start_server(self, memory: int) -> ForkServer:
        image = ensure_image(self._client, self._image)
        if self._transport == "streams":
            return start_by_streams(self._client, image, memory)
        try:
            return start_by_socket(self._client, image, memory)
        except SocketUnusable as error:
            if self._transport == "socket":
                raise SandboxUnavailable(
                    f"a container cannot reach a socket of this machine: {error}"
                ) from None
            logger.info("talking to the container through the engine, which is slower: %s", error)
        server = start_by_streams(self._client, image, memory)
        self._transport = "streams"
        return server
