"""`fieldcraft toolformer evaluate` and `demo`: the paper's comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fieldcraft.cli.errors import STOPPED, UsageProblem
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options import toolformer_options as t


def evaluate(
    tasks: t.Tasks,
    model: t.ModelPath,
    base: Annotated[Path | None, typer.Option("--base", help="The model before fine-tuning.")] = None,
    control: Annotated[Path | None, typer.Option("--control", help="The model of `train --control`.")] = None,
    tools: t.Tools = None,
    corpus: o.Corpus = None,
    ks: Annotated[
        str, typer.Option("-k", metavar="LIST", help="The values of k to try, separated by commas.")
    ] = "0,1,3,10",
    validation: t.Validation = None,
    held_out: Annotated[
        Path | None, typer.Option("--held-out", help="A file of texts on which perplexity is measured.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The most tasks of each file.")] = None,
    tokens: Annotated[
        int, typer.Option("--tokens", min=1, help="The most tokens to generate for each task.")
    ] = 100,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the table to this PNG file.")
    ] = None,
    batch_size: t.BatchSize = 64,
    device: t.Device = None,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Compare models on tasks: base, plain, calls disabled, and calls enabled at each k."""
    from fieldcraft.cli.toolformer_work import numbers_of, opened_tools, tasks_of, texts_of
    from fieldcraft.cli.views.console import print_json
    from fieldcraft.cli.views.toolformer_view import Following, print_comparison
    from fieldcraft.tools.toolformer.evaluation.evaluation import TOOLFORMER, compare
    from fieldcraft.tools.toolformer.evaluation.picture import draw
    from fieldcraft.tools.toolformer.inference.decoding import DecodingSettings

    asked, chosen_by, wanted = tasks_of(tasks, limit), tasks_of(validation or [], limit), numbers_of(ks)
    _check(chooses=bool(chosen_by), wanted=wanted, picture=picture)
    paths = {"base": base, "plain": control, TOOLFORMER: model}
    held = texts_of(held_out)
    with (
        opened_tools(tools, corpus) as executor,
        Following(plain=plain, as_json=as_json, at_once=True) as follow,
    ):
        models = {
            name: t.loaded(path, device, batch_size) for name, path in paths.items() if path is not None
        }
        follow.stage("comparison")
        steps, of = iter(range(1, 1000)), len(models) + sum(k > 0 for k in wanted) + bool(chosen_by)
        made = compare(
            models,
            executor,
            asked,
            settings=DecodingSettings(tokens=tokens),
            ks=wanted,
            validation=chosen_by,
            texts=held,
            progress=lambda what: follow.step(next(steps), of, what),
        )
    if picture is not None:
        draw(made, picture)
    if as_json:
        print_json(made.data())
    else:
        print_comparison(made)
    return 0


def _check(*, chooses: bool, wanted: Sequence[int], picture: Path | None) -> None:
    if chooses and not any(wanted):
        given = ",".join(map(str, wanted))
        raise UsageProblem(
            f"-k {given} leaves no k for the validation to choose; add one, such as -k 0,1,3,10"
        )
    if picture is not None and not picture.absolute().parent.is_dir():
        raise UsageProblem(f"{picture} cannot be written: there is no folder {picture.parent}")


def demo(
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="The folder of the demo.")] = Path(
        "toolformer-demo"
    ),
    seed: Annotated[int, typer.Option("--seed", help="The seed of all its random choices.")] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller demo: each part once, in a minute or two.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Delete what the folder holds, and start over.")
    ] = False,
    width: Annotated[int, typer.Option("--width", min=32, help="Of the model.")] = 128,
    layers: Annotated[int, typer.Option("--layers", min=2, help="Of the model.")] = 3,
    device: Annotated[str, typer.Option("--device", help="The device: cpu, cuda, ...")] = "cpu",
    picture: Annotated[
        bool, typer.Option("--picture/--no-picture", help="Draw the table as a picture.")
    ] = True,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Run the whole method from scratch on a CPU: base model, annotation, training, comparison."""
    from fieldcraft.cli.toolformer_work import demo_folder, quietly
    from fieldcraft.cli.views.console import console, print_json, say
    from fieldcraft.cli.views.toolformer_view import Following, print_comparison, print_report
    from fieldcraft.tools.toolformer.demo.pipeline import Demo, Follow
    from fieldcraft.tools.toolformer.demo.settings import DemoSettings
    from fieldcraft.tools.toolformer.evaluation.picture import draw
    from fieldcraft.tools.toolformer.training.training import Stopped

    quietly()
    if width % 32:
        raise UsageProblem(f"--width {width}: it must be a multiple of 32")
    size = DemoSettings.quick(seed) if quick else DemoSettings(seed=seed)
    settings = replace(size, width=width, layers=layers, device=device)
    folder = demo_folder(into, settings, fresh=fresh)
    try:
        with Following(plain=plain, as_json=as_json) as follow:
            heard = Follow(stage=follow.stage, step=follow.step, stop=follow.asked_to_stop)
            result = Demo(folder, settings, heard).run()
    except Stopped:
        return STOPPED
    drawn = folder / "comparison.png"
    if picture:
        draw(result.comparison, drawn)
    if as_json:
        print_json(result.data())
        return 0
    print_report(result.annotation)
    print_comparison(result.comparison)
    right = f"{result.right} of {result.kept} kept calls have the correct result; "
    console().print(
        say(f"{right}results, models{' and picture' if picture else ''} are in {folder}", "quiet")
    )
    _tell_what_next(folder, result.comparison.chosen_k or 1)
    return 0


def _tell_what_next(folder: Path, k: int) -> None:
    from fieldcraft.cli.options.naming import program
    from fieldcraft.cli.views.console import console, say

    tools = "--tools calculator --tools calendar --tools search"
    console().print(
        say(
            f'Let it write: {program()} toolformer decode "ship 3737 has a captain whose name is" '
            f"--model {folder / 'toolformer' / 'model'} {tools} --corpus {folder / 'ships.jsonl'} -k {k}",
            "quiet",
        ),
        soft_wrap=True,
    )
