"""The flags that several Toolformer commands share, and loading the model they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fieldcraft.tools.toolformer.lm.model import LanguageModel

ModelPath = Annotated[
    Path,
    typer.Option(
        "--model", metavar="FOLDER", help="The folder of a Hugging Face causal model with its tokenizer."
    ),
]
Into = Annotated[Path, typer.Option("--into", metavar="FOLDER", help="The folder to write the result to.")]
Tools = Annotated[
    list[str] | None,
    typer.Option("--tools", metavar="NAME", help="A tool, a pattern, or module:function; repeatable."),
]
Tasks = Annotated[
    list[str],
    typer.Option(
        "--tasks",
        metavar="FORM:FILE",
        help="A task file and its format: asdiv, svamp, mawps, lama, templama, dateset or tasks; repeatable.",
    ),
]
Validation = Annotated[
    list[str] | None,
    typer.Option(
        "--validation", metavar="FORM:FILE", help="Validation tasks by which k is chosen; repeatable."
    ),
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", min=1, help="Texts in a batch; halved if memory runs out.")
]
Device = Annotated[
    str | None, typer.Option("--device", help="The device: cuda, cpu, ...; by default a GPU if there is one.")
]


def loaded(path: Path, device: str | None, batch_size: int) -> LanguageModel:
    """Load the model of a folder."""
    from fieldcraft.cli.toolformer_work import quietly
    from fieldcraft.tools.toolformer.lm.model import LanguageModel

    quietly()
    return LanguageModel.load(path, device=device, batch_size=batch_size)
