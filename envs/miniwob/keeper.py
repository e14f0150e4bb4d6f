"""Keep a browser's driver as long as somebody holds our standard input, whatever ends that process.

A program of its own, without imports of ours: `python keeper.py FOLDER DRIVER ARGUMENTS...`. The browser ends
with its driver, since they talk by a pipe (`--remote-debugging-pipe`); its profile lies in the folder, which
is removed.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main() -> int:
    """Start the driver, and end it when standard input ends."""
    folder, *command = sys.argv[1:]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": folder}, start_new_session=True
    )

    def end() -> None:
        while os.read(0, 4096):
            pass
        _kill(process)

    signal.signal(signal.SIGTERM, lambda *_: _kill(process))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end, daemon=True).start()
    code = process.wait()
    _kill(process)
    shutil.rmtree(folder, ignore_errors=True)
    return code


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
