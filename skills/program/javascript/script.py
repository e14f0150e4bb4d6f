"""A JavaScript source taken apart: its functions, the names each needs, and what does not belong there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.processes import BoundedWorker, OutOfMemory, OutOfTime, WorkFailed
from fieldcraft.skills.program.program import MissingParser, Parameter, Program, ProgramError, check_size

_SECONDS = 0.8
_MEMORY = 200_000_000
_REMEMBERED = 512
"""Sources whose reading is not done again."""
_ANSWER = Limits(size=4_000_000, depth=8, items=1_000_000)

_read = BoundedWorker(
    "javascript_reader.reading:read",
    folder=Path(__file__).parent,
    seconds=_SECONDS,
    memory=_MEMORY,
    answer=_ANSWER.size,
)


@dataclass(frozen=True)
class Function:
    """A function at top level. `text` is its statement; `free` are the names it reads and does not define.

    `sole_call` is the function that it calls where its body is that call and nothing else.
    """

    name: str
    line: int
    text: str
    asynchronous: bool
    parameters: tuple[Parameter, ...]
    takes_bot: bool
    docstring: str
    free: frozenset[str]
    sole_call: str


@dataclass(frozen=True)
class Stray:
    """A statement at top level that a skill may not have; `start` and `end` are offsets in bytes."""

    line: int
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class NamesUsed:
    """`defined` at top level, and `free`: read, but defined nowhere in the code."""

    defined: frozenset[str]
    free: frozenset[str]


@dataclass(frozen=True)
class Script:
    """A source that can be read. Of functions of one name the last counts, as in the language."""

    source: str
    functions: dict[str, Function]
    names: NamesUsed
    stray: tuple[Stray, ...]

    @property
    def entry(self) -> Function | None:
        """The last asynchronous function at top level, as Voyager has it; else the last one."""
        latest = list(reversed(self.functions.values()))
        return next((found for found in latest if found.asynchronous), latest[0] if latest else None)

    def program(self, entry: str) -> Program:
        """As a program whose entry is the function of that name."""
        function = self.functions[entry]
        return Program(
            source=self.source,
            entry=entry,
            language="javascript",
            parameters=function.parameters,
            docstring=function.docstring,
            names=self.names.free,
        )


_SCRIPT = TypeAdapter(Script)


def read_script(source: str) -> Script:
    """Read a source, in a process of its own.

    Raises:
        ProgramError: a syntax error, with its line, or it is too large, or takes too long to read.
        MissingParser: the parser is not installed.
    """
    check_size(source)
    if not _has_parser():
        raise MissingParser(
            "JavaScript cannot be read here: install the extra, `pip install 'fieldcraft[minecraft]'`"
        )
    found = _outcome(source)
    if isinstance(found, str):
        raise ProgramError(found)
    return found


@cache
def _has_parser() -> bool:
    return all(find_spec(package) for package in ("tree_sitter", "tree_sitter_javascript"))


@lru_cache(_REMEMBERED)
def _outcome(source: str) -> Script | str:
    """The script, or why it is none; an error where another try may go better."""
    try:
        answer = read_json(_read(source.encode()), _ANSWER)
        unreadable = answer.get("unreadable")
        return str(unreadable) if unreadable else _SCRIPT.validate_python({"source": source, **answer})
    except UnicodeEncodeError:
        return "the source holds a lone surrogate, which is no character"
    except (OutOfTime, OutOfMemory) as problem:
        return f"the source cannot be read: reading it {problem}"
    except WorkFailed as problem:
        raise ProgramError(f"the source cannot be read: its reader {problem}") from None
    except (DataError, ValidationError, AttributeError, TypeError) as error:
        raise ProgramError(
            f"the source cannot be read: its reader gave an unusable answer ({error})"
        ) from None
