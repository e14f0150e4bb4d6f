"""A LangChain tool whose arguments are a model of pydantic's first version, announced by its JSON schema.

(LangChain builds a smaller model of it for each provider, and fails where a field has a constraint.)
"""

from __future__ import annotations

from typing import Any

from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from fieldcraft.tools.langchain.injected import injected
from fieldcraft.tools.langchain.invoking import Invocation, is_asynchronous
from fieldcraft.tools.traits import KEY, traits_of


class OldSchemaTool(BaseTool):
    """Passes its arguments to the tool that it stands for."""

    _tool: BaseTool = PrivateAttr()

    @classmethod
    def of(cls, tool: BaseTool) -> OldSchemaTool:
        """Stand for a tool, with its traits."""
        schema: dict[str, Any] = tool.args_schema.schema()  # type: ignore[union-attr]
        for name in injected(tool):
            schema["properties"].pop(name, None)
        traits = traits_of(tool)
        if traits.isolation is None and is_asynchronous(tool):
            traits = traits.model_copy(update={"isolation": "async"})
        made = cls(
            name=tool.name,
            description=tool.description,
            args_schema={"properties": {}, **schema},
            metadata={**(tool.metadata or {}), KEY: traits.model_dump(mode="json")},
        )
        made._tool = tool
        return made

    def _run(self, /, **arguments: Any) -> Any:
        return Invocation(self._tool).run(arguments, 0)

    async def _arun(self, /, **arguments: Any) -> Any:
        return await Invocation(self._tool).run_async(arguments, 0)
