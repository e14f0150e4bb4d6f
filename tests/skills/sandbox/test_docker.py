"""The Docker sandbox's own promises: how it is held, how it ends, what it says when something is wrong."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from machine import PATIENCE
from sandbox_engine import TEST_IMAGES, image_from, mine

from fieldcraft.skills import KillReason, parse_program
from fieldcraft.skills.sandbox import DockerSandbox, ProgramLimits, SandboxUnavailable
from fieldcraft.skills.sandbox.docker.attached import AttachedStream
from fieldcraft.skills.sandbox.docker.hardening import hardened
from fieldcraft.skills.sandbox.docker.image import image_name
from fieldcraft.skills.sandbox.docker.owners import OWNER

pytestmark = pytest.mark.usefixtures("docker_here")

ONE = parse_program("def f(bot):\n    return bot.add(1)\n")
WAITING = parse_program("def f(bot):\n    bot.signal()\n    while True:\n        pass\n")


def test_the_container_is_hardened(client, bench):
    with DockerSandbox() as sandbox:
        before = {container.id for container in mine(client)}
        sandbox.run(ONE, bench, limits=ProgramLimits(memory=256 * 2**20))
        (container,) = (found for found in mine(client) if found.id not in before)
        config, host = container.attrs["Config"], container.attrs["HostConfig"]
        assert config["User"] == "65534:65534"
        assert host["NetworkMode"] == "none"
        assert host["ReadonlyRootfs"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["PidsLimit"] == 64
        assert host["Memory"] == host["MemorySwap"] == 384 * 2**20
        assert host["LogConfig"]["Type"] == "none"
        assert host["AutoRemove"]
        assert host["IpcMode"] in ("private", "shareable")  # Podman knows the latter only
        assert "noexec" in host["Tmpfs"]["/tmp"]
        assert [mount["RW"] for mount in container.attrs["Mounts"]] == [False]
    assert {container.id for container in mine(client)} == before


SEEN_FROM_INSIDE = """
import json, os, socket

def fails(action):
    try:
        action()
    except OSError:
        return True

status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
open("/tmp/script", "w").write("#!/usr/local/bin/python3")
os.chmod("/tmp/script", 0o755)
room = {path: os.statvfs(path).f_blocks * os.statvfs(path).f_frsize for path in ("/tmp", "/dev/shm")}
print(json.dumps({
    "user": os.getuid(),
    "capabilities": [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "privileges": [status["NoNewPrivs"], status["Seccomp"]],
    "read-only": all(fails(lambda: open(f"{path}/x", "w")) for path in ("/", "/fieldcraft/worker", "/usr")),
    "no programs in /tmp": fails(lambda: os.execv("/tmp/script", ["x"])),
    "networks": [name for _, name in socket.if_nameindex() if name in ("eth0", "docker0", "podman0")],
    "room": room,
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
}))
"""


def test_what_a_container_is_denied_is_denied_by_the_engine_alone(client):
    command = ["python3", "-c", SEEN_FROM_INSIDE]
    container = client.containers.create(image_name(), command, **hardened(memory=64 * 2**20))
    stream = AttachedStream(client, container.id)
    try:
        container.start()
        container.wait(timeout=PATIENCE)
        seen = json.loads(stream.receive())
    finally:
        stream.close()
        container.remove(force=True)
    assert seen == {
        "user": 65534,
        "capabilities": [0] * 5,
        "privileges": ["1", "2"],
        "read-only": True,
        "no programs in /tmp": True,
        "networks": [],
        "room": {"/tmp": 16 * 2**20, "/dev/shm": 2**20},
        "processes": 1,
    }


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


def gone(client: docker.DockerClient, owner: str, seconds: float = PATIENCE) -> bool:
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
        host.wait(timeout=PATIENCE)
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


def test_an_architecture_without_a_system_call_table_is_refused(client, bench):
    table = json.dumps({"absent": [], "allow": [], "arguments": {}, "architectures": {"riscv64": {}}})
    image_from(
        client,
        f"{TEST_IMAGES}:riscv",
        ["COPY table.json /fieldcraft/worker/syscalls.json"],
        {"table.json": table},
    )
    refusal = r"no system-call table for \w+ \(there are: riscv64\)"
    with (
        DockerSandbox(image=f"{TEST_IMAGES}:riscv") as sandbox,
        pytest.raises(SandboxUnavailable, match=refusal),
    ):
        sandbox.run(ONE, bench)


def test_a_wall_clock_that_jumps_changes_no_deadline(bench, monkeypatch):
    real, jumps = time.time, [86400.0 * 365, -86400.0 * 365]
    with DockerSandbox() as sandbox:
        for jump in jumps:
            bench.interrupt = lambda jump=jump: monkeypatch.setattr(time, "time", lambda: real() + jump)
            execution = sandbox.run(WAITING, bench, limits=ProgramLimits(seconds=0.5))
            assert execution.killed is KillReason.DEADLINE
            assert execution.seconds > 0.4
            assert sandbox.run(ONE, bench).result == 2


JUNK = {
    "no JSON": "b'junk'",
    "no object": "b'[1]'",
    "layers that are none": "b'{\"layers\": 7}'",
    "nothing": "b''",
    "no end": "b'x' * 100_000",
}


@pytest.mark.parametrize("transport", ["socket", "streams"])
@pytest.mark.parametrize("junk", JUNK)
def test_a_container_that_is_no_fork_server_is_refused(client, bench, transport, junk):
    source = f"""
import json, socket, sys, time
from . import relay

def main():
    path = json.loads(sys.argv[1])["socket"]
    data = {JUNK[junk]}
    if path:
        control = socket.socket(socket.AF_UNIX)
        control.connect(path)
        control.sendall(data)
    else:
        header = relay.HEADER.pack(relay.CONTROL, 0, len(data))
        sys.stdout.buffer.write(header + data)
        sys.stdout.flush()
"""
    name = f"{TEST_IMAGES}:junk"
    before = {container.id for container in mine(client)}
    image_from(client, name, ["COPY c.py /fieldcraft/worker/container.py"], {"c.py": source})
    with (
        DockerSandbox(image=name, transport=transport) as sandbox,
        pytest.raises(SandboxUnavailable, match=r"no fork server|did not start|cannot reach a socket"),
    ):
        sandbox.run(ONE, bench)
    assert {container.id for container in mine(client)} == before
