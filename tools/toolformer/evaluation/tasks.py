"""What a Toolformer is tested on: texts to be continued, and what counts as right (section 4.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast
from xml.etree import ElementTree

from fieldcraft.common.data import Limits, read_json
from fieldcraft.common.files import UnsafeFile, read_file
from fieldcraft.common.text import visible_line
from fieldcraft.tools.toolformer.annotation.documents import FILE_LIMIT, LINE_LIMITS
from fieldcraft.tools.toolformer.errors import NoSuchFile, ToolformerError

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_LIMITS = Limits(size=FILE_LIMIT, depth=32, items=10_000_000)
_WORDS = 5
"""Among how many first words of what was written an answer must be."""
_MASK = "[MASK]"
_BLANK = "_X_"

Rule = Literal["next", "number", "words"]


@dataclass(frozen=True)
class Task:
    """A text to be continued.

    Attributes:
        kind: the column of the table it counts in.
        prompt: the text.
        answers: any of them is right.
        rule: `next`: what is written begins with it, word for word; `number`: its first number is it;
            `words`: it is among the first five words.
        day: on which day the text was written, where it matters.
    """

    kind: str
    prompt: str
    answers: tuple[str, ...]
    rule: Rule = "next"
    day: str | None = None

    def solved(self, written: str) -> bool:
        """Whether what was written, calls taken out, is right."""
        return any(_RULES[self.rule](written, answer) for answer in self.answers)


def _next(written: str, answer: str) -> bool:
    text, wanted = written.lstrip(), answer.strip()
    return text.startswith(wanted) and not text[len(wanted) : len(wanted) + 1].isalnum()


def _number(written: str, answer: str) -> bool:
    found, wanted = _NUMBER.search(written), _NUMBER.search(answer)
    if found is None or wanted is None:
        return False
    return abs(_value(found[0]) - _value(wanted[0])) < 1e-4 * max(1.0, abs(_value(wanted[0])))


def _words(written: str, answer: str) -> bool:
    text = " ".join(re.findall(r"\w+", written.lower())[: _WORDS + len(answer.split()) - 1])
    wanted = " ".join(re.findall(r"\w+", answer.lower()))
    return bool(wanted) and f" {wanted} " in f" {text} "


def _value(number: str) -> float:
    return float(number.replace(",", ""))


_RULES: dict[Rule, Callable[[str, str], bool]] = {"next": _next, "number": _number, "words": _words}


def read_tasks(path: Path, form: str) -> list[Task]:
    """The tasks of a file that a person has of a public set.

    Args:
        path: the file as it is published.
        form: `asdiv` (XML), `svamp`, `mawps` (JSON), `lama`, `templama`, `dateset` (JSONL), or `tasks`
            (JSON or JSONL: `{"kind", "prompt", "answers", "rule", "day"}`).

    Raises:
        ToolformerError: the file cannot be read, or is in another form.
    """
    if form not in FORMS:
        raise ToolformerError(f"no form of tasks {form!r}; there are {', '.join(FORMS)}")
    try:
        text = read_file(path, limit=FILE_LIMIT).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise NoSuchFile(f"{path} cannot be read: there is no such file; give a file of tasks") from error
    except UnsafeFile as error:
        raise ToolformerError(f"{error}; give a file of tasks") from error
    except OSError as error:
        raise ToolformerError(f"{path} cannot be read ({error.strerror}); give a file of tasks") from error
    except UnicodeDecodeError as error:
        raise ToolformerError(f"{path} is not UTF-8; convert it with iconv") from error
    try:
        found = list(FORMS[form](text))
    except KeyError as error:
        raise ToolformerError(
            f"{path} is no file in the form {form}: a task in it has no {visible_line(error)}"
        ) from error
    except (ValueError, TypeError, AttributeError, IndexError, ElementTree.ParseError) as error:
        raise ToolformerError(
            f"{path} is no file in the form {form} ({type(error).__name__}: {visible_line(error)})"
        ) from error
    if not all(isinstance(words, str) for task in found for words in (task.kind, task.prompt, *task.answers)):
        raise ToolformerError(f"{path} is no file in the form {form}: something in a task is no text")
    if not found:
        raise ToolformerError(f"{path} holds no task that can be asked in the form {form}")
    return found


def _asdiv(text: str) -> Iterator[Task]:
    for problem in ElementTree.fromstring(text).iter("Problem"):  # noqa: S314 - expat bounds entities
        parts = {child.tag: (child.text or "").strip() for child in problem}
        yield _problem("ASDiv", f"{parts['Body']} {parts['Question']}", parts["Answer"])


def _svamp(text: str) -> Iterator[Task]:
    for row in _list(text):
        yield _problem("SVAMP", f"{row['Body'].rstrip(' .')}. {row['Question']}", str(row["Answer"]))


def _mawps(text: str) -> Iterator[Task]:
    for row in _list(text):
        if "sQuestion" in row:
            yield _problem("MAWPS", row["sQuestion"], str(row["lSolutions"][0]))
        else:
            yield _problem("MAWPS", _filled(row["Question"], row.get("Numbers", "")), str(row["Answer"]))


def _filled(question: str, numbers: Any) -> str:
    """A question whose numbers were taken out as `N_00` or `number0`, as a variant of the set has it."""
    given = numbers.split() if isinstance(numbers, str) else list(map(str, numbers))
    return re.sub(r"(?:N_|number)(\d+)", lambda found: given[int(found[1])], question)


def _problem(kind: str, question: str, answer: str) -> Task:
    if not _NUMBER.search(answer):
        return Task(kind, f"{question.strip()} The answer is", (answer,), "words")
    return Task(kind, f"{question.strip()} The answer is", (answer,), "number")


def _lama(text: str) -> Iterator[Task]:
    """Only statements that end in what is masked, as in the paper."""
    for row in _rows(text):
        sentences = row.get("masked_sentences") or [
            evidence.get("masked_sentence", "") for evidence in row.get("evidences", ())
        ]
        ends = (sentence.partition(_MASK) for sentence in sentences)
        before = next((before for before, found, after in ends if found and not after.strip(" .")), None)
        if before is not None:
            yield Task("LAMA", before.rstrip(), (row["obj_label"],), "words")


def _templama(text: str) -> Iterator[Task]:
    for row in _rows(text):
        before, found, after = row["query"].partition(_BLANK)
        if found and not after.strip(" ."):
            answers = tuple(answer["name"] for answer in row["answer"])
            yield Task("TEMPLAMA", before.rstrip(), answers, "words", day=row.get("date"))


def _dateset(text: str) -> Iterator[Task]:
    for row in _rows(text):
        answers = row["answer"] if isinstance(row["answer"], list) else [str(row["answer"])]
        prompt = f"{row['question'].strip()} The answer is"
        yield Task("DATESET", prompt, tuple(answers), "words", day=row.get("date") or row.get("today"))


def _own(text: str) -> Iterator[Task]:
    for row in _list(text):
        given, rule = row["answers"], row.get("rule", "next")
        answers = tuple(map(str, given if isinstance(given, list) else [given]))
        if rule not in _RULES:
            raise ValueError(f"no rule {rule!r}; there are {', '.join(_RULES)}")
        yield Task(row["kind"], row["prompt"], answers, rule, row.get("day"))


def _list(text: str) -> list[dict[str, Any]]:
    """The rows of a JSON list, or of JSONL, as data sets are exported."""
    rows = read_json(text, _LIMITS) if text.lstrip().startswith("[") else list(_rows(text))
    return cast("list[dict[str, Any]]", rows)


def _rows(text: str) -> Iterator[dict[str, Any]]:
    return (read_json(line, LINE_LIMITS) for line in text.split("\n") if line.strip())


FORMS: dict[str, Callable[[str], Iterable[Task]]] = {
    "asdiv": _asdiv,
    "svamp": _svamp,
    "mawps": _mawps,
    "lama": _lama,
    "templama": _templama,
    "dateset": _dateset,
    "tasks": _own,
}


def write_tasks(path: Path, tasks: Sequence[Task]) -> None:
    """Write tasks in the form `tasks`."""
    with path.open("w", encoding="utf-8") as file:
        for task in tasks:
            file.write(json.dumps(vars(task) | {"answers": list(task.answers)}, ensure_ascii=False) + "\n")
