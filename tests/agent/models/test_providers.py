"""A name gives a model, or an error that says what to do."""

from __future__ import annotations

import gzip
import json
import resource
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai_server import ChatServer, says, sends
from protocols import anthropic_says

from fieldcraft.agent.models import (
    Message,
    MissingExtra,
    MissingKey,
    ModelClient,
    ModelSettings,
    ModelUnavailable,
    UnknownModel,
    resolve_model,
)
from fieldcraft.agent.models.prices import Tokens, cost, price_of
from fieldcraft.agent.models.provider_list import PROVIDERS
from fieldcraft.agent.models.settings import Price

ROOT = Path(__file__).parents[3]

HELLO = [Message(role="system", text="Be short."), Message(role="user", text="Hello")]


def settings(**values: object) -> ModelSettings:
    return ModelSettings.model_validate({"timeout": 5.0, "retries": 0, **values})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("opena:gpt-5", r"no model provider 'opena'; did you mean 'openai'\? Known: anthropic, google_genai"),
        ("gpt-5", r"no model provider 'gpt-5'\. Known: "),
        ("openai:", r"'openai:' names no model; say 'openai:MODEL'"),
        ("scripted", r"'scripted' names no model; say 'scripted:FILE'"),
        ("offline:big", r"the offline model takes no name of its own"),
        ("json:JSONDecodr", r"module 'json' has no 'JSONDecodr'; did you mean 'JSONDecoder'"),
        ("json:JSONDecoder", r"'json:JSONDecoder' has no method invoke"),
    ],
)
def test_an_unknown_name_gets_the_nearest_and_the_known(name: str, message: str) -> None:
    with pytest.raises(UnknownModel, match=message):
        resolve_model(name, settings=settings())


@pytest.mark.parametrize("provider", ["openai", "anthropic", "ollama"])
def test_a_missing_package_is_one_line_that_names_the_extra(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"langchain_{provider}", None)

    with pytest.raises(MissingExtra) as caught:
        resolve_model(f"{provider}:some-model", settings=settings())

    assert str(caught.value).startswith(
        f"{provider}:some-model needs the extra '{provider}': pip install 'fieldcraft[{provider}]'"
    )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_missing_key_is_named_before_any_call(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = f"{provider.upper()}_API_KEY"
    monkeypatch.delenv(variable, raising=False)

    with pytest.raises(MissingKey, match=f"set the environment variable {variable}"):
        ModelClient(f"{provider}:some-model")


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    model = resolve_model("openai:local", settings=settings(base_url="http://127.0.0.1:9/v1"))

    assert model._llm_type == "openai-chat"


def test_any_langchain_model_by_module_and_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parrot_model.py").write_text(
        "from langchain_core.language_models import FakeListChatModel\n"
        "class Parrot(FakeListChatModel):\n"
        "    responses: list[str] = ['Polly']\n"
    )
    monkeypatch.chdir(tmp_path)

    answer = ModelClient("parrot_model:Parrot").ask(HELLO, role="actor", call=1)

    assert (answer.text, answer.priced) == ("Polly", False)


def test_anthropic_speaks_its_own_protocol(
    serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "Hi."}],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 9, "output_tokens": 2},
    }
    server = serve(sends(200, json.dumps(body).encode()))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-loopback-0123")
    client = ModelClient(
        "anthropic:claude-haiku-4-5",
        settings(base_url=server.url.removesuffix("/v1"), max_output_tokens=2),
    )

    answer = client.ask(HELLO, role="actor", call=1)

    assert (answer.text, answer.input_tokens, answer.truncated) == ("Hi.", 9, True)
    path, _, asked = server.requests[0]
    assert (path, asked["max_tokens"], asked["system"]) == ("/v1/messages", 2, "Be short.")


RULES = Message(role="system", text="Be short. " * 500)
MARK = {"type": "ephemeral"}


def claude(server: ChatServer) -> ModelClient:
    return ModelClient("anthropic:claude-haiku-4-5", settings(base_url=server.url.removesuffix("/v1")))


def test_anthropic_is_told_which_beginning_to_cache(
    serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(*[anthropic_says("Hi.")] * 3)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-loopback-0123")
    client, hello = claude(server), Message(role="user", text="Hello.")
    client.ask([RULES, hello], role="actor", call=1)
    client.ask([RULES, hello, Message(role="assistant", text="?"), hello], role="actor", call=2)
    client.ask([Message(role="system", text="Be short."), hello], role="actor", call=3)

    once, again, short = (asked for _, _, asked in server.requests)
    assert once["system"] == [{"type": "text", "text": RULES.text, "cache_control": MARK}]
    assert once["messages"] == [{"role": "user", "content": "Hello."}]
    assert again["messages"][0]["content"] == [{"type": "text", "text": "Hello.", "cache_control": MARK}]
    assert "cache_control" not in json.dumps(again["messages"][1:])
    assert short["system"] == "Be short."


def test_a_server_that_takes_no_marks_for_a_cache_is_asked_without(
    serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = {"type": "invalid_request_error", "message": "system.0.cache_control: extra inputs"}
    refusal = sends(400, json.dumps({"type": "error", "error": problem}).encode())
    server = serve(refusal, anthropic_says("Hi."), anthropic_says("Hi again."))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-loopback-0123")
    client, asked = claude(server), [RULES, Message(role="user", text="Hello.")]
    said = [client.ask(asked, role="actor", call=call).text for call in (1, 2)]
    assert said == ["Hi.", "Hi again."]
    assert ["cache_control" in json.dumps(sent) for _, _, sent in server.requests] == [True, False, False]


def test_ollama_speaks_its_own_protocol(serve: Callable[..., ChatServer]) -> None:
    body = {
        "model": "llama3",
        "created_at": "2025-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": "Hi."},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 8,
        "eval_count": 2,
    }
    server = serve(sends(200, json.dumps(body).encode() + b"\n"))
    client = ModelClient("ollama:llama3", settings(base_url=server.url.removesuffix("/v1")))

    answer = client.ask(HELLO, role="actor", call=1)

    assert (answer.text, answer.input_tokens, answer.priced) == ("Hi.", 8, True)
    path, _, asked = server.requests[0]
    assert (path, asked["model"]) == ("/api/chat", "llama3")


@pytest.mark.parametrize(
    ("name", "money"), [("openai:gpt-4o", 12.5), ("openai:gpt-4o-2024-08-06", 12.5), ("openai:gpt-9", None)]
)
def test_prices_come_from_the_table_and_unknown_ones_are_not_invented(name: str, money: float | None) -> None:
    usage = cost(price_of(name, ModelSettings()), Tokens(10**6, 10**6))

    assert (usage.money, usage.priced) == (money or 0.0, money is not None)


def test_tokens_of_a_prompt_cache_have_a_price_of_their_own() -> None:
    own = ModelSettings(prices={"openai:mine": Price(input=10, output=20, cache_read=1)})
    mine = price_of("openai:mine", own)
    listed = price_of("openai:gpt-4o", ModelSettings())

    assert mine is not None
    assert mine(Tokens(10**6, 0, cache_read=10**6)) == pytest.approx(1.0)
    assert mine(Tokens(10**6, 10**6, cache_read=5 * 10**5, cache_write=5 * 10**5)) == pytest.approx(25.5)
    assert listed is not None
    assert listed(Tokens(10**6, 0, cache_read=10**6)) < listed(Tokens(10**6, 0))


def test_two_hundred_models_have_a_price() -> None:
    from genai_prices.data import providers as listed

    priced = set()
    for name, provider in PROVIDERS.items():
        for model in next((one.models for one in listed if one.id == provider.prices), []):
            if price_of(f"{name}:{model.id}", ModelSettings()) is not None:
                priced.add(f"{provider.prices}:{model.id}")

    assert len(priced) >= 200


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_names_its_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = PROVIDERS[name]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    package = provider.package.partition(".")[0]
    for module in [module for module in sys.modules if module.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtra) as caught:
        resolve_model(f"{name}:some-model", settings=settings())

    assert str(caught.value).startswith(f"{name}:some-model needs the extra '{provider.extra}': pip install")
    assert "\n" not in str(caught.value)
    assert [required.partition(">")[0] for required in extras[provider.extra]] == [package.replace("_", "-")]


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("deepseek:deepseek-chat", "ChatDeepSeek"),
        ("google_genai:gemini-2.5-flash", "ChatGoogleGenerativeAI"),
        ("groq:llama-3.3-70b-versatile", "ChatGroq"),
        ("mistralai:mistral-large-latest", "ChatMistralAI"),
        ("xai:grok-4", "ChatXAI"),
    ],
)
def test_a_provider_gets_the_settings_under_its_own_names(
    name: str, cls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = PROVIDERS[name.partition(":")[0]]
    monkeypatch.setenv(provider.keys[-1], "key-of-this-test")

    model: Any = resolve_model(name, settings=settings(max_output_tokens=77, temperature=0.5))

    assert type(model).__name__ == cls
    assert (model.max_retries, model.temperature) == (0, 0.5)
    assert 77 in (getattr(model, "max_tokens", None), getattr(model, "max_output_tokens", None))


@pytest.mark.parametrize(
    "name", ["deepseek:deepseek-chat", "groq:llama", "mistralai:mistral-large", "xai:grok-4"]
)
def test_other_providers_answer_from_a_loopback_server(
    name: str, serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(says("Hi."))
    monkeypatch.setenv(PROVIDERS[name.partition(":")[0]].keys[0], "key-of-this-test")
    base = server.url.removesuffix("/v1") if name.startswith("groq") else server.url
    client = ModelClient(name, settings(base_url=base))

    assert client.ask(HELLO, role="actor", call=1).text == "Hi."


def test_azure_is_asked_at_its_endpoint_for_a_deployment(
    serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(says("Hi."))
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "key-of-this-test")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    client = ModelClient("azure_openai:mine", settings(base_url=server.url.removesuffix("/v1")))

    assert client.ask(HELLO, role="actor", call=1).text == "Hi."
    assert server.requests[0][0].startswith("/openai/deployments/mine/chat/completions?api-version=2024")


def test_google_speaks_its_own_protocol(
    serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi."}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11},
    }
    server = serve(sends(200, json.dumps(body).encode(), {"Content-Type": "application/json"}))
    monkeypatch.setenv("GOOGLE_API_KEY", "key-of-this-test")
    client = ModelClient("google_genai:gemini-2.5-flash", settings(base_url=server.url.removesuffix("/v1")))

    answer = client.ask(HELLO, role="actor", call=1)

    assert (answer.text, answer.input_tokens, answer.output_tokens) == ("Hi.", 9, 2)
    assert server.requests[0][0].endswith("/models/gemini-2.5-flash:generateContent")


@pytest.mark.attack("a model's server whose answer never ends, or grows a thousandfold")
@pytest.mark.parametrize("name", ["openai:local", "ollama:local", "groq:llama"])
@pytest.mark.parametrize("compressed", [False, True])
def test_an_answer_without_end_is_given_up(
    name: str, compressed: bool, serve: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "key-of-this-test")
    body = b'{"choices": [' + b"[]," * 6_000_000
    headers = {"Content-Type": "application/json"}
    if compressed:
        body, headers["Content-Encoding"] = gzip.compress(body * 10, 1), "gzip"
    server = serve(sends(200, body, headers))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ModelUnavailable, match="more than"):
        ModelClient(name, settings(base_url=server.url.removesuffix("/v1"), timeout=60)).ask(
            HELLO, role="actor", call=1
        )

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 * 1024
