"""What an error says about the address that was asked: where that was, and whether a web page is there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from fieldcraft.agent.models.failures.error_parts import causes, error_objects
from fieldcraft.agent.redact import redact
from fieldcraft.common.text import visible_line

_LONGEST = 300
_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)
_GOT_TEXT = re.compile(r"Expected a dict or .{1,60}, got str: |'str' object has no attribute")
"""What LangChain's classes raise over text that is no JSON."""
_ENDS = ("/chat/completions", "/completions", "/responses")
"""What the packages for OpenAI's protocol put behind the base URL."""


def asked_at(error: BaseException) -> str:
    """The address of the request, without its query; empty where the exception does not have it."""
    for cause in causes(error):
        for part in (getattr(cause, "response", None), cause):
            try:
                url = str(getattr(part, "url", None) or part.request.url)  # type: ignore[union-attr]
            except (AttributeError, RuntimeError):
                continue
            address = urlsplit(url)
            if address.scheme in ("http", "https"):
                host = address.netloc.rpartition("@")[2]
                return visible_line(redact(f"{address.scheme}://{host}{address.path}"), _LONGEST)
    return ""


def address_advice(error: BaseException) -> str:
    """Where a request went that found nothing there, and what is odd about its base URL; empty if unknown."""
    address = asked_at(error)
    if not address:
        return ""
    end = next((end for end in _ENDS if address.endswith(end)), "")
    base = address.removesuffix(end)
    if end and base.endswith(_ENDS):
        advice = f"; the base URL must not hold {end}, which is put behind it"
    elif end and not re.search(r"/v\d+\w*(?:/openai)?$", base):
        advice = f"; most base URLs end in /v1: is it {base}/v1?"
    else:
        advice = ""
    return f" (asked at {address}{advice})"


def is_web_page(error: BaseException) -> bool:
    """Whether a web page, or other text, came in the place of an answer in JSON."""
    for cause in causes(error):
        text = getattr(cause, "doc", None)
        if isinstance(text, str) and _PAGE.match(text):
            return True
        if isinstance(cause, ValueError | AttributeError) and _GOT_TEXT.search(str(cause)[:1000]):
            return True
    return False


def message_of(error: BaseException) -> str:
    """What an error says, in a line: the message of its error object, where it has one."""
    for part in error_objects(error):
        message = part.get("message")
        if isinstance(message, str) and message.strip():
            return " ".join(message.split())
    return " ".join(str(error).split())
