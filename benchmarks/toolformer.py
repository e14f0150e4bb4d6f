"""Toolformer, measured: `python benchmarks/toolformer.py [--seeds 0 1 2] [--quick]` prints JSON.

Speed: the filter's scores against one call at a time, and sampling with kept keys and values against a full
forward pass for each token at length 128, both on the demo's model and in the same run. The method: the demo
from scratch for each seed, with what it is to reach. On all cores, as the commands run, times are by the
clock, and say little on a machine that has other work (`load`); on one thread (`--threads 1`) they are in
seconds of the processor. `--made FOLDER` measures the filter as after the demo of each seed, in the folder
of one that was made before (`fieldcraft toolformer demo --into FOLDER`).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import transformers

from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.annotation.executing import CallRunner, Executed
from fieldcraft.tools.toolformer.annotation.filtering import WEIGHTS, Scored, score
from fieldcraft.tools.toolformer.annotation.sampling import Proposal, TrainedSampler
from fieldcraft.tools.toolformer.demo.base import new_model, pretraining_text, tokenizer
from fieldcraft.tools.toolformer.demo.corpus import Story, story
from fieldcraft.tools.toolformer.demo.pipeline import TOOLS, Demo, Follow
from fieldcraft.tools.toolformer.demo.settings import DemoSettings
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import WINDOW, AnnotationSettings, ToolSettings

LENGTH = 128
SAMPLES = 5
ROUNDS = 5
TARGETS = {"arithmetic": 0.85, "date": 0.95, "lookup": 0.60}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--quick", action="store_true", help="speed only, and small")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--width", type=int, default=128, help="768 with 17 layers is 120 million parameters")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the filter; the median counts")
    parser.add_argument("--made", type=Path, help="the folder of a demo that was made before")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    model = new_model(seed=0)
    size = {"width": options.width, "layers": options.layers, "device": options.device}
    report: dict[str, Any] = {
        "threads": options.threads,
        "load": round(os.getloadavg()[0], 1),
        "filter": filtering(
            model, *made_up(60 if options.quick else 600), rounds=1 if options.quick else options.rounds
        ),
        "sampling": sampling(model, 8 if options.quick else 32),
    }
    if options.made:
        report["filter_as_sampled"] = filtering_in(options.made, "cpu", options.rounds)
    if options.seeds and not options.quick:
        report["demo"] = [demo(DemoSettings(seed, **size), options.rounds) for seed in options.seeds]
        report["demo_mean"] = means(report["demo"])
    print(json.dumps(report, indent=2))


def made_up(number: int) -> tuple[list[Executed], dict[int, Document]]:
    """Calls that differ, five in each document at one place, as m = 5 samples them."""
    chosen = random.Random(0)
    stories = [story(chosen) for _ in range(number // SAMPLES)]
    documents = {place: Document(place, one.text) for place, one in enumerate(stories)}
    calls = [
        Executed(
            Proposal(place, len(one.before), "calculator", f" {sample} + 34", 0.5), result=one.answer.strip()
        )
        for place, one in enumerate(stories)
        for sample in range(SAMPLES)
    ]
    return calls, documents


def paragraphs(model: LanguageModel, stories: Sequence[Story]) -> list[Document]:
    """Stories one after the other, in documents as long as annotation makes them of a longer text."""
    room, texts = model.context // 2 - len(model.start) - WINDOW, [stories[0].text]
    for one in stories[1:]:
        longer = f"{texts[-1]} {one.text.strip()}"
        if len(model.encode(longer).ids) <= room:
            texts[-1] = longer
        else:
            texts.append(one.text)
    return [Document(place, text, stories[0].day) for place, text in enumerate(texts)]


def sampled(
    folder: Path, documents: Sequence[Document], sampling: ToolSettings, device: str
) -> tuple[list[Executed], dict[int, Document]]:
    """The calls that the demo's trained proposer samples in documents, made by the registry's tools."""
    settings = AnnotationSettings(longest_call=16)
    proposer = LanguageModel.load(folder / "proposer" / "model", device=device, batch_size=128)
    proposed = TrainedSampler(proposer, TOOLS, sampling, settings).propose(documents, seed=0)
    by_number = {document.number: document for document in documents}
    with Demo(folder).tools() as tools:
        made = CallRunner(tools, longest=settings.longest_result).run_all(proposed, by_number)
    return [call for call in made if call.result is not None], by_number


def filtering(
    model: LanguageModel, calls: list[Executed], documents: dict[int, Document], rounds: int
) -> dict[str, float]:
    """Calls scored a second, in batches and one at a time in turn: the median round."""

    def together() -> list[Scored]:
        return score(model, calls, documents)

    def alone() -> list[float]:
        return [plainly(model, call, documents) for call in calls]

    read = [tokens_read(model, work) / len(calls) for work in (together, alone)]
    batched, single = [], []
    for _ in range(rounds):
        seconds, in_batches = timed(together)
        batched.append(seconds)
        seconds, one_by_one = timed(alone)
        single.append(seconds)
    ratios = [one / many for one, many in zip(single, batched, strict=True)]
    return {
        "documents": len(documents),
        "calls": len(calls),
        "calls_per_second": round(len(calls) / statistics.median(batched), 1),
        "one_at_a_time_per_second": round(len(calls) / statistics.median(single), 1),
        "tokens_read_a_call": round(read[0], 1),
        "one_at_a_time_tokens_read_a_call": round(read[1], 1),
        "ratio": round(statistics.median(ratios), 2),
        "lowest_ratio": round(min(ratios), 2),
        "highest_ratio": round(max(ratios), 2),
        "largest_difference": max(abs(a.gain - b) for a, b in zip(in_batches, one_by_one, strict=True)),
    }


def filtering_in(folder: Path, device: str, rounds: int) -> dict[str, Any]:
    """The same of what is really sampled in a demo's folder, at both k and m of the paper.

    In documents of one story, as the demo's, and of a paragraph, as those of most corpora. At the
    calculator's, k = 20, likely calls come at several places of a text.
    """
    base = LanguageModel.load(folder / "base-model" / "model", device=device, batch_size=128)
    chosen = random.Random("filter")
    stories = [story(chosen) for _ in range(400)]
    alone = [Document(place, one.text, one.day) for place, one in enumerate(stories[:100])]
    texts = {"stories": alone, "paragraphs": paragraphs(base, stories)}
    asked = {
        "k=5 m=5": ToolSettings(positions=5, samples=5, tau_s=0.05),
        "k=20 m=10": ToolSettings(positions=20, samples=10, tau_s=0.0),
    }
    return {
        f"{kind} {name}": filtering(base, *sampled(folder, documents, sampling, device), rounds)
        for kind, documents in texts.items()
        for name, sampling in asked.items()
    }


def plainly(model: LanguageModel, call: Executed, documents: dict[int, Document]) -> float:
    """What a call is worth by the paper's formula, in three forward passes."""
    encoded = model.encode(documents[call.proposal.document].text)
    place, losses = encoded.token_at(call.proposal.place), []
    for result in (None, "", call.result):
        written = f" [{call.proposal.name}({call.proposal.arguments}) -> {result}]"
        before = [*model.start, *(() if result is None else model.encode(written).ids)]
        ids = [*before, *encoded.ids]
        with torch.inference_mode():
            logs = model.model(input_ids=torch.tensor([ids], device=model.device)).logits[0].log_softmax(-1)
        after = range(len(before) + place, min(len(ids), len(before) + place + len(WEIGHTS)))
        losses.append(-sum(w * float(logs[at - 1, ids[at]]) for w, at in zip(WEIGHTS, after, strict=False)))
    return min(losses[:2]) - losses[2]


def tokens_read(model: LanguageModel, work: Callable[[], Any]) -> int:
    """Tokens that work lets the model read, those for padding too."""
    read = 0

    def count(_: Any, __: tuple[Any, ...], named: dict[str, Any]) -> None:
        nonlocal read
        read += named["input_ids"].numel()

    hook = model.model.register_forward_pre_hook(count, with_kwargs=True)
    work()
    hook.remove()
    return read


def sampling(model: LanguageModel, number: int) -> dict[str, float]:
    """Tokens sampled a second up to length 128, with kept keys and values and without."""
    chosen = random.Random(0)
    prompts = [(*model.start, *model.encode(story(chosen).text).ids)[:8] for _ in range(number)]
    most = LENGTH - 8
    model.model.generation_config.eos_token_id = None
    kept, _ = timed(lambda: model.sample(prompts, seed=0, most=most, done=lambda _: False))
    full, _ = timed(lambda: without_cache(model, prompts, most))
    return {
        "texts": number,
        "length": LENGTH,
        "tokens_per_second": round(number * most / kept, 1),
        "full_forward_tokens_per_second": round(number * most / full, 1),
        "ratio": round(full / kept, 2),
    }


def without_cache(model: LanguageModel, prompts: Sequence[Sequence[int]], most: int) -> torch.Tensor:
    """The same sampling with a full forward pass over the sequences for each token."""
    ids = torch.tensor(prompts)
    with torch.inference_mode():
        for _ in range(most):
            logits = model.model(input_ids=ids, use_cache=False).logits[:, -1]
            ids = torch.cat([ids, torch.multinomial(logits.softmax(-1), 1)], dim=1)
    return ids


def demo(settings: DemoSettings, rounds: int) -> dict[str, Any]:
    """The demo from scratch, and whether it reached what it is to reach."""
    wall, processor, begun = time.perf_counter(), time.process_time(), {}
    follow = Follow(stage=lambda name: begun.setdefault(name, time.perf_counter()))
    with tempfile.TemporaryDirectory() as folder:
        result = Demo(Path(folder), settings, follow).run()
        begun["end"] = time.perf_counter()
        wall_seconds, processor_seconds = time.perf_counter() - wall, time.process_time() - processor
        sampled_filter = filtering_in(Path(folder), settings.device, rounds)
    stages = {name: end - begin for (name, begin), (_, end) in pairwise(begun.items())}
    compared, k = result.comparison, result.comparison.chosen_k
    enabled = compared.row("enabled", k).cells
    plain, disabled = compared.row("plain"), compared.row("disabled")
    reached = {kind: enabled[kind].accuracy >= target for kind, target in TARGETS.items()}
    reached["plain unharmed"] = enabled["plain"].accuracy >= plain.cells["plain"].accuracy - 0.02
    reached["calls on plain"] = enabled["plain"].calls <= 0.10
    worse = (disabled.perplexity or 0) / (plain.perplexity or 1) - 1
    reached["perplexity"] = worse <= 0.02
    reached["kept and right"] = result.kept >= 500 and result.right >= 0.95 * result.kept
    rows = {
        f"{row.model}{f' k={row.k}' if row.model == 'enabled' else ''}": {
            kind: [round(cell.accuracy, 3), round(cell.calls, 3)] for kind, cell in row.cells.items()
        }
        for row in compared.rows
    }
    return {
        "seed": settings.seed,
        "stage_wall_seconds": {name: round(seconds) for name, seconds in stages.items()},
        "pretraining_tokens_per_second": round(tokens(settings) / stages["base model"]),
        "gpu_memory_mb": round(torch.cuda.max_memory_allocated() / 2**20) if torch.cuda.is_available() else 0,
        "processor_seconds": round(processor_seconds),
        "wall_seconds": round(wall_seconds),
        "chosen_k": k,
        "accuracy_and_calls": rows,
        "perplexity": {row.model: row.perplexity for row in compared.rows if row.perplexity},
        "perplexity_above_plain": round(worse, 4),
        "kept": result.kept,
        "truly_right": result.right,
        "calls_by_threshold": {
            tool.name: {str(at): kept for at, kept in tool.kept.items()} for tool in result.annotation.tools
        },
        "filter_as_sampled": sampled_filter,
        "reached": reached,
    }


def tokens(settings: DemoSettings) -> float:
    """About how many tokens pre-training reads."""
    chosen = random.Random(0)
    texts = [pretraining_text(chosen) for _ in range(1000)]
    read = tokenizer()(texts, add_special_tokens=False)["input_ids"]
    return 32 * settings.base_steps * (2 + statistics.mean(map(len, read)))


def means(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and spread of the accuracy at the chosen k over the seeds."""
    found: dict[str, Any] = {"seeds": len(runs)}
    for kind in (*TARGETS, "plain"):
        values = [run["accuracy_and_calls"][f"enabled k={run['chosen_k']}"][kind][0] for run in runs]
        found[kind] = {"mean": round(statistics.mean(values), 3), "lowest": min(values)}
    return found


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that work takes (of the processor; by the clock on several threads), and what it gives."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    begin = clock()
    result = work()
    return clock() - begin, result


if __name__ == "__main__":
    main()
