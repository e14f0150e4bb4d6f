"""`fieldcraft doctor`: what this machine can do, and how to get the rest."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from fieldcraft.cli.errors import FAILURE, UsageProblem
from fieldcraft.cli.options import shared as o
from fieldcraft.common.text import visible_line

if TYPE_CHECKING:
    from fieldcraft.envs import Environment

EXAMPLES = """
Examples:

  fieldcraft doctor

  fieldcraft doctor --json

The exit code is 1 if something that every run needs is missing.
"""


@dataclass(frozen=True)
class Finding:
    """One checked item. `cure` is empty if nothing is missing."""

    name: str
    holds: bool
    detail: str
    cure: str = ""
    required: bool = False


def doctor(as_json: o.Json = False) -> int:
    """Check what this machine can run, what is missing, and how to install it."""
    from fieldcraft.cli.options.naming import as_typed
    from fieldcraft.cli.views.console import console, print_json, say, table
    from fieldcraft.cli.views.lines import BAD, GOOD

    findings = [finding for look in LOOKS for finding in look()]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        shown = table("", "what", "found", "how to get it", whole=2)
        for found in findings:
            mark = (GOOD, "good") if found.holds else (BAD, "bad") if found.required else ("-", "quiet")
            shown.add_row(say(*mark), say(found.name, "name"), say(as_typed(found.detail)), say(found.cure))
        console().print(shown)
        missing = [found.name for found in findings if found.required and not found.holds]
        words = (
            f"missing: {', '.join(missing)}"
            if missing
            else as_typed("this machine can run `fieldcraft explore`")
        )
        console().print(say(words, "bad" if missing else "good"))
    return FAILURE if any(found.required and not found.holds for found in findings) else 0


def _python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("python", sys.version_info >= (3, 11), version, required=True)


def _sandbox() -> Iterator[Finding]:
    from fieldcraft.common.system import unsupported
    from fieldcraft.skills.sandbox import Layer, SandboxUnavailable, open_sandbox, probe, probe_docker

    no_programs, _, cure = (unsupported("programs") or "").partition("; ")
    if no_programs:
        yield Finding("sandbox", False, no_programs, cure, required=True)
        return

    def shown(kind: str, layer: Layer) -> Finding:
        return Finding(f"{kind}: {layer.name}", layer.holds, layer.detail, layer.cure)

    process, docker = probe(), probe_docker()
    yield from (shown("process", layer) for layer in process)
    yield from (shown("docker", layer) for layer in docker)
    kinds = ["docker"] if all(layer.holds or layer.name != "engine" for layer in docker) else []
    try:
        open_sandbox("process").close()
        kinds.insert(0, "process")
    except SandboxUnavailable as error:
        problem = str(error)
    if kinds:
        yield Finding("sandbox", True, f"programs can run in: {', '.join(kinds)}", required=True)
    else:
        yield Finding("sandbox", False, problem, "Linux 5.13 or later, bubblewrap, or Docker", required=True)


def _settings() -> Iterator[Finding]:
    from fieldcraft.cli.options.config import FILE, load_settings

    try:
        settings = load_settings({})
    except UsageProblem as error:
        yield Finding("settings", False, str(error), f"correct {FILE} or the variable", required=True)
        return
    where = str(FILE) if FILE.exists() else f"defaults; there is no {FILE} here"
    yield Finding("settings", True, f"{where} (model {settings.model}, world {settings.environment})")


def _worlds() -> Iterator[Finding]:
    """Each announced world and the one of the settings, and what they say that they need."""
    from fieldcraft.envs import BrokenEnvironment, UnknownEnvironment, available, load

    for name in dict.fromkeys([*available(), *_world_of_settings()]):
        try:
            world = load(name)
        except (BrokenEnvironment, UnknownEnvironment) as error:
            yield Finding(
                f"world: {name}", False, str(error), "repair or uninstall the package that provides it"
            )
        else:
            yield Finding(f"world: {name}", True, "loads")
            yield from _needs(name, world)


def _world_of_settings() -> list[str]:
    from fieldcraft.cli.options.config import load_settings

    try:
        return [load_settings({}).environment]
    except UsageProblem:
        return []


def _needs(name: str, world: type[Environment]) -> Iterator[Finding]:
    try:
        for need in world.diagnose():
            shown, detail, cure = (visible_line(text, 400) for text in (need.name, need.detail, need.cure))
            yield Finding(shown, need.met, detail, cure)
    except Exception as error:
        problem = f"its diagnose() failed: {type(error).__name__}: {visible_line(error)}"
        yield Finding(f"world: {name}", False, problem, "mend the package that announces it")


def _providers() -> Iterator[Finding]:
    from fieldcraft.agent.models.provider_list import PROVIDERS

    yield Finding("model: offline", True, "needs no key; `fieldcraft models check NAME` tries any model")
    missing = []
    for name, provider in sorted(PROVIDERS.items()):
        if importlib.util.find_spec(provider.package.partition(".")[0]) is None:
            missing.append(name)
        elif provider.keys and not any(os.environ.get(key) for key in provider.keys):
            yield Finding(f"model: {name}", False, "installed, no key", f"set {' or '.join(provider.keys)}")
        else:
            yield Finding(f"model: {name}", True, "installed" + (", key set" if provider.keys else ""))
    if missing:
        cure = f"pip install 'fieldcraft[{PROVIDERS[missing[0]].extra}]', and so on"
        yield Finding("models: others", False, f"not installed: {', '.join(missing)}", cure)


def _extras() -> Iterator[Finding]:
    """The optional extras; each is recognized by one of its packages."""
    for name, extra, package in (
        ("tools: MCP servers", "mcp", "mcp"),
        ("tools: web APIs", "openapi", "openapi_pydantic"),
        ("tools: search", "search", "tantivy"),
        ("figures", "report", "matplotlib"),
        ("toolformer", "toolformer", "torch"),
        ("JavaScript skills", "minecraft", "tree_sitter"),
    ):
        holds = importlib.util.find_spec(package) is not None
        cure = "" if holds else f"pip install 'fieldcraft[{extra}]'"
        yield Finding(name, holds, "installed" if holds else "not installed", cure)


def _confinement() -> Iterator[Finding]:
    """Whether a world's own process, in which JavaScript programs run, can be confined."""
    from fieldcraft.skills.sandbox import ConfinedLauncher, process_launcher

    launcher = process_launcher()
    if isinstance(launcher, ConfinedLauncher):
        yield Finding("JavaScript programs", True, f"confined by {launcher.way}")
    else:
        yield Finding("JavaScript programs", False, "refused", launcher.problem)


def _embeddings() -> Iterator[Finding]:
    from fieldcraft.skills.search.embeddings import DEFAULT, EmbeddingsUnavailable, load_embeddings

    try:
        vectors = load_embeddings(DEFAULT).embed_query("chop a tree")
    except EmbeddingsUnavailable as error:
        yield Finding("embeddings", False, str(error), required=True)
        return
    yield Finding("embeddings", True, f"{len(vectors)} dimensions, no download needed", required=True)


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python,
    _sandbox,
    _embeddings,
    _worlds,
    _settings,
    _providers,
    _extras,
    _confinement,
)
