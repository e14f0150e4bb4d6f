"""The paper's comparison: base, fine-tuned on plain text, calls disabled, calls enabled; and perplexities."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fieldcraft.tools.calls.executor import ToolExecutor
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.evaluation.tasks import Task
from fieldcraft.tools.toolformer.inference.decoding import Decoder, DecodingSettings, MadeCall
from fieldcraft.tools.toolformer.lm.model import LanguageModel

KS = (0, 1, 3, 10)
"""The paper's values of k (table 8)."""
MOST_CALLS_ON_PLAIN = 0.10
_MOST_NAMES = 3


@dataclass(frozen=True)
class Cell:
    """How one model did on the tasks of one kind, as shares of 1."""

    tasks: int
    accuracy: float
    calls: float

    @property
    def error(self) -> float:
        """The standard error of the accuracy."""
        return math.sqrt(max(self.accuracy * (1 - self.accuracy), 0.25 / self.tasks) / self.tasks)


@dataclass(frozen=True)
class Row:
    """One line of the comparison: a model at a k, and its cells by kind."""

    model: str
    k: int
    cells: Mapping[str, Cell]
    perplexity: float | None = None


@dataclass(frozen=True)
class Comparison:
    """All of it.

    Attributes:
        chosen_k: the one that validation chose, where there was any.
        warnings: what a person should know, such as a tool that never gave anything.
    """

    rows: tuple[Row, ...]
    chosen_k: int | None = None
    warnings: tuple[str, ...] = ()

    def row(self, model: str, k: int | None = None) -> Row:
        """The row of a model (at a k).

        Raises:
            LookupError: there is none.
        """
        for row in self.rows:
            if row.model == model and (k is None or row.k == k):
                return row
        raise LookupError(f"no row of {model} at k = {k}")

    def data(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def evaluate(
    model: LanguageModel,
    executor: ToolExecutor,
    tasks: Sequence[Task],
    settings: DecodingSettings,
    on_call: Callable[[MadeCall], None] = lambda _: None,
) -> dict[str, Cell]:
    """Accuracy and call rate by kind of task; `on_call` is called with every call."""
    written = Decoder(model, executor, settings).write(
        [task.prompt for task in tasks], [task.day for task in tasks]
    )
    for made in written:
        for call in made.calls:
            on_call(call)
    cells = {}
    for kind in dict.fromkeys(task.kind for task in tasks):
        of_kind = [(task, made) for task, made in zip(tasks, written, strict=True) if task.kind == kind]
        cells[kind] = Cell(
            tasks=len(of_kind),
            accuracy=sum(task.solved(made.plain) for task, made in of_kind) / len(of_kind),
            calls=sum(bool(made.calls) for _, made in of_kind) / len(of_kind),
        )
    return cells


def perplexity(model: LanguageModel, texts: Sequence[str]) -> float:
    """Of held-out texts with calls disabled: the probability of opening one is zero, as in the paper.

    Raises:
        ToolformerError: there is no text.
    """
    sequences = [(*model.start, *model.encode(text).ids)[: model.context] for text in texts]
    rows = model.token_log_probs([one for one in sequences if len(one) > 1], without=model.opening)
    tokens = sum(map(len, rows))
    if not tokens:
        raise ToolformerError("there is no held-out text to measure perplexity on; give a file of texts")
    return math.exp(-sum(map(sum, rows)) / tokens)


def compare(
    models: Mapping[str, LanguageModel],
    executor: ToolExecutor,
    tasks: Sequence[Task],
    *,
    settings: DecodingSettings,
    ks: Sequence[int] = KS,
    validation: Sequence[Task] = (),
    texts: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """The comparison.

    Args:
        models: by name; `toolformer` is evaluated with calls disabled and at each k, the others without.
        executor: makes the calls.
        tasks: the test set.
        settings: of the decoder, but for k.
        ks: which k.
        validation: other tasks, by which one k is chosen.
        texts: held-out texts for the perplexity.
        progress: called with what is about to be evaluated.
    """
    rows: list[Row] = []
    calls: list[MadeCall] = []
    for name, model in models.items():
        progress(f"{name}, calls disabled" if name == TOOLFORMER else name)
        measured = perplexity(model, texts) if texts else None
        cells = evaluate(model, executor, tasks, settings.model_copy(update={"k": 0}))
        rows.append(Row("disabled" if name == TOOLFORMER else name, 0, cells, measured))
    chosen = None
    if TOOLFORMER in models:
        model = models[TOOLFORMER]
        positive = [k for k in ks if k > 0]
        if validation:
            progress("choosing k on validation tasks")
            chosen = choose_k(model, executor, validation, settings=settings, ks=positive)
        for k in positive:
            progress(f"calls enabled, k = {k}")
            cells = evaluate(model, executor, tasks, settings.model_copy(update={"k": k}), calls.append)
            rows.append(Row("enabled", k, cells))
    return Comparison(tuple(rows), chosen, tuple(_failing(calls, executor.names())))


def _failing(calls: Sequence[MadeCall], known: Sequence[str]) -> Iterator[str]:
    """A line for each tool that failed whenever it was called, and one where most calls are of no tool.

    A few of those are to be expected: at a large k a model opens calls where it has no use for one.
    """
    for name in known:
        errors = [call.error for call in calls if call.name == name]
        if errors and all(errors):
            yield f"{name} failed on all of its {len(errors)} calls: {errors[0]}"
    strange = Counter(call.name for call in calls if call.name not in known)
    if strange and 2 * strange.total() >= len(calls):
        names = ", ".join(name for name, _ in strange.most_common(_MOST_NAMES))
        yield f"{strange.total()} of {len(calls)} calls are of what is no tool here ({names}); see --tools"


TOOLFORMER = "toolformer"


def choose_k(
    model: LanguageModel,
    executor: ToolExecutor,
    tasks: Sequence[Task],
    *,
    settings: DecodingSettings,
    ks: Sequence[int],
) -> int:
    """The k of the best mean accuracy over kinds, among those that call on a tenth of plain texts at most.

    Plain texts are the tasks of the kind `plain`. Of equal ones the smallest is chosen.
    """
    best, chosen = -math.inf, min(ks)
    for k in sorted(ks):
        cells = evaluate(model, executor, tasks, settings.model_copy(update={"k": k}))
        plain = cells.get("plain")
        if plain is not None and plain.calls > MOST_CALLS_ON_PLAIN:
            continue
        mean = sum(cell.accuracy for cell in cells.values()) / len(cells)
        if mean > best:
            best, chosen = mean, k
    return chosen
