"""Convert what MCP servers say to LangChain's standard content blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from fieldcraft.common.text import visible_line

if TYPE_CHECKING:
    from mcp_types import PromptMessage

Block = dict[str, Any]
"""A block as LangChain v1 has it: `text`, or `image`, `audio` or `file` with `base64` and `mime_type`."""

_LONGEST_LINK = 1_000


def text_block(text: str) -> Block:
    """A block of text."""
    return {"type": "text", "text": text}


def blocks_of(contents: Iterable[object]) -> list[Block]:
    """The blocks of a result's or message's content, in order."""
    return [_block(content) for content in contents]


def texts_of(blocks: Iterable[Block]) -> str:
    """The text of blocks; other blocks are named with type and size."""
    return "\n".join(block["text"] if block["type"] == "text" else _named(block) for block in blocks)


def prompt_text(messages: Iterable[PromptMessage]) -> str:
    """The messages of a prompt as text, each with its role."""
    return "\n\n".join(f"{message.role}: {texts_of([_block(message.content)])}" for message in messages)


def _block(content: object) -> Block:
    if isinstance(content, EmbeddedResource):
        content = content.resource
    match content:
        case TextContent(text=text) | TextResourceContents(text=text):
            return text_block(text)
        case ImageContent(mime_type=kind, data=data):
            return {"type": "image", "base64": data, "mime_type": kind}
        case AudioContent(mime_type=kind, data=data):
            return {"type": "audio", "base64": data, "mime_type": kind}
        case BlobResourceContents():
            return _file(content)
        case ResourceLink():
            return text_block(_link(content))
        case _:
            return text_block(f"[{type(content).__name__}, which is not shown]")


def _file(blob: BlobResourceContents) -> Block:
    kind = blob.mime_type or "application/octet-stream"
    main = kind.partition("/")[0]
    return {"type": main if main in {"image", "audio"} else "file", "base64": blob.blob, "mime_type": kind}


def _link(link: ResourceLink) -> str:
    """A link to a resource, which can be read on demand."""
    size = f"{link.size:,} bytes" if link.size else None
    about = ", ".join(filter(None, [link.mime_type, size]))
    words = f": {link.description}" if link.description else ""
    return visible_line(
        f"[resource {link.name!r} at {link.uri}{f' ({about})' if about else ''}{words}]", _LONGEST_LINK
    )


def _named(block: Block) -> str:
    data = block["base64"]
    size = len(data) * 3 // 4 - data[-2:].count("=")
    return f"[{visible_line(block['mime_type'], 100)} of {size:,} bytes]"
