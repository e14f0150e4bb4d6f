"""The bubblewrap layer: a file system that holds the interpreter's library and nothing else."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from fieldcraft.common.paths import find_program

SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
FOREIGN_PACKAGES = ("site-packages", "dist-packages")
INSIDE = "/sandbox"
"""Where the worker's folder is seen: its own path would tell what lies beside it on the host."""
NAMESPACES = ("--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--cap-drop", "ALL")


def wrapped(command: Sequence[str], environment: Mapping[str, str], worker: Path) -> list[str]:
    """`command` (an interpreter's) inside bubblewrap, with only its own library and `worker` to be seen.

    The folder above `worker`, where it is an argument of the command, becomes `INSIDE`.
    The root is read-only and there is no /proc, /dev, /tmp or /etc. It ends with the process inside it.
    """
    library = Path(sysconfig.get_path("stdlib"))
    interpreter = Path(command[0]).resolve()
    seen = [Path(path) for path in SYSTEM_LIBRARIES if Path(path).is_dir()]
    seen += [library, Path(sysconfig.get_config_var("DESTSHARED") or library)]
    seen += [interpreter, *_shared_interpreter()]
    arguments = [*NAMESPACES, "--clearenv"]
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    for path in dict.fromkeys(path for path in seen if path.exists()):
        arguments += ["--ro-bind", str(path), str(path)]
    arguments += ["--ro-bind", str(worker), f"{INSIDE}/{worker.name}"]
    rest = [INSIDE if argument == str(worker.parent) else argument for argument in command[1:]]
    for path in _foreign_packages(seen):
        arguments += ["--tmpfs", str(path), "--remount-ro", str(path)]
    return [program(), *arguments, "--remount-ro", "/", "--chdir", "/", "--", str(interpreter), *rest]


def program() -> str:
    """Where `bwrap` is, the same for the test of it and for each start of it."""
    return find_program("bwrap") or "bwrap"


def works() -> str | None:
    """Why bubblewrap cannot be used on this machine; `None` where it can."""
    if find_program("bwrap") is None:
        return "bwrap is not installed (apt-get install bubblewrap)"
    command = [program(), *NAMESPACES, "--ro-bind", "/", "/", "--", "/bin/true"]
    try:
        tried = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bwrap does not run: {error}"
    if tried.returncode:
        return f"bwrap cannot make namespaces here: {tried.stderr.decode(errors='replace').strip()[:200]}"
    return None


def _shared_interpreter() -> list[Path]:
    folder = sysconfig.get_config_var("LIBDIR")
    return sorted(Path(folder).glob("libpython*")) if folder else []


def _foreign_packages(roots: Sequence[Path]) -> list[Path]:
    """Folders of installed packages beneath the bound ones, to be covered by empty ones."""
    libraries = [root / folder for root in roots for folder in ("", "python3")]
    candidates = [library / name for library in libraries for name in FOREIGN_PACKAGES]
    return [path for path in dict.fromkeys(candidates) if path.is_dir()]
