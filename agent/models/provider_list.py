"""The providers of chat models that LangChain has a package for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fieldcraft.agent.models.bounded_http import bounded_client, response_hooks
from fieldcraft.agent.models.errors import UnknownModel
from fieldcraft.agent.models.settings import ModelSettings

Arguments = Callable[[str, ModelSettings, str | None], dict[str, Any]]


@dataclass(frozen=True)
class Provider:
    """A provider with its own LangChain package, which an extra of Fieldcraft installs.

    Attributes:
        package: the module that has the class.
        cls: the class of its chat models.
        extra: the extra of Fieldcraft that installs the package.
        keys: environment variables, each of which may hold its key; none if it has another way to log in.
        prices: what genai-prices calls the provider; empty where it lists none.
        model: what the class calls the name of the model.
        arguments: how it wants to be called, given the model's name, the settings and the key, where that
            cannot be told from the fields of its class.
        maker: the class method that makes a model, where calling the class does not.
        compatible: the class that speaks to a server at a `base_url` of the user's: it keeps to the widely
            copied part of the protocol, and may do without a key.
        marks: it caches the beginning of a conversation only where that is marked (Anthropic's API).
    """

    package: str
    cls: str
    extra: str
    keys: tuple[str, ...] = ()
    prices: str = ""
    model: str = "model"
    arguments: Arguments | None = None
    maker: str | None = None
    compatible: str | None = None
    marks: bool = False


def _ollama(model: str, settings: ModelSettings, _key: str | None) -> dict[str, Any]:
    return {
        "model": model,
        "base_url": settings.base_url,
        "client_kwargs": {"timeout": settings.timeout},
        "sync_client_kwargs": {"event_hooks": response_hooks(by_line=True)},
        "temperature": settings.temperature,
        "num_predict": settings.max_output_tokens,
    }


def _huggingface(model: str, settings: ModelSettings, key: str | None) -> dict[str, Any]:
    """Its hosted models: without `backend` the package would load the model into this process."""
    if settings.base_url is not None:
        raise UnknownModel(no_address(f"huggingface:{model}"))
    return {
        "model_id": model,
        "backend": "endpoint",
        "huggingfacehub_api_token": key,
        "timeout": math.ceil(settings.timeout),
        "temperature": settings.temperature,
        "max_new_tokens": settings.max_output_tokens,
    }


def no_address(name: str) -> str:
    """What to say where a provider of one place only is given an address."""
    return f"{name} takes no base_url; a server that speaks OpenAI's protocol is openai:MODEL"


def _langsmith(model: str, settings: ModelSettings, key: str | None) -> dict[str, Any]:
    return {
        "model": model,
        "base_url": settings.base_url or "https://gateway.smith.langchain.com/v1",
        "api_key": key,
        "timeout": settings.timeout,
        "max_retries": 0,
        "temperature": settings.temperature,
        "max_tokens": settings.max_output_tokens,
        "use_responses_api": True,
        "http_client": bounded_client(settings.timeout),
    }


_AWS, _VERTEX = "langchain_aws", "langchain_google_vertexai"
PROVIDERS: Mapping[str, Provider] = {
    "anthropic": Provider(
        "langchain_anthropic", "ChatAnthropic", "anthropic", ("ANTHROPIC_API_KEY",), "anthropic", marks=True
    ),
    "anthropic_bedrock": Provider(_AWS, "ChatAnthropicBedrock", "aws", prices="aws", marks=True),
    "azure_ai": Provider(
        "langchain_azure_ai.chat_models", "AzureAIOpenAIApiChatModel", "azure-ai", prices="azure"
    ),
    "azure_openai": Provider(
        "langchain_openai",
        "AzureChatOpenAI",
        "openai",
        ("AZURE_OPENAI_API_KEY",),
        "azure",
        "azure_deployment",
    ),
    "baseten": Provider("langchain_baseten", "ChatBaseten", "baseten", ("BASETEN_API_KEY",), "baseten"),
    "bedrock": Provider(_AWS, "ChatBedrock", "aws", prices="aws"),
    "bedrock_converse": Provider(_AWS, "ChatBedrockConverse", "aws", prices="aws"),
    "bedrock_mantle_anthropic": Provider(_AWS, "ChatAnthropicMantle", "aws", prices="aws", marks=True),
    "bedrock_mantle_openai": Provider(_AWS, "ChatOpenAIMantle", "aws", prices="aws"),
    "cohere": Provider(
        "langchain_cohere", "ChatCohere", "cohere", ("COHERE_API_KEY", "CO_API_KEY"), "cohere"
    ),
    "deepseek": Provider("langchain_deepseek", "ChatDeepSeek", "deepseek", ("DEEPSEEK_API_KEY",), "deepseek"),
    "fireworks": Provider(
        "langchain_fireworks", "ChatFireworks", "fireworks", ("FIREWORKS_API_KEY",), "fireworks"
    ),
    "google_anthropic_vertex": Provider(
        f"{_VERTEX}.model_garden",
        "ChatAnthropicVertex",
        "google-vertexai",
        prices="google",
        model="model_name",
        marks=True,
    ),
    "google_genai": Provider(
        "langchain_google_genai",
        "ChatGoogleGenerativeAI",
        "google-genai",
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "google",
    ),
    "google_vertexai": Provider(_VERTEX, "ChatVertexAI", "google-vertexai", prices="google"),
    "groq": Provider("langchain_groq", "ChatGroq", "groq", ("GROQ_API_KEY",), "groq"),
    "huggingface": Provider(
        "langchain_huggingface",
        "ChatHuggingFace",
        "huggingface",
        ("HF_TOKEN", "HUGGINGFACEHUB_API_TOKEN"),
        arguments=_huggingface,
        maker="from_model_id",
    ),
    "ibm": Provider("langchain_ibm", "ChatWatsonx", "ibm", model="model_id"),
    "langsmith": Provider(
        "langchain_openai",
        "ChatOpenAI",
        "openai",
        ("LANGSMITH_GATEWAY_API_KEY", "LANGSMITH_API_KEY"),
        arguments=_langsmith,
    ),
    "litellm": Provider("langchain_litellm", "ChatLiteLLM", "litellm"),
    "meta": Provider("langchain_meta", "ChatMetaModel", "meta", prices="meta"),
    "mistralai": Provider(
        "langchain_mistralai", "ChatMistralAI", "mistralai", ("MISTRAL_API_KEY",), "mistral"
    ),
    "nvidia": Provider("langchain_nvidia_ai_endpoints", "ChatNVIDIA", "nvidia", ("NVIDIA_API_KEY",)),
    "ollama": Provider("langchain_ollama", "ChatOllama", "ollama", arguments=_ollama),
    "openai": Provider(
        "langchain_openai", "ChatOpenAI", "openai", ("OPENAI_API_KEY",), "openai", compatible="BaseChatOpenAI"
    ),
    "openrouter": Provider(
        "langchain_openrouter", "ChatOpenRouter", "openrouter", ("OPENROUTER_API_KEY",), "openrouter"
    ),
    "perplexity": Provider(
        "langchain_perplexity",
        "ChatPerplexity",
        "perplexity",
        ("PPLX_API_KEY", "PERPLEXITY_API_KEY"),
        "perplexity",
    ),
    "together": Provider("langchain_together", "ChatTogether", "together", ("TOGETHER_API_KEY",), "together"),
    "upstage": Provider("langchain_upstage", "ChatUpstage", "upstage", ("UPSTAGE_API_KEY",)),
    "xai": Provider("langchain_xai", "ChatXAI", "xai", ("XAI_API_KEY",), "x-ai"),
}
"""By the names that LangChain's `init_chat_model` knows."""
