"""Searching: what is found, in what order, and by which embeddings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fieldcraft.skills import Skill, SkillLibrary, Verified
from fieldcraft.skills.library.skill import folder_name
from fieldcraft.skills.search.dense import DenseIndex
from fieldcraft.skills.search.embeddings import EmbeddingsUnavailable, load_embeddings
from fieldcraft.skills.search.lexical import LexicalIndex, split_words

QUERIES = Path(__file__).parents[2] / "benchmarks" / "data"


def names(matches):
    return [match.skill.name for match in matches]


@pytest.mark.slow
@pytest.mark.parametrize("data", ["retrieval", "paraphrases"])
def test_paraphrases_with_little_word_overlap_find_their_skill(tmp_path, make_skill, data):
    cases = json.loads((QUERIES / f"{data}.json").read_text(encoding="utf-8"))
    library = SkillLibrary(tmp_path / "library")
    for case in cases:
        library.keep(make_skill(case["entry"], description=case["description"]))
    asked = [case for case in cases if "query" in case]
    found = [folder_name(case["entry"]) in names(library.search(case["query"])) for case in asked]
    library.close()
    assert len(asked) == 60
    assert sum(found) / len(found) >= 0.92


def test_an_exact_word_finds_the_rare_skill(library, make_skill):
    for number in range(30):
        library.keep(make_skill(f"collect_things_{number}", description=f"Collects things of kind {number}."))
    library.keep(make_skill("collect_xyzzy", description="Collects xyzzy things."))
    assert names(library.search("xyzzy", 1)) == ["collect-xyzzy"]


def test_a_skill_for_what_the_query_names_comes_before_those_that_only_speak_of_it(library, make_skill):
    for number in range(12):
        library.keep(
            make_skill(f"use_{number}", description="Craft a stone axe with a wooden axe, wooden axe.")
        )
    library.keep(make_skill("obtain_wooden_axe", description="Hold one, made of planks."))
    assert names(library.search("cannot mine stone: need wooden_axe or better", 1)) == ["obtain-wooden-axe"]


def test_of_two_that_suit_as_well_the_one_that_others_call_comes_first(library, make_skill):
    for letter in "ab":
        library.keep(make_skill(f"gather_{letter}", description="Gathers things."))
    assert names(library.search("gather things", 2)) == ["gather-a", "gather-b"]
    for number in range(5):
        bound = {"gather_b": library.get("gather-b").digest}
        library.keep(make_skill(f"use_{number}", f"gather_b(bot, {number})", "Rests.", dependencies=bound))
    assert names(library.search("gather things", 2)) == ["gather-b", "gather-a"]
    assert names(library.search("gather things", 1, records={"gather-a": (30, 0)})) == ["gather-a"]


def test_the_task_and_the_docstring_are_found_too(library, make_skill):
    library.keep(make_skill("step_one", description="First.", task="Shear a sheep for wool"))
    library.keep(make_skill("step_two", '"""Brews a potion."""\n    bot.say("x")', description="Second."))
    assert names(library.search("get wool from a sheep", 1)) == ["step-one"]
    assert names(library.search("brewing potions", 1)) == ["step-two"]


def test_order_does_not_depend_on_when_a_skill_was_kept(tmp_path, make_skill):
    orders = []
    entries = [f"say_{letter}" for letter in "abcdefgh"]
    for turn, order in enumerate((entries, entries[::-1])):
        library = SkillLibrary(tmp_path / str(turn))
        for entry in order:
            library.keep(make_skill(entry, description="Says a word."))
        orders.append([(match.skill.name, match.score) for match in library.search("talk", 8)])
        library.close()
    assert orders[0] == orders[1]


def test_a_skill_that_needs_a_missing_tool_is_not_offered(library, make_skill):
    library.keep(make_skill("add_up", "return tools.calculator('1+1')", tools=("calculator",)))
    library.keep(make_skill("walk"))
    assert "add-up" in names(library.search("add numbers"))
    assert "add-up" in names(library.search("add numbers", tools={"calculator", "search"}))
    assert "add-up" not in names(library.search("add numbers", tools=()))


@pytest.mark.slow
def test_enough_are_found_though_most_lack_their_tool(library, make_skill):
    for number in range(80):
        library.keep(make_skill(f"add_{number}", f"return tools.sum({number})", tools=("sum",)))
    library.keep(make_skill("walk_far"))
    assert names(library.search("add numbers", tools=())) == ["walk-far"]


def test_a_skill_of_another_world_ranks_lower_but_is_there(library, make_skill):
    for world in ("gridworld-v1", "minecraft-v1"):
        library.keep(make_skill(f"cut_{world[0]}", description="Cuts a tree.", environment=world))
    assert names(library.search("cut a tree")) == ["cut-g", "cut-m"]
    assert names(library.search("cut a tree", environment="minecraft-v1")) == ["cut-m", "cut-g"]


def test_the_record_of_use_decides_between_equals(tmp_path, make_skill, letters):
    library = SkillLibrary(tmp_path / "library", embeddings=letters)
    for entry in ("cut_xyz", "cut_yxz", "cut_zyx"):
        library.keep(make_skill(entry, description="Cuts a tree."))
    assert names(library.search("a tree")) == ["cut-xyz", "cut-yxz", "cut-zyx"]
    records = {"cut-xyz": (0, 9), "cut-zyx": (9, 1)}
    matches = library.search("a tree", records=records)
    library.close()
    assert names(matches) == ["cut-zyx", "cut-yxz", "cut-xyz"]
    assert {match.skill.name: match.record for match in matches} == {**records, "cut-yxz": (0, 0)}


def test_verified_and_trusted_skills_come_first_among_equals(tmp_path, make_skill, letters):
    library = SkillLibrary(tmp_path / "library", embeddings=letters)
    library.keep(make_skill("cut_xyz", description="Cuts a tree.", verified=Verified.NO, trusted=False))
    library.keep(make_skill("cut_yxz", description="Cuts a tree.", verified=Verified.PARTIAL))
    library.keep(make_skill("cut_zyx", description="Cuts a tree.", verified=Verified.FULL))
    found = names(library.search("a tree"))
    library.close()
    assert found == ["cut-zyx", "cut-yxz", "cut-xyz"]


def test_only_one_language_is_offered_where_one_is_asked_for(library, make_skill):
    library.keep(make_skill("cut_tree"))
    source = "async function cutOak(bot) { await mineBlock(bot, 'oak_log'); }"
    javascript = {"entry": "cutOak", "language": "javascript", "source": source}
    library.keep(Skill(name="cut-oak", description="Cuts an oak.", **javascript))
    assert names(library.search("cut", languages=["javascript"])) == ["cut-oak"]
    assert names(library.search("cut", languages=["python"])) == ["cut-tree"]


def test_what_changes_on_disk_is_found_without_opening_the_library_again(library, make_skill):
    library.keep(make_skill("walk"))
    assert names(library.search("cut a tree")) == ["walk"]
    other = SkillLibrary(library.path)
    other.keep(make_skill("cut_tree"))
    assert names(library.search("cut a tree")) == ["cut-tree", "walk"]
    other.remove("walk")
    assert names(library.search("cut a tree")) == ["cut-tree"]


def test_a_new_version_replaces_the_old_one_in_the_index(library, make_skill):
    library.keep(make_skill("do_it", "bot.wait(1)", description="Cooks a fish."))
    library.search("warm up")
    library.keep(make_skill("do_it", "bot.wait(2)", description="Rides a boat."))
    (match,) = library.search("cook fish")
    assert match.skill.description == "Rides a boat."


def test_skills_of_one_library_are_not_found_in_another(tmp_path, make_skill):
    first, second = SkillLibrary(tmp_path / "first"), SkillLibrary(tmp_path / "second")
    first.keep(make_skill("walk"))
    second.keep(make_skill("eat"))
    assert (names(first.search("walk")), names(second.search("walk"))) == (["walk"], ["eat"])
    first.close()
    second.close()


def test_a_query_may_be_anything(library, make_skill):
    library.keep(make_skill("walk"))
    for query in ("", " ", "\0", '"', "NEAR(a b)", "walk* OR ^x:", "走る", "x" * 100_000, "a the of"):
        assert names(library.search(query)) == ["walk"]
    assert library.search("walk", 0) == []


def test_embeddings_of_ones_own_by_module_and_class(tmp_path, make_skill, letters):
    library = SkillLibrary(tmp_path / "library", embeddings=letters)
    library.keep(make_skill("zzz_zzz"))
    library.keep(make_skill("walk"))
    assert names(library.search("zzzz", 1)) == ["zzz-zzz"]
    library.close()


def test_another_dimension_under_the_same_name_builds_the_index_again(
    tmp_path, make_skill, letters, monkeypatch
):
    from skill_test_embeddings import Letters

    library = SkillLibrary(tmp_path / "library", embeddings=letters)
    library.keep(make_skill("zzz_zzz"))
    library.keep(make_skill("walk"))
    for size in (26, 40, 13):
        monkeypatch.setattr(Letters, "size", size)
        assert names(library.search("zzzz", 1)) == ["zzz-zzz"]
        library.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", "Known: minilm, and provider:model"),
        ("cohere:embed-v4", 'pip install "langchain-cohere"'),
        ("no_such_module:Class", "no_such_module"),
        ("json:NoSuchClass", "NoSuchClass"),
    ],
)
def test_embeddings_that_cannot_be_had_are_told_in_one_line(tmp_path, make_skill, name, words):
    library = SkillLibrary(tmp_path / "library", embeddings=name)
    library.keep(make_skill("walk"))
    with pytest.raises(EmbeddingsUnavailable, match=words) as raised:
        library.search("walk")
    assert "\n" not in str(raised.value)


def test_importing_the_room_loads_nothing_heavy():
    program = "import sys, fieldcraft.skills; print({'chromadb', 'numpy', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("name", "words"),
    [("mineOakLog", "mine Oak Log"), ("mine_oak_log", "mine oak log"), ("getHTTPPage2", "get HTTP Page2")],
)
def test_names_are_split_into_words(name, words):
    assert split_words(name) == words


def test_common_words_are_left_out_of_a_large_index_and_rare_ones_decide():
    index = LexicalIndex(None)
    index.change({str(number): f"mine ore {'rubies' if number == 7 else ''}" for number in range(3000)}, [])
    assert list(index.search("mine the ruby ore", 5)) == ["7"]
    assert len(index.search("mining", 5)) == 5
    index.close()


class Failing:
    """Embeddings of a user's own, or a service, that work until they do not."""

    def __init__(self, answer):
        self.answer = answer

    def embed_query(self, text):
        return [1.0, 0.0]

    def embed_documents(self, texts):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ConnectionError("no\nroute"), r"the embeddings Failing failed \(ConnectionError: no route\)"),
        ([], r"the embeddings Failing made numbers of the shape \(0,\)"),
        ([[1.0]], "one vector for each text, all of one length"),
        ([[1.0, 0.0], [1.0]], r"failed \(ValueError"),
        (None, "made numbers of the shape"),
    ],
)
def test_embeddings_that_fail_are_named_in_one_line(tmp_path, make_skill, answer, words):
    library = SkillLibrary(tmp_path / "library", embeddings=Failing(answer))
    library.keep(make_skill("chop_wood", description="Chops wood."))
    with pytest.raises(EmbeddingsUnavailable, match=words) as raised:
        library.search("wood")
    library.close()
    assert "\n" not in str(raised.value)


def test_a_text_has_the_same_vector_alone_and_among_many() -> None:
    model = load_embeddings("minilm")
    texts = [f"craft {number} planks of oak" for number in range(40)]

    assert model.embed_documents(texts) == [model.embed_query(text) for text in texts]


def test_vectors_in_memory_give_what_chroma_gives(tmp_path):
    numbers = np.random.default_rng(1).normal(size=(600, 32)).astype(np.float32)
    vectors = {f"{row:04}": vector / np.linalg.norm(vector) for row, vector in enumerate(numbers)}
    before = DenseIndex.on_disk(tmp_path / "chroma", 32)
    before.change(vectors, [])
    before.change({}, [f"{row:04}" for row in range(0, 600, 7)])
    query = vectors["0007"]
    found = [before.search(query, 5)]
    before.close()
    after = DenseIndex.on_disk(tmp_path / "chroma", 32)
    found += [after.search(query, 5) for _ in range(20)]
    after.change({"0007": query}, ["0008"])
    assert next(iter(after.search(query, 5))) == "0007"
    after.close()
    assert all(list(each) == list(found[0]) for each in found)
    assert all(each == pytest.approx(found[0], abs=1e-5) for each in found)
