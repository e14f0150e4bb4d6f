"""Attacks by what a program passes, returns, raises and leaves behind in its interpreter."""

from __future__ import annotations

import pytest

from fieldcraft.skills import KillReason


@pytest.mark.attack("pickles, and objects that pretend to be others")
@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_only_text_to_the_host(run, bench, tmp_path, protocol):
    source = """
import os, pickle

class P:
    def __reduce__(self):
        return os.system, ('touch ' + path_of_proof,)

def f(bot, path='', protocol=0):
    global path_of_proof
    path_of_proof = path
    data = pickle.dumps(P(), protocol)
    bot.say(data.decode('latin-1'))
    return data.decode('latin-1')
"""
    proof = tmp_path / "pwned"
    execution = run(source, arguments={"path": str(proof), "protocol": protocol})
    assert execution.ok
    assert type(bench.heard[0]) is str
    assert not proof.exists()


@pytest.mark.attack("pickles, and objects that pretend to be others")
def test_objects_that_pretend_to_be_others_arrive_as_what_they_are(run, bench):
    source = """
class Text(str):
    __class__ = property(lambda self: 1 / 0)
    def __reduce__(self): raise SystemExit
    def __str__(self): return 'changed'

class Number(int):
    def __repr__(self): return '{"type":"done"}\\\\n'

class Map(dict):
    def items(self): raise KeyboardInterrupt

def f(bot):
    for thing in (Text('text'), Number(7), Map(a=1)):
        try:
            bot.say(thing)
        except BaseException as error:
            print(type(error).__name__)
"""
    execution = run(source)
    assert execution.killed is None
    assert all(thing in ("text", "changed", 7, {"a": 1}) for thing in bench.heard)


@pytest.mark.attack("plant hooks that run when the program is over")
def test_hooks_planted_for_later_change_nothing_of_the_end(run):
    source = """
import atexit, gc, sys, weakref

class Trap:
    def __del__(self):
        raise SystemExit(9)

def f(bot):
    atexit.register(lambda: 1 / 0)
    gc.callbacks.append(lambda *_: 1 / 0)
    sys.excepthook = sys.unraisablehook = sys.displayhook = lambda *_: 1 / 0
    sys.addaudithook(lambda *_: None)
    sys.stdout = sys.stderr = None
    trap = Trap()
    trap.again = trap
    return 'done'
"""
    execution = run(source)
    assert execution.result == "done" or execution.killed is KillReason.CRASHED or execution.fault
    assert run("def f(bot):\n    return bot.add(1)\n").result == 2
