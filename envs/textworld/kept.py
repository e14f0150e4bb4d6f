"""The files of games, made once and kept in the cache: the story, and what TextWorld knows of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from fieldcraft.common.cache_folders import open_cache, work_in_memory
from fieldcraft.common.files import UnsafeFile
from fieldcraft.common.text import visible_line
from fieldcraft.envs.textworld.games import Game
from fieldcraft.envs.textworld.making import NO_GAME, TRIES

SECONDS = 600
"""Processor time that making a game may take."""
_STORY, _KNOWN, _SEAL = "game.z8", "game.json", "seal"
_MAKING = Path(__file__).with_name("making.py")


def story_of(game: Game, seed: int) -> Path:
    """The story of a game, made if it is not in the cache; equal for equal seeds, whichever process made it.

    Raises:
        ValueError: the generator finds no game for this seed, or took too long; the message has the cure.
        RuntimeError: the package failed to make it.
    """
    home = _home()
    asked = json.dumps([game.game, game.settings, game.guided, seed, version("textworld")])
    place = home / f"{game.game}-{seed}-{sha256(asked.encode()).hexdigest()[:16]}"
    if not _whole(place):
        _make(game, seed, place)
    return place / _STORY


def _home() -> Path:
    """The cache, or where it cannot be used a folder that the system clears away."""
    try:
        with open_cache("textworld") as folder:
            return folder.path
    except (UnsafeFile, OSError) as error:
        work_in_memory(error)
        return Path(tempfile.mkdtemp(prefix="fieldcraft-textworld-"))


def _make(game: Game, seed: int, place: Path) -> None:
    made = Path(tempfile.mkdtemp(prefix="making-", dir=place.parent))
    try:
        _generate(game, seed, made / _STORY)
        (made / _SEAL).write_text(_digest(made), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        with suppress(OSError):  # another process made the same game meanwhile
            made.rename(place)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if not _whole(place):
        raise RuntimeError(f"the game of {place.name} was not kept; free space in {place.parent}")


def _generate(game: Game, seed: int, file: Path) -> None:
    request = {
        "generator": f"tw-{game.game}",
        "settings": game.settings,
        "guided": game.guided,
        "seed": seed,
        "file": str(file),
        "seconds": SECONDS,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", str(_MAKING), json.dumps(request)],
        env={**os.environ, "PYTHONHASHSEED": "0"},  # sets of the generator then have one order
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, said = process.communicate(timeout=2 * SECONDS)
    except subprocess.TimeoutExpired:
        said = ""
    finally:
        _end(process)
    _judge(process.returncode, said, f"{game} for seed {seed}")


def _judge(status: int, said: str, what: str) -> None:
    if status == NO_GAME:
        raise ValueError(
            f"TextWorld made no {what}, nor for {TRIES - 1} seeds derived from it; take another level"
        )
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        raise ValueError(f"TextWorld made no {what} within {SECONDS} s; take a lower level")
    if status:
        last = said.strip().splitlines()[-1:] or ["no reason given"]
        raise RuntimeError(f"TextWorld failed to make {what}: {visible_line(last[0], 300)}")


def _end(process: subprocess.Popen[str]) -> None:
    """End the process and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _whole(place: Path) -> bool:
    """Whether all files of a game are there as they were made."""
    try:
        return (place / _SEAL).read_text(encoding="utf-8") == _digest(place)
    except (OSError, UnicodeDecodeError):
        return False


def _digest(place: Path) -> str:
    return " ".join(sha256((place / name).read_bytes()).hexdigest() for name in (_STORY, _KNOWN))
