"""The names of the GenAI semantic conventions, and what of a run goes by which of them."""

from __future__ import annotations

import json
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.telemetry.records import Attributes, line, said
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import cut_text, valid_text

AGENT = "fieldcraft"
OPERATION, PROVIDER = "gen_ai.operation.name", "gen_ai.provider.name"
REQUEST_MODEL, ERROR_TYPE = "gen_ai.request.model", "error.type"
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
CONTENT_LIMIT = 16_000
"""Characters of an answer, a program, arguments or a result that are sent where content is."""

_PROVIDERS = {
    "anthropic_bedrock": "aws.bedrock",
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "bedrock_mantle_anthropic": "aws.bedrock",
    "bedrock_mantle_openai": "aws.bedrock",
    "google_anthropic_vertex": "gcp.vertex_ai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "ibm": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
"""What the conventions call providers that LangChain calls otherwise."""


def asked_model(settings: RunSettings, role: str) -> tuple[str, str]:
    """The provider and the model of a role, as the conventions name them."""
    named = settings.model_for(role)
    provider, _, model = named.partition(":")
    if not model:
        return AGENT, said(named, 100)
    if provider in {"scripted", "toolformer"}:
        return AGENT, provider
    return line(_PROVIDERS.get(provider, provider), 60), said(model, 100)


def of_run(settings: RunSettings, run: str, version: str) -> Attributes:
    """What is known of a run when it begins or goes on."""
    provider, model = asked_model(settings, "actor")
    return {
        OPERATION: "invoke_agent",
        "gen_ai.agent.name": AGENT,
        "gen_ai.agent.id": line(run),
        **({"gen_ai.agent.version": line(version, 40)} if version else {}),
        PROVIDER: provider,
        REQUEST_MODEL: model,
        "fieldcraft.world": said(settings.environment, 100),
        "fieldcraft.seed": settings.seed,
    }


def of_question(settings: RunSettings, run: str, event: e.ModelAsked) -> tuple[str, Attributes]:
    """The name and the attributes of a model call that begins."""
    provider, model = asked_model(settings, event.role)
    return f"chat {model}", {
        OPERATION: "chat",
        PROVIDER: provider,
        REQUEST_MODEL: model,
        "gen_ai.conversation.id": line(run),
        "gen_ai.prompt.name": line(event.template, 100),
        "fieldcraft.role": line(event.role, 60),
        "fieldcraft.call": event.call,
    }


def of_answer(event: e.ModelAnswered, *, content: bool) -> Attributes:
    """What a model's answer adds."""
    found: Attributes = {
        **_usage(event),
        "gen_ai.response.model": line(event.model),
        "gen_ai.response.finish_reasons": (_finish_reason(event),),
    }
    if event.shortened_for:
        found["fieldcraft.shortened_for"] = event.shortened_for
    if event.waited:
        found["fieldcraft.waited"] = event.waited
    if event.refusal:
        found[ERROR_TYPE] = "refused"
    if content:
        parts = [{"type": "text", "content": cut_text(valid_text(event.text), CONTENT_LIMIT)}]
        message = {"role": "assistant", "parts": parts, "finish_reason": _finish_reason(event)}
        found["gen_ai.output.messages"] = json.dumps([message], ensure_ascii=False)
    return found


def of_failure(event: e.ModelFailed) -> Attributes:
    """What a failed model call adds."""
    return {**_usage(event), ERROR_TYPE: "rate_limited" if event.rationed else "model_error"}


def of_tool_call(event: e.ToolCalled, task_number: int, *, content: bool) -> Attributes:
    """The attributes of a tool call that begins."""
    found: Attributes = {
        OPERATION: "execute_tool",
        "gen_ai.tool.name": line(event.tool, 100),
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": f"{task_number}-{event.call}",
        "fieldcraft.tool.user": line(event.user, 60),
        "fieldcraft.tool.effect": str(event.effect),
    }
    if content:
        found["gen_ai.tool.call.arguments"] = as_json(event.arguments)
    return found


def of_tool_result(event: e.ToolReturned, *, content: bool) -> Attributes:
    """What a tool's outcome adds, with the usage of models that it called."""
    found: Attributes = {"fieldcraft.tool.tries": event.tries}
    if event.model_calls:
        found |= {
            "fieldcraft.tool.model_calls": event.model_calls,
            INPUT: event.input_tokens,
            OUTPUT: event.output_tokens,
            "fieldcraft.cost.usd": event.money,
        }
    if event.error is not None:
        found[ERROR_TYPE] = "tool_error"
    elif content:
        found["gen_ai.tool.call.result"] = as_json(event.value)
    return found


def of_execution(event: e.ExecutionFinished) -> Attributes:
    """What the outcome of a program adds."""
    execution = event.execution
    found: Attributes = {
        "fieldcraft.program.ticks": execution.ticks,
        "fieldcraft.program.calls": execution.call_count,
        "fieldcraft.program.failed_calls": len(execution.failed_calls),
        "fieldcraft.items": len(event.progress.items),
    }
    if execution.killed is not None:
        found[ERROR_TYPE] = str(execution.killed)
    elif execution.fault is not None:
        found[ERROR_TYPE] = line(execution.fault.kind, 100)
    return found


def as_json(value: Any) -> str:
    """Arguments or a result as JSON, without secrets and bounded."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return cut_text(valid_text(redact(text[: CONTENT_LIMIT * 2])), CONTENT_LIMIT)


def _usage(event: e.ModelAnswered | e.ModelFailed) -> Attributes:
    found: Attributes = {INPUT: event.input_tokens, OUTPUT: event.output_tokens}
    if event.cached_tokens:
        found["gen_ai.usage.cache_read.input_tokens"] = event.cached_tokens
    if event.reasoning_tokens:
        found["gen_ai.usage.reasoning.output_tokens"] = event.reasoning_tokens
    if event.estimated:
        found["fieldcraft.usage.estimated"] = True
    if event.money or (isinstance(event, e.ModelAnswered) and event.priced):
        found["fieldcraft.cost.usd"] = event.money
    return found


def _finish_reason(event: e.ModelAnswered) -> str:
    if event.refusal:
        return "content_filter"
    if event.requests:
        return "tool_call"
    return "length" if event.truncated else "stop"


def marked(event: e.BaseEvent) -> tuple[str, Attributes] | None:
    """The name and attributes of the mark that an event leaves on the span in which it happens."""
    found: Attributes
    match event:
        case e.Judged():
            found = {"fieldcraft.success": event.verdict.success}
        case e.AnswerRefused() | e.ProposalRefused():
            found = {"fieldcraft.problem": said(event.problem)}
        case e.SkillKept():
            found = {"gen_ai.skill.name": line(event.name), "fieldcraft.skill.digest": line(event.digest)}
        case e.SkillRefused():
            found = {"fieldcraft.reason": said(event.reason)}
        case e.ApprovalParked():
            found = {"gen_ai.tool.name": line(event.tool), "fieldcraft.approval": line(event.id)}
        case e.ApprovalHeard():
            found = {"fieldcraft.approval": line(event.id), "fieldcraft.answer": said(event.text)}
        case e.NoteHeard():
            found = {"fieldcraft.note": line(event.kind), "fieldcraft.text": said(event.text)}
        case e.StallNoticed():
            found = {"fieldcraft.since": event.since, "fieldcraft.tries": said(event.tries)}
        case e.ModelWaited():
            found = {REQUEST_MODEL: line(event.model), "fieldcraft.seconds": event.seconds}
        case e.Warned():
            found = {"fieldcraft.text": said(event.text)}
        case _:
            return None
    return event.type, found
