"""A process that plays episodes: `python -m fieldcraft.bench.worker`, driven as the worker of a study is."""

from __future__ import annotations

import json
from contextlib import closing

from fieldcraft.bench.playing import PlayRequest, PlayRun, Worlds
from fieldcraft.study.worker import Report, Running, main, trial_run


def serve_episodes() -> None:
    """Serve requests for runs of a model and for episodes of other players."""
    with closing(Worlds()) as worlds:

        def begin(request: str, report: Report) -> Running:
            if "player" in json.loads(request):
                return PlayRun(PlayRequest.model_validate_json(request), worlds)
            return trial_run(request, report)

        main(begin)


if __name__ == "__main__":
    serve_episodes()
