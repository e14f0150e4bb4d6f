"""How to call this program again: the form of the commands that messages offer for pasting."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

NAME = "fieldcraft"


def program() -> str:
    """The program's name if the shell finds it, else its path, or the Python command that runs it."""
    started, found = Path(sys.argv[0]), shutil.which(NAME)
    if started.name == "__main__.py" and started.absolute().parent.name == NAME:
        return f"{_python()} -m {NAME}"
    if started.name != NAME or (found is not None and Path(found).resolve() == started.resolve()):
        return NAME
    return _as_path(started)


def as_typed(text: str) -> str:
    """`text` with the commands that it quotes as they can be typed here.

    Messages of other packages write a command as `fieldcraft ...`, since they do not know how it was started.
    """
    return text.replace(f"`{NAME} ", f"`{program()} ")


def _python() -> str:
    found = shutil.which("python")
    same = found is not None and Path(found).absolute() == Path(sys.executable).absolute()
    return "python" if same else _as_path(Path(sys.executable))


def _as_path(path: Path) -> str:
    """A path quoted for a shell, relative to the working directory if it is inside it."""
    whole, here = path.absolute(), Path.cwd()
    if not whole.is_relative_to(here):
        return shlex.quote(str(whole))
    below = whole.relative_to(here)
    return shlex.quote(str(below) if below.parent.name else f"./{below}")
