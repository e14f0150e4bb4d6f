"""Which headers a document may name."""

from __future__ import annotations

import re

_OF_THE_TRANSPORT = {
    *("accept-encoding", "connection", "content-length", "cookie", "expect", "host", "keep-alive"),
    *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
}
"""Headers that determine how and to which server a request is sent."""
NOT_PARAMETERS = _OF_THE_TRANSPORT | {"accept", "content-type", "authorization"}
"""These headers, and those that OpenAPI specifies in another place."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")


def is_name(name: str) -> bool:
    """Whether `name` is a valid header name."""
    return _TOKEN.fullmatch(name) is not None


def is_parameter(name: str) -> bool:
    """Whether a key may be sent in the header of this name."""
    return is_name(name) and name.lower() not in _OF_THE_TRANSPORT
