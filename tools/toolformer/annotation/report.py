"""What an annotation came to: calls by tool and threshold (the paper's table 2), and samples to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldcraft.tools.toolformer.annotation.annotated import AnnotatedDocument
from fieldcraft.tools.toolformer.settings import AnnotationSettings

THRESHOLDS = (0.5, 1.0, 2.0)
"""The paper's values of tau_f."""
SAMPLES = 3


@dataclass(frozen=True)
class ToolReport:
    """What became of the calls of one tool.

    Attributes:
        sampled: calls that closed, each once a place.
        failed: of these, those that gave no result.
        tau_f: the threshold of the settings.
        kept: calls kept, by threshold; `tau_f` is among them.
        first_error: why one failed, where any did.
    """

    name: str
    sampled: int
    failed: int
    tau_f: float
    kept: Mapping[float, int]
    first_error: str | None


@dataclass(frozen=True)
class Report:
    """The whole of it.

    Attributes:
        documents: how many there were.
        with_calls: how many keep a call.
        samples: texts with kept calls, the best first.
    """

    documents: int
    with_calls: int
    tools: tuple[ToolReport, ...]
    samples: tuple[str, ...]

    def warnings(self) -> list[str]:
        """What a person should know before training on it."""
        lines = [
            f"{tool.name} failed on all of its {tool.sampled} calls: {tool.first_error}"
            for tool in self.tools
            if tool.sampled and tool.failed == tool.sampled
        ]
        if not any(tool.sampled for tool in self.tools):
            lines.append(
                "no place for a call was found; lower tau_s, give examples that look like the texts, or "
                "take a larger model"
            )
        else:
            lines += [
                f"no call of {tool.name} was sampled: see whether its `only` leaves documents to look at, "
                "lower its tau_s, or give it examples that look like the texts"
                for tool in self.tools
                if not tool.sampled
            ]
        if any(tool.sampled for tool in self.tools) and not self.with_calls:
            lines.append("no call helps the model; lower tau_f, or take a model that can use what it reads")
        return lines

    def data(self) -> dict[str, Any]:
        """As JSON data."""
        tools = [{**vars(tool), "kept": {str(at): n for at, n in tool.kept.items()}} for tool in self.tools]
        return {**vars(self), "tools": tools, "samples": list(self.samples), "warnings": self.warnings()}


def thresholds(settings: AnnotationSettings, names: Sequence[str]) -> dict[str, float]:
    """tau_f by tool."""
    return {name: settings.of(name).tau_f for name in names}


def report(
    documents: Sequence[AnnotatedDocument], settings: AnnotationSettings, names: Sequence[str]
) -> Report:
    """What the annotation of some documents came to, for these tools."""
    of_settings = thresholds(settings, names)
    kept = [(document, document.kept(of_settings)) for document in documents]
    helped = [(document, calls) for document, calls in kept if calls]
    best = sorted(helped, key=lambda one: -max(call.gain for call in one[1]))
    shown: dict[str, list[str]] = {name: [] for name in names}
    for document, calls in best:
        for name in {call.name for call in calls}:
            if len(shown[name]) < SAMPLES:
                shown[name].append(document.with_calls(calls))
    samples = dict.fromkeys(text for texts in shown.values() for text in texts)
    return Report(
        documents=len(documents),
        with_calls=len(helped),
        tools=tuple(_of_tool(documents, name, of_settings[name]) for name in names),
        samples=tuple(samples),
    )


def _of_tool(documents: Sequence[AnnotatedDocument], name: str, tau_f: float) -> ToolReport:
    failed = [call for document in documents for call in document.failed if call.name == name]
    made = sum(call.name == name for document in documents for call in document.calls)
    reasons = Counter(call.error for call in failed)
    return ToolReport(
        name=name,
        sampled=made + len(failed),
        failed=len(failed),
        tau_f=tau_f,
        kept={
            at: sum(len(document.kept({name: at})) for document in documents)
            for at in sorted({*THRESHOLDS, tau_f})
        },
        first_error=reasons.most_common(1)[0][0] if reasons else None,
    )
