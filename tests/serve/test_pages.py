"""What the pages show of runs, and what they let a person do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from serve_runs import grow

from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.steering import Inbox

ODD = ["..", "%2e%2e", "a%2Fb", "%00", "nothing", "x" * 5_000, "%ff%fe"]


def notes(runs: Path) -> list[Any]:
    return Inbox(runs / "hostile").waiting()


def until(client: Any, path: str, words: str) -> str:
    with client.stream(f"{path}events") as patches:
        while words not in (text := "".join(patches().values())):
            pass
    return str(text)


def test_lists_every_run_and_a_damaged_one_costs_only_itself(client: Any, runs: Path) -> None:
    (runs / "broken").mkdir()
    (runs / "broken" / "journal-000001.jsonl").write_text("{nonsense}\n")
    page = until(client, "", "is damaged")
    assert 'href="r/hostile/"' in page and 'href="r/broken/"' in page


def test_shows_a_run_with_its_program_verdict_and_figures(client: Any) -> None:
    page = client.get("r/hostile/")
    for words in ("<h4>Program</h4>", "<h4>Log</h4>", "<h4>Verdict</h4>", "distinct items", "gridworld-v1"):
        assert words in page


@pytest.mark.parametrize(
    "path",
    ["", "r/hostile/", "r/hostile/iterations", "r/hostile/iterations/1", "r/hostile/iterations/2?part=1",
     "r/hostile/facts", "compare?a=hostile&b=hostile"],
)  # fmt: skip
def test_no_text_of_a_run_becomes_markup(client: Any, path: str) -> None:
    page = client.get(path)
    assert "<img" not in page
    assert "<script>" not in page
    assert page.count("<script") == page.count('/page.js" defer></script>')


def test_any_past_iteration_is_read_from_its_segment(client: Any, runs: Path) -> None:
    with Run.open(runs, "hostile") as run:
        grow(run, 40, each_its_own_segment=True)
        assert len(run.journal.segments()) > 20
    assert "print(&#39;walk 7&#39;)" in client.get("r/hostile/iterations/7").replace("<span>", "") or (
        "walk 7" in client.get("r/hostile/iterations/7")
    )
    listed = client.get("r/hostile/iterations?last=12")
    assert 'data-key="iteration-12"' in listed and 'data-key="iteration-1"' in listed
    assert 'data-key="iteration-13"' not in listed


@pytest.mark.parametrize("number", ["0", "3", "99999999999999999999", "x"])
def test_an_iteration_that_is_not_there_is_said_so(client: Any, number: str) -> None:
    assert client.ask(f"r/hostile/iterations/{number}").status == 404


@pytest.mark.parametrize("name", ODD)
def test_a_name_of_no_run_leads_nowhere(client: Any, name: str) -> None:
    for path in (f"r/{name}/", f"r/{name}/iterations", f"compare?a={name}&b=hostile"):
        assert client.ask(path).status in {403, 404}


def test_a_link_to_a_folder_elsewhere_is_no_run(client: Any, runs: Path, tmp_path: Path) -> None:
    (runs / "hostile").rename(tmp_path / "elsewhere")
    (runs / "link").symlink_to(tmp_path / "elsewhere")
    assert client.ask("r/link/").status == 404


@pytest.mark.parametrize(
    ("kind", "text"), [("say", f"<b>{'ü' * 100}"), ("task", "Craft 1 bed"), ("pause", "")]
)
def test_a_note_waits_in_the_inbox_of_the_run(client: Any, runs: Path, kind: str, text: str) -> None:
    answer = client.note("hostile", kind=kind, text=text)
    assert answer.status == 200
    assert json.loads(answer.text) == {"sent": kind, "running": False}
    assert [(note.kind, note.text) for note in notes(runs)] == [(kind, text)]
    assert "1 note not heard yet: the run is not running" in until(client, "r/hostile/", "not heard yet")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "say"}, 400),
        ({"kind": "say", "text": " "}, 400),
        ({"kind": "rm"}, 400),
        ({"kind": ["say"], "text": {"a": 1}}, 400),
        ({"kind": "say", "text": "x" * 5_000}, 400),
        ({"kind": "say", "text": "x" * 50_000}, 413),
        ([], 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 19_000, 400),
        ({"kind": "approve", "text": "yes", "call": "nothing"}, 400),
    ],
)
def test_what_is_no_note_is_refused(client: Any, runs: Path, body: Any, status: int) -> None:
    answer = client.ask("r/hostile/notes", method="POST", body=body)
    assert answer.status == status
    assert json.loads(answer.text)["problem"]
    assert not notes(runs)


@pytest.mark.parametrize("kind", ["stop", "skip", "step", "go_on"])
def test_what_says_nothing_to_a_run_that_is_not_running_is_refused(
    client: Any, runs: Path, kind: str
) -> None:
    answer = client.note("hostile", kind=kind)
    assert answer.status == 409
    assert "the run is not running" in json.loads(answer.text)["problem"]
    assert not notes(runs)


def test_a_note_as_a_form_of_another_site_would_send_it_is_refused(client: Any, runs: Path) -> None:
    answer = client.ask("r/hostile/notes", method="POST", body=b"{}", Content_Type="text/plain")
    assert (answer.status, notes(runs)) == (415, [])


def test_a_read_only_page_has_no_buttons_and_takes_no_notes(serve: Any, runs: Path) -> None:
    client = serve(read_only=True)
    page = client.get("r/hostile/")
    assert "data-note" not in page and "read-only" in page
    answer = client.note("hostile", kind="stop")
    assert answer.status == 403
    assert "without --read-only" in answer.text
    assert not notes(runs)


def test_two_runs_are_compared(client: Any, runs: Path) -> None:
    import shutil

    shutil.copytree(runs / "hostile", runs / "other")
    page = client.get("compare?a=hostile&b=other")
    assert page.count('class="curve c') == 2
    assert "Items that only one of them held" in page
