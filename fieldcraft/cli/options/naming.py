"""How this program is called again from where it was called: in commands that are there to be pasted."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

NAME = "fieldcraft"


def program() -> str:
    """The program's name where the shell finds it, else its path, or how Python runs it as a module."""
    started, found = Path(sys.argv[0]), shutil.which(NAME)
    if started.name == "__main__.py" and started.absolute().parent.name == NAME:
        return f"{_python()} -m {NAME}"
    if started.name != NAME or (found is not None and Path(found).resolve() == started.resolve()):
        return NAME
    return _as_path(started)


def as_typed(text: str) -> str:
    """`text` with the commands it quotes as they can be typed here.

    Messages of the other rooms name a command as `fieldcraft ...`, for they cannot know how it was started.
    """
    return text.replace(f"`{NAME} ", f"`{program()} ")


def _python() -> str:
    found = shutil.which("python")
    same = found is not None and Path(found).absolute() == Path(sys.executable).absolute()
    return "python" if same else _as_path(Path(sys.executable))


def _as_path(path: Path) -> str:
    """A path that a shell takes for one, from the working directory where it lies below."""
    whole, here = path.absolute(), Path.cwd()
    if not whole.is_relative_to(here):
        return shlex.quote(str(whole))
    below = whole.relative_to(here)
    return shlex.quote(str(below) if below.parent.name else f"./{below}")
