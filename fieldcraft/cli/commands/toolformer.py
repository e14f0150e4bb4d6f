"""`fieldcraft toolformer ...`: a model teaches itself to call the registered tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fieldcraft.cli.commands import toolformer_compare, toolformer_train
from fieldcraft.cli.errors import STOPPED, UsageProblem
from fieldcraft.cli.options import shared as o
from fieldcraft.cli.options import toolformer_options as t

EXAMPLES = """
Examples:

  fieldcraft toolformer demo                         the whole method from scratch, on a processor

  fieldcraft toolformer annotate texts.jsonl --model ./gpt2 --tools calculator --into annotated

  fieldcraft toolformer train annotated --model ./gpt2 --into tuned --method lora

  fieldcraft toolformer decode "Out of 1400, 400 are" --model tuned/model --tools calculator

  fieldcraft toolformer evaluate --tasks svamp:SVAMP.json --model tuned/model --base ./gpt2 --tools calculator

Ctrl-C stops annotating and training after a batch; the same command resumes. See docs/toolformer.md.
"""

app = typer.Typer(
    help="Let a model teach itself to call tools (Toolformer): annotate, train, decode, evaluate.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)


@app.command()
def annotate(
    texts: Annotated[
        Path,
        typer.Argument(
            metavar="TEXTS",
            help="A text file with one document a line, or .jsonl with the fields text and day.",
        ),
    ],
    model: t.ModelPath,
    into: t.Into,
    tools: t.Tools = None,
    corpus: o.Corpus = None,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings", metavar="FILE", help="A YAML file with the settings of sampling and filtering."
        ),
    ] = None,
    tau_f: Annotated[
        float | None, typer.Option("--tau-f", help="By how many nats a call must lower the loss to be kept.")
    ] = None,
    tau_s: Annotated[
        float | None, typer.Option("--tau-s", help="The probability of a call that a position must exceed.")
    ] = None,
    positions: Annotated[
        int | None, typer.Option("--positions", min=1, help="The most positions in a document.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Calls sampled at each position.")
    ] = None,
    proposer: Annotated[
        str | None,
        typer.Option("--proposer", metavar="NAME", help="A chat model (provider:model) that proposes calls."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="The seed of the sampling.")] = None,
    batch_size: t.BatchSize = 64,
    device: t.Device = None,
    plain: o.Plain = False,
    as_json: o.Json = False,
) -> int:
    """Find the calls that help the model predict a corpus, and keep them with their scores."""
    from fieldcraft.cli.toolformer_work import annotation_settings, opened_tools, proposing
    from fieldcraft.cli.views.console import console, print_json, say
    from fieldcraft.cli.views.toolformer_view import Following, print_report
    from fieldcraft.tools.toolformer.annotation.annotate import Annotator, annotate_corpus
    from fieldcraft.tools.toolformer.annotation.annotated import read_annotated
    from fieldcraft.tools.toolformer.annotation.documents import read_corpus
    from fieldcraft.tools.toolformer.annotation.report import report

    documents = read_corpus(texts)
    with opened_tools(tools, corpus) as executor:
        changes = {"tau_f": tau_f, "tau_s": tau_s, "positions": positions, "samples": samples}
        settings = annotation_settings(settings_file, executor.names(), changes, seed)
        language_model = t.loaded(model, device, batch_size)
        proposer_ = proposing(proposer, language_model, executor.registry, settings)
        annotator = Annotator(language_model, proposer_, executor, settings)
        fitting = annotator.fitted(documents)
        with Following(plain=plain, as_json=as_json) as follow:
            follow.stage("annotation")
            path = annotate_corpus(
                annotator,
                fitting,
                into,
                settings=settings,
                stop=follow.asked_to_stop,
                progress=lambda progress: follow.step(progress.done, progress.total, ""),
            )
        made = read_annotated(path)
        summary = report(made, settings, executor.names())
    if as_json:
        print_json({**summary.data(), "done": len(made), "total": len(fitting), "file": str(path)})
    else:
        print_report(summary)
        console().print(say(f"{len(made)} of {len(fitting)} documents are in {path}", "quiet"))
    return STOPPED if follow.stopped and len(made) < len(fitting) else 0


app.command()(toolformer_train.train)


@app.command()
def decode(
    model: t.ModelPath,
    prompt: Annotated[
        str | None, typer.Argument(help="The text to continue; standard input if omitted.")
    ] = None,
    tools: t.Tools = None,
    corpus: o.Corpus = None,
    k: Annotated[
        int, typer.Option("-k", min=0, help="Call where `[` is among the k most likely tokens; 0: never.")
    ] = 10,
    calls: Annotated[int, typer.Option("--calls", min=0, help="The most calls in one text.")] = 1,
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="The most tokens to generate.")] = 100,
    day: Annotated[str | None, typer.Option("--day", help="The date that the calendar tool returns.")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Make no call.")] = False,
    device: t.Device = None,
    as_json: o.Json = False,
) -> int:
    """Continue a text, calling tools while generating."""
    from fieldcraft.cli.toolformer_work import opened_tools
    from fieldcraft.cli.views.console import print_json
    from fieldcraft.cli.views.toolformer_view import print_failed, print_pieces
    from fieldcraft.tools.toolformer.inference.decoding import Decoder, DecodingSettings, MadeCall

    read = _standard_input() if prompt is None else prompt
    if not read.strip():
        raise UsageProblem("there is no text to continue; give one as an argument or on standard input")
    settings = DecodingSettings(k=0 if disabled else k, calls=calls, tokens=tokens)
    with opened_tools(tools, corpus) as executor:
        decoder = Decoder(t.loaded(model, device, 1), executor, settings)
        if as_json:
            (made,) = decoder.write([read], [day])
            print_json({"prompt": read, **vars(made), "calls": [vars(call) for call in made.calls]})
        else:
            made_calls: list[MadeCall] = []
            print_pieces(decoder.stream(read, day, made_calls.append))
            print_failed(made_calls)
    return 0


def _standard_input() -> str:
    try:
        return sys.stdin.read().encode("utf-8").decode("utf-8").removesuffix("\n")
    except UnicodeError as error:
        raise UsageProblem("standard input is not UTF-8; convert it with iconv") from error


app.command()(toolformer_compare.evaluate)
app.command()(toolformer_compare.demo)
