"""What `mypy --strict` says of programs that use the public API: nothing of a right one, and every slip."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import fieldcraft

ROOT = Path(__file__).parents[2]

RIGHT = """
    import asyncio
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_core.tools import tool as langchain_tool

    import fieldcraft
    from fieldcraft import (
        Assignment,
        BudgetLimits,
        Environment,
        EnvironmentSpec,
        FixedTask,
        Observation,
        Outcome,
        ProgramLimits,
        Progress,
        RunResult,
        Situation,
        Skill,
        SkillLibrary,
        Task,
        Verdict,
        aexplore,
        areplay,
        arun_study,
        asolve,
        explore,
        primitive,
        replay,
        run_study,
        solve,
        tool,
    )
    from fieldcraft.agent.journal.events import Event
    from fieldcraft.skills.sandbox import open_sandbox
    from fieldcraft.tools import ToolPolicy


    class Pond(Environment):
        spec = EnvironmentSpec(id="pond-v1", description="A pond.")

        def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
            return self.observe()

        def observe(self) -> Observation:
            return Observation()

        def progress(self) -> Progress:
            return Progress()

        @primitive
        def fish(self) -> int:
            "Fish."
            return 1


    class Angler:
        def propose(self, now: Situation) -> Task | str | None:
            return f"Fish {now.number} times" if now.number < 3 else None


    class Writer:
        def write(self, now: Assignment) -> str | None:
            return "def fish(bot):\\n    bot.fish()\\n" if not now.attempts else now.ask("Try again")


    class Judge:
        def judge(self, now: Outcome) -> bool:
            return now.execution.ok


    class Strict:
        def judge(self, now: Outcome) -> Verdict:
            return Verdict(success=False, critique="more")


    class Finder:
        def search(self, query: str, skills: Sequence[Skill], k: int) -> Sequence[Skill]:
            return skills[:k]


    class Vectors:
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[1.0] for _ in texts]

        def embed_query(self, text: str) -> list[float]:
            return [1.0]


    def weather(place: str) -> str:
        "The weather at a place."
        return "dry"


    @langchain_tool
    def tide(hour: int) -> str:
        "The tide at an hour."
        return "low"


    @tool
    def moon(day: int) -> str:
        "The moon on a day."
        return "new"


    def heard(event: Event) -> None:
        print(event.number)


    model = FakeListChatModel(responses=["one"])
    result: RunResult = explore(
        Pond(),
        iterations=3,
        budget=BudgetLimits(money=1.0),
        model=model,
        role_models={"critic": "openai:gpt-5", "actor": model},
        tools=["calculator", weather, tide, moon],
        curriculum=Angler(),
        actor=Writer(),
        critic=Judge(),
        retriever=Finder(),
        embeddings=Vectors(),
        sandbox=open_sandbox("process"),
        library=SkillLibrary("library"),
        prompts=Path("prompts"),
        limits=ProgramLimits(seconds=5),
        listeners=[heard, "my_module:listener"],
        progress=True,
        seed=3,
        options={"size": 64},
        tasks=[FixedTask(task="Fish")],
        role_tools={"programs": ["calculator"]},
        tool_policy=ToolPolicy(calls_per_task=3),
    )
    if result.ended == "budget":
        again = explore(resume=result.name, runs=result.folder.parent, iterations=6)
        print(again.spent.iterations, again.reason, again.solved)
    solve("Fish 3 times", "gridworld-v1", critic=Strict(), seed=3, model="offline")
    for tried in replay(Path("library"), Pond(), sandbox="process", tools=[weather], limits=ProgramLimits()):
        print(tried.skill, tried.outcome)
    study = run_study("items", methods=["full"], seeds=[1, 2], iterations=3, jobs=2)
    print(study.counts(), fieldcraft.__version__)


    async def main() -> None:
        results: tuple[RunResult, RunResult] = await asyncio.gather(
            aexplore(Pond(), model=model, curriculum=Angler(), seed=3), asolve("Fish", name="a")
        )
        print(results, await areplay("library", seed=3), await arun_study("techtree", seeds=(1,)))
"""

SLIPS = {
    "from fieldcraft import Explorerr": 'has no attribute "Explorerr"; maybe "Explorer"',
    "from fieldcraft.agent import Explorerr": 'has no attribute "Explorerr"; maybe "Explorer"',
    "from fieldcraft.tools import tol": 'has no attribute "tol"',
    "import fieldcraft\nfieldcraft.explor": 'has no attribute "explor"',
    "from fieldcraft import explore\nexplore(sead=3)": 'Unexpected keyword argument "sead"',
    "from fieldcraft import explore\nexplore(seed='a')": '"seed" to "explore" has incompatible type "str"',
    "from fieldcraft import explore\nexplore(model=3)": '"model" to "explore" has incompatible type "int"',
    "from fieldcraft import explore\nexplore(tools=[3])": "has incompatible type",
    "from fieldcraft import explore\nexplore(curriculum=object())": '"curriculum" to "explore" has',
    "from fieldcraft import explore\nexplore(role_models={'actr': 'offline'})": "Dict entry 0 has",
    "from fieldcraft import explore\nexplore(3)": 'Argument 1 to "explore" has incompatible type "int"',
    "from fieldcraft import explore\nexplore().solvd": '"RunResult" has no attribute "solvd"',
    "from fieldcraft import explore\nexplore().ended == 'done'": "Non-overlapping equality check",
    "from fieldcraft import solve\nsolve('x', seed='a')": '"seed" to "solve" has incompatible type "str"',
    "from fieldcraft import solve\nsolve('x', curriculum='auto')": 'Unexpected keyword argument "curriculum"',
    "from fieldcraft import replay\nreplay('library', sed=1)": 'Unexpected keyword argument "sed"',
    "from fieldcraft import run_study\nrun_study('item')": '"run_study" has incompatible type',
    "from fieldcraft import run_study\nrun_study('items', seds=(1,))": 'Unexpected keyword argument "seds"',
    "from fieldcraft import aexplore\naexplore(sead=3)": 'Unexpected keyword argument "sead"',
    "from fieldcraft import asolve\nasolve('x', model=3)": '"model" to "asolve" has incompatible type "int"',
    "from fieldcraft import arun_study\narun_study('items', job=2)": 'Unexpected keyword argument "job"',
}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says of the right program and of each slip, by file name.

    It is one run of mypy, with the settings and so the cache of the project.
    """
    folder = tmp_path_factory.mktemp("programs")
    (folder / "right.py").write_text(textwrap.dedent(RIGHT))
    for number, slip in enumerate(SLIPS):
        (folder / f"slip{number}.py").write_text(slip + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *sorted(folder.glob("*.py"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if match := re.search(r"(\w+\.py):\d+: error: (.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


@pytest.mark.slow
def test_a_program_with_objects_for_every_part_passes(complaints: dict[str, list[str]]) -> None:
    assert complaints.get("right.py", []) == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "words"), list(enumerate(SLIPS.values())), ids=list(SLIPS))
def test_a_slip_is_refused(number: int, words: str, complaints: dict[str, list[str]]) -> None:
    assert any(words in said for said in complaints.get(f"slip{number}.py", [])), complaints.get(
        f"slip{number}.py"
    )


def lazy_modules() -> Iterator[Path]:
    for folder in ("agent", "skills", "tools", "envs", "fieldcraft"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts and "def __getattr__" in path.read_text(encoding="utf-8"):
                yield path


@pytest.mark.parametrize("path", list(lazy_modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_lets_a_type_checker_take_any_name(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    visible = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert "__getattr__" not in visible


def test_every_public_name_is_there_and_declared() -> None:
    source = Path(str(fieldcraft.__file__)).read_text(encoding="utf-8")
    tree = ast.parse(source)
    block = next(node for node in tree.body if isinstance(node, ast.If))
    declared = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert declared | {"__version__"} == set(fieldcraft.__all__)
    for name in fieldcraft.__all__:
        assert getattr(fieldcraft, name) is not None
