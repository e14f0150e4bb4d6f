"""JavaScript programs are read on the host: entry, parameters, names, and what is wrong with them."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from fieldcraft.skills import ProgramError, SkillRefused, parse_program
from fieldcraft.skills.program.javascript import GIVEN, read_script


def names(body: str) -> set[str]:
    return set(read_script(f"async function act(bot) {{ {body} }}").names.free)


def test_the_last_async_function_is_the_entry_and_its_comment_the_docstring():
    program = parse_program(
        "function count(bot) { return 1; }\n"
        "// Fells trees.\n// Oak only.\n"
        "async function fellTrees(bot, number = 3, { far } = {}) { count(); }\n"
        "const later = (bot) => 2;\n",
        "javascript",
    )
    assert (program.entry, program.docstring) == ("fellTrees", "Fells trees.\nOak only.")
    assert [(p.name, p.default) for p in program.parameters] == [("number", "3"), ("{ far }", "{}")]


def test_an_async_arrow_function_can_be_the_entry():
    program = parse_program(
        "const dig = async (bot, depth) => { await mineBlock(bot, 'stone', depth); };", "javascript"
    )
    assert program.entry == "dig"
    assert [(p.name, p.default) for p in program.parameters] == [("depth", "undefined")]
    assert program.names - GIVEN == set()


@pytest.mark.parametrize(
    ("body", "free"),
    [
        ("a?.b?.[c]?.(d ?? e);", {"a", "c", "d", "e"}),
        ("const {p: {q = r}, ...s} = t; return q + s;", {"r", "t"}),
        ("for (const [k, v] of pairs) { f(k, v); }", {"pairs", "f"}),
        ("for await (const x of stream()) { x(); }", {"stream"}),
        ("{ let hidden = 1; } hidden();", {"hidden"}),
        ("later(); function later() {}", set()),
        ("try { f(); } catch ({ message }) { message; } finally { g(); }", {"f", "g"}),
        ("const o = { async m() { return this.x; }, get y() { return z; }, [w]: 1, v };", {"z", "w", "v"}),
        ("class A extends B { #p = 1; static s = q; static { this.t = 3; } }", {"B", "q"}),
        ("return `${one} and ${`${two}`} {not} // neither`;", {"one", "two"}),
        (
            "const r = /[{}\"'`/]\\/(x)/g; /* {{{ */ // }}}\n return r.test(text) ? n / 2 / 1 : 0;",
            {"text", "n"},
        ),
        ("const f = function g() { return g; }; label: for (;;) { break label; } return f;", set()),
        ("counter = 1; counter += 1; [i, j] = [2, 3];", set()),
        ("const walk = async n => n > 0 ? walk(n - 1) : n; return walk(3);", set()),
    ],
)
def test_free_names_follow_the_scopes(body, free):
    assert names(body) == free


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("async function f(bot) {\n  if (x) {\n    g();\n}", 1, "never closed"),
        ("async function f(bot) {\n  g(];\n}", 2, "where `.` of line 2 is open"),
        ("async function f(bot) {\n  const s = 'abc;\n}", 2, "unexpected"),
        ("async function f(bot) {\n  [1].forEach(x => { await g(x); });\n}", 2, "await is only valid"),
        ("async function f(bot) {\n  const x = 1;\n  const x = 2;\n}", 3, "declared twice"),
        ("async function f(bot) {\n  const x;\n}", 2, "without a value"),
        ("async function f(bot) {\n  else { }\n}", 2, "unexpected `else`"),
        ("async function f(bot) {\n  return a ?? b || c;\n}", 2, "parentheses"),
        ("async function f(bot) {\n  break;\n}", 2, "stands in no loop"),
        ("async function f(bot) {\n  return { a: 1,, b: 2 };\n}", 2, "unexpected `,`"),
        ("async function f(bot) {\n  return <div/>;\n}", 2, "JSX"),
        ("def f(bot):\n    bot.mine('oak_log')\n", 1, "unexpected"),
    ],
)
def test_a_syntax_error_is_told_with_its_line(source, line, says):
    with pytest.raises(ProgramError, match=f"SyntaxError at line {line}: .*{says}"):
        parse_program(source, "javascript")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("const x = 3;", "no async function"),
        ("function f(bot) {}", "no async function"),
        ("async function f(player) {}", "the first parameter of f must be bot"),
        ("async function f(bot) {}\nawait f(bot);", "line 2 is a statement at top level"),
        (
            "async function mineBlock(bot) {}\nasync function f(bot) {}",
            "'mineBlock', a name the world provides",
        ),
    ],
)
def test_what_is_no_program_is_told_to_its_author(source, says):
    with pytest.raises(ProgramError, match=says):
        parse_program(source, "javascript")


def test_endless_nesting_and_odd_characters_are_errors_not_crashes():
    for source in ("async function f(bot) { return " + "(" * 50_000 + "1" + ")" * 50_000 + "; }", "\ud800"):
        with pytest.raises(ProgramError):
            parse_program(source, "javascript")
    read = read_script("\ufeffasync function café(bot) {\r\n  bot.chat('日本');\r\n}\r\n")
    assert list(read.functions) == ["café"]


def test_a_javascript_skill_that_uses_what_nobody_has_is_refused(library, make_skill):
    source = "async function buildHut(bot) { await layFloor(bot); }"
    skill = make_skill("buildHut").model_copy(update={"source": source, "language": "javascript"})
    with pytest.raises(SkillRefused, match="'layFloor'"):
        library.keep(skill)
    floor = make_skill("layFloor").model_copy(
        update={"source": "async function layFloor(bot) {}", "language": "javascript"}
    )
    library.keep(floor)
    assert library.keep(skill.model_copy(update={"dependencies": {"layFloor": floor.digest}})).status == "new"


def test_the_language_is_part_of_what_a_skill_is(make_skill):
    skill = make_skill("walk")
    assert skill.digest != skill.model_copy(update={"language": "javascript"}).digest


def test_without_the_parser_the_extra_is_named():
    code = textwrap.dedent("""
        import sys
        sys.modules["tree_sitter"] = None
        from fieldcraft.skills import ProgramError, parse_program
        try:
            parse_program("async function f(bot) {}", "javascript")
        except ProgramError as error:
            print(error)
    """)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == (
        "JavaScript cannot be read here: install the extra, `pip install 'fieldcraft[minecraft]'`"
    )
