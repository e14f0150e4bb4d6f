"""`fieldcraft toolformer train`: fine-tuning on an annotated corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fieldcraft.cli.errors import STOPPED
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options import toolformer_options as t

if TYPE_CHECKING:
    from fieldcraft.tools.toolformer.annotation.annotated import AnnotatedDocument
    from fieldcraft.tools.toolformer.settings import TrainingSettings
    from fieldcraft.tools.toolformer.training.mixing import Mixture

TEXTS = "Texts"
LEARNING = "Learning"

Annotation = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that `annotate` wrote.")]
Control = Annotated[
    bool,
    typer.Option(
        "--control",
        help="Also train a control model on the same documents without calls.",
        rich_help_panel=TEXTS,
    ),
]
TauF = Annotated[
    float | None,
    typer.Option("--tau-f", help="A threshold to use instead of the annotation's.", rich_help_panel=TEXTS),
]
PlainShare = Annotated[
    float,
    typer.Option(
        "--plain-share", min=0, max=0.9, help="The share of texts without any call.", rich_help_panel=TEXTS
    ),
]
BareShare = Annotated[
    float,
    typer.Option(
        "--bare-share",
        min=0,
        max=0.9,
        help="The share of texts whose calls are removed.",
        rich_help_panel=TEXTS,
    ),
]
Extra = Annotated[
    Path | None,
    typer.Option("--extra", metavar="FILE", help="A file of further plain texts.", rich_help_panel=TEXTS),
]
HeldOut = Annotated[
    Path | None,
    typer.Option(
        "--held-out",
        metavar="FILE",
        help="A file of texts on which perplexity is measured.",
        rich_help_panel=TEXTS,
    ),
]
Method = Annotated[
    Literal["full", "lora", "qlora"],
    typer.Option("--method", help="qlora needs a GPU.", rich_help_panel=LEARNING),
]
LearningRate = Annotated[
    float, typer.Option("--learning-rate", help="The peak learning rate.", rich_help_panel=LEARNING)
]
StepSize = Annotated[
    int,
    typer.Option("--batch-size", min=1, help="Texts for each optimizer step.", rich_help_panel=LEARNING),
]
AtATime = Annotated[
    int,
    typer.Option(
        "--at-a-time", min=1, help="Texts of a step that are in memory together.", rich_help_panel=LEARNING
    ),
]
Epochs = Annotated[
    float, typer.Option("--epochs", help="How many passes over the texts.", rich_help_panel=LEARNING)
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps", min=1, help="How many optimizer steps, instead of epochs.", rich_help_panel=LEARNING
    ),
]
CheckpointEvery = Annotated[
    int,
    typer.Option(
        "--checkpoint-every", min=1, help="Steps between two checkpoints.", rich_help_panel=LEARNING
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="The seed of the order of the texts.", rich_help_panel=LEARNING)
]


def train(
    annotation: Annotation,
    model: t.ModelPath,
    into: t.Into,
    control: Control = False,
    tau_f: TauF = None,
    plain_share: PlainShare = 0.35,
    bare_share: BareShare = 0.15,
    extra: Extra = None,
    held_out: HeldOut = None,
    method: Method = "full",
    learning_rate: LearningRate = 1e-5,
    batch_size: StepSize = 128,
    at_a_time: AtATime = 16,
    epochs: Epochs = 1.0,
    steps: Steps = None,
    checkpoint_every: CheckpointEvery = 1,
    seed: Seed = 0,
    device: t.Device = None,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Fine-tune a model on an annotated corpus, including the results of its calls."""
    from fieldcraft.cli.toolformer_work import annotated_with, texts_of
    from fieldcraft.tools.toolformer.inference.chat import note_tools

    settings = _settings(
        method=method, learning_rate=learning_rate, batch_size=batch_size, at_a_time=at_a_time,
        epochs=epochs, steps=steps, checkpoint_every=checkpoint_every, seed=seed,
    )  # fmt: skip
    documents, taus = annotated_with(annotation, tau_f)
    mixed = _mixed(documents, taus, plain_share=plain_share, bare_share=bare_share, extra=extra, seed=seed)
    texts = mixed.control if control else mixed.toolformer
    made = _trained(
        model, texts, into, settings, held=texts_of(held_out), device=device, plain=plain, as_json=as_json
    )
    if made is None:
        return STOPPED
    note_tools(made.model, sorted(taus))
    _tell(made, mixed.with_calls, as_json=as_json)
    return 0


@dataclass(frozen=True)
class _Made:
    """The results of a training; perplexities only if there is held-out text."""

    model: Path
    texts: int
    before: float | None
    after: float | None


def _mixed(
    documents: Sequence[AnnotatedDocument], taus: Mapping[str, float], *, extra: Path | None, **shares: Any
) -> Mixture:
    from fieldcraft.cli.toolformer_work import texts_of
    from fieldcraft.tools.toolformer.training.mixing import mixture

    return mixture(documents, taus, extra=texts_of(extra), **shares)


def _settings(**flags: Any) -> TrainingSettings:
    from fieldcraft.cli.toolformer_work import from_flags
    from fieldcraft.tools.toolformer.settings import TrainingSettings

    return from_flags(TrainingSettings, flags)


def _trained(
    path: Path,
    texts: Sequence[str],
    into: Path,
    settings: TrainingSettings,
    *,
    held: Sequence[str],
    device: str | None,
    plain: bool,
    as_json: bool,
) -> _Made | None:
    """Train with a progress display; `None` if a person stopped it."""
    from fieldcraft.cli.views.toolformer_view import Following
    from fieldcraft.tools.toolformer.evaluation.evaluation import perplexity
    from fieldcraft.tools.toolformer.training.training import Stopped
    from fieldcraft.tools.toolformer.training.training import train as fine_tune

    model = t.loaded(path, device, settings.at_a_time)
    before = perplexity(model, held) if held else None
    try:
        with Following(plain=plain, as_json=as_json) as follow:
            follow.stage("fine-tuning")
            trained = fine_tune(
                model,
                texts,
                into,
                settings,
                stop=follow.asked_to_stop,
                on_step=lambda step, of, loss: follow.step(step, of, f"loss {loss:.3f}"),
            )
    except Stopped:
        return None
    return _Made(into / "model", len(texts), before, perplexity(trained, held) if held else None)


def _tell(made: _Made, with_calls: int, *, as_json: bool) -> None:
    from fieldcraft.cli.views.console import console, print_json, say

    if as_json:
        print_json(
            {
                "model": str(made.model),
                "texts": made.texts,
                "documents_with_calls": with_calls,
                "perplexity_before": made.before,
                "perplexity": made.after,
            }
        )
        return
    console().print(say(f"trained on {made.texts} texts; the model is {made.model}", "good"))
    if made.before is not None and made.after is not None:
        perplexities = f"{made.before:.2f} before, {made.after:.2f} now"
        console().print(say(f"perplexity of held-out text, calls disabled: {perplexities}"))
