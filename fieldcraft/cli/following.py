"""Reading the run of another process: its journal as it stands, and as it grows."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from fieldcraft.agent import events as e
from fieldcraft.agent.journal import Journal
from fieldcraft.agent.summary import Overview

POLL_SECONDS = 0.3


def read_overview(folder: Path) -> Overview:
    """The run as its journal has it now.

    Raises:
        JournalError: the journal is damaged or of an unknown format.
    """
    overview = Overview(run=folder.name)
    for event in Journal(folder).read(last_segment=True):
        overview.take(event)
    return overview


def is_open(folder: Path) -> bool:
    """Whether a process has the run open just now."""
    try:
        with (folder / "run.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def standing(folder: Path, overview: Overview) -> str:
    """How the run stands, in words: running, finished, paused and why, or cut off."""
    if is_open(folder):
        return "running"
    if overview.state.finished:
        return f"finished: {overview.outcome}"
    return f"paused: {overview.outcome}" if overview.outcome else "cut off; it can be resumed"


def follow(folder: Path, overview: Overview) -> Iterator[e.Event]:
    """The run's events as they are written, from the first that `overview` has not taken.

    Ends when no process has the run open and everything written was seen.
    """
    journal = Journal(folder)
    segment = journal.segments()[-1]
    offset = 0
    while True:
        running = is_open(folder)
        content = segment.read_bytes()[offset:]
        whole = content[: content.rfind(b"\n") + 1]
        offset += len(whole)
        for line in whole.splitlines():
            event = e.EVENT.validate_json(line)
            if event.number > overview.state.events:
                yield event
        later = [path for path in journal.segments() if path > segment]
        if later and not whole:
            segment, offset = later[0], 0
        elif not running and not whole:
            return
        elif not whole:
            time.sleep(POLL_SECONDS)
