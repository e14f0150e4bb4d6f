"""What people send to a run while another process runs it: the notes, and the folder they wait in."""

from fieldcraft.agent.steering.inbox import Inbox, send
from fieldcraft.agent.steering.notes import BadNote, Note, NoteKind, account

__all__ = ["BadNote", "Inbox", "Note", "NoteKind", "account", "send"]
