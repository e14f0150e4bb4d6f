"""What a container stops by itself: the attacks of a worker that has no lock-down of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_bench import Bench, attempt, open_for_test
from sandbox_engine import TEST_IMAGES, image_from

from fieldcraft.skills import Execution, parse_program
from fieldcraft.skills.sandbox import DockerSandbox, ProgramLimits
from fieldcraft.skills.sandbox.docker.engine import connect
from fieldcraft.skills.sandbox.worker import container, lockdown

IMAGE = f"{TEST_IMAGES}:unlocked"
MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def unlocked() -> Iterator[DockerSandbox]:
    """A sandbox whose workers are not locked down."""
    open_for_test("docker").close()
    client = connect()
    unlocking = {
        "container.py": Path(container.__file__).read_text().replace('"container")', '"none")'),
        "lockdown.py": Path(lockdown.__file__).read_text().replace("in limits.items()", "in ()"),
    }
    image_from(client, IMAGE, ["COPY *.py /fieldcraft/worker/"], unlocking)
    with DockerSandbox(image=IMAGE) as sandbox:
        yield sandbox
    client.images.remove(IMAGE, force=True)
    client.close()


def run(sandbox: DockerSandbox, *lines: str, imports: str = "os", **arguments: object) -> Execution:
    program = parse_program(attempt(*lines, imports=imports))
    return sandbox.run(program, Bench(), arguments=arguments, limits=ProgramLimits(seconds=20))


class TestContainer:
    """Every attack that a lock-down would have stopped, once more without one."""

    def test_its_workers_are_not_locked_down(self, unlocked):
        assert run(unlocked, "return os.listdir('/etc')").result != "refused"
        fork = "return os.waitpid(os.fork() or os._exit(3), 0)[1] >> 8"
        assert run(unlocked, fork).result == 3

    def test_host_files_are_not_there(self, unlocked, secret):
        assert run(unlocked, "return open(path).read()", path=str(secret)).result == "refused"
        assert (
            run(unlocked, "return open('/proc/1/root' + path).read()", path=str(secret)).result == "refused"
        )

    def test_host_processes_are_not_there(self, unlocked):
        seen = run(unlocked, "return [name for name in os.listdir('/proc') if name.isdigit()]").result
        assert len(seen) < 10
        source = "return b'PATH=' in open(f'/proc/{number}/environ', 'rb').read()"
        assert run(unlocked, source, number=os.getpid()).result in ("refused", False)

    def test_the_network_is_not_there(self, unlocked):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            line = "return socket.create_connection(('127.0.0.1', number), 1).fileno()"
            assert run(unlocked, line, imports="socket", number=listener.getsockname()[1]).result == "refused"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"\0fieldcraft-alone-{os.getpid()}")
            listener.listen()
            lines = (
                "s = socket.socket(socket.AF_UNIX)",
                "return s.connect('\\0fieldcraft-alone-' + str(number))",
            )
            assert run(unlocked, *lines, imports="socket", number=os.getpid()).result == "refused"

    def test_nothing_can_be_written_but_a_little_scratch(self, unlocked):
        for folder in ("/", "/fieldcraft/worker", "/usr/local/lib", "/run/fieldcraft", "/etc"):
            assert run(unlocked, "open(path + '/x', 'w')", "return 1", path=folder).result == "refused", (
                folder
            )
        fill = (
            "size = 0",
            "file = open(path + '/x', 'wb', 0)",
            "while True: size += file.write(bytes(65536))",
        )
        for folder in ("/tmp", "/dev/shm"):
            assert run(unlocked, *fill, path=folder).result == "refused"
            assert run(unlocked, f"return os.path.getsize('{folder}/x')").result <= 16 * MEBIBYTE
            assert run(unlocked, f"os.remove('{folder}/x')", "return 'gone'").result == "gone"

    def test_files_of_tmp_cannot_be_run(self, unlocked):
        lines = (
            "open('/tmp/x', 'w').write('#!/usr/local/bin/python3')",
            "os.chmod('/tmp/x', 0o755)",
            "os.execv('/tmp/x', ['x'])",
        )
        assert run(unlocked, *lines).result == "refused"

    def test_no_capability_can_be_had(self, unlocked):
        for line in ("os.setuid(0)", "os.chroot('/tmp')", "os.mknod('/tmp/n', 0o20666, 259)", "os.nice(-5)"):
            assert run(unlocked, line, "return 'done'").result == "refused", line
        mount = (
            "return 'refused' if ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) else 'mounted'"
        )
        assert run(unlocked, mount, imports="ctypes").result == "refused"
        namespace = "return 'refused' if ctypes.CDLL(None).unshare(0x10000000) else 'made'"
        assert run(unlocked, namespace, imports="ctypes").result == "refused"

    @pytest.mark.usefixtures("unlocked")
    def test_a_fork_bomb_stays_inside_and_takes_nothing_from_the_next_program(self):
        lines = ("while True:", "    if os.fork() == 0: time.sleep(100)", "    print('one')")
        with DockerSandbox(image=IMAGE) as of_its_own:
            execution = run(of_its_own, *lines, imports="os, time")
            assert execution.result == "refused"
            assert execution.log.count("one") < 64
            assert run(of_its_own, "return 'alive'").result == "alive"

    def test_a_memory_bomb_stays_inside(self, unlocked):
        lines = ("kept = []", "while True: kept.append(bytearray(2 ** 24))")
        execution = run(unlocked, *lines)
        assert execution.killed or execution.result == "refused"
        assert run(unlocked, "return 'alive'").result == "alive"
