"""Call the function of a LangChain tool as `BaseTool.run` does, where it needs nothing of that."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, BaseModel

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_OF_CALLBACKS = {"callbacks", "run_manager"}
_PLAIN = {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
_VARIABLE = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}


@dataclass(frozen=True)
class Direct:
    """A tool's function with the schema of its arguments.

    Attributes:
        function: the function or coroutine function.
        schema: validates its arguments.
        names: of the schema's fields, each with the name under which the schema takes it.
        optional: the fields with a default, which is passed on.
        odd: the parameters, if some are not passed by name.
    """

    function: Callable[..., Any]
    schema: type[BaseModel]
    names: Mapping[str, str]
    optional: frozenset[str]
    odd: tuple[Parameter, ...]

    @classmethod
    def of(cls, tool: BaseTool, injected: Collection[str]) -> Direct | None:
        """How the tool's function is called; `None` if it needs LangChain's own `run`."""
        from langchain_core.tools import StructuredTool

        schema = tool.args_schema
        if type(tool) is not StructuredTool or tool.response_format != "content" or tool.handle_tool_error:
            return None
        if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
            return None
        function = tool.func or tool.coroutine
        if function is None or schema.model_config.get("extra") == "allow" or tool.handle_validation_error:
            return None
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            return None
        known = schema.model_fields.keys()
        unknown = {name for name, parameter in parameters.items() if parameter.kind not in _VARIABLE} - known
        if _OF_CALLBACKS & parameters.keys() or unknown or not known >= set(injected):
            return None
        return cls(
            function,
            schema,
            accepted_names(schema),
            frozenset(name for name, field in schema.model_fields.items() if not field.is_required()),
            tuple(parameters.values()) if {one.kind for one in parameters.values()} - _PLAIN else (),
        )

    def call(self, given: Mapping[str, Any]) -> Any:
        """Call the function with validated arguments.

        Raises:
            ValidationError: the schema does not accept them.
        """
        names = self.names
        made = self.schema.model_validate({names.get(name, name): value for name, value in given.items()})
        passed = {name: getattr(made, name) for name in names if name in given or name in self.optional}
        if not self.odd:
            return self.function(**passed)
        positional: list[Any] = []
        for parameter in self.odd:
            match parameter.kind:
                case Parameter.POSITIONAL_ONLY if parameter.name in passed:
                    positional.append(passed.pop(parameter.name))
                case Parameter.VAR_POSITIONAL:
                    positional += passed.pop(parameter.name, None) or ()
                case Parameter.VAR_KEYWORD:
                    passed |= passed.pop(parameter.name, None) or {}
        return self.function(*positional, **passed)


def accepted_names(schema: type[BaseModel]) -> dict[str, str]:
    """The fields of a schema, each with the name under which it takes them.

    That is the alias of a field that is only known by it; a model is shown the field's own name.
    """
    settings = schema.model_config
    by_name = settings.get("populate_by_name") or settings.get("validate_by_name")
    found = {}
    for name, field in schema.model_fields.items():
        if name.startswith("v__"):  # pydantic's own, of a function with positional parameters
            continue
        alias = field.validation_alias or field.alias
        if isinstance(alias, AliasChoices):
            alias = next((choice for choice in alias.choices if isinstance(choice, str)), None)
        found[name] = name if by_name or not isinstance(alias, str) else alias
    return found
