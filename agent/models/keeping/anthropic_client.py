"""Give the class for Anthropic an HTTP client whose answers are bounded: it takes none as an argument."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fieldcraft.agent.models.bounded_http import response_hooks


class BoundsAnswers:
    """A mixin for `ChatAnthropic`."""

    anthropic_proxy: str | None

    @cached_property
    def _client(self) -> Any:
        from anthropic import DefaultHttpxClient

        made: Any = super()._client  # type: ignore[misc]
        http = DefaultHttpxClient(
            base_url=made.base_url,
            timeout=made.timeout,
            proxy=self.anthropic_proxy,
            event_hooks=response_hooks(),
        )
        return made.with_options(http_client=http)
