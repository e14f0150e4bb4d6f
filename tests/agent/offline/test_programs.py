"""What a program does follows from what the prompt tells, and from nothing else."""

import re

import pytest

from fieldcraft.agent.prompts.rendering import parse_code
from fieldcraft.agent.task import Task
from fieldcraft.envs import ItemGoal, PlaceGoal
from fieldcraft.skills import Skill

GORM = "cannot craft gorm: need 3 fenk or dask (have 0), 2 lum (have 0); need a zan within 4 blocks"
LUM = "cannot craft lum: no crafting recipe makes it; it comes from killing tib"
FENK = "cannot craft fenk: need 1 vix (have 0)"


def skill(entry: str, item: str) -> Skill:
    source = f'def {entry}(bot, count=1):\n    """Hold at least `count` {item}."""\n    bot.craft("{item}")\n'
    return Skill(name=entry.replace("_", "-"), description=f"Hold {item}.", source=source, entry=entry)


@pytest.fixture
def program(ask):
    def written(**values):
        return parse_code(ask("actor", **values))

    return written


def tried(source: str) -> set[str]:
    lessons = "".join(line for line in source.splitlines() if line.lstrip().startswith("_learn("))
    made = re.findall(r'bot\.(?:craft|mine|kill|smelt)(?:\(|, )"(\w+)"', source)
    return {*made, *re.findall(r'"(\w+)"', lessons)}


def test_where_nothing_is_known_the_world_is_asked_about_the_task_and_other_unknown_things(program):
    learned = re.search(r"_learn\(bot, (.*), most=4\)", program())
    assert learned is not None
    names = re.findall(r'"(\w+)"', learned[1])
    assert names[0] == "gorm"
    assert len(names) > 2
    assert "kor" not in names, "what is held needs no asking"


def test_a_second_attempt_tries_what_the_first_one_lacked(program, attempt):
    source = program(attempts=[attempt(GORM)])
    assert {"fenk", "lum"} <= tried(source)
    assert tried(source) <= {"fenk", "dask", "lum", "zan", "gorm"}


def test_a_program_never_fails_so_often_that_it_is_stopped_before_it_has_learned(program, attempt):
    learned = re.search(r"_learn\(bot, .*, most=(\d)\)", program(attempts=[attempt(GORM)]))
    assert learned is not None
    assert int(learned[1]) < 4


def test_what_errors_taught_is_done_in_the_next_attempt(program, attempt):
    source = program(attempts=[attempt(GORM, LUM, FENK), attempt("cannot craft vix: need 1 kor (have 0)")])
    assert '_look_for(bot, "tib", walks=' in source
    assert 'bot.kill, "tib")' in source
    assert 'bot.craft("vix")' in source


def test_knowledge_from_the_context_serves_the_first_attempt(program):
    context = (
        "To craft gorm: need 1 lum.\nTo craft lum: no crafting recipe makes it; it comes from mining norl."
    )
    source = program(task=Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm"), context=context))
    assert 'bot.mine, "norl")' in source
    assert "_learn" not in source


def test_a_tool_that_mining_needs_is_got_first(program, attempt):
    error = "cannot mine norl: need jeb or better (holding no such tool)"
    source = program(
        task=Task(words="Mine 1 norl"), attempts=[attempt(error)], skills=[skill("obtain_jeb", "jeb")]
    )
    assert source.index("obtain_jeb(bot, count=1)") < source.index('bot.mine, "norl")')


def test_skills_are_called_for_what_they_yield(program, attempt):
    skills = [skill("obtain_lum", "lum"), skill("make_fenk", "fenk"), skill("obtain_zan", "zan")]
    source = program(attempts=[attempt(GORM)], skills=skills)
    assert "obtain_lum(bot, count=2)" in source
    assert "make_fenk(bot, count=3)" in source
    assert tried(source) == {"gorm"}


def test_a_program_tells_what_it_takes_and_a_later_one_reads_it(program, attempt):
    told = [
        "cannot craft gorm: it comes from mining norl",
        "cannot mine norl: need jeb or better (holding no such tool)",
        "cannot craft jeb: it comes from smelting kor",
        "cannot smelt kor: need a zan within 4 blocks; need fuel: fenk or dask (have none)",
        "cannot craft zan: need 2 lum or vix (have 0); need a hulp within 4 blocks",
    ]
    written = program(attempts=[attempt(*told)])
    learned = Skill(name="obtain-gorm", description="Hold gorm.", source=written, entry="obtain_gorm")
    assert "`count` gorm, mined from norl with jeb." in written
    assert "`count` jeb, smelted from kor at a zan burning fenk or dask." in written
    assert "`count` zan, crafted from 2 lum or vix at a hulp." in written

    task = Task(words="Craft 1 zan", goal=ItemGoal(item="zan"))
    assert '_stand_by(bot, "hulp")' in program(task=task, skills=[learned])
    task = Task(words="Mine 1 norl")
    assert 'bot.smelt("kor")' in program(task=task, skills=[learned])


@pytest.mark.parametrize(
    ("task", "asks"),
    [
        (Task(words="Kill 1 tib"), True),
        (Task(words="Mine 1 norl"), True),
        (Task(words="Mine 1 fenk"), False),
        (
            Task(words="Deposit items into the zan", context="At least 1 more inventory slots are empty."),
            True,
        ),
    ],
    ids=["hunts", "mines a block that is no item", "mines what others may need", "puts away"],
)
def test_a_program_that_no_other_calls_asks_at_its_end_about_unknown_things(program, task, asks):
    last = program(task=task).rstrip().splitlines()[-1]
    assert last.strip().startswith("_learn(bot, ") is asks


def test_what_a_skill_lacked_last_comes_before_what_it_lacked_first(program, attempt):
    place = " at line 3 of obtain_gorm: `return primitive(name)`"
    errors = [
        f"cannot mine {block}: need {tool} or better{place}"
        for block, tool in (("norl", "jeb"), ("pell", "lum"))
    ]
    attempts = [attempt(error, number=number) for number, error in enumerate(errors, 1)]
    skills = [skill(f"obtain_{item}", item) for item in ("gorm", "jeb", "lum")]
    source = program(attempts=attempts, skills=skills)
    assert (
        source.index("obtain_lum(bot")
        < source.index("obtain_jeb(bot")
        < source.index("obtain_gorm(bot, count=c")
    )


def test_a_skill_that_mines_a_block_is_not_for_the_tool_that_it_makes_on_the_way(program, attempt):
    mining = Skill(
        name="mine-norl",
        description="Mine norl until a given number of items are gained.",
        source='def mine_norl(bot, count=1):\n    bot.craft("jeb")\n    bot.mine("norl")\n',
        entry="mine_norl",
    )
    error = "cannot mine pell: need jeb or better (holding no such tool)"
    assert "mine_norl(" not in program(
        task=Task(words="Mine 1 pell"), attempts=[attempt(error)], skills=[mining]
    )


def test_a_skill_is_not_defined_again_under_its_own_name(program):
    source = program(skills=[skill("obtain_gorm", "gorm")])
    assert "def obtain_gorm(" not in source
    assert "obtain_gorm(bot, count=count)" in source


def test_of_alternatives_the_one_that_is_near_is_gone_for(program, attempt):
    ways = [
        "cannot craft fenk: no crafting recipe makes it; it comes from mining zan",
        "cannot craft dask: no crafting recipe makes it; it comes from mining pell",
    ]
    source = program(attempts=[attempt("cannot craft gorm: need 3 fenk or dask (have 0)", *ways)])
    assert 'bot.mine, "pell")' in source
    assert 'bot.mine, "zan")' not in source


def test_smelting_gets_fuel_and_a_station(program):
    context = (
        "To craft gorm: no crafting recipe makes it; it comes from smelting kor.\n"
        "To smelt kor: need a dask within 4 blocks; need fuel: lum.\n"
        "To craft lum: no crafting recipe makes it; it comes from mining norl."
    )
    task = Task(words="Smelt 1 kor", goal=ItemGoal(item="gorm"), context=context)
    source = program(task=task, skills=[skill("obtain_dask", "dask")])
    assert 'bot.smelt("kor")' in source
    assert '_stand_by(bot, "dask")' in source
    assert 'bot.mine, "norl")' in source


def test_needs_that_need_each_other_end(program, attempt):
    errors = ["cannot craft gorm: need 1 lum (have 0)", "cannot craft lum: need 1 gorm (have 0)"]
    assert 'bot.craft("gorm")' in program(attempts=[attempt(*errors)])


def test_the_count_of_the_goal_is_the_default(program):
    assert "def obtain_lum(bot, count=7):" in program(
        task=Task(words="Craft 3 lum", goal=ItemGoal(item="lum", count=7))
    )
    assert "def place_dask(bot, count=2):" in program(
        task=Task(words="Place 2 dask", goal=PlaceGoal(block="dask", count=2))
    )


def test_no_program_holds_a_coordinate(program):
    task = Task(words="Deposit items that are not needed into the dask at (31, 64, 27)")
    source = program(task=task)
    assert "31" not in source
    assert '_deposit(bot, "dask", items)' in source


def test_where_mining_a_block_for_itself_is_a_guess_the_world_is_asked_when_it_was_wrong(program):
    mining = Skill(
        name="mine-dask",
        description="Mine dask until a given number of items are gained.",
        source='def mine_dask(bot, count=1):\n    _take(bot, bot.mine, "dask")\n',
        entry="mine_dask",
    )
    source = program(task=Task(words="Craft 1 dask", goal=ItemGoal(item="dask")), skills=[mining])
    assert source.index("mine_dask(bot") < source.index('_learn(bot, "dask")')
    source = program(skills=[mining], task=Task(words="Craft 1 gorm", context=f"{GORM}\n{LUM}"))
    assert '("dask", 3)' in source


def test_a_skill_that_failed_and_smelts_far_from_any_station_is_written_anew(program, attempt):
    lucky = Skill(
        name="obtain-gorm",
        description="Hold gorm.",
        source='def obtain_gorm(bot, count=1):\n    bot.smelt("kor")\n    bot.craft("gorm")\n',
        entry="obtain_gorm",
    )
    told = "To craft lum: it comes from smelting kor.\nTo craft gorm: need 2 lum."
    error = "cannot smelt kor: need 1 kor (have 2); need a zan within 4 blocks"
    failed = attempt(f'{error} at line 2 of obtain_gorm: `bot.smelt("kor")`')
    task = Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm"), context=told)
    source = program(task=task, attempts=[failed], skills=[lucky])
    assert "obtain_gorm(bot, count=c" not in source


def test_a_further_attempt_asks_about_unknown_things_once_done_unless_another_calls_it(program, attempt):
    context = "To craft gorm: need 2 lum.\nTo craft lum: it comes from mining norl."
    task = Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm"), context=context)
    source = program(task=task, attempts=[attempt("cannot mine norl: no way to reach it")])
    entry = re.search(r"^def obtain_gorm\(bot, count=1, ask=\((.+)\)\):$", source, flags=re.MULTILINE)
    assert entry
    assert "gorm" not in entry[1]
    assert source.rstrip().splitlines()[-1].strip().startswith("_learn(bot, *ask, ")
    assert "ask=" not in program(task=task)

    learned = Skill(name="obtain-gorm", description="Hold gorm.", source=source, entry="obtain_gorm")
    hulp = Task(words="Craft 1 hulp", goal=ItemGoal(item="hulp"), context="To craft hulp: need 3 gorm.")
    assert "obtain_gorm(bot, count=3, ask=())" in program(task=hulp, skills=[learned])
