"""The Docker sandbox's own promises: how it is held, how it ends, what it says when something is wrong."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
import sandbox_engine
from docker.models.containers import Container
from sandbox_bench import must_have

from fieldcraft.skills import KillReason, parse_program
from fieldcraft.skills.sandbox import DockerSandbox, ProgramLimits, SandboxUnavailable
from fieldcraft.skills.sandbox.docker.engine import connect
from fieldcraft.skills.sandbox.docker.image import LABEL, build, image_name
from fieldcraft.skills.sandbox.docker.owners import OWNER, own_label

pytestmark = pytest.mark.usefixtures("docker_here")

ONE = parse_program("def f(bot):\n    return bot.add(1)\n")
WAITING = parse_program("def f(bot):\n    bot.signal()\n    while True:\n        pass\n")


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


def mine(client: docker.DockerClient, owner: str | None = None) -> list[Container]:
    return client.containers.list(all=True, filters={"label": f"{OWNER}={owner or own_label()}"})


def image_from(client: docker.DockerClient, name: str, lines: list[str], files: dict[str, str]) -> None:
    """Build a small image out of ours."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, text in {"Dockerfile": "\n".join([f"FROM {image_name()}", *lines]), **files}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    told = list(client.api.build(fileobj=context, custom_context=True, tag=name, decode=True, rm=True))
    assert not [line for line in told if "error" in line], told


def test_the_container_is_hardened(client, bench):
    with DockerSandbox() as sandbox:
        before = {container.id for container in mine(client)}
        sandbox.run(ONE, bench, limits=ProgramLimits(memory=256 * 2**20))
        (container,) = (found for found in mine(client) if found.id not in before)
        config, host = container.attrs["Config"], container.attrs["HostConfig"]
        assert config["User"] == "65534:65534"
        assert host["NetworkMode"] == "none"
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["PidsLimit"] == 64
        assert host["Memory"] == host["MemorySwap"] == 384 * 2**20
        assert host["LogConfig"]["Type"] == "none"
        assert host["AutoRemove"]
        assert host["IpcMode"] == "private"
        assert "noexec" in host["Tmpfs"]["/tmp"]
        assert [mount["RW"] for mount in container.attrs["Mounts"]] == [False]
    assert {container.id for container in mine(client)} == before


def test_a_program_that_needs_more_memory_gets_a_larger_container(bench):
    source = "def f(bot):\n    return len(bytearray(700 * 2 ** 20)) // 2 ** 20\n"
    with DockerSandbox() as sandbox:
        assert sandbox.run(parse_program(source), bench).fault.kind == "MemoryError"
        limits = ProgramLimits(memory=1024 * 2**20)
        assert sandbox.run(parse_program(source), bench, limits=limits).result == 700


def test_where_no_socket_can_be_shared_it_goes_through_the_engine(bench, monkeypatch, tmp_path, caplog):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with caplog.at_level(logging.INFO), DockerSandbox() as sandbox:
        assert sandbox.run(ONE, bench).result == 2
    assert "through the engine, which is slower" in caplog.text
    with (
        DockerSandbox(transport="socket") as sandbox,
        pytest.raises(SandboxUnavailable, match="cannot reach a socket"),
    ):
        sandbox.run(ONE, bench)
    assert list(long.iterdir()) == []


@pytest.mark.parametrize("transport", ["socket", "streams"])
def test_a_container_killed_from_outside_ends_its_program_and_is_replaced(client, bench, transport):
    with DockerSandbox(transport=transport) as sandbox:
        before = {container.id for container in mine(client)}
        bench.interrupt = lambda: [
            container.kill() for container in mine(client) if container.id not in before
        ]
        execution = sandbox.run(WAITING, bench)
        assert execution.killed is KillReason.CRASHED
        assert "fork server" in execution.detail
        assert sandbox.run(ONE, bench).result == 2


HOST = """
import sys
sys.path.insert(0, sys.argv[1])
from sandbox_bench import Bench
from fieldcraft.skills import parse_program
from fieldcraft.skills.sandbox import open_sandbox
from fieldcraft.skills.sandbox.docker.owners import own_label

bench = Bench()
bench.interrupt = lambda: print(own_label(), flush=True)
with open_sandbox("docker") as sandbox:
    sandbox.run(parse_program("def f(bot):\\n    bot.signal()\\n    while True:\\n        pass\\n"), bench)
"""


@contextmanager
def another_host() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Another process whose program loops in a container, and the label of what it owns."""
    command = [sys.executable, "-c", HOST, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as host:
        try:
            yield host, host.stdout.readline().decode().strip()
        finally:
            host.kill()


def gone(client: docker.DockerClient, owner: str, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while mine(client, owner):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_nothing_is_left_after_ctrl_c(client):
    with another_host() as (host, owner):
        assert len(mine(client, owner)) == 1
        host.send_signal(signal.SIGINT)
        host.wait(timeout=30)
        assert mine(client, owner) == []


def test_a_container_ends_with_a_host_that_is_killed(client):
    with another_host() as (host, owner):
        assert len(mine(client, owner)) == 1
        host.kill()
        host.wait()
        assert gone(client, owner)


def test_what_a_killed_host_could_not_end_is_removed_at_the_next_start(client):
    with another_host() as (host, owner):
        (container,) = mine(client, owner)
        container.pause()
        client.containers.create(image_name(), ["true"], labels={OWNER: owner})
        host.kill()
        host.wait()
        time.sleep(0.2)
        assert len(mine(client, owner)) == 2
        DockerSandbox().close()
        assert gone(client, owner)


def test_containers_of_the_living_and_of_other_machines_are_left_alone(client):
    elsewhere = "another-boot/4026531836/1/1"
    container = client.containers.create(image_name(), ["true"], labels={OWNER: elsewhere})
    try:
        with another_host() as (_, owner):
            DockerSandbox().close()
            assert len(mine(client, owner)) == 1
            assert len(mine(client, elsewhere)) == 1
    finally:
        container.remove(force=True)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("unix:///nowhere/docker.sock", "no Docker engine answers at unix:///nowhere/docker.sock: "),
        ("tcp://127.0.0.1:1", "no Docker engine answers at tcp://127.0.0.1:1: "),
        ("nonsense://x", "the Docker engine at nonsense://x cannot be used"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_engine(monkeypatch, address, words):
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(SandboxUnavailable, match=r"DOCKER_HOST.*--sandbox process") as refused:
        DockerSandbox()
    assert words in str(refused.value)


def test_another_engines_socket_is_named(monkeypatch, tmp_path):
    import socket

    (tmp_path / "podman").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "podman" / "podman.sock"))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        with pytest.raises(SandboxUnavailable, match=f"set DOCKER_HOST=unix://{tmp_path}/podman/podman.sock"):
            DockerSandbox()


def test_no_permission_on_the_socket(monkeypatch, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        path = Path(tempfile.mkdtemp()) / "docker.sock"
        listener.bind(str(path))
        path.chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        root = os.geteuid() == 0
        if root:
            path.parent.chmod(0o755)
            os.seteuid(65534)
        try:
            with pytest.raises(SandboxUnavailable, match=r"no permission.*usermod -aG docker"):
                DockerSandbox()
        finally:
            if root:
                os.seteuid(0)


def test_an_image_that_is_missing_or_of_another_version(client):
    with pytest.raises(SandboxUnavailable, match="there is no image 'no-such-image:1': pull or load it"):
        DockerSandbox(image="no-such-image:1")
    image_from(client, "fieldcraft-test:old", [f"LABEL {LABEL}=0123456789ab"], {})
    with pytest.raises(
        SandboxUnavailable, match="holds worker 0123456789ab, this Fieldcraft speaks to worker"
    ):
        DockerSandbox(image="fieldcraft-test:old")


def test_an_image_that_was_removed_meanwhile_is_missed_in_words(client, bench):
    image_from(client, "fieldcraft-test:brief", ["ENV BRIEF=1"], {})
    with DockerSandbox(image="fieldcraft-test:brief") as sandbox:
        client.images.remove("fieldcraft-test:brief", force=True)
        with pytest.raises(SandboxUnavailable, match="there is no image 'fieldcraft-test:brief'"):
            sandbox.run(ONE, bench)


def test_an_architecture_without_a_system_call_table_is_refused(client, bench):
    table = json.dumps({"absent": [], "allow": [], "arguments": {}, "architectures": {"riscv64": {}}})
    image_from(
        client,
        "fieldcraft-test:riscv",
        ["COPY table.json /fieldcraft/worker/syscalls.json"],
        {"table.json": table},
    )
    refusal = r"no system-call table for \w+ \(there are: riscv64\)"
    with (
        DockerSandbox(image="fieldcraft-test:riscv") as sandbox,
        pytest.raises(SandboxUnavailable, match=refusal),
    ):
        sandbox.run(ONE, bench)


def test_the_image_can_be_built_from_the_dockerfile(client, bench):
    build(client, image_name(), "fieldcraft-test:built")
    with DockerSandbox(image="fieldcraft-test:built") as sandbox:
        assert sandbox.run(ONE, bench).result == 2


def test_a_wall_clock_that_jumps_changes_no_deadline(bench, monkeypatch):
    real, jumps = time.time, [86400.0 * 365, -86400.0 * 365]
    with DockerSandbox() as sandbox:
        for jump in jumps:
            bench.interrupt = lambda jump=jump: monkeypatch.setattr(time, "time", lambda: real() + jump)
            began = time.monotonic()
            execution = sandbox.run(WAITING, bench, limits=ProgramLimits(seconds=0.5))
            assert execution.killed is KillReason.DEADLINE
            assert 0.4 < time.monotonic() - began < 10
            assert sandbox.run(ONE, bench).result == 2


@pytest.fixture
def engine(tmp_path, monkeypatch) -> Iterator[Callable[[Path], sandbox_engine.Engine]]:
    """Starts an engine whose data lie in the folder given, and points this test at it."""
    problem = sandbox_engine.missing()
    if problem:
        must_have(problem)
    started = []

    def start(data: Path) -> sandbox_engine.Engine:
        folder = Path(tempfile.mkdtemp(prefix="engine-"))
        started.append(sandbox_engine.Engine(folder, data))
        monkeypatch.setenv("DOCKER_HOST", started[-1].address)
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("transport", ["socket", "streams"])
def test_an_engine_that_dies_under_a_program(engine, tmp_path, bench, transport):
    dying = engine(tmp_path / "data")
    with DockerSandbox(transport=transport) as sandbox:
        assert sandbox.run(ONE, bench).result == 2
        bench.interrupt = dying.kill
        source = "def f(bot):\n    bot.signal()\n    return bot.add(1)\n"
        execution = sandbox.run(parse_program(source), bench)
        if transport == "socket":
            assert execution.result == 2
        else:
            assert execution.killed is KillReason.CRASHED
            with pytest.raises(SandboxUnavailable, match="no Docker engine answers"):
                sandbox.run(ONE, bench)


def test_a_full_disk_is_told(engine, tmp_path):
    with sandbox_engine.small_disk(tmp_path / "data", 40) as data:
        starved = engine(data)
        with pytest.raises(SandboxUnavailable, match=r"disk is full.*docker system prune"):
            DockerSandbox()
        starved.stop()
