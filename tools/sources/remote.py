"""A LangChain tool that runs on a remote server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from fieldcraft.tools.traits import KEY, ToolTraits


class RemoteTool(BaseTool):
    """Passes its arguments unchanged to `call`, and returns the future's result.

    (A `StructuredTool` would take arguments named `config` or `run_manager` for its own.)

    Args:
        parts: the size of its schema (`calls.schemas.parts`), if that has been checked; `None` if not.
    """

    _call: Callable[[dict[str, Any]], Future[Any]] = PrivateAttr()
    _parts: int | None = PrivateAttr()

    def __init__(
        self,
        call: Callable[[dict[str, Any]], Future[Any]],
        *,
        name: str,
        description: str,
        schema: dict[str, Any],
        traits: ToolTraits,
        parts: int | None = None,
    ) -> None:
        super().__init__(
            name=name,
            description=description,
            args_schema={"properties": {}, **schema},
            metadata={KEY: traits.model_dump(mode="json")},
        )
        self._call = call
        self._parts = parts

    @property
    def parts(self) -> int | None:
        """The size of its schema, if that has been checked."""
        return self._parts

    @property
    def schema_of_arguments(self) -> dict[str, Any]:
        """The announced JSON schema of its arguments."""
        return dict(self.args_schema) if isinstance(self.args_schema, dict) else {}

    def _run(self, /, **arguments: Any) -> Any:
        return self._call(arguments).result()

    async def _arun(self, /, **arguments: Any) -> Any:
        return await asyncio.wrap_future(self._call(arguments))
