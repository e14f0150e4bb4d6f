"""How large a model's window is: by its settings, its provider's profile, or its server when asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fieldcraft.agent.models import Message, ModelClient, ModelSettings, PromptTooLong
from fieldcraft.agent.models.windows.asking import OLLAMA_CONTEXT, OLLAMA_DEFAULT
from fieldcraft.agent.models.windows.window import ContextWindow

OLLAMA_ANSWER = {
    "model": "tiny",
    "created_at": "2025-01-01T00:00:00Z",
    "message": {"role": "assistant", "content": "Hi."},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 8,
    "eval_count": 2,
}
LONG = [Message(role="user", text="word " * 4_000)]


class Pages(ThreadingHTTPServer):
    """Answers each path with its page, and others with 404.

    Attributes:
        seen: method, path and body of each request.
    """

    daemon_threads = True

    def __init__(self, pages: dict[str, Any]) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.released = threading.Event()
        seen, released = self.seen, self.released

        class Handler(BaseHTTPRequestHandler):
            def answer(self, body: Any = None) -> None:
                seen.append((self.command, self.path, body))
                page = pages.get(self.path)
                if page == "hangs":
                    released.wait()
                data = page if isinstance(page, bytes) else json.dumps(page).encode()
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                self.answer()

            def do_POST(self) -> None:
                self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def pages() -> Iterator[Callable[[dict[str, Any]], Pages]]:
    servers: list[Pages] = []

    def start(found: dict[str, Any]) -> Pages:
        servers.append(Pages(found))
        return servers[-1]

    yield start
    for server in servers:
        server.released.set()
        server.shutdown()
        server.server_close()


Serve = Callable[[dict[str, Any]], Pages]


def listed(**fields: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "other", "max_model_len": 999}, {"id": "tiny", **fields}]}


def size_at(address: str, name: str = "openai:tiny", **settings: Any) -> int | None:
    return ModelClient(name, ModelSettings(base_url=address, timeout=5.0, **settings)).window.size


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"max_model_len": 8192}, 8192),
        ({"context_length": 200_000, "top_provider": {"context_length": 32_768}}, 32_768),
        ({"context_window": 131_072}, 131_072),
        ({"max_context_length": 32_768, "loaded_context_length": 4_096}, 4_096),
        ({"meta": {"n_ctx_train": 40_960}}, 40_960),
        ({"max_model_len": "8192"}, None),
        ({"max_model_len": -1}, None),
        ({"max_model_len": True}, None),
        ({"max_model_len": 10**30}, None),
        ({"meta": ["n_ctx"]}, None),
    ],
)
def test_a_server_of_openais_protocol_says_it_in_its_list(
    pages: Serve, fields: dict[str, Any], size: int | None
) -> None:
    assert size_at(f"{pages({'/v1/models': listed(**fields)}).url}/v1") == size


def test_llama_cpp_has_a_window_of_its_own_below_the_models(pages: Serve) -> None:
    model = {"data": [{"id": "/models/tiny.gguf", "meta": {"n_ctx_train": 131_072}}]}
    props = {"default_generation_settings": {"n_ctx": 8_192}}

    assert size_at(f"{pages({'/v1/models': model, '/props': props}).url}/v1") == 8_192


def test_lm_studio_says_it_on_a_page_of_its_own(pages: Serve) -> None:
    own = listed(max_context_length=32_768, loaded_context_length=4_096)

    assert size_at(f"{pages({'/v1/models': listed(), '/api/v0/models': own}).url}/v1") == 4_096


@pytest.mark.parametrize(
    ("running", "shown", "size"),
    [
        ([{"name": "tiny:latest", "context_length": 12_288}], {}, 12_288),
        ([], {"parameters": "stop  x\nnum_ctx                        6144"}, 6_144),
        ([], {}, OLLAMA_DEFAULT),
        ([{"name": "large", "context_length": 12_288}], {}, OLLAMA_DEFAULT),
    ],
)
def test_ollama_behind_openais_protocol_has_what_it_loads_the_model_with(
    pages: Serve, running: list[Any], shown: dict[str, Any], size: int
) -> None:
    server = pages({"/v1/models": listed(), "/api/ps": {"models": running}, "/api/show": shown})

    assert size_at(f"{server.url}/v1") == size


@pytest.mark.parametrize(
    "page", [b"", b"[1, 2", b"\xff\xfe", b'{"data": {"id": 1}}', b"[" * 100_000, b'{"data": [null, 3, "x"]}']
)
def test_a_list_that_cannot_be_read_leaves_the_window_unknown(pages: Serve, page: bytes) -> None:
    assert size_at(f"{pages({'/v1/models': page}).url}/v1") is None


def test_a_server_that_is_not_there_leaves_the_window_unknown() -> None:
    assert size_at("http://127.0.0.1:9/v1") is None


def test_a_server_that_hangs_is_not_waited_for_long(pages: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldcraft.agent.models.windows.asking._SECONDS", 0.3)

    assert size_at(f"{pages({'/v1/models': 'hangs'}).url}/v1") is None


def test_a_server_is_asked_once_and_not_before_it_matters(pages: Serve) -> None:
    server = pages({"/v1/models": listed(max_model_len=8192)})
    window = ModelClient("openai:tiny", ModelSettings(base_url=f"{server.url}/v1")).window

    assert not server.seen
    assert (window.size, window.size) == (8192, 8192)
    assert len(server.seen) == 1


def test_what_the_settings_say_goes_first(pages: Serve) -> None:
    server = pages({"/v1/models": listed(max_model_len=8192)})

    assert size_at(f"{server.url}/v1", context=5_000) == 5_000
    assert not server.seen


def test_a_providers_own_models_are_known_by_their_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")

    assert ModelClient("openai:gpt-4o").window.known == 128_000
    assert ModelClient("openai:gpt-99").window.size is None


@pytest.mark.parametrize(
    ("shown", "running", "size"),
    [
        ({"model_info": {"llama.context_length": 131_072}}, [], OLLAMA_CONTEXT),
        ({"model_info": {"llama.context_length": 2_048}}, [], 2_048),
        ({"model_info": {"llama.context_length": 131_072}, "parameters": "num_ctx 40000"}, [], 40_000),
        (
            {"model_info": {"llama.context_length": 131_072}},
            [{"model": "tiny", "context_length": 65_536}],
            65_536,
        ),
        ({"model_info": "none"}, [], OLLAMA_CONTEXT),
        ([], None, OLLAMA_CONTEXT),
    ],
)
def test_ollama_is_sent_the_window_that_prompts_are_fitted_to(
    pages: Serve, shown: Any, running: Any, size: int
) -> None:
    server = pages({"/api/show": shown, "/api/ps": {"models": running}, "/api/chat": OLLAMA_ANSWER})
    client = ModelClient("ollama:tiny", ModelSettings(base_url=server.url, retries=0))

    client.ask(LONG, role="actor", call=1)

    assert client.window.size == size
    assert server.seen[-1][1:] == ("/api/chat", server.seen[-1][2])
    assert server.seen[-1][2]["options"]["num_ctx"] == size


def test_ollama_is_sent_the_window_of_the_settings_without_being_asked(pages: Serve) -> None:
    server = pages({"/api/chat": OLLAMA_ANSWER})
    client = ModelClient("ollama:tiny", ModelSettings(base_url=server.url, retries=0, context=32_768))

    client.ask(LONG, role="actor", call=1)

    assert [(path, body["options"]["num_ctx"]) for _, path, body in server.seen] == [("/api/chat", 32_768)]


def test_a_refusal_names_the_window_and_how_the_model_counts() -> None:
    window = ContextWindow()
    assert window.room is None

    window.learn_refusal(PromptTooLong("no", limit=8_192, asked=9_000), 4_500)

    assert (window.size, window.room) == (8_192, 6_144)
    assert window.count(LONG) == pytest.approx(2 * ContextWindow().count(LONG), abs=2)


def test_a_refusal_without_numbers_takes_a_quarter_off() -> None:
    window = ContextWindow()

    window.learn_refusal(PromptTooLong("no"), 4_000)
    window.learn_refusal(PromptTooLong("no"), 3_000)

    assert (window.size, window.room) == (None, 2_250)


def test_a_window_only_ever_shrinks() -> None:
    window = ContextWindow(8_192)

    window.learn_refusal(PromptTooLong("no", limit=90_000_000), 6_000)

    assert (window.size, window.room) == (8_192, 4_500)


def test_the_answer_has_the_room_that_is_reserved_for_it() -> None:
    assert ContextWindow(8_192, output=1_000).room == 7_192
    assert ContextWindow(100_000).room == 100_000 - 4_096
    assert ContextWindow(1_000, output=2_000).room == 0


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("def mine(bot):\n    bot.mine('oak_log')\n", 3.5),
        ("Добыть 3 бревна дуба. ", 2.5),
        ("挖三块橡木原木。", 1.3),
    ],
)
def test_texts_of_every_script_count_enough(text: str, letters: float) -> None:
    assert ContextWindow().count([Message(role="user", text=text * 100)]) >= len(text) * 100 / letters
