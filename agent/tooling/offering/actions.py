"""What a tool does to things, in everyday words: people say `get rid of` where an API says `delete`."""

from __future__ import annotations

import re

_LINES = """
create: create, make, add, new, register, open a, write, put, start, begin, send, post, set,
  schedule, plan, insert, issue, reserve, book, order, hire, claim, ask, apply, submit, raise,
  report a, upload, publish, invite, take a
delete: delete, remove, erase, destroy, drop, cancel, rid, take out, out of, clear, purge, discard,
  unregister, revoke, throw
update: update, change, edit, modify, adjust, rename, replace, patch, correct, amend, move
list: list, which, every, what are, there, show, overview, enumerate, latest, how many, all
get: get, read, fetch, retrieve, show, look at, see, view, details, one, describe, how much, what is
search: search, find, look for, query, lookup, filter, containing, by name, by text, about
export: export, download, dump, csv, file
archive: archive, aside, away, hide, shelve
share: share, access, let, permit, grant, allow
history: history, who, changes, versions, audit
"""
"""For each action of a name the words by which people ask for it; a line goes on where the next one is
indented."""
_ACTIONS = {
    action: re.compile(rf"\b(?:{'|'.join(map(re.escape, words.split(', ')))})\b")
    for action, words in (line.split(": ") for line in _LINES.replace("\n  ", " ").strip().splitlines())
}


def actions_in(text: str) -> frozenset[str]:
    """What a text in lower case asks to be done, by the words that APIs have for it."""
    return frozenset(action for action, words in _ACTIONS.items() if words.search(text))


def actions_of(name: str) -> frozenset[str]:
    """What a tool does, by the first word of its name (lower case, in words) that says so."""
    return next((found for word in name.split() if (found := actions_in(word))), frozenset())
