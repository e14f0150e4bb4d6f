"""A base for the agent's image out of this machine's own Python and Node, where no registry is reached.

It holds what `python:slim` and the package indexes would give: an interpreter with pip, the packages that
Fieldcraft depends on, Node with npm, what npm fetched before, and busybox for a shell.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from docker import DockerClient
from packaging.requirements import Requirement

from fieldcraft.skills.sandbox.docker import host_python

EXTRAS = ("", "minecraft")
AGENT = 1000
PYTHON = f"usr/local/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "/opt/wheels",
    "npm_config_offline": "true",
    "npm_config_cache": "/opt/npm",
}
"""A build in it reaches nothing outside, and notices no difference."""


def import_base(client: DockerClient, name: str) -> None:
    """Make the image `name`. Takes some seconds and about 800 MB."""
    changes = [f"ENV {variable}={value}" for variable, value in ENVIRONMENT.items()]
    with tempfile.NamedTemporaryFile(suffix=".tar") as file, tempfile.TemporaryDirectory() as empty:
        with tarfile.open(file.name, "w") as archive:
            host_python.write_root(archive, Path(empty))
            _add_shell(archive)
            _add_libraries(archive, [*_add_packages(archive), _add_node(archive)])
        client.api.import_image_from_file(file.name, repository=name, changes=changes)


def _add_shell(archive: tarfile.TarFile) -> None:
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox-static is missing"
    archive.add(busybox, "bin/busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in applets:
        if name != "busybox":
            _link(archive, f"bin/{name}", "/bin/busybox")
    _link(archive, "usr/bin/env", "/bin/busybox")


def _add_packages(archive: tarfile.TarFile) -> list[Path]:
    """What Fieldcraft needs, pip itself, and a wheel of what builds it; the binaries among them."""
    binaries = []
    for found in [*_closure("fieldcraft", EXTRAS).values(), distribution("pip")]:
        for file in found.files or ():
            path = Path(str(file.locate()))
            if ".." not in file.parts and path.is_file() and path.suffix != ".pyc":
                archive.add(path, f"{PYTHON}/site-packages/{file}")
                if ".so" in path.suffixes:
                    binaries.append(path)
    with tempfile.TemporaryDirectory() as wheels:
        fetch = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "-d",
            wheels,
            "setuptools>=77",
        ]
        subprocess.run(fetch, check=True)
        archive.add(wheels, "opt/wheels")
    return binaries


def _add_libraries(archive: tarfile.TarFile, binaries: list[Path]) -> None:
    """What these load besides what Python does, all of it where the loader looks without being told."""
    for source, target in host_python._libraries(binaries).items():
        if not source.startswith(sys.prefix) and target not in archive.getnames():
            archive.add(Path(source).resolve(), target)
    folder = f"{host_python.LIBRARIES}/"
    for name in [name for name in archive.getnames() if name.startswith(folder)]:
        _link(archive, f"usr/lib/{name.removeprefix(folder)}", f"/{name}")


def _add_node(archive: tarfile.TarFile) -> Path:
    node = Path(_told(["node", "-p", "process.execPath"]))
    archive.add(node, "usr/local/bin/node")
    archive.add(node.parent.parent / "lib/node_modules/npm", "usr/local/lib/node_modules/npm")
    _link(archive, "usr/local/bin/npm", "../lib/node_modules/npm/bin/npm-cli.js")
    archive.add(
        Path(_told(["npm", "config", "get", "cache"])) / "_cacache", "opt/npm/_cacache", filter=_for_agent
    )
    folder = tarfile.TarInfo("opt/npm")
    folder.type, folder.mode, folder.uid = tarfile.DIRTYPE, 0o755, AGENT
    archive.addfile(folder)
    return node


def _closure(name: str, extras: tuple[str, ...]) -> dict[str, Distribution]:
    """The packages that this one needs, itself left out."""
    found: dict[str, Distribution] = {}
    waiting = list(_needs(distribution(name), extras))
    while waiting:
        wanted = waiting.pop()
        key = wanted.name.lower().replace("_", "-")
        if key not in found:
            found[key] = distribution(wanted.name)
            waiting += _needs(found[key], ("", *wanted.extras))
    return found


def _needs(package: Distribution, extras: tuple[str, ...]) -> Iterator[Requirement]:
    for text in package.requires or ():
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras):
            yield wanted


def _for_agent(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = AGENT
    return entry


def _link(archive: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry, io.BytesIO())


def _told(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
