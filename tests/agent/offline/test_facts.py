"""What the world says is understood, and said again so that it is understood again."""

import pytest

from fieldcraft.agent.models.offline.programmer.facts import Facts
from fieldcraft.agent.models.offline.programmer.words import sentence

SAID = """
cannot craft gorm: need 3 fenk or dask (have 1), 2 lum (have 0); need a zan within 4 blocks at line 9
cannot craft hulp: no crafting recipe makes it; it comes from smelting vix
cannot craft vix: no crafting recipe makes it; it comes from mining norl or mining pell or killing tib
mined 1 of 3 norl, then cannot mine norl: need jeb or better (holding kor)
cannot mine pell: need 1 marn (have 0)
cannot smelt vix: need 1 vix (have 0); need a dask within 4 blocks; need more fuel: lum or fenk (have none)
LookupError: saw no quoll on 16 walks at line 13: `raise LookupError`
"""


@pytest.fixture
def facts():
    return Facts(SAID)


def test_a_recipe_is_read_from_a_failed_craft(facts):
    assert facts.recipes["gorm"].wants() == [(3, ("fenk", "dask")), (2, ("lum",))]
    assert facts.recipes["gorm"].stations == ["zan"]


def test_sources_are_read_with_their_ways(facts):
    assert facts.sources == {
        "hulp": [("smelting", "vix")],
        "vix": [("mining", "norl"), ("mining", "pell"), ("killing", "tib")],
    }


def test_a_source_may_take_a_tool_of_its_own():
    said = "cannot craft gorm: no crafting recipe makes it; it comes from mining norl with jeb or pell"
    facts = Facts(said, "cannot craft lum: no crafting recipe makes it; it comes from mining norl")
    assert facts.sources["gorm"] == [("mining", "norl"), ("mining", "pell")]
    assert [facts.tool("gorm", "norl"), facts.tool("gorm", "pell"), facts.tool("lum", "norl")] == [
        "jeb",
        "",
        "",
    ]
    assert facts.needs_of("gorm") == [("jeb",)]
    again = Facts(sentence(facts, "gorm"), sentence(facts, "lum"))
    assert (again.sources, again.special) == (facts.sources, facts.special)


def test_tools_stations_fuel_and_what_was_missed_are_read(facts):
    assert facts.tools == {"norl": "jeb", "pell": "marn"}
    assert (facts.smelting, facts.fuels, facts.absent) == (["dask"], ["lum", "fenk"], {"quoll"})


def test_messages_that_name_a_part_of_the_needs_add_up():
    facts = Facts("cannot craft gorm: need 2 lum (have 0)\ncannot craft gorm: need 3 fenk (have 2)")
    assert facts.recipes["gorm"].wants() == [(2, ("lum",)), (3, ("fenk",))]


def test_sentences_are_read_as_what_they_were_written_from(facts):
    names = ["gorm", "hulp", "vix", "norl", "pell"]
    again = Facts(" ".join(sentence(facts, name) for name in names))
    assert again.recipes["gorm"].wants() == facts.recipes["gorm"].wants()
    assert (again.sources, again.tools, again.fuels) == (facts.sources, facts.tools, facts.fuels)


def test_an_answer_tells_what_the_evidence_holds_on_the_question_and_its_parts(ask):
    evidence = [line for line in SAID.splitlines() if "cannot" in line]
    answer = Facts(
        ask("answer", question="What does it take to craft hulp and its parts?", evidence=evidence)
    )
    assert answer.sources["hulp"] == [("smelting", "vix")]
    assert "norl" in answer.tools
    assert "gorm" not in answer.recipes


def test_an_answer_on_what_a_thing_is_for_tells_what_needs_it(ask):
    evidence = ["cannot craft gorm: need 2 lum (have 0)", "cannot craft hulp: need 1 vix (have 0)"]
    evidence.append("cannot mine norl: need lum or better (holding no such tool)")
    answer = Facts(ask("answer", question="What needs lum?", evidence=evidence))
    assert set(answer.recipes) == {"gorm"}
    assert answer.tools == {"norl": "lum"}


@pytest.mark.parametrize("evidence", [[], ["cannot craft gorm: need 2 lum (have 0)"]])
def test_what_nobody_said_is_unknown(ask, evidence):
    assert ask("answer", question="What does it take to craft brill?", evidence=evidence) == "Unknown."
