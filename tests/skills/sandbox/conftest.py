"""Fixtures of the sandbox tests: the bench, and each sandbox that this machine can give."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from fieldcraft.envs import Environment
from fieldcraft.skills import Execution, parse_program
from fieldcraft.skills.sandbox import Sandbox
from fieldcraft.skills.sandbox.docker.engine import connect

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))

from sandbox_bench import SANDBOXES, Bench, Shed, open_for_test
from sandbox_engine import TEST_IMAGES


@pytest.fixture(scope="session", params=list(SANDBOXES))
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Each sandbox that isolates."""
    opened = open_for_test(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FC_TEST_SECRET", "sk-host")
        opened.run(parse_program("def warm_up(bot):\n    pass\n"), Bench())
        yield opened
    opened.close()


@pytest.fixture(scope="session")
def docker_here() -> None:
    """An engine that answers, and the image."""
    open_for_test("docker").close()


@pytest.fixture
def client(docker_here: None, clean_images: None) -> Iterator[DockerClient]:
    """The engine, seen past the sandbox."""
    client = connect()
    yield client
    client.close()


@pytest.fixture(scope="session")
def clean_images(docker_here: None) -> Iterator[None]:
    """Leaves none of the tests' own images behind."""
    yield
    client = connect()
    for image in client.images.list(TEST_IMAGES):
        for tag in image.tags:
            client.images.remove(tag, force=True)
    client.close()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def shed() -> Iterator[Shed]:
    shed = Shed()
    yield shed
    shed.close()


Run = Callable[..., Execution]


@pytest.fixture
def executions() -> list[Execution]:
    """What came of the programs that `run` ran."""
    return []


@pytest.fixture
def run(sandbox: Sandbox, bench: Bench, executions: list[Execution]) -> Run:
    """Run source text in the sandbox, in the bench's world unless told otherwise."""

    def _run(source: str, environment: Environment | None = None, **options: Any) -> Execution:
        executions.append(sandbox.run(parse_program(source), environment or bench, **options))
        return executions[-1]

    return _run


@pytest.fixture(autouse=True)
def _as_row(
    request: pytest.FixtureRequest,
    executions: list[Execution],
    record_property: Callable[[str, object], None],
) -> Iterator[None]:
    """Tell `benchmarks/attacks.py` which attack this is, on which sandbox, and whether the host ended it."""
    yield
    marker = request.node.get_closest_marker("attack")
    params = getattr(getattr(request.node, "callspec", None), "params", {})
    if marker is not None and "sandbox" in params:
        record_property("attack", marker.args[0])
        record_property("sandbox", params["sandbox"])
        record_property("killed", any(execution.killed for execution in executions))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the host's user that no program may read."""
    path = tmp_path / "secret.txt"
    path.write_text("the host's secret")
    return path


@pytest.fixture
def later() -> Iterator[Callable[[float, Callable[[], None]], None]]:
    """Call something in another thread after some seconds."""
    timers: list[threading.Timer] = []

    def _later(seconds: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, action)
        timers.append(timer)
        timer.start()

    yield _later
    for timer in timers:
        timer.cancel()
        timer.join()
