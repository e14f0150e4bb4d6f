"""What programs see and what the host learns of them, in every sandbox."""

from __future__ import annotations

import pytest

from fieldcraft.skills import KillReason
from fieldcraft.skills.sandbox import BoundSkill, ProgramLimits, SkillSet


def test_a_program_calls_primitives_prints_and_returns(run):
    execution = run("def f(bot):\n    print('sum', bot.add(2, b=3))\n    return {'sum': bot.add(4)}\n")
    assert execution.ok
    assert execution.log == "sum 5\n"
    assert execution.result == {"sum": 5}
    assert [(call.name, call.arguments, call.error) for call in execution.calls] == [
        ("add", "2, b=3", None),
        ("add", "4", None),
    ]


def test_keyword_arguments_reach_the_entry(run):
    assert run("def f(bot, count=1):\n    return count\n", arguments={"count": 7}).result == 7


def test_positions_come_back_as_positions_at_any_depth(run):
    source = """
def f(bot):
    seen = bot.places()
    here, there = seen["here"], seen["all"][0]["at"]
    x, y, z = there
    distances = [here.distance(there), bot.walk(there), bot.walk(Position(x, y, z))]
    same = [isinstance(seen["xyz"], dict), here == Position(x=1, y=64, z=2)]
    return [here.offset(1, 0, 1).x, str(here), *distances, *same]
"""
    assert run(source).result == [2, "(1, 64, 2)", 5.0, 5.0, 5.0, True, True]


def test_a_failed_primitive_can_be_caught_and_is_counted(run):
    source = (
        "def f(bot):\n    try:\n        bot.fail()\n    except PrimitiveError as e:\n        return str(e)\n"
    )
    execution = run(source)
    assert execution.result == "nothing to mine here"
    assert execution.failed_calls == ["nothing to mine here"]
    assert execution.calls[0].error == "nothing to mine here"


def test_an_uncaught_failure_names_its_line(run):
    fault = run("def f(bot):\n    x = 1\n    bot.fail('need 3 planks')\n").fault
    assert (fault.kind, fault.message, fault.line, fault.text) == (
        "PrimitiveError",
        "need 3 planks",
        3,
        "bot.fail('need 3 planks')",
    )


def test_wrong_arguments_are_a_failed_primitive_call(run):
    execution = run("def f(bot):\n    bot.add('many')\n")
    assert execution.fault.kind == "PrimitiveError"
    assert "argument 0" in execution.fault.message
    assert len(execution.failed_calls) == 1


def test_an_unknown_primitive_names_the_nearest(run):
    execution = run("def f(bot):\n    bot.ad(1)\n")
    assert execution.fault.kind == "AttributeError"
    assert "did you mean 'add'" in execution.fault.message
    assert execution.call_count == 0


def test_too_many_failures_end_a_program_that_catches_them(run):
    source = """
def f(bot):
    while True:
        try:
            bot.fail()
        except BaseException:
            pass
"""
    execution = run(source)
    assert execution.killed is KillReason.FAILURES
    assert len(execution.failed_calls) == 3
    assert "nothing to mine here" in execution.detail


def test_a_failing_plug_in_is_told_recorded_and_survived(run):
    source = """
def f(bot):
    try:
        bot.break_down()
    except PrimitiveError as e:
        print(e)
    return bot.add(1)
"""
    execution = run(source)
    assert execution.result == 2
    assert "the environment failed: ZeroDivisionError" in execution.log
    assert "a plug-in's own mistake" in execution.detail


def test_the_tick_limit_ends_a_program(run):
    execution = run("def f(bot):\n    for _ in range(100):\n        bot.wait(300)\n")
    assert execution.killed is KillReason.TICKS
    assert execution.ticks == 1200
    assert execution.call_count == 4


def test_the_tick_limit_counts_from_the_start_of_the_program(run, bench):
    bench.clock = 5000
    execution = run("def f(bot):\n    bot.wait(999)\n")
    assert execution.ok
    assert execution.ticks == 999


def test_the_call_limit_ends_a_program(run):
    execution = run("def f(bot):\n    while True:\n        bot.add(1)\n", limits=ProgramLimits(calls=10))
    assert execution.killed is KillReason.CALLS
    assert execution.call_count == 10


def test_the_record_of_calls_is_bounded_and_keeps_both_ends(run):
    execution = run("def f(bot):\n    for i in range(500):\n        bot.add(i)\n")
    assert execution.call_count == 500
    assert len(execution.calls) <= 200
    assert (execution.calls[0].arguments, execution.calls[-1].arguments) == ("0", "499")


def test_too_much_output_ends_a_program_and_cuts_the_log(run):
    execution = run(
        "def f(bot):\n    while True:\n        print('x' * 100)\n", limits=ProgramLimits(output=1024)
    )
    assert execution.killed is KillReason.OUTPUT
    assert "the log is cut here" in execution.log
    assert len(execution.log) < 1100


def test_the_log_of_a_killed_program_survives(run):
    source = "def f(bot):\n    print('before the loop')\n    while True:\n        pass\n"
    execution = run(source, limits=ProgramLimits(seconds=0.3))
    assert execution.killed is KillReason.DEADLINE
    assert execution.log == "before the loop\n"


@pytest.mark.attack("exceptions with hostile text, class or traceback")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return 1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return f(bot)", "RecursionError"),
        ("input('name? ')", "RuntimeError"),
        ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})", "Odd"),
        ("raise type('Odd', (BaseException,), {'__class__': int, '__traceback__': None})", "Odd"),
        ("bot.say({1, 2})", "ArgumentsNotJSON"),
        ("bot.say(float('nan'))", "ArgumentsNotJSON"),
        ("bot.say('x' * 2_000_000)", "ArgumentsNotJSON"),
        ("x = []\n    for _ in range(300): x = [x]\n    bot.say(x)", "ArgumentsNotJSON"),
        ("a = []; a.append(a); bot.say(a)", "ArgumentsNotJSON"),
        ("return missing", "NameError"),
        ("return max(x.no for x in [1])", "AttributeError"),
    ],
)
def test_whatever_ends_a_program_is_a_fault_with_its_line(run, body, kind):
    execution = run(f"def f(bot):\n    {body}\n")
    assert execution.killed is None
    assert execution.fault.kind == kind
    assert execution.fault.line is not None
    assert len(execution.fault.message) <= 2000


def test_a_module_that_fails_to_start_is_a_fault_with_its_line(run):
    fault = run("import no_such_module\n\ndef f(bot):\n    pass\n").fault
    assert (fault.kind, fault.line, fault.text) == ("ModuleNotFoundError", 1, "import no_such_module")


def test_source_that_only_the_compiler_refuses_is_a_fault_with_its_line(run):
    fault = run("def f(bot):\n    x = 1\n    return\n\ndef g(bot):\n    break\n").fault
    assert (fault.kind, fault.line, fault.text) == ("SyntaxError", 6, "break")


def test_a_result_that_is_no_json_is_shown(run):
    assert run("def f(bot):\n    return {1, 2}\n").result == "{1, 2}"
    assert len(run("def f(bot):\n    return [object()] * 1000\n").result) == 1000


def test_text_that_is_no_valid_unicode_does_no_harm(run, bench):
    execution = run("def f(bot):\n    print('\\ud800')\n    bot.say('a\\udfffb')\n    return '\\udc00'\n")
    assert execution.ok
    assert execution.log == "?\n"
    assert bench.heard == ["a?b"]


def test_the_seed_fixes_the_random_numbers(run):
    source = "import random\n\ndef f(bot):\n    return [random.random(), list({'a', 'b', 'c'}), hash('x')]\n"
    first, again, other = (run(source, seed=seed).result for seed in ("one", "one", "two"))
    assert first == again
    assert first[0] != other[0]


def test_every_program_gets_a_fresh_worker(run):
    run("import math\n\ndef f(bot):\n    math.pi = 3\n    import builtins\n    builtins.len = None\n")
    assert run("import math\n\ndef f(bot):\n    return [math.pi > 3.1, len('ab')]\n").result == [True, 2]


def test_the_least_memory_is_enough_for_a_small_program(run):
    source = "import json, random, statistics\n\ndef f(bot):\n    return sum(range(1000)) + bot.add(1)\n"
    assert run(source, limits=ProgramLimits(memory=64 * 2**20)).result == 499502


def _skills() -> SkillSet:
    chop_old = BoundSkill(
        name="chop", digest="d1", entry="chop", source="def chop(bot):\n    return bot.add(1)\n"
    )
    chop_new = BoundSkill(
        name="chop", digest="d2", entry="chop", source="def chop(bot):\n    return bot.add(100)\n"
    )
    build = BoundSkill(
        name="build",
        digest="d3",
        entry="build",
        source="_calls = []\n\ndef build(bot, bad=False):\n    _calls.append(1)\n"
        "    if bad:\n        bot.fail()\n    return [chop(bot), len(_calls)]\n",
        dependencies={"chop": "d1"},
    )
    broken = BoundSkill(
        name="broken", digest="d4", entry="broken", source="1 / 0\n\ndef broken(bot):\n    pass\n"
    )
    modules = {skill.digest: skill for skill in (chop_old, chop_new, build, broken)}
    return SkillSet(roots={"chop": "d2", "build": "d3", "broken": "d4"}, modules=modules)


def test_skills_are_modules_bound_to_the_versions_they_were_kept_with(run):
    execution = run("def f(bot):\n    return [chop(bot), build(bot), build(bot)]\n", skills=_skills())
    assert execution.result == [101, [2, 1], [2, 2]]
    assert execution.skills_called == {"chop": 3, "build": 2}


def test_a_fault_in_a_skill_names_the_skill_and_its_line(run):
    fault = run("def f(bot):\n    build(bot, bad=True)\n", skills=_skills()).fault
    assert (fault.skill, fault.line, fault.text) == ("build", 6, "bot.fail()")


def test_a_skill_is_loaded_only_when_called(run):
    assert run("def f(bot):\n    return 1\n", skills=_skills()).ok
    fault = run("def f(bot):\n    broken(bot)\n", skills=_skills()).fault
    assert (fault.kind, fault.skill, fault.line) == ("ZeroDivisionError", "broken", 1)


def test_skill_counts_survive_a_kill(run):
    source = "def f(bot):\n    chop(bot)\n    while True:\n        pass\n"
    execution = run(source, skills=_skills(), limits=ProgramLimits(seconds=0.3))
    assert execution.killed is KillReason.DEADLINE
    assert execution.skills_called == {"chop": 1}
