"""Where nothing isolates, the attacks of these tests succeed: what they try elsewhere is real."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from sandbox_bench import Bench, attempt

from fieldcraft.skills import parse_program
from fieldcraft.skills.sandbox import ProcessSandbox

ATTACKS = {
    "read a host file": ("return open(path).read()", "the host's secret"),
    "follow a link": ("return open(path + '.link').read()", "the host's secret"),
    "list a host folder": ("return path.rpartition('/')[2] in os.listdir(path.rpartition('/')[0])", True),
    "read the host's environment": (
        "return b'PATH=' in open(f'/proc/{number}/environ', 'rb').read()",
        True,
    ),
    "write a host file": ("return open(path, 'a').write('!')", 1),
    "make a link": ("return os.symlink(path, path + '2')", None),
    "reach the network": ("return socket.create_connection(('127.0.0.1', int(path2)), 1).fileno() > 0", True),
    "run another program": ("return subprocess.run(['/bin/true']).returncode", 0),
    "start a thread": ("return threading.Thread(target=int).start()", None),
    "signal the host": ("return os.kill(number, 0)", None),
    "share memory": ("return os.close(os.memfd_create('x'))", None),
}


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_succeeds_where_nothing_isolates(name, secret, port, bench):
    line, reached = ATTACKS[name]
    source = attempt(line.replace("path2", str(port)), imports="os, socket, subprocess, threading")
    (secret.parent / f"{secret.name}.link").symlink_to(secret)
    with ProcessSandbox("none") as sandbox:
        arguments = {"path": str(secret), "number": os.getpid()}
        execution = sandbox.run(parse_program(source), Bench(), arguments=arguments)
    assert execution.result == reached
