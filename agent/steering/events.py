"""The journal's events of steering: notes of people that were heard, and waits while a run is paused."""

from __future__ import annotations

from typing import Literal

from fieldcraft.agent.journal.effect_events import BaseEvent
from fieldcraft.agent.steering.notes import NoteKind
from fieldcraft.common.fields import Moment, Text


class NoteHeard(BaseEvent):
    """A note of a person was heard; its file is removed after this event. `sent` is the time of sending.

    It may stand between any two events, and counts from where it stands.
    """

    type: Literal["note_heard"] = "note_heard"
    id: Text
    kind: NoteKind
    text: Text = ""
    by: Text = ""
    sent: Moment = 0.0


class Held(BaseEvent):
    """The run waits from here until a person lets it go on; `by` paused it. No resume looks at it."""

    type: Literal["held"] = "held"
    by: Text
