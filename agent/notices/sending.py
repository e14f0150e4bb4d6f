"""Calling the hooks of notices in the background, so that none can hold up a run or harm it."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.models.deadline import within
from fieldcraft.agent.notices.settings import Hook, NoticeSettings, Occasion
from fieldcraft.agent.redact import redact
from fieldcraft.common.secrets.names import names_a_secret
from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.tools.sources.urls import shown

WAITING = 100
"""Notices that wait at once; of more, the latest are left out."""
TEXT = 1_000
"""Characters of a notice's text."""

logger = logging.getLogger(__name__)

_Job = tuple[Occasion, Hook, dict[str, Any]]


class Notices:
    """A listener that tells people of a run. Events that are played back are not told again.

    Args:
        settings: what is called when.
        run: open, and not resumed yet.
    """

    def __init__(self, settings: NoticeSettings, run: Run) -> None:
        self._settings = settings
        self._run = run
        self._latest = run.tape[-1].number if run.tape else run.state.events
        self._reached = set(run.state.reached).union(*(_milestones(event) for event in run.tape))
        self._jobs: queue.Queue[_Job | None] = queue.Queue(maxsize=WAITING)
        self._warned: set[Occasion] = set()
        self._worker: threading.Thread | None = None

    def __call__(self, event: e.Event) -> None:
        """Tell of an event where somebody wants to hear of it; returns at once."""
        if event.number <= self._latest:
            return
        self._latest = event.number
        for occasion, text in self._occasions(event):
            hook = self._settings.hook(occasion)
            if hook:
                self._post(occasion, hook, text, event.time)

    def close(self) -> None:
        """Wait until what was to be told is told, or its deadline is over."""
        if self._worker is None:
            return
        with suppress(queue.Full):
            self._jobs.put_nowait(None)
        self._worker.join(self._settings.seconds)

    def _occasions(self, event: e.Event) -> Iterator[tuple[Occasion, str]]:
        match event:
            case e.RunPaused():
                yield "stop", f"the run stopped: {event.reason}"
            case e.RunFinished():
                yield "stop", f"the run is finished: {event.reason}"
            case e.StallNoticed():
                yield "stall", f"nothing new in {event.since} iterations; trying {event.tries}"
            case e.WorldReset() | e.ExecutionFinished():
                new = [name for name in _milestones(event) if name not in self._reached]
                self._reached.update(new)
                for name in new:
                    yield "milestone", f"milestone: {name}"
            case e.ApprovalAsked():
                yield "approval", f"a call of the tool {event.tool} waits for you: {event.question}"
            case e.ApprovalParked():
                answer = f"answer it with `runs approve {self._run.id} {event.id}`"
                yield "approval", f"a call waits for you: {event.shown}; {answer}"

    def _post(self, occasion: Occasion, hook: Hook, text: str, moment: float) -> None:
        state = self._run.state
        notice = {
            "notice": occasion,
            "run": self._run.id,
            "text": cut_text(redact(visible_line(text, 2 * TEXT)), TEXT),
            "time": moment,
            "world": visible_line(self._run.settings.environment, 200),
            "iterations": state.spent.iterations,
            "items": len(state.found()),
            "skills": len(state.kept),
        }
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="fieldcraft-notices", daemon=True)
            self._worker.start()
        try:
            self._jobs.put_nowait((occasion, hook, notice))
        except queue.Full:
            self._warn(occasion, hook, f"{WAITING} others wait already")

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            occasion, hook, notice = job
            try:
                call(hook, notice, self._settings.seconds)
            except Exception as problem:
                self._warn(occasion, hook, _in_words(problem))

    def _warn(self, occasion: Occasion, hook: Hook, why: str) -> None:
        """One line for each hook, whatever goes wrong with it later."""
        if occasion in self._warned:
            return
        self._warned.add(occasion)
        name = shown(hook) if isinstance(hook, str) else hook[0]
        logger.warning("on_%s: %s did not take a notice: %s", occasion, visible_line(name, 200), why)


def call(hook: Hook, notice: Mapping[str, Any], seconds: float) -> None:
    """Give a notice to a hook.

    Raises:
        OSError: the command cannot be started.
        TimeoutError, subprocess.TimeoutExpired: it took longer than `seconds`, and was ended.
        RuntimeError: it failed, or the server refused it.
    """
    content = json.dumps(notice).encode()
    if isinstance(hook, str):
        within(seconds, lambda: _post(hook, content, seconds))
    else:
        _run(hook, content, seconds)


def _post(url: str, content: bytes, seconds: float) -> None:
    import httpx

    headers = {"Content-Type": "application/json"}
    sending = httpx.stream(
        "POST", url, content=content, headers=headers, timeout=seconds, follow_redirects=False
    )
    with sending as answer:
        if not answer.is_success:
            raise RuntimeError(f"the server answered {answer.status_code}")


def _run(command: tuple[str, ...], content: bytes, seconds: float) -> None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not names_a_secret(name)},
        start_new_session=True,
    )
    try:
        process.communicate(content, timeout=seconds)
    finally:
        _end(process)
    if process.returncode:
        raise RuntimeError(f"it ended with exit code {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command, if it runs still, with all that it started."""
    if process.poll() is not None:
        return
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _milestones(event: e.Event) -> dict[str, Any]:
    return dict(event.progress.milestones) if isinstance(event, e.WorldReset | e.ExecutionFinished) else {}


def _in_words(problem: Exception) -> str:
    if isinstance(problem, TimeoutError | subprocess.TimeoutExpired):
        return "it took too long and was ended"
    return visible_line(redact(str(problem) or type(problem).__name__), 300)
