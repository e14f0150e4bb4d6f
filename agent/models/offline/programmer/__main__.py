"""One answer: messages as JSON on standard input, `{"text": ...}` on standard output.

Run as a script by an isolated interpreter, which knows no package: the folder above is made importable first.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module


def main() -> None:
    """Read the messages, answer once."""
    sys.path.insert(0, __file__.rpartition("/programmer/")[0])
    answer = import_module("programmer.brain").answer
    text = answer(json.loads(sys.stdin.buffer.read() or b"[]"))
    sys.stdout.write(json.dumps({"text": text}))


if __name__ == "__main__":
    main()
