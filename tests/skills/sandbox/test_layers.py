"""Layers: what is probed, what is refused, what the filter holds on each architecture."""

from __future__ import annotations

import json
import logging
import os
import platform
import struct
from pathlib import Path

import pytest

from fieldcraft.skills import parse_program
from fieldcraft.skills.sandbox import SandboxUnavailable, bubblewrap, open_sandbox, probe
from fieldcraft.skills.sandbox.process import ProcessSandbox
from fieldcraft.skills.sandbox.worker import seccomp

TABLE = json.loads((Path(seccomp.__file__).parent / "syscalls.json").read_text())


def test_every_layer_is_named_with_its_state():
    layers = {layer.name: layer for layer in probe()}
    assert list(layers) == ["seccomp", "rlimits", "landlock", "bubblewrap"]
    assert all(layer.detail for layer in layers.values())


def test_auto_gives_a_sandbox_that_runs(bench):
    sandbox = open_sandbox()
    assert sandbox.name == "process"
    assert sandbox.run(parse_program("def f(bot):\n    return bot.add(1)\n"), bench).result == 2
    sandbox.close()


def test_unsafe_says_so(caplog, bench):
    with caplog.at_level(logging.WARNING):
        sandbox = open_sandbox("unsafe")
    assert sandbox.name == "unsafe"
    assert "without isolation" in caplog.text
    assert (
        sandbox.run(parse_program("def f(bot):\n    return open('/etc/passwd').read(4)\n"), bench).result
        == "root"
    )
    sandbox.close()


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="did you mean 'process'"):
        open_sandbox("proces")


def test_a_machine_without_a_system_call_table_is_refused_and_says_so(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    seccomp_layer = probe()[0]
    assert not seccomp_layer.holds
    assert "riscv64" in seccomp_layer.detail
    with pytest.raises(SandboxUnavailable, match=r"riscv64.*--sandbox docker.*--sandbox unsafe"):
        open_sandbox("process")


def test_a_machine_without_layers_runs_programs_in_docker_where_there_is_an_engine(
    docker_here, monkeypatch, bench
):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(SandboxUnavailable, match=r"riscv64.*no Docker engine answers at unix:///nowhere"):
        open_sandbox()
    monkeypatch.undo()
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with open_sandbox() as sandbox:
        assert sandbox.name == "docker"
        monkeypatch.undo()
        assert sandbox.run(parse_program("def f(bot):\n    return bot.add(1)\n"), bench).result == 2


def run_filter(code: bytes, audit: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What the filter answers to one system call: classic BPF, interpreted."""
    data = struct.pack("<IIQ6Q", number, audit, 0, *arguments, *[0] * (6 - len(arguments)))
    instructions = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
    accumulator = place = 0
    while True:
        opcode, if_true, if_false, value = instructions[place]
        place += 1
        match opcode:
            case seccomp.LOAD:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case seccomp.EQUAL:
                place += if_true if accumulator == value else if_false
            case seccomp.AT_LEAST:
                place += if_true if accumulator >= value else if_false
            case seccomp.ANY_BIT:
                place += if_true if accumulator & value else if_false
            case seccomp.RETURN:
                return value


@pytest.mark.parametrize("architecture", list(TABLE["architectures"]))
def test_the_filter_allows_what_the_table_says_and_nothing_else(architecture):
    code = seccomp.build_filter(TABLE, architecture)
    facts = TABLE["architectures"][architecture]
    numbers = facts["numbers"]
    allowed = {numbers[name] for name in TABLE["allow"] if name in numbers}
    absent = {numbers[name] for name in TABLE["absent"]}
    guarded = {numbers[name] for name in TABLE["arguments"] if name in numbers}
    for number in set(range(600)) - guarded:
        verdict = run_filter(code, facts["audit"], number)
        if number in allowed:
            assert verdict == seccomp.ALLOW
        else:
            assert verdict == seccomp.FAIL | (38 if number in absent else 1)
    assert run_filter(code, 0x40000003, numbers["read"]) == seccomp.KILL


@pytest.mark.parametrize("architecture", list(TABLE["architectures"]))
@pytest.mark.parametrize(
    ("name", "arguments", "allowed"),
    [
        ("openat", (0, 0, 0o2000000), True),
        ("openat", (0, 0, 1), False),
        ("openat", (0, 0, 2), False),
        ("openat", (0, 0, 0o100), False),
        ("openat", (0, 0, 0o1000), False),
        ("fcntl", (3, 1), True),
        ("fcntl", (3, 1030), True),
        ("fcntl", (3, 8), False),
        ("fcntl", (3, 10), False),
        ("ioctl", (1, 0x5401), True),
        ("ioctl", (1, 0x5412), False),
        ("prlimit64", (0, 7, 0, 4096), True),
        ("prlimit64", (0, 7, 4096, 0), False),
        ("prlimit64", (0, 7, 1 << 32, 0), False),
        ("prlimit64", (1 << 32, 7, 0, 0), False),
        ("prlimit64", (4711, 7, 0, 0), False),
    ],
)
def test_arguments_are_looked_at(architecture, name, arguments, allowed):
    code = seccomp.build_filter(TABLE, architecture)
    facts = TABLE["architectures"][architecture]
    verdict = run_filter(code, facts["audit"], facts["numbers"][name], arguments)
    assert (verdict == seccomp.ALLOW) is allowed


def test_bubblewrap_is_started_from_where_it_was_found(tmp_path, monkeypatch, bench):
    installed = bubblewrap.program()
    (tmp_path / "bwrap").symlink_to(installed)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bubblewrap.works() is None
    with ProcessSandbox("bubblewrap") as sandbox:
        assert sandbox.run(parse_program("def f(bot):\n    return bot.add(1)\n"), bench).result == 2


def test_programs_of_the_current_folder_are_not_taken_for_the_systems(tmp_path, monkeypatch):
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    assert bubblewrap.works() == "bwrap is not installed (apt-get install bubblewrap)"
