"""What the Toolformer commands share: opening tools, and reading settings, texts and tasks."""

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
    """Silence the messages and progress bars of the model libraries."""
    from fieldcraft.tools.toolformer.errors import require_extra

    require_extra()
    import warnings

    import transformers

    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft)\.")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


@contextmanager
def opened_tools(wanted: Sequence[str] | None, corpus: Sequence[str] | None) -> Iterator[ToolExecutor]:
    """Open the named tools, or those of the settings, with the same context as `fieldcraft tools call`.

    Raises:
        UsageProblem: no tool is named, or one is not available.
    """
    from fieldcraft.agent.tooling.opening import check_corpora
    from fieldcraft.cli.options.config import load_settings
    from fieldcraft.cli.tools_reach import Reach
    from fieldcraft.tools import ToolExecutor, load_tools
    from fieldcraft.tools.toolformer.annotation.annotate import POLICY

    settings = load_settings({"corpus": tuple(corpus)} if corpus else {})
    check_corpora(settings.corpus)
    names = tuple(wanted or settings.all_tools())
    if not names:
        raise UsageProblem("no tool is named; name one with --tools, such as --tools calculator")
    with load_tools(names, settings.tool_sources) as registry, ExitStack() as stack:
        for problem in registry.problems:
            raise UsageProblem(f"{problem.name} is not available: {problem.message}")
        executor = ToolExecutor(registry, context=Reach(settings, stack).context(), policy=POLICY)
        stack.callback(executor.close)
        yield executor


def annotation_settings(
    file: Path | None, names: Sequence[str], changes: Mapping[str, Any], seed: int | None
) -> AnnotationSettings:
    """The settings of a file, with the values of the flags applied to every tool.

    Raises:
        UsageProblem: the file cannot be read, or one of its settings is invalid.
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
        message = f"{file} has settings for {stranger}, which is not one of the tools: {', '.join(names)}"
        console(stderr=True).print(say(message, "warn"), soft_wrap=True)
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
        raise UsageProblem(f"{file} holds no settings; write them as in `seed: 1`")
    return content


def from_flags(kind: type[M], flags: Mapping[str, Any]) -> M:
    """Validate the settings of `kind` that flags give.

    Raises:
        UsageProblem: the value of a flag is invalid.
    """
    from pydantic import ValidationError

    try:
        return kind.model_validate(dict(flags))
    except ValidationError as error:
        raise _unfit(error, "the flags") from error


def _unfit(error: ValidationError, source: str) -> UsageProblem:
    from fieldcraft.common.invalid import in_words
    from fieldcraft.common.suggest import nearest
    from fieldcraft.tools.toolformer.settings import AnnotationSettings, ToolSettings

    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        known = sorted((ToolSettings if len(first["loc"]) > 1 else AnnotationSettings).model_fields)
        close = nearest(str(first["loc"][-1]), known) or "."
        return UsageProblem(f"{source}: no setting {where!r}{close} Known settings: {', '.join(known)}")
    return UsageProblem(f"{source}: {where}: {in_words(first)}")


def proposing(
    chat: str | None, model: LanguageModel, registry: ToolRegistry, settings: AnnotationSettings
) -> Proposer:
    """What proposes calls: the named chat model, or else the model itself with few-shot prompts."""
    from fieldcraft.tools.toolformer.annotation.sampling import PromptedSampler

    if chat is None:
        return PromptedSampler(model, registry, settings)
    from fieldcraft.agent.models.providers import resolve_model
    from fieldcraft.agent.models.settings import ModelSettings
    from fieldcraft.tools.toolformer.inference.chat import ChatProposer

    return ChatProposer(resolve_model(chat, settings=ModelSettings()), registry, settings)


def annotated_with(folder: Path, tau_f: float | None) -> tuple[list[AnnotatedDocument], dict[str, float]]:
    """The annotated documents of a folder, and the threshold of each tool.

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
    """The texts of a corpus; an empty list for no file."""
    from fieldcraft.tools.toolformer.annotation.documents import read_corpus

    return [] if file is None else [document.text for document in read_corpus(file)]


def tasks_of(named: Sequence[str], limit: int | None) -> list[Task]:
    """The tasks of each `FORM:FILE`."""
    from fieldcraft.tools.toolformer.evaluation.tasks import read_tasks

    found: list[Task] = []
    for entry in named:
        form, colon, file = entry.partition(":")
        if not colon:
            raise UsageProblem(f"{entry!r} names no format; write it as svamp:{entry}")
        found += read_tasks(Path(file), form)[:limit]
    return found


def numbers_of(listed: str) -> tuple[int, ...]:
    """`0,1,3,10` as numbers."""
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise UsageProblem(f"-k {listed!r}: write numbers with commas between, such as 0,1,3,10")
    return tuple(dict.fromkeys(map(int, parts)))


def demo_folder(folder: Path, settings: DemoSettings, *, fresh: bool) -> Path:
    """The folder of the demo, checked to hold no other demo's files.

    Raises:
        UsageProblem: it holds a demo with other settings, or other files.
        CommandFailed: it cannot be written.
    """
    from fieldcraft.tools.toolformer.annotation.record import check_real

    record, now = folder / "demo.json", json.dumps(vars(settings), sort_keys=True)
    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"{folder} is not a folder; name another with --into")
    if folder.exists() and not record.exists() and any(folder.iterdir()):
        raise UsageProblem(f"{folder} holds files that are not a demo's; name another folder with --into")
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_real(folder)
        if record.exists() and read_file(record) != now.encode():
            raise UsageProblem(
                f"{folder} holds a demo with other settings; add --fresh, or name another folder with --into"
            )
        record.write_text(now, encoding="utf-8")
    except UnsafeFile as error:
        raise UsageProblem(f"{error}; remove it, or name another folder with --into") from None
    except OSError as error:
        raise CommandFailed(
            f"{folder} cannot be written ({error.strerror}); name another with --into"
        ) from error
    return folder
