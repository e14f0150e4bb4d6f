"""Sources that would keep the host busy, or break its parsers, are refused or read within seconds."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from machine import PATIENCE

from fieldcraft.skills import ProgramError, SkillLibrary, parse_program
from fieldcraft.skills.library.likeness import first_near, likeness, near
from fieldcraft.skills.program.javascript import read_script
from fieldcraft.skills.program.source import SOURCE_LIMIT

pytestmark = pytest.mark.attack("programs made to be slow to read or to compare")

SECONDS = PATIENCE
"""What is called a hang here: the limits are about one second, on a machine that may be busy."""


@pytest.fixture(autouse=True)
def in_time():
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < SECONDS


def filled(part: str, size: int = SOURCE_LIMIT - 200) -> str:
    return part * (size // len(part))


def try_to_parse(source: str, language: str = "python") -> str:
    try:
        parse_program(source, language)
    except ProgramError as error:
        return str(error)
    return ""


PYTHON = {
    "brackets": "x = " + "(" * 10_000 + ")" * 10_000,
    "open brackets": filled("["),
    "braces": filled("{a:"),
    "signs": "x = " + filled("-") + "1",
    "a long sum": "x = " + filled("1+") + "1",
    "attributes": "x = a" + filled(".b"),
    "calls": "x = a" + filled("()"),
    "lambdas": "x = " + filled("lambda: ") + "1",
    "conditions": "x = " + filled("a if b else ") + "1",
    "fields": "x = f'" + filled("{a}") + "'",
    "fields with formats": "x = f'" + filled("{a:{b}}") + "'",
    "digits": "x = " + filled("9"),
    "hexadecimal digits": "def f(bot, a=0x" + filled("f") + "):\n    pass\n",
    "statements": filled("x=1\n"),
    "backslashes": filled("\\\n"),
    "a null byte": "def f(bot):\n    x = '\0'\n",
    "half a character": "def f(bot):\n    x = '\ud800'\n",
    "form feeds": filled("\f"),
    "a long name": "def " + filled("f") + "(bot):\n    pass\n",
    "too much": "# " + "x" * 1_000_000,
    "blocks": "".join(" " * depth + "if a:\n" for depth in range(300)),
}


@pytest.mark.parametrize("case", PYTHON)
def test_a_python_source_is_read_or_refused(case, make_skill):
    source = PYTHON[case]
    try_to_parse(source)
    skill = make_skill("walk").model_copy(update={"source": source})
    assert len(likeness(skill)) == 64


def test_messages_about_long_names_stay_short():
    assert len(try_to_parse(PYTHON["a long name"])) < 1000


JAVASCRIPT = {
    "awaits": filled("await "),
    "conditions": "x = " + filled("a?b:") + "c",
    "half conditions": "x = " + filled("a?"),
    "templates": "x = " + filled("`${"),
    "parentheses": filled("("),
    "matched parentheses": "x = " + "(" * 20_000 + "1" + ")" * 20_000,
    "brackets": filled("["),
    "less": filled("<"),
    "elements": filled("<a "),
    "divisions": "x = " + filled("a/b/"),
    "open comments": filled("x\n/* a\n"),
    "open comments in a line": filled("x /* \n"),
    "tags": "x = " + filled("a``"),
    "quotes": "x = " + filled("'"),
    "escaped quotes": 'x = "' + filled('\\"'),
    "errors": filled("@ # ) "),
    "closed braces": filled("} "),
    "arrows": "x = " + filled("a=>"),
    "functions": filled("function f(){"),
    "blocks": filled("{a;"),
    "loops": filled("for(;;)"),
    "assignments": filled("a="),
    "patterns": "let " + filled("[a="),
    "comments": filled("/* */\n"),
    "null bytes": filled("\0"),
    "half a character": "async function f(bot) { '\ud800' }",
    "too much": "//" + "x" * 1_000_000,
}


@pytest.mark.parametrize("case", JAVASCRIPT)
def test_a_javascript_source_is_read_or_refused(case, make_skill):
    source = f"async function f(bot) {{ {JAVASCRIPT[case]} }}"
    try_to_parse(source, "javascript")
    skill = make_skill("walk").model_copy(update={"source": source, "language": "javascript"})
    assert len(likeness(skill)) == 64


def test_a_source_after_one_that_took_too_long_is_read_as_ever():
    with pytest.raises(ProgramError, match="takes more than"):
        read_script(JAVASCRIPT["open comments"])
    assert read_script("async function f(bot) { await g(); }").names.free == {"g"}


def test_a_large_ordinary_javascript_source_is_read():
    function = "async function step{}(bot) {{\n  const x = await mine(bot, 'log', {});\n  return x + 1;\n}}\n"
    source = "".join(function.format(number, number) for number in range(700))
    assert len(read_script(source).functions) == 700


def test_near_programs_of_16_kilobytes_are_compared_at_once(make_skill):
    lines = [f"    first{number} = bot.look(second{number % 7}, {number})\n" for number in range(400)]
    one, other = make_skill("walk"), make_skill("walk")
    one = one.model_copy(update={"source": "def walk(bot):\n" + "".join(lines)})
    changed = "".join([*lines[:200], "    bot.jump()\n", *lines[200:]])
    other = other.model_copy(update={"source": f"def walk(bot):\n{changed}"})
    assert near(one, other)


@pytest.mark.parametrize("texts", [("a b ", "b a "), ("x ", "x "), ("a b c d ", "a c b d ")])
def test_programs_made_to_be_hard_to_compare_are_not(texts, make_skill):
    one, other = (
        make_skill("walk").model_copy(update={"source": "(" + filled(text, 30_000)}) for text in texts
    )
    near(one, other)


def test_many_rivals_are_looked_at_within_a_bound(make_skill):
    skill = make_skill("walk").model_copy(update={"source": "(" + filled("a b c d ", 30_000)})
    rivals = (
        make_skill("walk").model_copy(update={"source": f"({number} " + filled("d c b a ", 30_000)})
        for number in range(100_000)
    )
    assert first_near(skill, rivals) is None


def test_keeping_a_program_that_is_hard_to_compare_ends(tmp_path, make_skill):
    library = SkillLibrary(tmp_path)
    for word in ("left", "right"):
        body = "".join(f"    x{number} = bot.{word}(x{number % 7})\n" for number in range(1500))
        skill = make_skill(f"walk_{word}", goal={"items": {"log": 1}})
        library.keep(skill.model_copy(update={"source": f"def walk_{word}(bot):\n{body}"}))
    assert len(library) == 2


def test_a_javascript_source_that_takes_long_can_be_interrupted():
    code = (
        "from fieldcraft.skills.program.javascript import read_script\n"
        "print(flush=True)\n"
        "for number in range(1000):\n"
        "    try:\n"
        "        read_script(f'x{number}\\n/* a\\n' + 'x\\n/* a\\n' * 9000)\n"
        "    except ValueError:\n"
        "        pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as host:
        host.stdout.readline()
        time.sleep(0.5)
        host.send_signal(2)
        assert host.wait(10) != 0
