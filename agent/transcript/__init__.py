"""The exact messages of a run's model calls, kept beside its journal: each line once, and compressed."""

from fieldcraft.agent.transcript.reading import KeptCall, TranscriptDamaged, kept_calls
from fieldcraft.agent.transcript.writing import Transcript

__all__ = ["KeptCall", "Transcript", "TranscriptDamaged", "kept_calls"]
