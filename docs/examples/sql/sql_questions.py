"""The list of questions on a database, and whether an answer is what the database says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sql_database import COLUMNS, LONGEST_QUERY, ROWS, TEXT, Database, Result

from fieldcraft.envs import PrimitiveError

LARGEST = 1_000_000
"""Bytes of the file."""

Scalar = str | Annotated[int, Field(ge=-(2**63), lt=2**63)] | float | None
Row = Annotated[list[Scalar], Field(max_length=COLUMNS)]
Value = Scalar | Annotated[list[Scalar | Row], Field(max_length=ROWS)]
"""An answer: one value, a list of values, or a list of rows."""


class Question(BaseModel):
    """A question of the list, and the query that gives its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")
    question: str = Field(min_length=1, max_length=300)
    sql: str = Field(min_length=1, max_length=LONGEST_QUERY)


def listed(file: Path) -> dict[str, Question]:
    """The questions of a JSON file, by name.

    Raises:
        ValueError: it is too large, or no list of questions.
    """
    if file.stat().st_size > LARGEST:
        raise ValueError(f"{file.name} is larger than {LARGEST:,} bytes")
    try:
        found = TypeAdapter(tuple[Question, ...]).validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ValueError(f"{file.name}: {place}: {first['msg']}") from error
    return {question.name: question for question in found}


def expected_answer(database: Database, question: Question) -> Result:
    """What the query of a question gives.

    Raises:
        PrimitiveError: the query fails, or gives too many rows.
    """
    try:
        result = database.read(question.sql)
    except PrimitiveError as error:
        raise PrimitiveError(f"the query of the question {question.name} fails: {error}") from None
    if result.more:
        raise PrimitiveError(f"the answer to {question.name} has more than {ROWS} rows; ask for fewer")
    return result


def as_rows(value: Any, columns: int) -> list[list[Any]]:
    """An answer as rows: a value, a list of values (one column, or the columns of one row), or rows."""
    if not isinstance(value, list):
        return [[value]]
    if any(isinstance(each, list) for each in value):
        return [each if isinstance(each, list) else [each] for each in value]
    return [value] if columns > 1 else [[each] for each in value]


def comparable(rows: Sequence[Sequence[Any]]) -> list[tuple[str, ...]]:
    """Rows in an order of their own, numbers to twelve digits, texts without regard to case."""
    return sorted(tuple(cell(value) for value in row) for row in rows)


def cell(value: Any) -> str:
    """A value as it is compared."""
    return f"{value:.12g}" if isinstance(value, int | float) else str(value).strip()[:TEXT].casefold()
