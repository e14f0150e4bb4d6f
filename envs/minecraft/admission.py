"""Joining a server: the version to use, and the reasons for a refusal."""

from __future__ import annotations

from fieldcraft.common.text import visible_line
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.options import Options
from fieldcraft.envs.minecraft.status import Announcement

FINAL = ("white", "ban", "not allowed", "outdated", "version", "Invalid session", "not authenticated")
"""Words in refusals for which a retry is useless."""

PROBLEM_LIMIT = 300


def choose_version(options: Options, announced: Announcement) -> str:
    """The protocol version to use.

    Raises:
        CannotPlay: the server announces another than the one asked for, or none that is understood.
    """
    release = announced.release
    if options.version is None:
        if release is None:
            raise CannotPlay(
                f"{options.host}:{options.port} announces the version {announced.version!r}, which names no "
                "release; set the option version, such as version=1.20.4"
            )
        return release
    if release is not None and options.version not in announced.version:
        raise CannotPlay(
            f"{options.host}:{options.port} announces version {announced.version!r}, not {options.version}; "
            f"set version={release}, or leave the option out"
        )
    return options.version


def explain(problem: str, options: Options, announced: Announcement) -> str:
    """The reason why the server refused the bot, with the remedy."""
    where = f"{options.host}:{options.port}"
    problem = visible_line(problem, PROBLEM_LIMIT)
    words = problem.lower()
    if "white" in words:
        cure = f"it keeps a whitelist; on its console: whitelist add {options.username}"
    elif "full" in words or (announced.most_players and announced.players >= announced.most_players):
        cure = f"it is full ({announced.players} of {announced.most_players}); make room or raise max-players"
    elif "ban" in words:
        cure = f"{options.username} is banned; on its console: pardon {options.username}"
    elif "not supported" in words or "unsupported" in words or "version" in words or "outdated" in words:
        cure = f"it announces version {announced.version!r}; the bridge plays 1.8 to 1.21"
    elif "verify" in words or "session" in words or "authenticated" in words:
        cure = "it checks accounts; use auth=microsoft, or online-mode=false on your own server"
    else:
        cure = "look at the server's log"
    return f"{where} did not let {options.username} in ({problem}): {cure}"


def is_final(problem: str) -> bool:
    """Whether a retry is useless."""
    return any(word in problem for word in FINAL)
