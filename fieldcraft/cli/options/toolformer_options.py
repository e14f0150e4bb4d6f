"""The flags that several Toolformer commands share, and the model they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fieldcraft.tools.toolformer.lm.model import LanguageModel

ModelPath = Annotated[
    Path, typer.Option("--model", metavar="FOLDER", help="A Hugging Face causal model with its tokenizer.")
]
Into = Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where the result is kept.")]
Tools = Annotated[
    list[str] | None,
    typer.Option("--tools", metavar="NAME", help="A tool, a pattern, or module:function; repeatable."),
]
Tasks = Annotated[
    list[str],
    typer.Option(
        "--tasks",
        metavar="FORM:FILE",
        help="asdiv, svamp, mawps, lama, templama, dateset or tasks, and the file; repeatable.",
    ),
]
Validation = Annotated[
    list[str] | None,
    typer.Option("--validation", metavar="FORM:FILE", help="Tasks by which one k is chosen; repeatable."),
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", min=1, help="Texts at a time; halved where memory runs out.")
]
Device = Annotated[
    str | None, typer.Option("--device", help="cuda, cpu, ...; a GPU by default where there is one.")
]


def loaded(path: Path, device: str | None, batch_size: int) -> LanguageModel:
    """The model of a folder."""
    from fieldcraft.cli.toolformer_work import quietly
    from fieldcraft.tools.toolformer.lm.model import LanguageModel

    quietly()
    return LanguageModel.load(path, device=device, batch_size=batch_size)
