"""What a JavaScript engine can do once it is confined: run, and use the descriptors it was given. No more."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fieldcraft.skills.sandbox.confined import ConfinedLauncher, process_launcher, why_not
from fieldcraft.skills.sandbox.worker.seccomp import UnsupportedArchitecture

ATTACKS = {
    "read a host file": "require('fs').readFileSync('/etc/passwd')",
    "list the host's folders": "if (require('fs').readdirSync('/').includes('etc')) throw 0; throw 1",
    "read the host's processes": "require('fs').readdirSync('/proc')",
    "write a file": "require('fs').writeFileSync('/written', 'x')",
    "write into /tmp": "require('fs').writeFileSync('/tmp/written', 'x')",
    "write what it was given to read": "require('fs').writeFileSync(process.argv[1], 'x')",
    "run another program": (
        "const r = require('child_process').spawnSync('/bin/sh'); if (r.error) throw r.error"
    ),
    "run itself again": (
        "const r = require('child_process').spawnSync(process.execPath, ['-v']); if (r.error) throw r.error"
    ),
    "see the host's name": "if (require('os').hostname() !== process.argv[2]) throw 1",
    "signal another process": "process.kill(process.ppid)",
}


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    problem = why_not() or (None if found else "node is not installed")
    if problem:
        assert not os.environ.get("CI"), f"missing in CI: {problem}"
        pytest.skip(problem)
    assert found is not None
    return str(Path(found).resolve())


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o755)
    yield tmp_path


def run(node: str, folder: Path, source: str, *arguments: str, descriptors: tuple[int, ...] = ()) -> str:
    script = folder / "script.js"
    script.write_text(source)
    process = ConfinedLauncher().start(
        [node, str(script), *arguments],
        environment={"HOME": "/"},
        readable=[folder],
        descriptors=descriptors,
        errors=subprocess.STDOUT,
    )
    out, _ = process.communicate(timeout=60)
    return out.decode()


def test_it_runs_with_threads_and_timers(node: str, scripts: Path) -> None:
    source = (
        "const { Worker } = require('worker_threads');"
        "new Worker('require(\"worker_threads\").parentPort.postMessage(6 * 7)', { eval: true })"
        ".on('message', (x) => setTimeout(() => console.log(x), 10))"
    )
    assert run(node, scripts, source) == "42\n"


def test_it_uses_a_descriptor_that_it_is_given(node: str, scripts: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"hello")
        source = (
            "new (require('net').Socket)({ fd: +process.argv[2] })"
            ".once('data', (d) => { console.log(`${d}`); process.exit() })"
        )
        assert run(node, scripts, source, str(theirs.fileno()), descriptors=(theirs.fileno(),)) == "hello\n"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_fails(node: str, scripts: Path, attack: str) -> None:
    source = f"(() => {{ try {{ {attack}; return 'done' }} catch {{ return 'failed' }} }})()"
    assert run(node, scripts, f"console.log({source})", socket.gethostname()) == "failed\n"


def test_there_is_no_network(node: str, scripts: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        source = (
            "try { const s = require('net').connect(+process.argv[2], '127.0.0.1');"
            "s.on('connect', () => console.log('done')); s.on('error', () => console.log('failed')) }"
            "catch { console.log('failed') }"
        )
        assert run(node, scripts, source, str(server.getsockname()[1])) == "failed\n"


def test_secrets_of_the_host_are_not_in_its_environment(
    node: str, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert run(node, scripts, "console.log(JSON.stringify(process.env))") == '{"HOME":"/","PWD":"/"}\n'


def test_memory_is_limited(node: str, scripts: Path) -> None:
    assert "done" not in run(
        node,
        scripts,
        "const a = []; for (let i = 0; i < 64; i++) a.push(Buffer.alloc(1 << 26, 1)); console.log('done')",
    )


def test_a_machine_that_cannot_confine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    launcher = process_launcher()
    assert not launcher.confines
    assert "not installed (apt-get install" in launcher.problem
    assert process_launcher("unsafe").confines


def test_another_processor_has_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(UnsupportedArchitecture, match="riscv64"):
        ConfinedLauncher()
