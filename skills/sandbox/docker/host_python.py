"""Build a root file system from this machine's Python and its libraries, if no registry is reachable."""

from __future__ import annotations

import io
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from fieldcraft.skills.sandbox.base import SandboxUnavailable

LIBRARIES = "usr/local/lib/sandbox"
ENVIRONMENT = {"PATH": "/usr/local/bin", "LD_LIBRARY_PATH": f"/{LIBRARIES}"}
LEFT_OUT = frozenset(
    {
        "site-packages", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tests",
        "tkinter", "turtledemo", "venv",
    }
)  # fmt: skip
FOLDERS = ("tmp", "proc", "sys", "dev", "etc", "run")
ACCOUNTS = {
    "etc/passwd": "root:x:0:0::/:/nowhere\nnobody:x:65534:65534::/:/nowhere\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}
LOADED = re.compile(r"(?:(\S+) => )?(/\S+) \(0x[0-9a-f]+\)")
"""A line of ldd: `libm.so.6 => /lib/libm.so.6 (0x...)`, or the loader's, which has no arrow."""

DOCKER_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_root(archive: tarfile.TarFile, worker: Path, binaries: Sequence[Path] = ()) -> None:
    """Write the interpreter to /usr/local, the libraries to /usr/local/lib/sandbox, `worker` to /fieldcraft.

    Args:
        archive: to write to.
        worker: the folder of the worker.
        binaries: programs and extension modules that are added otherwise, but want their libraries too.

    Raises:
        SandboxUnavailable: `ldd` does not list the libraries of this interpreter.
    """
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    interpreter = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    modules = Path(sysconfig.get_path("stdlib"))
    extensions = Path(sysconfig.get_config_var("DESTSHARED") or modules / "lib-dynload")
    for folder in FOLDERS:
        _add_folder(archive, folder, 0o1777 if folder == "tmp" else 0o755)
    for name, text in ACCOUNTS.items():
        _add_text(archive, name, text)
    _add_file(archive, interpreter, "usr/local/bin/python3")
    for path in _wanted(modules):
        _add_file(archive, path, f"usr/local/lib/{version}/{path.relative_to(modules)}")
    shared = sorted(extensions.glob("*.so"))
    if not extensions.is_relative_to(modules):
        for path in shared:
            _add_file(archive, path, f"usr/local/lib/{version}/lib-dynload/{path.name}")
    for source, target in _libraries([interpreter, *shared, *binaries]).items():
        _add_file(archive, Path(source), target)
    for path in _wanted(worker):
        _add_file(archive, path, f"fieldcraft/worker/{path.relative_to(worker)}")


def unusable_for(architecture: str) -> str | None:
    """The reason why containers of an architecture (Docker's name) cannot run this Python, or `None`."""
    if not sys.platform.startswith("linux"):
        return f"this machine's own Python is built for {sys.platform}, not for Linux containers"
    own = DOCKER_NAMES.get(platform.machine(), platform.machine())
    if own != architecture:
        return f"this machine's own Python is built for {own}, the engine's containers are {architecture}"
    return None


def _wanted(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name not in LEFT_OUT and not name.startswith("config-")
        )
        for name in sorted(files):
            if not name.endswith((".a", ".opt-1.pyc", ".opt-2.pyc", ".exe")):
                yield Path(parent, name)


def _libraries(binaries: list[Path]) -> dict[str, str]:
    """Every shared library that these load: its path here, and its path in the container."""
    found: dict[str, str] = {}
    try:
        listed = subprocess.run(
            ["ldd", *binaries], capture_output=True, text=True, timeout=60, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxUnavailable(f"ldd does not tell which libraries this Python needs: {error}") from None
    for name, path in LOADED.findall(listed):
        found[path] = f"{LIBRARIES}/{name}" if name else path.lstrip("/")
    if not found:
        raise SandboxUnavailable("ldd does not tell which libraries this Python needs")
    return found


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> None:
    with path.open("rb") as content:
        entry = archive.gettarinfo(arcname=name, fileobj=content)
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.mode & 0o111 else 0o644
        entry.type, entry.linkname = tarfile.REGTYPE, ""
        entry.size = os.fstat(content.fileno()).st_size
        archive.addfile(entry, content)


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o644
    archive.addfile(entry, io.BytesIO(text.encode()))


def _add_folder(archive: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)
