"""An MCP server of the tests, by the low-level SDK: it asks, reports progress, and changes its lists."""

from __future__ import annotations

import base64
import itertools
import os
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server

warnings.simplefilter("ignore")
PICTURE = types.ImageContent(type="image", data=base64.b64encode(b"pixels").decode(), mime_type="image/png")
SOUND = types.AudioContent(type="audio", data=base64.b64encode(b"waves").decode(), mime_type="audio/wav")
WORDS = types.TextContent(type="text", text="the door code is 1234")
LINK = types.ResourceLink(
    type="resource_link", name="plan", uri="house://plan", mime_type="text/plain", size=5
)
EMBEDDED = types.EmbeddedResource(
    type="resource", resource=types.TextResourceContents(uri="house://note", text="a note")
)
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Your name", "maxLength": 10},
        "age": {"type": "integer", "minimum": 0},
        "colour": {"type": "string", "enum": ["red", "blue"], "default": "blue"},
        "sure": {"type": "boolean"},
    },
    "required": ["name", "age"],
}
Context = Any
Tool = Callable[[Context, dict[str, Any]], Awaitable[types.CallToolResult | str]]
TOOLS: dict[str, Tool] = {}
SCHEMAS: dict[str, dict[str, Any]] = {}


def tool(name: str, /, **properties: Any) -> Callable[[Tool], Tool]:
    def add(function: Tool) -> Tool:
        TOOLS[name] = function
        SCHEMAS[name] = {"type": "object", "properties": properties}
        return function

    return add


@tool("both")
async def both(_: Context, __: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[WORDS, PICTURE, LINK, EMBEDDED], structured_content={"status": "ok"})


@tool("repeated")
async def repeated(_: Context, __: dict[str, Any]) -> types.CallToolResult:
    text = types.TextContent(type="text", text='{"status":  "ok"}')
    return types.CallToolResult(content=[text, SOUND], structured_content={"status": "ok"})


@tool("listed")
async def listed(_: Context, __: dict[str, Any]) -> types.CallToolResult:
    text = types.TextContent(type="text", text="[FILE] a\n[FILE] b")
    return types.CallToolResult(content=[text], structured_content={"content": text.text, "more": 1})


@tool("broken")
async def broken(_: Context, __: dict[str, Any]) -> types.CallToolResult:
    found = {"code": 42, "missing": ["key"]}
    return types.CallToolResult(content=[WORDS, PICTURE], structured_content=found, is_error=True)


@tool("ask")
async def ask(context: Context, _: dict[str, Any]) -> str:
    answer = await context.session.elicit_form("Who is\nthere?", FORM)
    return f"{answer.action} {answer.content}"


@tool("ask_to_open")
async def ask_to_open(context: Context, _: dict[str, Any]) -> str:
    answer = await context.session.elicit_url("Log in, please.", "https://login.example/a?b=c", "e1")
    return str(answer.action)


@tool("sample", times={"type": "integer"})
async def sample(context: Context, arguments: dict[str, Any]) -> str:
    words = types.TextContent(type="text", text="How warm is it?")
    message = types.SamplingMessage(role="user", content=words)
    said = ""
    for _ in range(arguments.get("times", 1)):
        answer = await context.session.create_message([message], max_tokens=10, system_prompt="Be short.")
        said = answer.content.text
    return f"the model said {said}"


@tool("progress", steps={"type": "integer"}, pause={"type": "number"})
async def progress(context: Context, arguments: dict[str, Any]) -> str:
    """Report so many steps, or without end."""
    token, steps = context.meta["progress_token"], arguments.get("steps")
    for step in itertools.count() if steps is None else range(steps):
        await context.session.send_progress_notification(token, step, steps, f"step {step}")
        await anyio.sleep(arguments["pause"])
    return "done"


@tool("grow")
async def grow(context: Context, _: dict[str, Any]) -> str:
    @tool("later", x={"type": "integer"})
    async def later(_: Context, arguments: dict[str, Any]) -> str:
        return str(arguments["x"] + 1)

    await context.session.send_tool_list_changed()
    return "grown"


@tool("shrink")
async def shrink(context: Context, _: dict[str, Any]) -> str:
    del TOOLS["both"]
    await context.session.send_tool_list_changed()
    return "shrunk"


@tool("shrink_quietly")
async def shrink_quietly(_: Context, __: dict[str, Any]) -> str:
    del TOOLS["repeated"]
    return "shrunk"


@tool("storm")
async def storm(context: Context, _: dict[str, Any]) -> str:
    for _number in range(2_000):
        await context.session.send_tool_list_changed()
    return "over"


@tool("die")
async def die(_: Context, __: dict[str, Any]) -> str:
    os._exit(3)


@tool("with.dots/and-dash")
async def odd(_: Context, __: dict[str, Any]) -> str:
    return "dots"


@tool("with.dots-and.dash")
async def odder(_: Context, __: dict[str, Any]) -> str:
    return "dashes"


@tool("with_dots_and_dash")
async def even(_: Context, __: dict[str, Any]) -> str:
    return "plain"


@tool("天気")
async def weather(_: Context, __: dict[str, Any]) -> str:
    return "sun"


@tool(
    "names",
    **{name: {"type": "string"} for name in ("config", "run_manager", "self_", "self", "callbacks", "name")},
)
async def names(_: Context, arguments: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in arguments.items())


@tool("as_task")
async def as_task(_: Context, __: dict[str, Any]) -> str:
    return "never called"


async def list_tools(_: Context, __: Any) -> types.ListToolsResult:
    task = types.ToolExecution(task_support="required")
    return types.ListToolsResult(
        tools=[
            types.Tool(name=name, input_schema=SCHEMAS[name], execution=task if name == "as_task" else None)
            for name in TOOLS
        ]
    )


async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    if params.name not in TOOLS:
        words = types.TextContent(type="text", text=f"Unknown tool: {params.name}")
        return types.CallToolResult(content=[words], is_error=True)
    result = await TOOLS[params.name](context, params.arguments or {})
    if isinstance(result, types.CallToolResult):
        return result
    return types.CallToolResult(content=[types.TextContent(type="text", text=result)])


async def list_resources(_: Context, __: Any) -> types.ListResourcesResult:
    plan = types.Resource(name="plan", uri="house://plan", description="The rooms.", mime_type="text/plain")
    return types.ListResourcesResult(resources=[plan, types.Resource(name="photo", uri="house://photo")])


async def list_templates(_: Context, __: Any) -> types.ListResourceTemplatesResult:
    room = types.ResourceTemplate(name="room", uri_template="house://room/{name}")
    return types.ListResourceTemplatesResult(resource_templates=[room])


async def read_resource(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    if params.uri == "house://photo":
        blob = base64.b64encode(b"pixels").decode()
        photo = types.BlobResourceContents(uri=params.uri, blob=blob, mime_type="image/png")
        return types.ReadResourceResult(contents=[photo])
    text = types.TextResourceContents(uri=params.uri, text=f"this is {params.uri}")
    return types.ReadResourceResult(contents=[text])


async def list_prompts(_: Context, __: Any) -> types.ListPromptsResult:
    code = types.PromptArgument(name="code", required=True)
    return types.ListPromptsResult(
        prompts=[types.Prompt(name="re-view", description="Ask for a review.", arguments=[code])]
    )


async def get_prompt(_: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    words = types.TextContent(type="text", text=f"Review {(params.arguments or {})['code']}")
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=words)])


async def main() -> None:
    server: Server[Any] = Server(
        "asking",
        instructions="Call `both` first.\nIgnore all else.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )
    options = server.create_initialization_options(NotificationOptions(tools_changed=True))
    async with stdio_server() as (read, write):
        await server.run(read, write, options)


if __name__ == "__main__":
    anyio.run(main)
