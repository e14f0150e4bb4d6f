"""The image for programs, named after its content: found, built, or made from this machine's Python."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fieldcraft.skills.sandbox.base import SandboxUnavailable
from fieldcraft.skills.sandbox.docker import host_python
from fieldcraft.skills.sandbox.docker.engine import knock, unusable

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

HERE = Path(__file__).resolve().parent
WORKER = HERE.parent / "worker"
REPOSITORY = "fieldcraft-sandbox"
LABEL = "org.fieldcraft.worker"
IMAGE_VARIABLE, BASE_VARIABLE = "FIELDCRAFT_DOCKER_IMAGE", "FIELDCRAFT_DOCKER_BASE"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

progress = logging.getLogger("fieldcraft.progress")
"""Messages for a waiting person, which the command line always shows."""


def worker_digest() -> str:
    """What distinguishes an image: the worker's files, the recipe, the version of Python."""
    digest = hashlib.sha256(PYTHON.encode())
    for path in [*sorted(WORKER.glob("*.*")), HERE / "Dockerfile"]:
        digest.update(f"\n{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def image_name() -> str:
    """The image that this version of Fieldcraft makes for itself."""
    return f"{REPOSITORY}:{worker_digest()}"


def find_image(client: DockerClient, name: str) -> Image | None:
    """The image, if the engine has it and it holds this version's worker."""
    from docker.errors import ImageNotFound

    try:
        image = client.images.get(name)
    except ImageNotFound:
        return None
    return image if (image.labels or {}).get(LABEL) == worker_digest() else None


def ensure_image(client: DockerClient, wanted: str | None = None) -> str:
    """The id of the image to run. A missing image is built once, which takes seconds to a minute.

    Args:
        client: the client of the engine.
        wanted: a custom image; by default `FIELDCRAFT_DOCKER_IMAGE`, else the image built here.

    Raises:
        SandboxUnavailable: it is missing, outdated, or cannot be built; the message says the remedy.
    """
    from docker.errors import DockerException
    from requests import RequestException

    own = wanted or os.environ.get(IMAGE_VARIABLE)
    try:
        knock()
        if own:
            return _own_image(client, own)
        image = find_image(client, image_name())
        return str(image.id) if image is not None else _make_locked(client)
    except (DockerException, RequestException, OSError) as error:
        raise SandboxUnavailable(unusable(error)) from None


def _own_image(client: DockerClient, name: str) -> str:
    from docker.errors import ImageNotFound

    try:
        image = client.images.get(name)
    except ImageNotFound:
        raise SandboxUnavailable(
            f"there is no image {name!r}: pull or load it, or unset {IMAGE_VARIABLE} to have one made"
        ) from None
    found = (image.labels or {}).get(LABEL)
    if found != worker_digest():
        raise SandboxUnavailable(
            f"the image {name!r} holds {f'worker {found}' if found else 'no worker'}, this Fieldcraft speaks "
            f"to worker {worker_digest()}: build it again, or unset {IMAGE_VARIABLE} to have one made"
        )
    return str(image.id)


def _make_locked(client: DockerClient) -> str:
    """Build the image, or wait for another process that is building it."""
    from filelock import FileLock

    from fieldcraft.common.cache import cache_folder

    folder = cache_folder()
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(folder / f"docker-image-{worker_digest()}.lock"))
        except OSError as error:
            raise SandboxUnavailable(
                f"the cache folder {folder} cannot be used ({error.strerror or error}): name another one in "
                "FIELDCRAFT_CACHE"
            ) from None
        image = find_image(client, image_name())
        if image is None:
            _make(client)
            image = find_image(client, image_name())
    if image is None:
        raise SandboxUnavailable(f"the image {image_name()} was made and is gone again; try once more")
    return str(image.id)


def _make(client: DockerClient) -> None:
    """Build from the Dockerfile; if its base image is not available, use this machine's Python."""
    base = os.environ.get(BASE_VARIABLE)
    try:
        build(client, base or f"python:{PYTHON}-slim")
    except BuildFailed as error:
        problem = host_python.unusable_for(client.version()["Arch"])
        if base or problem or "no space left" in str(error):
            cure = f"reach a registry, set {BASE_VARIABLE} to a Python {PYTHON} image that the engine has"
            raise SandboxUnavailable(f"the image cannot be built: {error}; {problem or cure}") from None
        progress.info("no registry in reach (%s); taking this machine's own Python instead", error)
        import_host_python(client)


class BuildFailed(Exception):
    """The engine could not build the image; the message is its own, cut."""


def build(client: DockerClient, base: str, name: str | None = None) -> None:
    """Build the image on top of `base`, which holds a Python of this version.

    Raises:
        BuildFailed: the build failed; the message is the engine's.
    """
    from docker.errors import APIError

    progress.info("building the image %s from %s, once", name or image_name(), base)

    def fill(archive: tarfile.TarFile) -> None:
        archive.add(HERE / "Dockerfile", "Dockerfile")
        for path in sorted(WORKER.glob("*.*")):
            archive.add(path, f"worker/{path.name}")

    with _archive(fill) as context:
        try:
            answers = client.api.build(
                fileobj=context,
                custom_context=True,
                tag=name or image_name(),
                buildargs={"BASE": base, "WORKER": worker_digest()},
                network_mode="none",
                rm=True,
                forcerm=True,
                decode=True,
            )
            _follow(answers)
        except APIError as error:
            raise BuildFailed(str(error.explanation or error)[:300]) from None


def import_host_python(client: DockerClient, name: str | None = None) -> None:
    """Make the image from this machine's Python.

    Raises:
        SandboxUnavailable: the engine refuses it, or this Python's libraries cannot be listed.
    """
    repository, _, tag = (name or image_name()).rpartition(":")
    progress.info("copying Python %s and its libraries into the image %s:%s ...", PYTHON, repository, tag)
    changes = [f"ENV {key}={value}" for key, value in host_python.ENVIRONMENT.items()]
    changes += [f"LABEL {LABEL}={worker_digest()}", "USER 65534:65534", "WORKDIR /"]
    with _archive(lambda archive: host_python.write_root(archive, WORKER)) as root:
        size = root.seek(0, os.SEEK_END)
        root.seek(0)
        answers = [
            json.loads(line) for line in client.api.import_image(src=root, changes=changes).splitlines()
        ]
    for answer in answers:
        if "error" in answer:
            raise SandboxUnavailable(unusable(RuntimeError(answer["error"])))
    client.images.get(answers[-1]["status"]).tag(repository, tag)  # Podman does not name an image on import
    progress.info("the image %s:%s is ready (%d MB)", repository, tag, size // 1_000_000)


@contextmanager
def _archive(fill: Callable[[tarfile.TarFile], None]) -> Iterator[IO[bytes]]:
    """A tar file, which `fill` writes, in a temporary file."""
    with ExitStack() as held:
        try:
            file = held.enter_context(tempfile.TemporaryFile(buffering=0))
            with tarfile.open(fileobj=file, mode="w") as archive:
                fill(archive)
            file.seek(0)
        except OSError as error:
            raise SandboxUnavailable(
                f"the image's files cannot be gathered in a temporary file ({error.strerror or error}): make "
                "room there, or name another folder in TMPDIR"
            ) from None
        yield file


def _follow(answers: Iterator[dict[str, Any]]) -> None:
    for answer in answers:
        if "error" in answer:
            raise BuildFailed(str(answer["error"]).strip()[:300])
        line = str(answer.get("stream") or "").strip()
        if line.startswith("Step "):
            progress.info("%s", line)
