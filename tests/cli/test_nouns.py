"""`skills`, `envs`, `runs`, `replay`, `doctor`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_workshop import SAW, Workshop, keep

from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.formats.agent_skills import render


def test_lists_the_skills(stocked: Workshop) -> None:
    ended = stocked.run("skills", "list")
    assert "3 skills in library" in ended.out
    assert "saw-planks" in ended.out
    assert "chop-wood" in ended.out and "chop_wood" not in ended.out
    assert "Chops wood from the tree." in ended.out
    data = stocked.run("skills", "list", "--json").data
    assert [skill["name"] for skill in data] == ["chop-wood", "saw-planks", "saw-too-many"]


@pytest.mark.parametrize("name", ["saw-planks", "saw_planks"])
def test_shows_a_skill(stocked: Workshop, name: str) -> None:
    out = stocked.run("skills", "show", name).out
    for words in (
        "Saws planks from wood.",
        "calls     chop-wood",
        "2 versions",
        "run first, iteration 1)",
        "bot.saw(count)",
    ):
        assert words in out
    data = stocked.run("skills", "show", name, "--json").data
    assert len(data["versions"]) == 2
    older = stocked.run("skills", "show", name, "--version", data["versions"][0][:10]).out
    assert "count=2" in older


def test_names_a_few_of_many_skills_that_cannot_be_used(stocked: Workshop) -> None:
    for number in range(50):
        (stocked.folder / "library" / f"broken-{number:02}").mkdir()
    told = " ".join(stocked.run("skills", "list").err.split())
    assert "50 cannot be used: broken-00" in told
    assert "and 40 more. See" in told
    assert "broken-40" not in told


def test_shows_each_field_of_a_skill_in_one_line(stocked: Workshop) -> None:
    library = SkillLibrary(stocked.folder / "library")
    chop = library.get("chop-wood")
    told = chop.provenance.model_copy(update={"task": "Chop\n  verified  full", "source": "learned\nhere"})
    path = stocked.folder / "library" / "chop-wood" / "SKILL.md"
    path.write_text(render(chop.model_copy(update={"provenance": told}), 1)[Path("SKILL.md")])
    out = stocked.run("skills", "show", "chop-wood").out
    assert sum(line.startswith("  verified") for line in out.splitlines()) == 1
    assert "from      learned here for: Chop verified full" in out


def test_an_unknown_skill_names_the_nearest(stocked: Workshop) -> None:
    ended = stocked.run("skills", "show", "saw-plank")
    assert ended.code == 2
    assert "saw-planks" in ended.err


def test_searches_by_meaning(stocked: Workshop) -> None:
    data = stocked.run("skills", "search", "get timber from an oak", "-k", "2", "--json").data
    assert data[0]["name"] == "chop-wood"
    assert len(data) == 2
    assert "chop-wood" in stocked.run("skills", "search", "timber").out


def test_checks_accepts_and_removes(stocked: Workshop) -> None:
    assert "all 3 skills of library are valid" in stocked.run("skills", "check").out
    script = Path("library/chop-wood/scripts/skill.py")
    script.write_text(script.read_text().replace("range(20)", "range(30)"))
    broken = stocked.run("skills", "check")
    assert broken.code == 1
    assert "fieldcraft skills accept" in broken.out
    assert [problem["skill"] for problem in stocked.run("skills", "check", "--json").data] == ["chop-wood"]
    assert "cannot be used: chop-wood" in stocked.run("skills", "list").err
    assert stocked.run("skills", "accept", "chop-wood").code == 0
    assert stocked.run("skills", "check").code == 0
    assert "range(30)" in stocked.run("skills", "diff", "chop-wood").out


def test_removes_only_what_nobody_calls(stocked: Workshop) -> None:
    refused = stocked.run("skills", "remove", "chop-wood")
    assert refused.code == 1
    assert "called by saw-planks" in refused.err
    assert stocked.run("skills", "remove", "chop-wood", "--force").code == 0
    assert not Path("library/chop-wood").exists()


def test_shows_what_changed_between_versions(stocked: Workshop) -> None:
    out = stocked.run("skills", "diff", "saw-planks").out
    assert "-def saw_planks(bot, count=2):" in out
    assert "+def saw_planks(bot, count=3):" in out
    alone = stocked.run("skills", "diff", "saw-too-many")
    assert alone.code == 2
    assert "only one version" in alone.err


def test_code_that_is_written_to_a_file_stands_there_as_it_is(stocked: Workshop) -> None:
    library = SkillLibrary(Path("library"))
    long = "    words = '" + "many " * 60 + "'\n"
    keep(library, "saw_too_many", f"def saw_too_many(bot):\n{long}    bot.saw(1)\n", "Saws.", item="plank")
    library.close()
    assert long in stocked.run("skills", "show", "saw-too-many").out
    changed = stocked.run("skills", "diff", "saw-too-many").out.splitlines()
    assert f"+{long.rstrip()}" in changed
    assert all(line == line.rstrip() for line in changed if line.startswith(("+", "-")))


def test_merges_another_library(stocked: Workshop) -> None:
    other = SkillLibrary(Path("other"))
    source = SAW.replace("saw_planks", "stack_wood").replace("chop_wood(bot, count)", "pass")
    keep(other, "stack_wood", source, "Stacks wood.", item="wood")
    other.close()
    data = stocked.run("skills", "merge", "other", "--json").data
    assert data["added"] == ["stack-wood"]
    shown = stocked.run("skills", "show", "stack-wood").out
    assert "untrusted" in shown
    assert "imported from other; learned for: " in shown
    again = stocked.run("skills", "merge", "other")
    assert "known already" in again.out


@pytest.mark.attack("a skill's fields: bombs of aliases, odd types, sizes")
@pytest.mark.parametrize(
    "goal", [{}, {"kind": "nothing"}, {"item": "x\n# now"}, {"kind": "item", "count": "x"}]
)
def test_a_replay_names_a_skill_whose_goal_is_none_and_goes_on(
    stocked: Workshop, goal: dict[str, Any]
) -> None:
    library = SkillLibrary(stocked.folder / "library")
    chop = library.get("chop-wood")
    told = chop.provenance.model_copy(update={"goal": goal})
    for path in (stocked.folder / "library").glob("chop-wood/**/SKILL.md"):
        version = render(chop.model_copy(update={"provenance": told}), 1)
        path.write_text(version[Path("SKILL.md")])
    results = stocked.run("replay", "--seed", "8", "--json").data
    whys = {result["skill"]: result["why"] for result in results}
    assert "was kept for a goal that " in whys["chop-wood"]
    assert whys["chop-wood"].endswith("take `goal` out of its provenance in SKILL.md")
    assert len(whys) == len(library)


def test_replays_every_skill_in_another_world(stocked: Workshop) -> None:
    ended = stocked.run("replay", "--seed", "8")
    assert ended.code == 0
    assert "3 skills: 2 works, 1 fails" in ended.out
    assert "need 50 wood (have 0)" in ended.out
    data = stocked.run("replay", "--seed", "8", "--json").data
    outcomes = {result["skill"]: result["outcome"] for result in data}
    assert outcomes == {"chop-wood": "works", "saw-planks": "works", "saw-too-many": "fails"}


def test_marks_what_works_here_as_trusted(stocked: Workshop) -> None:
    stocked.run("skills", "merge", "library", "--library", "fresh")
    before = stocked.run("skills", "show", "chop-wood", "--library", "fresh").out
    assert "untrusted" in before
    stocked.run("replay", "--library", "fresh", "--seed", "8", "--mark")
    after = stocked.run("skills", "show", "chop-wood", "--library", "fresh").out
    assert "untrusted" not in after
    failing = stocked.run("skills", "show", "saw-too-many", "--library", "fresh").out
    assert "untrusted" in failing


def test_lists_and_shows_worlds(workshop: Workshop) -> None:
    assert "gridworld-v1" in workshop.run("envs", "list").out
    shown = workshop.run("envs", "show", "clearing:Clearing").out
    for words in ("clearing-v1", "A clearing with a tree.", "bot.saw(count: int = 1)", "plank, wood"):
        assert words in shown
    assert workshop.run("envs", "show", "clearing:Clearing", "--json").data["can_render"] is True


def test_checks_a_world(workshop: Workshop) -> None:
    sound = workshop.run("envs", "check", "clearing:Clearing")
    assert (sound.code, sound.err) == (0, "")
    unsound = workshop.run("envs", "check", "clearing:Overgrown", "--json")
    assert unsound.code == 1
    assert any("snapshot" in problem["promise"] + problem["detail"] for problem in unsound.data)


def test_lists_and_shows_runs(workshop: Workshop) -> None:
    assert "no runs in runs; start one with `fieldcraft explore`" in workshop.run("runs", "list").out
    workshop.explore()
    workshop.run("explore", "--plain", "--name", "second", "--iterations", "1")
    data = workshop.run("runs", "list", "--json").data
    assert [(run["run"], run["iterations"]) for run in data] == [("first", 3), ("second", 1)]
    assert {run["stands"] for run in data} == {
        "paused: budget of 3 iterations used up",
        "paused: budget of 1 iterations used up",
    }
    assert "clearing:Clearing" in workshop.run("runs", "list").out
    shown = workshop.run("runs", "show", "first").out
    assert "2 finished tasks" in shown
    assert "Saw 4 planks" in shown


def test_a_copied_run_goes_by_its_folders_name(workshop: Workshop) -> None:
    workshop.explore("--iterations", "1")
    shutil.copytree("runs/first", "runs/second")
    shown = workshop.run("runs", "show", "second").out
    assert "run second" in shown
    assert "explore --resume second --iterations 81" in shown
    resumed = workshop.run("explore", "--plain", "--resume", "second", "--iterations", "2")
    assert "run second resumed after iteration 1" in resumed.out
    assert "explore --resume second --iterations 82" in resumed.out
    assert workshop.run("runs", "show", "first", "--json").data["iterations"] == 1


def test_says_what_a_run_cost_by_role_and_by_iteration(workshop: Workshop) -> None:
    workshop.explore()
    shown = workshop.run("runs", "cost", "first").out
    assert "model calls of first" in shown
    assert "actor" in shown
    data = workshop.run("runs", "cost", "first", "--json").data
    assert data["total"]["calls"] == sum(role["calls"] for role in data["roles"].values())
    assert [row["iteration"] for row in data["iterations"]] == [1, 2, 3]
    assert [row["roles"]["actor"]["calls"] for row in data["iterations"]] == [1, 1, 1]
    total = sum(cost["input_tokens"] for row in data["iterations"] for cost in row["roles"].values())
    assert total == data["total"]["input_tokens"] > 0


def test_shows_the_messages_that_a_run_kept(workshop: Workshop) -> None:
    workshop.explore()
    assert "curriculum_task" in workshop.run("runs", "prompts", "first").out
    told = workshop.run("runs", "prompts", "first", "--role", "actor", "--call", "2").out
    assert told.startswith("<!-- system -->")
    assert "# Task\nSaw 4 planks" in told
    (call,) = workshop.run("runs", "prompts", "first", "--role", "actor", "--call", "2", "--json").data
    assert [message["role"] for message in call["messages"]] == ["system", "user"]


def test_says_where_no_messages_were_kept(workshop: Workshop) -> None:
    workshop.explore("--no-keep-prompts")
    ended = workshop.run("runs", "prompts", "first")
    assert ended.code == 1
    assert "run first kept no messages; a run keeps them unless it has --no-keep-prompts" in ended.err
    assert workshop.run("runs", "prompts", "first", "--call", "1").code == 2


def test_watches_a_run_that_has_stopped(workshop: Workshop) -> None:
    workshop.explore()
    ended = workshop.run("runs", "watch", "first", "--plain")
    assert ended.code == 0
    assert "paused: budget of 3 iterations used up" in ended.out


def test_import_from_a_folder_that_is_not_there(workshop: Workshop) -> None:
    ended = workshop.run("skills", "import", "--format", "voyager", "nowhere")
    assert ended.code == 2
    assert "there is no folder nowhere" in ended.err


def test_doctor_says_what_there_is_and_how_to_get_the_rest(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = {finding["name"]: finding for finding in workshop.run("doctor", "--json").data}
    assert found["python"]["holds"]
    assert found["process: seccomp"]["detail"]
    assert found["embeddings"]["holds"]
    assert found["docker: engine"]["detail"]
    assert found["docker: engine"]["holds"] or "DOCKER_HOST" in found["docker: engine"]["detail"]
    assert found["model: openai"]["cure"] in ("set OPENAI_API_KEY", "pip install 'fieldcraft[openai]'")
    for name, extra in (
        ("figures", "report"),
        ("toolformer", "toolformer"),
        ("JavaScript skills", "minecraft"),
    ):
        cure = "" if found[name]["holds"] else f"pip install 'fieldcraft[{extra}]'"
        assert found[name]["cure"] == cure
    assert "sandbox" in workshop.run("doctor").out


def test_doctor_tells_what_minecraft_lacks(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fieldcraft.envs.minecraft import packages

    (tmp_path / "package-lock.json").write_bytes((packages.BRIDGE / "package-lock.json").read_bytes())
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.20.4\n")
    old.chmod(0o755)
    monkeypatch.setattr(packages, "BRIDGE", tmp_path)
    monkeypatch.setattr(packages, "VIEWER", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {finding["name"]: finding for finding in workshop.run("doctor", "--json").data}
    assert found["node"]["detail"].endswith("is v18.20.4")
    assert "fieldcraft[node]" in found["node"]["cure"]
    assert found["minecraft: bridge"]["cure"] == "fieldcraft envs install minecraft-v1"
    assert found["minecraft: pictures"]["cure"] == "fieldcraft envs install minecraft-v1 --pictures"


NEEDY = """
from clearing import Clearing
from fieldcraft.envs import Requirement

class Needy(Clearing):
    @classmethod
    def diagnose(cls):
        return (Requirement(name="saw", met=False, detail="there is none\\x1b[2J", cure="apt install saw"),)

class Failing(Clearing):
    @classmethod
    def diagnose(cls):
        raise RuntimeError("no idea")
"""


def test_doctor_lists_what_a_user_s_own_world_says_it_lacks(workshop: Workshop) -> None:
    Path("needy.py").write_text(NEEDY)
    Path("fieldcraft.toml").write_text('environment = "needy:Needy"\n')
    found = {finding["name"]: finding for finding in workshop.run("doctor", "--json").data}
    assert found["world: needy:Needy"]["holds"]
    assert (found["saw"]["holds"], found["saw"]["cure"]) == (False, "apt install saw")
    assert found["saw"]["detail"].startswith("there is none") and "\x1b" not in found["saw"]["detail"]


def test_doctor_goes_on_where_a_world_cannot_say_what_it_lacks(workshop: Workshop) -> None:
    Path("needy.py").write_text(NEEDY)
    Path("fieldcraft.toml").write_text('environment = "needy:Failing"\n')
    found = workshop.run("doctor", "--json").data
    failed = [finding["detail"] for finding in found if finding["name"] == "world: needy:Failing"]
    assert failed == ["loads", "its diagnose() failed: RuntimeError: no idea"]
    assert any(finding["name"] == "embeddings" for finding in found)


def test_doctor_fails_where_something_required_is_missing(workshop: Workshop) -> None:
    Path("fieldcraft.toml").write_text("sed = 3\n")
    ended = workshop.run("doctor")
    assert ended.code == 1
    assert "missing: settings" in ended.out


def test_takes_in_a_voyager_library_and_gives_it_back(workshop: Workshop) -> None:
    code = Path("trial1/skill/code")
    code.mkdir(parents=True)
    (code / "digPit.js").write_text("async function digPit(bot) { await lower(bot); }")
    (code / "broken.js").write_text("async function broken(bot) {\n  if (x {}\n}")
    ended = workshop.run("skills", "import", "--format", "voyager", "trial1", "--library", "borrowed")
    assert ended.code == 0
    for words in (
        "dig-pit",
        "SyntaxError at line",
        "lower not defined anywhere",
        "replay --library borrowed",
    ):
        assert words in ended.out
    assert (
        "from      imported from trial1\n"
        in workshop.run("skills", "show", "dig-pit", "--library", "borrowed").out
    )
    again = workshop.run("skills", "import", "trial1", "--library", "borrowed", "--json").data
    assert again["same"] == ["dig-pit"]
    shown = workshop.run("skills", "export", "out", "--library", "borrowed", "--json").data
    assert shown == {"written": ["dig-pit"], "left_out": {}}
    assert Path("out/skill/code/digPit.js").read_text() == (code / "digPit.js").read_text()
    assert workshop.run("skills", "import", "nowhere", "--library", "borrowed").code == 2


def test_runs_show_names_the_task_in_progress(workshop: Workshop) -> None:
    workshop.explore("--iterations", "2")
    ended = workshop.run("runs", "show", "first")
    assert "1 finished task" in ended.out
    assert "Saw 4 planks (not finished, 1 attempt so far)" in ended.out
    data = workshop.run("runs", "show", "first", "--json").data
    assert data["unfinished_task"] == {"task": "Saw 4 planks", "attempts": 1}
