"""Engines of one's own, to be killed, starved and moved away without harm to the one the other tests use."""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
from docker.models.containers import Container
from machine import PATIENCE

from fieldcraft.skills.sandbox.docker.image import image_name
from fieldcraft.skills.sandbox.docker.owners import OWNER, own_label

TEST_IMAGES = f"fieldcraft-test-{os.getpid()}"
"""The repository of the images that this process's tests make; they are removed when the tests are over."""


class Engine:
    """A running dockerd; `address` is what `DOCKER_HOST` takes."""

    program = "dockerd"
    place: str | None = None
    """Where its own folder lies; the usual place where omitted."""

    def __init__(self, data: Path) -> None:
        """Start it, with its images and containers in `data`, and wait until it answers."""
        self._folder = Path(tempfile.mkdtemp(prefix="engine-", dir=self.place))
        self._data = data
        self.address = self._address()
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it, and what a crash left of it: who watches over its containers, and their mounts."""
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(self._folder).encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for point in reversed(mounted):
            if f"{point}/".startswith((f"{self._folder}/", f"{self._data}/")):
                subprocess.run(["umount", "-l", point], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _address(self) -> str:
        return f"unix://{self._folder}/engine.sock"

    def _command(self) -> Sequence[str | Path]:
        return [
            "dockerd",
            *("--data-root", self._data, "--exec-root", self._folder / "exec", "-H", self.address),
            *("--pidfile", self._folder / "pid", "--iptables=false", "--ip6tables=false", "--bridge=none"),
        ]

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.address.removeprefix("unix://")) == 0


class RemoteEngine(Engine):
    """A dockerd as on another machine: reached over TCP, and the folders of this one are not there."""

    place = "/var/tmp"

    def _address(self) -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        return f"tcp://127.0.0.1:{self._port}"

    def _command(self) -> Sequence[str | Path]:
        hide = f'mount -t tmpfs tmpfs {tempfile.gettempdir()} && exec "$@"'
        return ["unshare", "--mount", "--propagation=private", "sh", "-c", hide, "sh", *super()._command()]

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


class Podman(Engine):
    """Podman's service, which speaks Docker's API."""

    program = "podman"

    def _command(self) -> Sequence[str | Path]:
        roots = ("--root", self._data, "--runroot", self._folder / "run")
        return ["podman", *roots, "system", "service", "--time=0", self.address]


def missing(kind: type[Engine]) -> str | None:
    """What this machine lacks to start an engine of this kind."""
    if shutil.which(kind.program) is None:
        return "Podman" if "podman" in kind.program else "Docker"
    return None if os.geteuid() == 0 else "root"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of this size."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False, stderr=subprocess.DEVNULL)


def mine(client: docker.DockerClient, owner: str | None = None) -> list[Container]:
    """The containers of that owner, or of this process."""
    return client.containers.list(
        all=True, filters={"label": f"{OWNER}={owner or own_label()}"}, ignore_removed=True
    )


def image_from(client: docker.DockerClient, name: str, lines: list[str], files: dict[str, str]) -> None:
    """Build a small image out of ours."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, text in {"Dockerfile": "\n".join([f"FROM {image_name()}", *lines]), **files}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    told = list(client.api.build(fileobj=context, custom_context=True, tag=name, decode=True, rm=True))
    assert not [line for line in told if "error" in line], told
