"""Work in a process of its own ends by its limits, with its host, and on Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from machine import PATIENCE

from fieldcraft.common import processes
from fieldcraft.common.processes import BoundedWorker, OutOfMemory, OutOfTime, WorkFailed

HERE = Path(__file__).parent


@pytest.fixture
def start():
    workers = []

    def made(name: str, **limits: object) -> BoundedWorker:
        chosen = {"seconds": 5.0, "memory": 200_000_000, **limits}
        workers.append(BoundedWorker(f"working_examples:{name}", folder=HERE, **chosen))
        return workers[-1]

    yield made
    for worker in workers:
        worker.close()


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_the_end_of(process: int) -> bool:
    end = time.monotonic() + PATIENCE
    while is_running(process) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_running(process)


def test_answers_come_from_one_process(start):
    worker = start("number")
    assert worker(b"") == worker(b"") != str(os.getpid()).encode()


def test_large_requests_and_answers_pass(start):
    assert start("upper")(b"a" * 3_000_000) == b"A" * 3_000_000


def test_endless_work_is_ended_and_the_next_call_is_served(start):
    worker = start("spin", seconds=0.2)
    with pytest.raises(OutOfTime, match=r"takes more than 0.2 s"):
        worker(b"x")
    assert worker(b"") == b"idle"


def test_work_that_waits_for_ever_is_ended_by_the_clock(start):
    with pytest.raises(OutOfTime):
        start("sleep", seconds=0.05)(b"600")


def test_memory_is_limited(start):
    worker = start("fill", memory=50_000_000)
    with pytest.raises(OutOfMemory, match="50 MB"):
        worker(b"500000000")
    assert worker(b"3") == b"\0\0\0"


def test_an_answer_beyond_its_limit_is_not_read(start):
    with pytest.raises(WorkFailed, match="gave an answer of 2,000 bytes"):
        start("fill", answer=1000)(b"2000")


def test_an_error_inside_is_told(start):
    with pytest.raises(WorkFailed, match="failed: ValueError: no such thing"):
        start("fail")(b"no such thing")


def test_a_process_that_ends_is_told_and_replaced(start):
    worker = start("leave")
    for _ in range(2):
        with pytest.raises(WorkFailed, match="exit status 3"):
            worker(b"3")


HOST = f"""
import os
from pathlib import Path
from fieldcraft.common.processes import BoundedWorker

def make(name):
    folder = Path({str(HERE)!r})
    return BoundedWorker(f"working_examples:{{name}}", folder=folder, seconds=600.0, memory=10**8)

worker = make("number")
print(worker(b"").decode(), flush=True)
"""


def host(more: str) -> subprocess.Popen[str]:
    code = textwrap.dedent(HOST) + textwrap.dedent(more)
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_the_process_ends_with_a_host_that_is_killed():
    with host("make('sleep')(b'600')") as process:
        worker = int(process.stdout.readline())
        assert is_running(worker)
        process.kill()
    assert wait_for_the_end_of(worker)


def test_the_process_ends_with_a_host_that_ends():
    with host("") as process:
        worker = int(process.stdout.readline())
        assert process.wait(30) == 0
    assert wait_for_the_end_of(worker)


def test_ctrl_c_ends_the_wait_at_once():
    with host(
        """
        try:
            make("sleep")(b"500")
        except KeyboardInterrupt:
            print("stopped", flush=True)
        """
    ) as process:
        process.stdout.readline()
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(30) == 0


def test_after_a_fork_both_have_a_process_of_their_own():
    with host(
        """
        ours, child = worker(b""), os.fork()
        if child == 0:
            os._exit(0 if worker(b"") not in {ours, b""} else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), worker(b"") == ours)
        """
    ) as process:
        process.stdout.readline()
        assert process.stdout.readline() == "0 True\n"


@pytest.mark.parametrize(
    ("name", "data", "answer"), [("upper", b"a" * 100_000, b"A" * 100_000), ("spin", b"", b"idle")]
)
def test_without_limits_of_the_system_each_call_has_a_process(start, monkeypatch, name, data, answer):
    monkeypatch.setattr(processes, "_LIMITS", False)
    assert start(name)(data) == answer


@pytest.mark.slow
def test_without_limits_of_the_system_endless_work_is_ended(start, monkeypatch):
    monkeypatch.setattr(processes, "_LIMITS", False)
    monkeypatch.setattr(processes, "_START_SECONDS", 2.0)
    with pytest.raises(OutOfTime, match=r"takes more than 0.01 s"):
        start("spin", seconds=0.01)(b"x")


@pytest.mark.parametrize(
    ("name", "data", "why"), [("fail", b"so", "failed: ValueError: so"), ("leave", b"3", "exit status 3")]
)
def test_without_limits_of_the_system_failures_are_named(start, monkeypatch, name, data, why):
    monkeypatch.setattr(processes, "_LIMITS", False)
    with pytest.raises(WorkFailed, match=why):
        start(name)(data)
