"""What kills and what can be eaten is shown to the author of every program, whatever its task is."""

from __future__ import annotations

from fieldcraft.agent.memory.happenings import learn_happenings
from fieldcraft.agent.memory.learning import Change
from fieldcraft.agent.memory.naming import Vocabulary
from fieldcraft.agent.memory.retrieval import Question, relevant, vital
from fieldcraft.agent.memory.store import Memory
from fieldcraft.envs import Names
from fieldcraft.envs.happenings import Happening

NAMES = Names(items=("kor", "lum"), blocks=("norl",), mobs=("quoll",))


def memory(*happened: Happening) -> Memory:
    made = Memory()
    change = Change(made, iteration=3, held={})
    learn_happenings(change, happened, Vocabulary(NAMES))
    made.take(list(change.facts.values()), change.again, 3)
    return made


def test_dangers_are_shown_always_and_food_where_it_is_at_hand() -> None:
    known = memory(
        Happening(what="died", subject="quoll", why="killed by quoll"),
        Happening(what="ate", subject="kor"),
        Happening(what="mined", subject="norl", gave={"lum": 1}),
    )
    assert [fact.kind for fact in vital(known, ["kor", "lum"])] == ["danger", "food"]
    assert [fact.kind for fact in vital(known, ["lum"])] == ["danger"]
    assert vital(memory(), ["kor"]) == []


def test_what_the_world_says_of_a_thing_is_not_shown_twice() -> None:
    said = "To craft kor: need 2 lum."
    known = memory(Happening(what="explained", subject="kor", why=said))
    asked = Question("What does it take to craft kor?")
    assert [fact.subject for fact in relevant(known, asked)] == ["kor"]
    assert relevant(known, asked.changed(said=[said])) == []
