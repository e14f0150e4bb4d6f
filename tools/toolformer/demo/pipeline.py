"""The whole method from scratch: a base model, proposals, execution, filter, fine-tuning, the comparison."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fieldcraft.tools.builtin.corpus import Corpora
from fieldcraft.tools.calls.executor import ToolExecutor
from fieldcraft.tools.context import ToolContext
from fieldcraft.tools.loading import load_tools
from fieldcraft.tools.toolformer.annotation.annotate import POLICY, Annotator, Progress, annotate_corpus
from fieldcraft.tools.toolformer.annotation.annotated import AnnotatedDocument, read_annotated
from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.annotation.report import Report, report, thresholds
from fieldcraft.tools.toolformer.annotation.sampling import TrainedSampler
from fieldcraft.tools.toolformer.demo.base import new_model, pretraining_text
from fieldcraft.tools.toolformer.demo.corpus import KINDS, Story, story
from fieldcraft.tools.toolformer.demo.lookup import write_ships
from fieldcraft.tools.toolformer.demo.settings import DemoSettings
from fieldcraft.tools.toolformer.evaluation.evaluation import TOOLFORMER, Comparison, compare
from fieldcraft.tools.toolformer.evaluation.tasks import Task
from fieldcraft.tools.toolformer.inference.chat import note_tools
from fieldcraft.tools.toolformer.inference.decoding import DecodingSettings
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import AnnotationSettings, ToolSettings, TrainingSettings
from fieldcraft.tools.toolformer.syntax import text
from fieldcraft.tools.toolformer.training.mixing import mixture
from fieldcraft.tools.toolformer.training.training import Stopped, train

TOOLS = ("calculator", "calendar", "search")
STAGES = ("base model", "proposer", "annotation", "toolformer", "plain control", "comparison")
_LONGEST_CALL = 16
_WRITTEN = 44
"""Tokens of an answer at most, call and result included."""


@dataclass(frozen=True)
class DemoResult:
    """What came out.

    Attributes:
        comparison: the table.
        annotation: calls by tool and threshold.
        right: kept calls whose result is the truth that the text goes on with.
        kept: kept calls, the best of each document.
    """

    comparison: Comparison
    annotation: Report
    right: int
    kept: int
    settings: DemoSettings

    def data(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "settings": vars(self.settings),
            "annotation": self.annotation.data(),
            "kept": self.kept,
            "truly_right": self.right,
            "comparison": self.comparison.data(),
        }


@dataclass
class Follow:
    """What hears of the demo's progress, and may stop it.

    Attributes:
        stage: hears the name of each stage as it begins.
        step: hears how far it is, of how much, and a word on it.
        stop: whether a person asked to stop.
    """

    stage: Callable[[str], None] = lambda _: None
    step: Callable[[int, int, str], None] = lambda *_: None
    stop: Callable[[], bool] = lambda: False


@dataclass
class Demo:
    """The demo in a folder, where it goes on when it was cut off.

    Raises from `run`:
        Stopped: a person asked to; calling `run` again goes on.
    """

    folder: Path
    settings: DemoSettings = field(default_factory=DemoSettings)
    follow: Follow = field(default_factory=Follow)

    def run(self) -> DemoResult:
        """All stages; those that are finished are not done again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.tools() as tools:
            base = self._base()
            annotated, stories = self._annotate(base, tools)
            settings = self._annotation_settings()
            mixed = mixture(
                annotated,
                thresholds(settings, TOOLS),
                size=32 * self.settings.tune_steps,
                calls_per_document=1,
                seed=self.settings.seed,
            )
            tuned = self._train("toolformer", base, mixed.toolformer, _tuning(self.settings.tune_steps))
            note_tools(self.folder / "toolformer" / "model", TOOLS)
            control = self._train("plain control", base, mixed.control, _tuning(self.settings.tune_steps))
            compared = self._compare(base, control, tuned, tools)
        kept, right = judged(annotated, stories, thresholds(settings, TOOLS))
        result = DemoResult(compared, report(annotated, settings, TOOLS), right, kept, self.settings)
        path = self.folder / "results.json"
        path.write_text(json.dumps(result.data(), indent=2), encoding="utf-8")
        return result

    @contextmanager
    def tools(self) -> Iterator[ToolExecutor]:
        """The registry's calculator, calendar and search, the last over the demo's ships."""
        corpora = Corpora([write_ships(self.folder / "ships.jsonl")])
        corpora.prepare()
        tools = ToolExecutor(load_tools(TOOLS), context=ToolContext(corpus=corpora), policy=POLICY)
        try:
            yield tools
        finally:
            tools.close()

    def _base(self) -> LanguageModel:
        chosen = random.Random(f"base {self.settings.seed}")  # noqa: S311 - no secret
        texts = _Made(32 * self.settings.base_steps, lambda: pretraining_text(chosen))
        settings = _tuning(self.settings.base_steps, learning_rate=1.5e-3, weight_decay=0.01)
        size = {"width": self.settings.width, "layers": self.settings.layers}
        model = new_model(seed=self.settings.seed, device=self.settings.device, **size)
        return self._train("base model", model, texts, settings)

    def _annotate(
        self, base: LanguageModel, tools: ToolExecutor
    ) -> tuple[list[AnnotatedDocument], Sequence[Story]]:
        chosen = random.Random(f"corpus {self.settings.seed}")  # noqa: S311 - no secret
        stories = [story(chosen) for _ in range(self.settings.documents)]
        documents = [Document(number, one.text, one.day) for number, one in enumerate(stories)]
        settings = self._annotation_settings()
        proposer = self._proposer(base)
        sampler = TrainedSampler(proposer, TOOLS, settings.of("calculator"), settings)
        annotator = Annotator(base, sampler, tools, settings)
        self.follow.stage("annotation")
        found = 0

        def on_batch(progress: Progress) -> None:
            nonlocal found
            found += sum(len(one.calls) for one in progress.documents)
            self.follow.step(progress.done, progress.total, f"{found} calls")

        path = annotate_corpus(
            annotator,
            documents,
            self.folder / "annotation",
            settings=settings,
            progress=on_batch,
            stop=self.follow.stop,
        )
        annotated = read_annotated(path)
        if len(annotated) < len(documents):
            raise Stopped
        return annotated, stories

    def _annotation_settings(self) -> AnnotationSettings:
        of_tool = ToolSettings(
            positions=self.settings.positions, samples=self.settings.samples, tau_s=0.05, tau_f=0.5
        )
        return AnnotationSettings(
            tools=dict.fromkeys(TOOLS, of_tool),
            seed=self.settings.seed,
            longest_call=_LONGEST_CALL,
            together=100,
        )

    def _proposer(self, base: LanguageModel) -> LanguageModel:
        chosen = random.Random(f"proposer {self.settings.seed}")  # noqa: S311 - no secret
        shown = [
            demonstration(story(chosen, kind)) for kind in KINDS for _ in range(self.settings.demonstrations)
        ]
        texts = _Made(
            32 * self.settings.proposer_steps,
            lambda: chosen.choice(shown) if chosen.random() < 0.5 else pretraining_text(chosen),
        )
        return self._train("proposer", base, texts, _tuning(self.settings.proposer_steps))

    def _train(
        self, name: str, model: LanguageModel, texts: Sequence[str], settings: TrainingSettings
    ) -> LanguageModel:
        """Train a copy of `model`; it stays as it is."""
        self.follow.stage(name)
        mine = LanguageModel(
            copy.deepcopy(model.model),
            model.tokenizer,
            device=self.settings.device,
            batch_size=model.batches.size,
        )
        rate = settings.learning_rate * self.settings.slower
        return train(
            mine,
            texts,
            self.folder / name.replace(" ", "-"),
            settings.model_copy(update={"seed": self.settings.seed, "learning_rate": rate}),
            on_step=lambda step, steps, loss: self.follow.step(step, steps, f"loss {loss:.2f}"),
            stop=self.follow.stop,
        )

    def _compare(
        self, base: LanguageModel, control: LanguageModel, tuned: LanguageModel, tools: ToolExecutor
    ) -> Comparison:
        self.follow.stage("comparison")
        chosen = random.Random(f"tasks {self.settings.seed}")  # noqa: S311 - no secret
        number = self.settings.tasks
        steps = iter(range(1, 100))
        return compare(
            {"base": base, "plain": control, TOOLFORMER: tuned},
            tools,
            demo_tasks(chosen, number),
            settings=DecodingSettings(tokens=_WRITTEN, longest_call=_LONGEST_CALL),
            ks=self.settings.ks,
            validation=demo_tasks(chosen, number // 2),
            texts=[story(chosen).text for _ in range(self.settings.held_out)],
            progress=lambda what: self.follow.step(next(steps), 3 + len(self.settings.ks), what),
        )


class _Made(Sequence[str]):
    """Texts made one after the other when they are first asked for."""

    def __init__(self, number: int, make: Callable[[], str]) -> None:
        self._number = number
        self._make = make
        self._texts: list[str] = []

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, place: Any) -> Any:
        while len(self._texts) < self._number:
            self._texts.append(self._make())
        return self._texts[place]


def _tuning(steps: int, *, learning_rate: float = 5e-4, weight_decay: float = 0.0) -> TrainingSettings:
    return TrainingSettings(
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        batch_size=32,
        at_a_time=32,
        steps=steps,
        warm_up=0.05,
        beta2=0.98,
        checkpoint_every=100,
    )


def demonstration(example: Story) -> str:
    """A story up to its call's arrow, as the proposer is shown it; a plain story as it is."""
    if not example.call:
        return example.text
    call = text.InlineCall(example.tool, example.arguments)
    return f"{example.before} {text.write(call).removesuffix(']')} {text.ARROW}"


def demo_tasks(chosen: random.Random, number: int) -> list[Task]:
    """So many stories of each kind, to be gone on with."""
    stories = [story(chosen, kind) for kind in KINDS for _ in range(number)]
    return [Task(one.kind, one.before, (one.answer,), day=one.day) for one in stories]


def judged(
    annotated: Sequence[AnnotatedDocument], stories: Sequence[Story], taus: dict[str, float]
) -> tuple[int, int]:
    """How many documents keep a call, and in how many the best one is right: truth and place."""
    kept = right = 0
    for document in annotated:
        original = stories[document.document]
        for call in document.kept(taus, most=1):
            kept += 1
            right += call.result == original.answer.strip() and call.place == len(original.before)
    return kept, right
