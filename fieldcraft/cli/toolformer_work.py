"""What the Toolformer commands need: tools that reach what a person's own do, settings, texts and tasks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fieldcraft.cli.errors import CommandFailed, UsageProblem
from fieldcraft.common.data import DataError, read_json
from fieldcraft.common.files import UnsafeFile, read_file

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from fieldcraft.tools import ToolExecutor, ToolRegistry
    from fieldcraft.tools.toolformer.annotation.annotated import AnnotatedDocument
    from fieldcraft.tools.toolformer.annotation.sampling import Proposer
    from fieldcraft.tools.toolformer.demo.settings import DemoSettings
    from fieldcraft.tools.toolformer.evaluation.tasks import Task
    from fieldcraft.tools.toolformer.lm.model import LanguageModel
    from fieldcraft.tools.toolformer.settings import AnnotationSettings

M = TypeVar("M", bound="BaseModel")


def quietly() -> None:
    """Let the libraries around the model print nothing of their own."""
    from fieldcraft.tools.toolformer.errors import require_extra

    require_extra()
    import warnings

    import transformers

    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft)\.")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


@contextmanager
def opened_tools(wanted: Sequence[str] | None, corpus: Sequence[str] | None) -> Iterator[ToolExecutor]:
    """The tools that are named here, or those of the settings; each reaches what it does by hand.

    Raises:
        UsageProblem: none is named, or one cannot be had.
    """
    from fieldcraft.agent.tooling.opening import check_corpora
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.tools_reach import Reach
    from fieldcraft.tools import ToolExecutor, ToolRegistry
    from fieldcraft.tools.toolformer.annotation.annotate import POLICY

    settings = load_settings({"corpus": tuple(corpus)} if corpus else {})
    check_corpora(settings.corpus)
    names = tuple(wanted or settings.all_tools())
    if not names:
        raise UsageProblem("no tool is named; name one with --tools, such as --tools calculator")
    with ToolRegistry.load(names, settings.tool_sources) as registry, ExitStack() as stack:
        for problem in registry.problems:
            raise UsageProblem(f"{problem.name} cannot be had: {problem.message}")
        executor = ToolExecutor(registry, context=Reach(settings, stack).context(), policy=POLICY)
        stack.callback(executor.close)
        yield executor


def annotation_settings(
    file: Path | None, names: Sequence[str], changes: Mapping[str, Any], seed: int | None
) -> AnnotationSettings:
    """The settings of a file, with what flags say of every tool.

    Raises:
        UsageProblem: the file cannot be read, or says something that cannot be.
    """
    from pydantic import ValidationError

    from fieldcraft.cli.views.console import console, say
    from fieldcraft.tools.toolformer.settings import AnnotationSettings, ToolSettings

    given = {name: value for name, value in changes.items() if value is not None}
    try:
        settings = AnnotationSettings.model_validate({} if file is None else _content_of(file))
        tools = {
            name: ToolSettings.model_validate({**settings.of(name).model_dump(), **given}) for name in names
        }
    except ValidationError as error:
        raise _unfit(error, str(file or "the flags")) from error
    for stranger in sorted(set(settings.tools).difference(names)):
        told = f"{file} has settings for {stranger}, which is not among the tools here: {', '.join(names)}"
        console(stderr=True).print(say(told, "warn"), soft_wrap=True)
    seeds = {} if seed is None else {"seed": seed}
    return settings.model_copy(update={"tools": {**settings.tools, **tools}, **seeds})


def _content_of(file: Path) -> Mapping[str, Any]:
    from fieldcraft.common.yaml import read_yaml

    try:
        content = read_yaml(read_file(file, limit=1_000_000).decode("utf-8")) or {}
    except OSError as error:
        problem = error.strerror or error
        raise UsageProblem(f"{file} cannot be read: {problem}; give a file of settings") from error
    except (UnicodeDecodeError, DataError) as error:
        raise UsageProblem(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, Mapping):
        raise UsageProblem(f"{file} holds no settings; write such as `seed: 1`")
    return content


def from_flags(kind: type[M], flags: Mapping[str, Any]) -> M:
    """Settings of a kind as flags say.

    Raises:
        UsageProblem: a flag says something that cannot be.
    """
    from pydantic import ValidationError

    try:
        return kind.model_validate(dict(flags))
    except ValidationError as error:
        raise _unfit(error, "the flags") from error


def _unfit(error: ValidationError, source: str) -> UsageProblem:
    from fieldcraft.common.invalid import in_words
    from fieldcraft.envs import nearest
    from fieldcraft.tools.toolformer.settings import AnnotationSettings, ToolSettings

    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        known = sorted((ToolSettings if len(first["loc"]) > 1 else AnnotationSettings).model_fields)
        close = nearest(str(first["loc"][-1]), known) or "."
        return UsageProblem(f"{source}: no setting {where!r}{close} Settings here: {', '.join(known)}")
    return UsageProblem(f"{source}: {where}: {in_words(first)}")


def proposing(
    chat: str | None, model: LanguageModel, registry: ToolRegistry, settings: AnnotationSettings
) -> Proposer:
    """What proposes calls: a chat model where one is named, else the model itself by few-shot prompts."""
    from fieldcraft.tools.toolformer.annotation.sampling import PromptedSampler

    if chat is None:
        return PromptedSampler(model, registry, settings)
    from fieldcraft.agent.models.providers import resolve_model
    from fieldcraft.agent.models.settings import ModelSettings
    from fieldcraft.tools.toolformer.inference.chat import ChatProposer

    return ChatProposer(resolve_model(chat, settings=ModelSettings()), registry, settings)


def annotated_with(folder: Path, tau_f: float | None) -> tuple[list[AnnotatedDocument], dict[str, float]]:
    """The documents of an annotation, and the threshold of each of its tools.

    Raises:
        UsageProblem: the folder holds no annotation.
    """
    from fieldcraft.tools.toolformer.annotation.annotated import read_annotated
    from fieldcraft.tools.toolformer.annotation.report import thresholds
    from fieldcraft.tools.toolformer.settings import AnnotationSettings

    try:
        record = read_json(read_file(folder / "annotation.json"))
        settings = AnnotationSettings.model_validate(record["settings"])
        names = list(record["tools"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageProblem(
            f"{folder} holds no annotation; make one: fieldcraft toolformer annotate TEXTS --into {folder}"
        ) from error
    taus = thresholds(settings, names) if tau_f is None else dict.fromkeys(names, tau_f)
    return read_annotated(folder / "annotated.jsonl"), taus


def texts_of(file: Path | None) -> list[str]:
    """The texts of a corpus; none for no file."""
    from fieldcraft.tools.toolformer.annotation.documents import read_corpus

    return [] if file is None else [document.text for document in read_corpus(file)]


def tasks_of(named: Sequence[str], limit: int | None) -> list[Task]:
    """The tasks of `FORM:FILE` each."""
    from fieldcraft.tools.toolformer.evaluation.tasks import read_tasks

    found: list[Task] = []
    for entry in named:
        form, colon, file = entry.partition(":")
        if not colon:
            raise UsageProblem(f"{entry!r} says no form; write it as svamp:{entry}")
        found += read_tasks(Path(file), form)[:limit]
    return found


def numbers_of(listed: str) -> tuple[int, ...]:
    """`0,1,3,10` as numbers."""
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise UsageProblem(f"-k {listed!r}: write numbers with commas between, such as 0,1,3,10")
    return tuple(dict.fromkeys(map(int, parts)))


def demo_folder(folder: Path, settings: DemoSettings, *, fresh: bool) -> Path:
    """The folder of the demo, which holds nothing of another one.

    Raises:
        UsageProblem: it holds a demo with other settings, or something else.
        CommandFailed: it cannot be written.
    """
    from fieldcraft.tools.toolformer.annotation.record import check_real

    record, now = folder / "demo.json", json.dumps(vars(settings), sort_keys=True)
    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"{folder} is no folder; name another with --into")
    if folder.exists() and not record.exists() and any(folder.iterdir()):
        raise UsageProblem(f"{folder} holds something else than a demo; name another folder with --into")
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_real(folder)
        if record.exists() and read_file(record) != now.encode():
            raise UsageProblem(f"{folder} holds a demo with other settings; take --fresh, or another --into")
        record.write_text(now, encoding="utf-8")
    except UnsafeFile as error:
        raise UsageProblem(f"{error}; remove it, or name another folder with --into") from None
    except OSError as error:
        raise CommandFailed(
            f"{folder} cannot be written ({error.strerror}); name another with --into"
        ) from error
    return folder
