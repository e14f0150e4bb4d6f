"""Going on with a run whose library is not where it was."""

from __future__ import annotations

import shutil
from pathlib import Path

from cli_workshop import Workshop


def test_a_run_that_kept_skills_does_not_go_on_beside_an_empty_library(workshop: Workshop) -> None:
    begun = workshop.explore("--iterations", "12")
    assert begun.code == 0, begun.err
    shutil.move("library", "elsewhere")

    ended = workshop.run("explore", "--plain", "--resume", "first", "--iterations", "14")

    assert ended.code == 1
    assert "the library library has none of them; go on where the run was made" in ended.err
    assert not Path("library").exists()
