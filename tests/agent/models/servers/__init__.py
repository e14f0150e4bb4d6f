"""Loopback servers of the protocols of models, as strict about turns with tools as the real ones are.

Each is scripted by a function from what was asked to what is said, apart from any protocol, so that one
script runs through all of LangChain's classes.
"""

from __future__ import annotations

from servers.anthropic_messages import AnthropicServer
from servers.base import Asked, Call, ProtocolServer, Refused, Said
from servers.gemini_content import GeminiServer
from servers.ollama_chat import OllamaServer
from servers.openai_chat import OpenAIServer
from servers.openai_responses import ResponsesServer

PROTOCOLS: dict[str, type[ProtocolServer]] = {
    "openai": OpenAIServer,
    "anthropic": AnthropicServer,
    "gemini": GeminiServer,
    "ollama": OllamaServer,
}

__all__ = [
    "PROTOCOLS",
    "AnthropicServer",
    "Asked",
    "Call",
    "GeminiServer",
    "OllamaServer",
    "OpenAIServer",
    "ProtocolServer",
    "Refused",
    "ResponsesServer",
    "Said",
]
