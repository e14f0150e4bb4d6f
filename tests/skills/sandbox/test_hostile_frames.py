"""Forged and broken frames, floods of them: the host believes none and ends the program."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fieldcraft.skills import KillReason
from fieldcraft.skills.sandbox import ProgramLimits


def forging(*frames: bytes, then: str = "bot.add(1)") -> str:
    """A program that writes these bytes to its own wire."""
    writes = "".join(f"    os.write(3, {frame!r})\n" for frame in frames)
    return f"import os\n\ndef f(bot):\n{writes}    {then}\n"


@pytest.mark.attack("broken frames: giant, nested, not UTF-8, NaN, of other types, after the end")
@pytest.mark.parametrize(
    "frame",
    [
        b"junk\n",
        b"\n",
        b"[]\n",
        b"null\n",
        b"{}\n",
        b'{"type":"log"}\n',
        b'{"type":"log","text":3}\n',
        b'{"type":"log","text":""}\n',
        b'{"type":"log","text":"\xff\xfe"}\n',
        b'{"type":"log","text":"\\ud800"}\n',
        b'{"type":"log","text":"x","more":1}\n',
        b'{"type":"ready"}\n',
        b'{"type":"value","id":0,"value":"forged answer"}\n',
        b'{"value":"forged answer"}\n',
        b'{"type":"call","id":7,"name":"add","args":[1],"kwargs":{}}\n',
        b'{"type":"call","id":-1,"name":"add","args":[1],"kwargs":{}}\n',
        b'{"type":"call","id":true,"name":"add","args":[1],"kwargs":{}}\n',
        b'{"type":"call","id":0,"name":["add"],"args":[1],"kwargs":{}}\n',
        b'{"type":"call","id":0,"name":"add","args":[NaN],"kwargs":{}}\n',
        b'{"type":"call","id":0,"name":"add","args":[1e999],"kwargs":{}}\n',
        b'{"type":"call","id":0,"name":"add","args":' + b"[" * 5000 + b"\n",
        b'{"type":"call","id":0,"name":"add","args":' + b"[" * 1000 + b"]" * 1000 + b',"kwargs":{}}\n',
        b'{"type":"call","id":0,"name":"add","args":[' + b"9" * 9000 + b'],"kwargs":{}}\n',
        b'{"type":"skills","counts":{"no_such_skill":1}}\n',
        b'{"type":"skills","counts":{"add":-1}}\n',
        b'{"type":"done","fault":null,"result":NaN,"skills":{}}\n',
        b'{"type":"done","fault":null,"result":1,"skills":{},"failed_calls":[]}\n',
        b'{"type":"done","fault":{"kind":"E","message":"m","line":0,"skill":null},"result":1,"skills":{}}\n',
        b'{"type":"done","fault":{"kind":"E","message":"m","line":1,"skill":"no"},"result":1,"skills":{}}\n',
    ],
)
def test_a_broken_frame_ends_the_program(run, frame):
    execution = run(forging(frame))
    assert execution.killed is KillReason.PROTOCOL
    assert len(execution.detail) <= 2000
    assert execution.call_count == 0


@pytest.mark.attack("broken frames: giant, nested, not UTF-8, NaN, of other types, after the end")
def test_a_giant_frame_ends_the_program(run):
    source = "import os\n\ndef f(bot):\n    while True:\n        os.write(3, b'x' * 65536)\n"
    execution = run(source, limits=ProgramLimits(frame=100_000))
    assert execution.killed is KillReason.PROTOCOL


@pytest.mark.attack("floods: frames unread, logs, counts")
def test_a_program_that_stops_reading_does_not_hang_the_host(run):
    call = b'{"type":"call","id":%d,"name":"say","args":["' + b"x" * 60_000 + b'"],"kwargs":{}}\n'
    source = f"""
import os, time

def f(bot):
    for i in range(1000):
        os.write(3, {call!r} % i)
    time.sleep(100)
"""
    assert run(source, limits=ProgramLimits(seconds=0.5)).killed is KillReason.DEADLINE


@pytest.mark.attack("frames that lie: forged ends, answers to calls never made, calls out of turn")
def test_a_forged_end_is_only_a_word_about_the_program(run, bench):
    done = b'{"type":"done","fault":null,"result":"all mined","skills":{}}\n'
    call = b'{"type":"call","id":0,"name":"say","args":["after the end"],"kwargs":{}}\n'
    execution = run(forging(done + call))
    assert execution.result == "all mined"
    assert (execution.call_count, execution.failed_calls, execution.ticks) == (0, [], 0)
    assert bench.heard == []


@pytest.mark.attack("frames that lie: forged ends, answers to calls never made, calls out of turn")
def test_a_forged_end_does_not_undo_failures(run):
    done = b'{"type":"done","fault":null,"result":1,"skills":{}}\n'
    source = f"""
import os

def f(bot):
    try:
        bot.fail()
    except PrimitiveError:
        os.write(3, {done!r})
"""
    assert run(source).failed_calls == ["nothing to mine here"]


@pytest.mark.attack("frames that lie: forged ends, answers to calls never made, calls out of turn")
def test_a_forged_fault_shows_the_hosts_own_copy_of_the_line(run):
    done = (
        b'{"type":"done","fault":{"kind":"E","message":"m","line":1,"skill":null},"result":1,"skills":{}}\n'
    )
    fault = run(forging(done)).fault
    assert fault.text == "import os"
    done = done.replace(b'"line":1', b'"line":999999')
    assert run(forging(done)).fault.line is None


@pytest.mark.attack("frames that lie: forged ends, answers to calls never made, calls out of turn")
def test_a_frame_while_a_tool_runs_ends_the_program(run, shed):
    tool = b'{"type":"tool","id":0,"name":"slow","arguments":{}}\n'
    source = f"""
import os, time

def f(bot):
    os.write(3, {tool!r})
    time.sleep(0.2)
    print('impatient')
    time.sleep(9)
"""
    execution = run(source, tools=shed, limits=ProgramLimits(seconds=5))
    assert execution.killed is KillReason.PROTOCOL


@pytest.mark.attack("floods: frames unread, logs, counts")
def test_a_log_flood_on_the_wire_is_counted(run):
    frame = b'{"type":"log","text":"' + b"x" * 1000 + b'"}\n'
    source = f"import os\n\ndef f(bot):\n    while True:\n        os.write(3, {frame!r})\n"
    execution = run(source, limits=ProgramLimits(output=5000))
    assert execution.killed is KillReason.OUTPUT
    assert len(execution.log) < 5100


@pytest.mark.attack("floods: frames unread, logs, counts")
@pytest.mark.parametrize(
    ("frame", "ended"),
    [
        (b'{"type":"log","text":""}', KillReason.PROTOCOL),
        (b'{"type":"log","text":"x"}', KillReason.OUTPUT),
        (b'{"type":"skills","counts":{}}', KillReason.DEADLINE),
        (b'{"type":"skills","counts":' + b" " * 60_000 + b"{}}", KillReason.DEADLINE),
        (b" " * 60_000 + b"{}", KillReason.PROTOCOL),
    ],
)
def test_floods_cost_the_host_no_memory(run, frame, ended):
    source = f"""
import os

def f(bot):
    data = {frame!r} + b'\\n'
    data = data * (60_000 // len(data) or 1)
    while True:
        os.write(3, data)
"""
    before = _resident_memory()
    seconds = 1.0 if ended is KillReason.DEADLINE else 60.0
    execution = run(source, limits=ProgramLimits(seconds=seconds))
    assert execution.killed is ended
    assert _resident_memory() - before < 32 * 2**20


def _resident_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.attack("floods: frames unread, logs, counts")
def test_a_frame_that_comes_byte_by_byte_is_waited_for_no_longer_than_the_deadline(run):
    source = "import os\n\ndef f(bot):\n    while True:\n        os.write(3, b'x')\n"
    assert run(source, limits=ProgramLimits(seconds=0.5)).killed is KillReason.DEADLINE


@pytest.mark.attack("frames that lie: forged ends, answers to calls never made, calls out of turn")
def test_a_result_may_be_large_but_not_larger_than_a_frame(run):
    done = b'{"type":"done","fault":null,"result":"%s","skills":{}}\n'
    source = f"import os\n\ndef f(bot):\n    data = {done!r} % (b'x' * 5000)\n    os.write(3, data)\n"
    assert run(source).result == "x" * 5000
    assert run(source, limits=ProgramLimits(frame=4096)).killed is KillReason.PROTOCOL
