"""Run the trials of a study or a benchmark from the command line, and tell what they came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fieldcraft.cli.errors import FAILURE, STOPPED, CommandFailed, UsageProblem

if TYPE_CHECKING:
    from fieldcraft.agent.settings import BudgetLimits
    from fieldcraft.cli.views.trials_view import Wording
    from fieldcraft.study.batch import Batch


@dataclass(frozen=True)
class Asked:
    """How trials are run and shown."""

    folder: Path
    name: str | None
    jobs: int
    fresh: bool
    figures: bool
    plain: bool
    as_json: bool


def check_drawing() -> None:
    """Refuse figures where nothing draws them.

    Raises:
        UsageProblem: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise UsageProblem(
            "figures need matplotlib, which is not installed: pip install 'fieldcraft[report]'; or take "
            "--no-figures"
        )


def run_batch(
    opened: Batch[Any],
    wording: Wording,
    asked: Asked,
    budget: BudgetLimits,
    *,
    write: Callable[[], list[Path]],
    tell: Callable[[Sequence[Path]], None],
) -> int:
    """Run what is left of the trials; Ctrl-C stops them after their next events.

    Args:
        opened: the trials.
        wording: how they are told.
        asked: what the command line says.
        budget: limits on the whole.
        write: writes the results, and returns the files.
        tell: prints them.

    Returns:
        The exit code.

    Raises:
        CommandFailed: the results cannot be written.
    """
    from fieldcraft.cli.running import Stopper
    from fieldcraft.cli.views.trials_view import choose_view

    view = choose_view(opened, wording, plain=asked.plain, as_json=asked.as_json)
    stopper = Stopper(view.stopping)
    try:
        with stopper, view:
            stopper.attend(opened.request_stop)
            opened.run(jobs=asked.jobs, budget=budget, listeners=(view.take,))
    finally:
        try:
            files = write()
        except OSError as error:
            raise CommandFailed(
                f"the results cannot be written to {opened.folder} ({error.strerror}); correct that and "
                "repeat the command: finished trials are kept"
            ) from error
        tell(files)
    if stopper.asked:
        return STOPPED
    return 0 if set(opened.counts()) == {"done"} else FAILURE


def tell_json(data: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Print the results as JSON, with the files that hold them."""
    from fieldcraft.cli.views.console import print_json

    print_json({**data, "files": [str(file) for file in files]})
