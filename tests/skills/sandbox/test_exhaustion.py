"""Programs that exhaust, hang, crash or hang on: what is left of them is an `Execution`, in every sandbox."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from sandbox_engine import mine

from fieldcraft.skills import KillReason
from fieldcraft.skills.sandbox import ProgramLimits

SHORT = ProgramLimits(seconds=2.0)


@pytest.mark.attack("use up memory: objects, strings, mmap, shared memory")
@pytest.mark.parametrize(
    "body",
    [
        "x = bytearray(2 ** 31)",
        "x = []\n    while True:\n        x.append(bytearray(2 ** 20))",
        "import mmap\n    x = []\n    while True:\n        x.append(mmap.mmap(-1, 2 ** 24))",
        "import mmap\n    x = [mmap.mmap(-1, 2 ** 20, mmap.MAP_SHARED) for _ in range(2 ** 12)]",
        "import ctypes\n    x = [ctypes.create_string_buffer(2 ** 22) for _ in range(2 ** 12)]",
        "x = 'y' * 2 ** 40",
        "x = [0]\n    while True:\n        x = x + x",
    ],
)
def test_memory_is_limited(run, body):
    before = _resident_memory()
    execution = run(f"def f(bot):\n    {body}\n", limits=ProgramLimits(memory=128 * 2**20, seconds=10))
    assert not execution.ok
    assert execution.killed is KillReason.MEMORY or execution.fault.kind in ("MemoryError", "OSError")
    assert _resident_memory() - before < 64 * 2**20


def test_running_out_of_memory_is_explained(run):
    fault = run("def f(bot):\n    return bytearray(2 ** 31)\n").fault
    assert "512 MiB" in fault.message


def _resident_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.attack("never end: swallow everything, handle signals, hang in C, sleep, wait for a lock")
@pytest.mark.parametrize(
    "body",
    [
        "while True:\n        try:\n            g()\n        except BaseException:\n            pass",
        "return 10 ** (10 ** 9)",
        "import re\n    return re.match('(a+)+b', 'a' * 64)",
        "import time\n    time.sleep(1000)",
        "import signal\n    for n in {*range(1, 32)} - {9, 19}:\n        signal.signal(n, print)\n    g()",
        "for _ in iter(int, 1):\n        pass",
        "import os\n    os.read(3, 1)",
        "import threading\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
        "import signal\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    g()",
        "import ctypes\n    ctypes.CDLL(None).pause()\n    ctypes.CDLL(None).sleep(1000)",
        "import zlib\n    zlib.crc32(bytes(1))\n    sum(range(10 ** 13))",
    ],
)
def test_nothing_outlives_the_deadline(run, body):
    source = (
        f"def f(bot):\n    {body}\n\ndef g():\n    while True:\n        pass\n\ndef h(bot):\n    f(bot)\n"
    )
    execution = run(source, limits=ProgramLimits(seconds=0.4))
    assert execution.killed is KillReason.DEADLINE
    assert execution.fault is None


@pytest.mark.attack("crash: wild pointers, endless recursion, sudden exits")
def test_wild_memory_access_kills_only_the_worker(run):
    execution = run("import ctypes\n\ndef f(bot):\n    ctypes.string_at(0)\n")
    assert execution.killed is KillReason.CRASHED
    assert "SIGSEGV" in execution.detail
    assert run("def f(bot):\n    return bot.add(1)\n").result == 2


@pytest.mark.attack("crash: wild pointers, endless recursion, sudden exits")
def test_unbounded_recursion_in_c_kills_only_the_worker(run):
    source = """
import sys

def f(bot):
    sys.setrecursionlimit(10 ** 9)
    class A:
        def __getattr__(self, n):
            return getattr(self, n)
    A().x
"""
    execution = run(source, limits=SHORT)
    assert not execution.ok


@pytest.mark.attack("crash: wild pointers, endless recursion, sudden exits")
def test_a_program_that_leaves_without_a_word_crashed(run):
    execution = run("import os\n\ndef f(bot):\n    os._exit(5)\n")
    assert execution.killed is KillReason.CRASHED
    assert "status 5" in execution.detail


@pytest.mark.attack("crash: wild pointers, endless recursion, sudden exits")
def test_a_program_that_closes_its_wire_is_ended(run):
    execution = run(
        "import os\n\ndef f(bot):\n    os.close(3)\n    while True:\n        pass\n", limits=SHORT
    )
    assert execution.killed is KillReason.CRASHED


@pytest.mark.attack("leave a daemon behind")
def test_no_daemon_outlives_a_kill(run):
    source = """
import os, sys, atexit

def f(bot):
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
    atexit.register(lambda: f(bot))
    while True:
        pass
"""
    before = _processes()
    assert run(source, limits=ProgramLimits(seconds=0.3)).killed is KillReason.DEADLINE
    assert _processes() == before


def _processes() -> int:
    """How many processes run that descend from this one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    mine = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return len(mine)


@pytest.mark.attack("trace and profile hooks")
def test_tracing_hooks_do_not_reach_beyond_the_program(run):
    source = """
import sys

def f(bot):
    def hook(frame, event, argument):
        raise ValueError('traced')
    sys.setprofile(hook)
    sys.settrace(hook)
    g()

def g():
    pass

def h(bot):
    f(bot)
"""
    execution = run(source)
    assert execution.fault.kind == "ValueError"


@pytest.mark.attack("exhaust the host by many small programs")
def test_many_small_programs_leave_nothing(run):
    run("def f(bot):\n    pass\n")
    before = _descriptors(), _processes(), threading.active_count()
    for _ in range(50):
        run("def f(bot):\n    bot.add(1)\n")
    assert (_descriptors(), _processes(), threading.active_count()) == before


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.attack("turn the clock back")
def test_the_host_keeps_its_own_clock(run):
    source = """
import time

def f(bot):
    time.time = time.monotonic = lambda: 0
    while True:
        pass
"""
    began = time.monotonic()
    assert run(source, limits=ProgramLimits(seconds=0.3)).killed is KillReason.DEADLINE
    assert time.monotonic() > began


@pytest.mark.attack("exhaust the host by many small programs")
def test_many_programs_that_crash_or_hang_leave_nothing(run):
    bodies = [
        "import os; os._exit(1)",
        "import ctypes; ctypes.string_at(0)",
        "bot.fail()",
        "return bytearray(2 ** 40)",
    ]
    run("def f(bot):\n    pass\n")
    before = _descriptors(), _processes(), threading.active_count()
    for number in range(24):
        run(f"def f(bot):\n    {bodies[number % 4]}\n")
    assert (_descriptors(), _processes(), threading.active_count()) == before


def _in_containers(client) -> int:
    return sum(container.stats(stream=False)["pids_stats"]["current"] for container in mine(client))


@pytest.mark.attack("exhaust the host by many small programs")
@pytest.mark.parametrize("sandbox", ["docker", "docker-streams"], indirect=True)
def test_many_small_programs_leave_nothing_in_the_container(client, run):
    run("def f(bot):\n    pass\n")
    before = _in_containers(client)
    for _ in range(100):
        run("import os\n\ndef f(bot):\n    os._exit(0)\n")
    assert _in_containers(client) == before
