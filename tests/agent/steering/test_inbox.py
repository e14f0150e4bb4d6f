from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from fieldcraft.agent.steering import BadNote, Inbox, Note, send


def test_notes_arrive_in_the_order_in_which_they_were_sent(tmp_path: Path) -> None:
    for text in ("first", "second", "third"):
        send(tmp_path, Note(kind="say", text=text))

    assert [note.text for note in Inbox(tmp_path).waiting()] == ["first", "second", "third"]


def test_two_people_can_send_at_once(tmp_path: Path) -> None:
    def many(name: str) -> None:
        for number in range(50):
            send(tmp_path, Note(kind="say", text=f"{name} {number}"))

    threads = [threading.Thread(target=many, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({note.text for note in Inbox(tmp_path).waiting()}) == 100


def test_a_note_that_was_heard_is_removed_and_never_heard_again(tmp_path: Path) -> None:
    note, late = (send(tmp_path, Note(kind="say", text=text)) for text in ("eat something", "sleep"))
    inbox = Inbox(tmp_path)

    inbox.remove(note)

    assert [each.text for each in inbox.waiting(heard={late.id})] == []
    assert list((tmp_path / "inbox").iterdir()) == []


def test_a_file_that_is_no_note_is_removed_and_harms_nothing(tmp_path: Path) -> None:
    note = send(tmp_path, Note(kind="pause"))
    (tmp_path / "inbox" / "0-nonsense.json").write_text("{")
    (tmp_path / "inbox" / "1-link.json").symlink_to("/etc/passwd")

    assert Inbox(tmp_path).waiting() == [note]


@pytest.mark.parametrize("kind", ["say", "task"])
def test_a_note_without_the_text_it_needs_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadNote, match="needs a text"):
        send(tmp_path, Note(kind=kind, text="  "))  # type: ignore[arg-type]


def test_notes_keep_their_order_where_the_clock_jumps_back(tmp_path: Path) -> None:
    first = send(tmp_path, Note(kind="pause"))
    (waiting,) = (tmp_path / "inbox").iterdir()
    in_a_year = f"{time.time_ns() + 365 * 86_400 * 10**9:020}"
    waiting.rename(waiting.with_name(f"{in_a_year}-{first.id}.json"))

    second = send(tmp_path, Note(kind="go_on"))

    assert Inbox(tmp_path).waiting() == [first, second]
