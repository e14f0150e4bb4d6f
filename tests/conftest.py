"""What every test shares: attacks are recorded, slow tests are marked, and missing things are named once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from machine import IN_CI, missing_in

from fieldcraft.common.secrets.redaction import forget

TESTS = Path(__file__).parent
SLOW = (
    "agent/models/test_checking.py",
    "agent/models/test_client.py",
    "agent/models/test_parameters.py",
    "agent/models/test_responses_api.py",
    "agent/test_asked.py",
    "agent/test_changed_runs.py",
    "agent/test_episodes.py",
    "agent/test_own_goals.py",
    "agent/test_world_words.py",
    "agent/test_achievements.py",
    "agent/test_seen_and_returned.py",
    "agent/test_prompt_overrides.py",
    "agent/test_transcript.py",
    "cli/test_bench.py",
    "cli/test_changed_models.py",
    "cli/test_replay.py",
    "docs/test_sql_world.py",
    "envs/test_lived.py",
    "envs/crafter/*",
    "envs/gym/test_real_environments.py",
    "envs/minigrid/test_a_run.py",
    "envs/miniwob/*",
    "envs/minigrid/test_bench.py",
    "envs/textworld/*",
    "envs/scienceworld/*",
    "envs/minigrid/test_repeatable.py",
    "envs/minihack/*",
    "envs/plancraft/*",
    "tools/test_mcp_configuration.py",
    "agent/models/test_big_answers.py",
    "agent/models/test_errors_within.py",
    "agent/models/test_rate_limits.py",
    "agent/models/test_rationing.py",
    "agent/models/test_reports.py",
    "agent/models/test_stripped_answers.py",
    "agent/models/test_structured.py",
    "agent/models/test_turns.py",
    "agent/models/test_windows.py",
    "agent/memory/test_facts_commands.py",
    "agent/memory/test_facts_in_a_run.py",
    "agent/notices/*",
    "agent/offline/test_learning.py",
    "agent/report/*",
    "agent/study/*",
    "agent/telemetry/*",
    "agent/test_answer_styles.py",
    "agent/test_asynchronous.py",
    "agent/test_forks.py",
    "agent/test_giving_up.py",
    "agent/test_hopeless.py",
    "agent/test_long_runs.py",
    "agent/test_hostile_*",
    "agent/test_kept_snapshots.py",
    "agent/test_languages.py",
    "agent/test_listeners.py",
    "agent/test_methods.py",
    "agent/test_notebook.py",
    "agent/test_older_tails.py",
    "agent/test_own_parts.py",
    "agent/test_program_limits.py",
    "agent/test_python_api.py",
    "agent/test_refusals.py",
    "agent/test_resets.py",
    "agent/test_resume.py",
    "agent/test_skills_in_the_loop.py",
    "agent/test_parked_approvals.py",
    "agent/test_tool_approval.py",
    "agent/test_tools_in_the_loop.py",
    "agent/steering/test_hearing.py",
    "agent/test_tools_resumed.py",
    "agent/test_turns_resumed.py",
    "agent/test_typed_api.py",
    "agent/test_users_worlds.py",
    "agent/test_window_in_a_run.py",
    "agent/test_worlds_brought_back.py",
    "cli/test_dashboard.py",
    "cli/test_errors.py",
    "cli/test_escaping.py",
    "cli/test_worlds.py",
    "cli/test_explore.py",
    "cli/test_faults.py",
    "cli/test_forks.py",
    "cli/test_models.py",
    "cli/test_naming.py",
    "cli/test_nouns.py",
    "cli/test_parked_calls.py",
    "cli/test_planted_secrets.py",
    "cli/test_prompts.py",
    "cli/test_rate_limits.py",
    "cli/test_resuming.py",
    "cli/test_live_terminal.py",
    "cli/test_steering.py",
    "cli/test_stopping.py",
    "cli/test_study.py",
    "cli/test_tool_secrets.py",
    "cli/test_tools.py",
    "cli/test_tools_in_runs.py",
    "cli/test_without_posix.py",
    "cli/test_worlds.py",
    "compatibility/*",
    "compose/*",
    "docs/test_examples.py",
    "docs/test_packaging.py",
    "docs/test_registering_a_tool.py",
    "docs/test_site.py",
    "end_to_end/*",
    "envs/test_apart.py",
    "serve/test_[!d]*",
    "envs/minecraft/*",
    "skills/sandbox/test_[!fp]*",
    "skills/test_chroma_server.py",
    "skills/test_damaged_cache.py",
    "skills/test_unusable_cache.py",
    "skills/test_damaged_skills.py",
    "skills/test_faults.py",
    "skills/test_foreign_libraries.py",
    "skills/test_hostile_*",
    "skills/test_retrieval.py",
    "test_machine.py",
    "tools/test_hostile_*",
    "tools/test_isolation.py",
    "tools/test_mcp.py",
    "tools/toolformer/*",
)
"""Files whose tests start servers, containers, browsers, trainings or many processes, or make many runs."""

LONGEST = (
    "envs/minecraft/test_primitives.py",
    "agent/test_older_tails.py",
    "tools/toolformer/test_commands.py",
    "cli/test_tools_in_runs.py",
    "cli/test_study.py",
    "envs/minecraft/test_hostile_words.py",
    "cli/test_steering.py",
    "end_to_end/test_page_in_a_browser.py",
    "docs/test_examples.py",
    "cli/test_parked_calls.py",
    "envs/minecraft/test_between_worlds.py",
    "tools/toolformer/test_training.py",
    "agent/test_resume.py",
    "cli/test_planted_secrets.py",
    "agent/test_parked_approvals.py",
    "envs/minecraft/test_a_run.py",
    "cli/test_stopping.py",
    "agent/memory/test_facts_in_a_run.py",
    "agent/test_changed_runs.py",
    "envs/minecraft/test_javascript.py",
    "agent/test_own_parts.py",
    "tools/toolformer/test_corpus.py",
    "envs/minecraft/test_bad_input.py",
    "agent/test_hopeless.py",
    "skills/sandbox/test_frames.py",
    "envs/minecraft/test_faults.py",
    "envs/minecraft/test_hostile_programs.py",
    "cli/test_explore.py",
)
"""Files of a minute or more, in the order in which several processes begin them; then the other slow ones.

Those of Minecraft, which mostly wait for the world's clock, are between those that keep a processor busy.
"""


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> None:
    """What this process learned to take out of texts in one test says nothing to the next."""
    forget()


@pytest.fixture(autouse=True)
def _attack_row(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[None]:
    """Record which attack a test makes, and on what. The tests of sandboxes record how it ended, too."""
    yield
    marker = request.node.get_closest_marker("attack")
    if marker is None or "sandbox" in getattr(getattr(request.node, "callspec", None), "params", ()):
        return
    record_property("attack", marker.args[0])
    record_property("sandbox", "javascript" if "minecraft" in request.node.path.parts else "host")
    record_property("killed", False)


@cache
def is_slow(path: Path) -> bool:
    """Whether all tests of a file are slow."""
    inside = path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""
    return any(fnmatch(inside, pattern) for pattern in SLOW)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import slow files for the fast tests: some import Torch."""
    return True if config.option.markexpr == "not slow" and is_slow(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow files as slow, and those of all sandboxes but the one that starts fastest.

    Where several processes share them, the slow ones come first.
    """
    for item in items:
        sandbox = getattr(getattr(item, "callspec", None), "params", {}).get("sandbox", "landlock")
        if sandbox != "landlock" or is_slow(item.path):
            item.add_marker(pytest.mark.slow)
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _turn(item.path))


@cache
def _turn(path: Path) -> int:
    """When a file is begun, where several processes share them: a long one begun last is waited for alone."""
    inside = path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""
    if inside in LONGEST:
        return LONGEST.index(inside)
    return len(LONGEST) + (not is_slow(path))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Fail in CI what would be skipped: nothing may be missing there."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, which must have everything: {report.longrepr[2]}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each thing that tests were skipped for, once, with what brings it."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.getreports("skipped"))
    if not skipped:
        return
    terminalreporter.section("skipped")
    for why, count in skipped.most_common():
        plain = why.removeprefix("Skipped: ")
        missing = missing_in(plain)
        tests = f"{count} test{'s' if count > 1 else ''}"
        terminalreporter.line(f"{tests} for lack of {missing}" if missing else f"{tests}: {plain}")
