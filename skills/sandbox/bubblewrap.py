"""The bubblewrap layer: a file system with only the interpreter's library."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from fieldcraft.common.paths import find_program

SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")
FOREIGN_PACKAGES = ("site-packages", "dist-packages")
INSIDE = "/sandbox"
"""The path of the worker's folder inside: its path on the host would reveal names of host folders."""
NAMESPACES = ("--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--cap-drop", "ALL")


def wrapped(command: Sequence[str], environment: Mapping[str, str], worker: Path) -> list[str]:
    """Run an interpreter's `command` inside bubblewrap, with only its own library and `worker` visible.

    The parent folder of `worker`, if it is an argument of the command, becomes `INSIDE`.
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
    """The path of `bwrap`, cached for its test and each start."""
    return find_program("bwrap") or "bwrap"


def works() -> str | None:
    """The reason why bubblewrap cannot be used on this machine; `None` if it can."""
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
    """Folders of installed packages inside the bound ones, which are covered by empty folders."""
    libraries = [root / folder for root in roots for folder in ("", "python3")]
    candidates = [library / name for library in libraries for name in FOREIGN_PACKAGES]
    return [path for path in dict.fromkeys(candidates) if path.is_dir()]
