"""What is said on other systems. This is no test on them: only the name of the system is another here."""

from __future__ import annotations

import sys

import pytest

from fieldcraft.skills.sandbox import SandboxUnavailable, open_sandbox, probe, process_launcher


@pytest.fixture
def macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")


@pytest.mark.usefixtures("macos")
def test_every_layer_of_the_process_sandbox_is_missing_on_macos() -> None:
    layers = probe()

    assert [(layer.name, layer.holds) for layer in layers] == [
        ("seccomp", False),
        ("rlimits", False),
        ("landlock", False),
        ("bubblewrap", False),
    ]
    assert all("macOS" in layer.detail and "docker" in layer.cure for layer in layers)


@pytest.mark.usefixtures("macos")
def test_the_process_sandbox_is_refused_on_macos_in_one_line() -> None:
    with pytest.raises(SandboxUnavailable) as caught:
        open_sandbox("process")

    assert str(caught.value) == (
        "the process sandbox needs Linux, and this is macOS; use --sandbox docker (with Docker or Podman), "
        "another machine, or --sandbox unsafe to run programs without isolation"
    )


@pytest.mark.usefixtures("macos")
def test_processes_of_a_world_are_started_plainly_on_macos() -> None:
    launcher = process_launcher()

    assert (launcher.confines, launcher.problem) == (False, "processes can be confined on Linux only")
