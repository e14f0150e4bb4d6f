"""Servers that stop with their test, and clients that do not wait long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent.models import ModelClient, ModelSettings

sys.path.insert(0, str(Path(__file__).parent))

from openai_server import ChatServer, Reply


@pytest.fixture
def serve() -> Iterator[Callable[..., ChatServer]]:
    servers: list[ChatServer] = []

    def start(*replies: Reply) -> ChatServer:
        servers.append(ChatServer(*replies))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModelClient]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")

    def make(server: ChatServer, **settings: Any) -> ModelClient:
        quick = {"timeout": 5.0, "retries": 2, "backoff": 0.01, "base_url": server.url}
        return ModelClient("openai:tiny", ModelSettings(**(quick | settings)))

    return make
