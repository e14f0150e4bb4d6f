"""An engine of one's own, to be killed and starved without harm to the one that the other tests use."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Engine:
    """A running dockerd and where it listens."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.address = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._data = data
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "dockerd",
                    *("--data-root", self._data, "--exec-root", self._folder / "exec", "-H", self.address),
                    *("--pidfile", self._folder / "pid", "--iptables=false", "--ip6tables=false"),
                    "--bridge=none",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(f"{self._folder}/docker.sock") == 0

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it, and what a crash left of it: who watches over its containers, and their mounts."""
        self._process.terminate()
        self._process.wait(timeout=60)
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(self._folder).encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for point in reversed(mounted):
            if f"{point}/".startswith((f"{self._folder}/", f"{self._data}/")):
                subprocess.run(["umount", "-l", point], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


def missing() -> str | None:
    """Why no engine can be started here."""
    if shutil.which("dockerd") is None:
        return "dockerd is not installed"
    return None if os.geteuid() == 0 else "starting an engine needs root"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of this size."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False, stderr=subprocess.DEVNULL)
