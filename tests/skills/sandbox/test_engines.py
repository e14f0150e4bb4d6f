"""Engines that are missing, forbidden, full, dying, far away or not Docker's: what works, what is said."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker.models.containers import Container
from machine import lacking
from sandbox_engine import TEST_IMAGES, Engine, Podman, RemoteEngine, image_from, mine, missing, small_disk

from fieldcraft.skills import KillReason, parse_program
from fieldcraft.skills.sandbox import DockerSandbox, SandboxUnavailable, probe_docker
from fieldcraft.skills.sandbox.docker.engine import connect
from fieldcraft.skills.sandbox.docker.image import LABEL, build, image_name, import_host_python
from fieldcraft.skills.sandbox.docker.owners import OWNER

pytestmark = pytest.mark.usefixtures("docker_here")

ONE = parse_program("def f(bot):\n    return bot.add(1)\n")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("unix:///nowhere/docker.sock", "no Docker engine answers at unix:///nowhere/docker.sock: "),
        ("tcp://127.0.0.1:1", "no Docker engine answers at tcp://127.0.0.1:1: "),
        ("nonsense://x", "the Docker engine at nonsense://x cannot be used"),
        ("ssh://nobody@127.0.0.1:1", "the Docker engine at ssh://nobody@127.0.0.1:1 cannot be used"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_engine(monkeypatch, address, words):
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(
        SandboxUnavailable, match=r"(DOCKER_HOST|docker\[ssh\]).*--sandbox process"
    ) as refused:
        DockerSandbox()
    assert words in str(refused.value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_never_answers(monkeypatch):
    monkeypatch.setattr("fieldcraft.skills.sandbox.docker.engine.FIRST_TIMEOUT", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(SandboxUnavailable, match=r"does not answer in time.*--sandbox process"):
            DockerSandbox()


def test_another_engines_socket_is_named(monkeypatch, tmp_path):
    (tmp_path / "podman").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "podman" / "podman.sock"))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        with pytest.raises(SandboxUnavailable, match=f"set DOCKER_HOST=unix://{tmp_path}/podman/podman.sock"):
            DockerSandbox()


def test_no_permission_on_the_socket(monkeypatch, tmp_path):
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
    image_from(client, f"{TEST_IMAGES}:old", [f"LABEL {LABEL}=0123456789ab"], {})
    with pytest.raises(
        SandboxUnavailable, match="holds worker 0123456789ab, this Fieldcraft speaks to worker"
    ):
        DockerSandbox(image=f"{TEST_IMAGES}:old")


def test_an_image_that_was_removed_meanwhile_is_missed_in_words(client, bench):
    image_from(client, f"{TEST_IMAGES}:brief", ["ENV BRIEF=1"], {})
    with DockerSandbox(image=f"{TEST_IMAGES}:brief") as sandbox:
        client.images.remove(f"{TEST_IMAGES}:brief", force=True)
        with pytest.raises(SandboxUnavailable, match=f"there is no image '{TEST_IMAGES}:brief'"):
            sandbox.run(ONE, bench)


def test_the_image_can_be_built_from_the_dockerfile(client, bench):
    build(client, image_name(), f"{TEST_IMAGES}:built")
    with DockerSandbox(image=f"{TEST_IMAGES}:built") as sandbox:
        assert sandbox.run(ONE, bench).result == 2


def _left() -> list[Container]:
    """This process's containers at the engine that `DOCKER_HOST` names now."""
    client = connect()
    try:
        return mine(client)
    finally:
        client.close()


@pytest.fixture
def start(monkeypatch) -> Iterator[Callable[..., Engine]]:
    """Starts an engine whose data lie in the folder given, and points this test at it."""
    started = []

    def _start(data: Path, kind: type[Engine] = Engine) -> Engine:
        problem = missing(kind)
        if problem:
            lacking(problem)
        started.append(kind(data))
        monkeypatch.setenv("DOCKER_HOST", started[-1].address)
        return started[-1]

    yield _start
    for one in started:
        one.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("transport", ["socket", "streams"])
def test_an_engine_that_dies_under_a_program(start, tmp_path, bench, transport):
    dying = start(tmp_path / "data")
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


def test_a_full_disk_is_told(start, tmp_path):
    with small_disk(tmp_path / "data", 40) as data:
        starved = start(data)
        with pytest.raises(SandboxUnavailable, match=r"disk is full.*docker system prune"):
            DockerSandbox()
        starved.stop()


def test_a_far_engine_is_reached_through_its_streams(start, tmp_path, bench, caplog):
    start(tmp_path / "data", RemoteEngine)
    with caplog.at_level(logging.INFO), DockerSandbox() as sandbox:
        assert sandbox.run(ONE, bench).result == 2
        assert sandbox.run(ONE, bench).result == 2
        assert "through the engine, which is slower" in caplog.text
        assert len(_left()) == 1
    layers = {layer.name: layer for layer in probe_docker()}
    assert "by attached streams, which are slower" in layers["container"].detail
    assert _left() == []


def test_podman_works_as_docker_does(start, tmp_path, bench):
    start(tmp_path / "data", Podman)
    with DockerSandbox(transport="socket") as sandbox:
        assert sandbox.run(ONE, bench).result == 2
        assert sandbox.run(parse_program("def f(bot):\n    return open('/etc/passwd').read()\n"), bench).fault
    with DockerSandbox(transport="streams") as sandbox:
        assert sandbox.run(ONE, bench).result == 2
    layers = {layer.name: layer for layer in probe_docker()}
    assert "Podman" in layers["engine"].detail
    assert all(layer.holds for layer in layers.values()), layers
    assert _left() == []


@pytest.mark.parametrize("text", ["", "1/2", "no/number/at all", "////"])
def test_labels_that_nobody_wrote_do_no_harm(client, text):
    container = client.containers.create(image_name(), ["true"], labels={OWNER: text})
    try:
        DockerSandbox().close()
        assert mine(client, text) or not text
    finally:
        container.remove(force=True)


def test_a_cache_that_cannot_be_written_is_not_blamed_on_the_engine(client, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr("fieldcraft.skills.sandbox.docker.image.REPOSITORY", "fieldcraft-test-none")
    with pytest.raises(SandboxUnavailable, match=r"the cache folder .*file cannot be used.*FIELDCRAFT_CACHE"):
        DockerSandbox()


def test_a_full_temporary_folder_is_told(client, bench, monkeypatch, tmp_path):
    with small_disk(tmp_path / "tmp", 1) as full:
        monkeypatch.setattr(tempfile, "tempdir", str(full))
        with pytest.raises(SandboxUnavailable, match=r"No space left on device.*TMPDIR"):
            import_host_python(client, f"{TEST_IMAGES}:never")
