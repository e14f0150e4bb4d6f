"""Makes one game with TextWorld, as a program of its own: no other module of ours is loaded.

It is run by its path, with a JSON document as its argument: `generator`, `settings`, `guided`, `seed`,
`file`, and `seconds`, the processor time that it may take. Where there is no game it ends with status 3.
"""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import suppress
from typing import Any

NO_GAME = 3
"""The exit status where the generator finds no game."""
TRIES = 20
"""Seeds that are tried: some maps have no way that is long enough for a level."""
_APART = 1_000_003
"""How far these seeds are apart."""


def main(request: dict[str, Any]) -> int:
    """Make the game and compile it; the exit status."""
    with suppress(ImportError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"], request["seconds"] + 5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import textworld
        import textworld.challenges
        import textworld.generator

        options = textworld.GameOptions()
        options.path = request["file"]
        options.grammar.only_last_action = not request["guided"]
        _, make, _ = textworld.challenges.CHALLENGES[request["generator"]]
        for number in range(TRIES):
            options.seeds = (request["seed"] + number * _APART) % 2**31
            with suppress(textworld.generator.QuestGenerationError):
                textworld.generator.compile_game(make(request["settings"], options), options)
                return 0
    return NO_GAME


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
