"""The host keeps control: tools, cancel, Ctrl-C, a dying fork server, forged and broken frames."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from machine import PATIENCE

from fieldcraft.skills import KillReason, parse_program
from fieldcraft.skills.program.source import Program
from fieldcraft.skills.sandbox import ProcessSandbox, ProgramLimits, SandboxUnavailable

FOREVER = "def f(bot):\n    while True:\n        pass\n"


def test_tools_answer_programs(run, shed):
    execution = run("def f(bot):\n    return tools.double(number=21)\n", tools=shed)
    assert execution.result == {"doubled": 42}
    assert [(call.name, call.arguments) for call in execution.calls] == [("tools.double", "number=21")]


def test_tool_threads_are_not_bound_to_the_programs_core(run, shed):
    run("def f(bot):\n    return tools.double(number=21)\n", tools=shed)
    assert shed.affinities == [os.sched_getaffinity(0)]


def test_a_failing_tool_is_told_and_is_no_failed_primitive(run, shed):
    source = (
        "def f(bot):\n    try:\n        tools.broken()\n    except ToolError as e:\n        return str(e)\n"
    )
    execution = run(source, tools=shed)
    assert execution.result == "the search engine is on fire"
    assert execution.failed_calls == []
    assert execution.calls[0].error == "the search engine is on fire"


def test_unknown_tools_and_positional_arguments_are_explained(run, shed):
    assert (
        "did you mean 'double'" in run("def f(bot):\n    tools.doubl(number=1)\n", tools=shed).fault.message
    )
    assert "keyword arguments" in run("def f(bot):\n    tools.double(1)\n", tools=shed).fault.message
    assert run("def f(bot):\n    tools.double(number=1)\n").fault.kind == "AttributeError"


def test_a_tool_that_hangs_does_not_outlast_the_deadline(run, shed):
    execution = run("def f(bot):\n    tools.slow()\n", tools=shed, limits=ProgramLimits(seconds=0.3))
    assert execution.killed is KillReason.DEADLINE
    assert execution.calls[0].name == "tools.slow"


def test_cancel_ends_a_loop(run, sandbox, later):
    later(0.2, sandbox.cancel)
    execution = run("def f(bot):\n    print('going')\n    while True:\n        pass\n")
    assert execution.killed is KillReason.CANCELLED
    assert execution.log == "going\n"


def test_cancel_ends_a_wait_for_a_tool(run, sandbox, shed, later):
    later(0.2, sandbox.cancel)
    assert run("def f(bot):\n    tools.slow()\n", tools=shed).killed is KillReason.CANCELLED


def test_cancel_within_a_primitive_ends_the_program_after_it(run, sandbox, bench):
    bench.interrupt = sandbox.cancel
    execution = run("def f(bot):\n    bot.signal()\n    bot.say('too late')\n")
    assert execution.killed is KillReason.CANCELLED
    assert (execution.call_count, bench.heard) == (1, [])


def test_a_cancel_between_programs_is_forgotten(run, sandbox):
    sandbox.cancel()
    assert run("def f(bot):\n    return 1\n").ok


def test_ctrl_c_while_a_program_runs_is_raised_and_leaves_the_sandbox_usable(run, later):
    later(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run(FOREVER)
    assert run("def f(bot):\n    return 1\n").result == 1


def test_ctrl_c_within_a_primitive_is_raised_and_leaves_the_sandbox_usable(run, bench):
    def interrupt() -> None:
        raise KeyboardInterrupt

    bench.interrupt = interrupt
    with pytest.raises(KeyboardInterrupt):
        run("def f(bot):\n    bot.signal()\n")
    assert run("def f(bot):\n    return 1\n").result == 1


def test_one_program_at_a_time(run, sandbox, bench):
    bench.interrupt = lambda: sandbox.run(parse_program(FOREVER), bench)
    execution = run("def f(bot):\n    bot.signal()\n")
    assert "runs a program already" in execution.fault.message


def test_other_languages_are_refused(sandbox, bench):
    with pytest.raises(SandboxUnavailable, match="runs no javascript programs"):
        sandbox.run(Program(source="", entry="f", language="javascript"), bench)


def test_affinity_is_restored(run):
    before = os.sched_getaffinity(0)
    run("def f(bot):\n    return 1\n")
    assert os.sched_getaffinity(0) == before


def test_a_closed_sandbox_can_be_closed_again(bench):
    sandbox = ProcessSandbox("none")
    sandbox.run(parse_program("def f(bot):\n    pass\n"), bench)
    sandbox.close()
    sandbox.close()


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, _, rest = stat.read_text().partition(" ")
        except OSError:
            continue
        if int(rest.rpartition(")")[2].split()[1]) == pid:
            found.append(int(number))
    return found


def test_a_fork_server_that_died_is_started_anew(bench):
    with ProcessSandbox("none") as sandbox:
        program = parse_program("def f(bot):\n    return 1\n")
        before = set(_children(os.getpid()))
        assert sandbox.run(program, bench).ok
        (server,) = set(_children(os.getpid())) - before
        os.kill(server, signal.SIGKILL)
        time.sleep(0.05)
        assert sandbox.run(program, bench).result == 1


def test_a_fork_server_that_dies_under_a_program_takes_it_along(bench):
    with ProcessSandbox("none") as sandbox:
        before = set(_children(os.getpid()))
        bench.interrupt = lambda: [
            os.kill(pid, signal.SIGKILL) for pid in set(_children(os.getpid())) - before
        ]
        execution = sandbox.run(
            parse_program("def f(bot):\n    bot.signal()\n    while True:\n        pass\n"), bench
        )
        assert execution.killed is KillReason.CRASHED
        assert "fork server" in execution.detail
        assert sandbox.run(parse_program("def f(bot):\n    return 1\n"), bench).result == 1


def test_nothing_outlives_a_host_that_is_killed(tmp_path):
    script = tmp_path / "host.py"
    script.write_text(
        "import sys\nsys.path.insert(0, sys.argv[1])\nfrom sandbox_bench import Bench\n"
        "from fieldcraft.skills import parse_program\nfrom fieldcraft.skills.sandbox import open_sandbox\n"
        "bench = Bench()\nbench.interrupt = lambda: print('in', flush=True)\n"
        "source = 'def f(bot):\\n    bot.signal()\\n    while True:\\n        pass\\n'\n"
        "open_sandbox('unsafe').run(parse_program(source), bench)\n"
    )
    with subprocess.Popen(
        [sys.executable, script, Path(__file__).parent], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as host:
        assert host.stdout.readline() == b"in\n"
        servers = _children(host.pid)
        workers = [worker for server in servers for worker in _children(server)]
        assert servers
        assert workers
        host.kill()
    deadline = time.monotonic() + PATIENCE
    while any(_running(pid) for pid in servers + workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(_running(pid) for pid in servers + workers)


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
