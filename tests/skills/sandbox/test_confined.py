"""What a JavaScript engine can do once it is confined: run, and use the descriptors it was given. No more."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from machine import PATIENCE, lacking

from fieldcraft.envs.launching import Launcher, PlainLauncher
from fieldcraft.skills.sandbox.confined import ConfinedLauncher, Way, process_launcher, why_not
from fieldcraft.skills.sandbox.worker.seccomp import UnsupportedArchitecture

READS = {
    "read a host file": "require('fs').readFileSync('/etc/passwd')",
    "read a secret": "require('fs').readFileSync(process.argv[2])",
    "read a secret through a link": "require('fs').readFileSync(process.argv[3])",
    "list the host's folders": "if (require('fs').readdirSync('/').includes('etc')) return 'done'; throw 1",
    "list the host's processes": "require('fs').readdirSync('/proc')",
    "read its host's environment": "require('fs').readFileSync(`/proc/${process.argv[4]}/environ`)",
    "read its own environment in /proc": "require('fs').readFileSync('/proc/self/environ')",
    "open its host's memory": "require('fs').openSync(`/proc/${process.argv[4]}/mem`, 'r')",
    "run another program": (
        "const r = require('child_process').spawnSync('/bin/sh', ['-c', 'true']); if (r.error) throw r.error"
    ),
    "run itself again": (
        "const r = require('child_process').spawnSync(process.execPath, ['-v']); if (r.error) throw r.error"
    ),
}
"""Attacks that do no harm where they succeed."""

ATTACKS = {
    **READS,
    "write a file": "require('fs').writeFileSync('/written', 'x')",
    "write into /tmp": "require('fs').writeFileSync('/tmp/written', 'x')",
    "write what it was given to read": "require('fs').writeFileSync(process.argv[1], 'x')",
    "write through a name of its own descriptor": "require('fs').writeFileSync('/proc/self/fd/1', 'done')",
    "change a mode": "require('fs').chmodSync(process.argv[1], 0o777)",
    "remove a file": "require('fs').unlinkSync(process.argv[1])",
    "rename a file": "require('fs').renameSync(process.argv[1], `${process.argv[1]}.old`)",
    "link to a host file": "require('fs').symlinkSync('/etc/passwd', `${process.argv[1]}.link`)",
    "make a folder": "require('fs').mkdirSync(`${process.argv[1]}.folder`)",
    "signal its host": "process.kill(+process.argv[4])",
    "signal its parent": "process.kill(process.ppid)",
    "become another user": "process.setuid(process.getuid() + 1)",
}


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        lacking("Node.js")
    return str(Path(found).resolve())


@pytest.fixture(params=["bubblewrap", "landlock"])
def way(request: pytest.FixtureRequest) -> Way:
    """Each way to confine a process."""
    found: Way = request.param
    if why_not(found):
        lacking("Landlock" if found == "landlock" else found)
    return found


def ran(
    launcher: Launcher,
    node: str,
    folder: Path,
    source: str,
    *arguments: str,
    descriptors: tuple[int, ...] = (),
) -> str:
    """What a script says, which sees its folder."""
    folder.chmod(0o755)
    script = folder / "script.js"
    script.write_text(source)
    process = launcher.start(
        [node, str(script), *arguments],
        environment={"HOME": "/"},
        readable=[folder],
        descriptors=descriptors,
        errors=subprocess.STDOUT,
    )
    out, _ = process.communicate(timeout=PATIENCE)
    return out.decode()


def attacked(launcher: Launcher, node: str, folder: Path, attack: str) -> str:
    secret, seen = folder / "secret", folder / "seen"
    secret.write_text("the host's secret")
    seen.mkdir()
    (seen / "link").symlink_to(secret)
    source = f"(() => {{ try {{ {attack}; return 'done' }} catch {{ return 'failed' }} }})()"
    said = ran(
        launcher, node, seen, f"console.log({source})", str(secret), str(seen / "link"), str(os.getpid())
    )
    assert {path.name for path in seen.iterdir()} == {"script.js", "link"}
    return said


Run = Callable[..., str]


@pytest.fixture
def run(way: Way, node: str, tmp_path: Path) -> Run:
    """Run a script confined."""

    def _run(source: str, *arguments: str, descriptors: tuple[int, ...] = ()) -> str:
        return ran(ConfinedLauncher(way), node, tmp_path, source, *arguments, descriptors=descriptors)

    return _run


def test_it_runs_with_threads_and_timers(run: Run) -> None:
    source = (
        "const { Worker } = require('worker_threads');"
        "new Worker('require(\"worker_threads\").parentPort.postMessage(6 * 7)', { eval: true })"
        ".on('message', (x) => setTimeout(() => console.log(x), 10))"
    )
    assert run(source) == "42\n"


def test_it_uses_a_descriptor_that_it_is_given(run: Run) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"hello")
        source = (
            "new (require('net').Socket)({ fd: +process.argv[2] })"
            ".once('data', (d) => { console.log(`${d}`); process.exit() })"
        )
        assert run(source, str(theirs.fileno()), descriptors=(theirs.fileno(),)) == "hello\n"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_fails(way: Way, node: str, tmp_path: Path, attack: str) -> None:
    assert attacked(ConfinedLauncher(way), node, tmp_path, attack) == "failed\n"


@pytest.mark.parametrize("attack", READS.values(), ids=READS)
def test_the_same_attack_succeeds_where_nothing_confines(node: str, tmp_path: Path, attack: str) -> None:
    assert attacked(PlainLauncher(allowed=True), node, tmp_path, attack) == "done\n"


@pytest.mark.parametrize("kind", ["tcp", "unix", "abstract"])
def test_there_is_no_network(run: Run, tmp_path: Path, kind: str) -> None:
    address = {"unix": str(tmp_path / "socket"), "abstract": f"\0fieldcraft-{os.getpid()}"}.get(kind)
    where = socket.create_server(("127.0.0.1", 0)) if address is None else socket.socket(socket.AF_UNIX)
    with closing(where) as server:
        if address is not None:
            server.bind(address)
            server.listen()
        to = f"{{ port: {server.getsockname()[1]} }}" if address is None else f"{{ path: {address!r} }}"
        source = (
            f"try {{ const s = require('net').connect({to.replace(chr(92) + 'x00', chr(92) + '0')});"
            "s.on('connect', () => console.log('done')); s.on('error', () => console.log('failed')) }"
            "catch { console.log('failed') }"
        )
        assert run(source) == "failed\n"


def test_secrets_of_the_host_are_not_in_its_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    names = run("console.log(Object.keys(process.env).join(' '))").split()
    assert "HOME" in names
    assert set(names) <= {"HOME", "PWD", "OPENSSL_CONF"}


def test_memory_is_limited(run: Run) -> None:
    source = (
        "const a = []; for (let i = 0; i < 64; i++) a.push(Buffer.alloc(1 << 26, 1)); console.log('done')"
    )
    assert "done" not in run(source)


NO_LANDLOCK = """
import struct, sys
from fieldcraft.skills.sandbox import process_launcher
from fieldcraft.skills.sandbox.worker import lockdown, seccomp

lockdown.drop_privileges()
refuse = ((0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000))
seccomp.install(b"".join(struct.pack("HBBI", *one) for one in refuse))
launcher = process_launcher()
print(launcher.confines, launcher.problem, process_launcher("unsafe").confines)
"""
"""What an engine's profile that refuses Landlock does, on a machine without bubblewrap."""


def test_a_machine_that_cannot_confine_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_LANDLOCK],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout.startswith("False "), done.stderr
    assert "not installed (apt-get install" in done.stdout
    assert "there is no Landlock" in done.stdout
    assert done.stdout.endswith(" True\n")


def test_landlock_takes_the_place_of_bubblewrap(monkeypatch: pytest.MonkeyPatch, node: str) -> None:
    if why_not("landlock"):
        lacking("Landlock")
    monkeypatch.setenv("PATH", "")
    launcher = process_launcher()
    assert isinstance(launcher, ConfinedLauncher)
    assert launcher.way == "landlock"


def test_another_processor_has_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(UnsupportedArchitecture, match="riscv64"):
        ConfinedLauncher()
