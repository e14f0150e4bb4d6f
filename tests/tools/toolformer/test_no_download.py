"""A model by its name comes out of the local cache, and nobody is asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

LOAD = """
import sys
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.lm.model import LanguageModel
try:
    print("parameters", LanguageModel.load(sys.argv[1], device="cpu").model.num_parameters())
except ToolformerError as error:
    print(error)
"""


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """A hub that has nothing, and what it was asked for."""
    asked: list[str] = []

    class Nothing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def do_GET(self) -> None:
            self.do_HEAD()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_model_by_name_is_read_from_the_cache_and_never_asked_for(
    make_model: Any, hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    endpoint, asked = hub
    model = make_model()
    cached = tmp_path / "hub" / "models--some--gpt2"
    model.save(cached / "snapshots" / "abc")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    online = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment = {**online, "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(tmp_path / "hub")}

    def loaded(name: str) -> str:
        command = [sys.executable, "-c", LOAD, name]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert loaded("some/gpt2") == f"parameters {model.model.num_parameters()}\n"
    assert "there is no causal language model 'some/other' (no such folder)" in loaded("some/other")
    assert asked == []
