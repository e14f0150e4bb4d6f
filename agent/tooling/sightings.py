"""Where things were last seen, as far as observations tell."""

from __future__ import annotations

from fieldcraft.agent.journal.state import Sighting
from fieldcraft.envs import Observation

SEEN_LIMIT = 1000


def note_sightings(seen: dict[str, Sighting], observation: Observation) -> None:
    """Put what is seen now last, and forget the oldest beyond `SEEN_LIMIT`."""
    for name, words in sorted(_seen_now(observation).items()):
        seen.pop(name, None)
        seen[name] = Sighting(words=words, tick=observation.tick)
    while len(seen) > SEEN_LIMIT:
        del seen[next(iter(seen))]


def _seen_now(observation: Observation) -> dict[str, str]:
    here = "" if observation.position is None else f" from {observation.position}"
    words = dict.fromkeys(observation.nearby_blocks or (), f"nearby, seen{here}")
    for name, distance in (observation.nearby_entities or {}).items():
        words[name] = f"{distance:g} blocks away, seen{here}"
    for place, held in (observation.chests or {}).items():
        words |= dict.fromkeys(held or {}, f"in the chest at {place}")
    return words
