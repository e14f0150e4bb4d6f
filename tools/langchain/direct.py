"""Call the functions of a LangChain tool as `BaseTool.run` does, where they need nothing else of that."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, BaseModel

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

Function = Callable[..., Any]

_OF_CALLBACKS = {"callbacks", "run_manager"}
_PLAIN = {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
_VARIABLE = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}
_OWN = ("run", "arun", "invoke", "ainvoke", "_parse_input", "_to_args_and_kwargs")


@dataclass(frozen=True)
class Direct:
    """A tool's functions with the schema of their arguments.

    Attributes:
        function: is called in a thread, `None` if there is none.
        coroutine: a coroutine function or an asynchronous generator function, `None` if there is none.
        schema: validates their arguments; `None` for a JSON schema, which is checked before.
        names: of the schema's fields, each with the name under which the schema takes it.
        optional: the fields with a default, which is passed on.
        odd: the parameters, if some are not passed by name.
    """

    function: Function | None
    coroutine: Function | None
    schema: type[BaseModel] | None
    names: Mapping[str, str]
    optional: frozenset[str]
    odd: tuple[Parameter, ...]

    @classmethod
    def of(cls, tool: BaseTool, injected: Collection[str]) -> Direct | None:
        """How the tool's functions are called; `None` if they need LangChain's own `run`."""
        from langchain_core.tools import StructuredTool

        if tool.response_format != "content" or tool.handle_tool_error or tool.handle_validation_error:
            return None
        if type(tool) is StructuredTool:
            return _of_functions(tool, injected)
        return _of_methods(tool) if isinstance(tool.args_schema, dict) and not injected else None

    def arguments(self, given: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The validated arguments, by place and by name.

        Raises:
            ValidationError: the schema does not accept them.
        """
        if self.schema is None:
            return [], dict(given)
        names = self.names
        made = self.schema.model_validate({names.get(name, name): value for name, value in given.items()})
        passed = {name: getattr(made, name) for name in names if name in given or name in self.optional}
        positional: list[Any] = []
        for parameter in self.odd:
            match parameter.kind:
                case Parameter.POSITIONAL_ONLY if parameter.name in passed:
                    positional.append(passed.pop(parameter.name))
                case Parameter.VAR_POSITIONAL:
                    positional += passed.pop(parameter.name, None) or ()
                case Parameter.VAR_KEYWORD:
                    passed |= passed.pop(parameter.name, None) or {}
        return positional, passed


def call(function: Function, arguments: tuple[list[Any], dict[str, Any]]) -> Any:
    """Call a function with arguments by place and by name."""
    return function(*arguments[0], **arguments[1])


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


def _of_functions(tool: Any, injected: Collection[str]) -> Direct | None:
    """Of a `StructuredTool`, whose schema has all that its function takes."""
    schema = tool.args_schema
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return None
    parameters = _parameters(tool.func or tool.coroutine)
    if parameters is None or schema.model_config.get("extra") == "allow":
        return None
    known = schema.model_fields.keys()
    unknown = {name for name, parameter in parameters.items() if parameter.kind not in _VARIABLE} - known
    if unknown or not known >= set(injected):
        return None
    yields = inspect.isasyncgenfunction(tool.func)
    return Direct(
        None if yields else tool.func,
        tool.func if yields else tool.coroutine,
        schema,
        accepted_names(schema),
        frozenset(name for name, field in schema.model_fields.items() if not field.is_required()),
        tuple(parameters.values()) if {one.kind for one in parameters.values()} - _PLAIN else (),
    )


def _of_methods(tool: BaseTool) -> Direct | None:
    """Of a class of tools that has its own `_run` and `_arun`, and leaves the rest to `BaseTool`."""
    from langchain_core.tools import BaseTool

    kind = type(tool)
    if any(getattr(kind, name) is not getattr(BaseTool, name) for name in _OWN):
        return None
    coroutine = tool._arun if kind._arun is not BaseTool._arun else None
    for function in filter(None, (tool._run, coroutine)):
        parameters = _parameters(function)
        if parameters is None or any(one.kind is not Parameter.VAR_KEYWORD for one in parameters.values()):
            return None
    return Direct(tool._run, coroutine, None, {}, frozenset(), ())


def _parameters(function: Function | None) -> Mapping[str, Parameter] | None:
    """The parameters of a function; `None` if they are unknown, or callbacks are among them."""
    try:
        found = inspect.signature(function).parameters if function is not None else {}
    except (TypeError, ValueError):
        return None
    return None if function is None or _OF_CALLBACKS & found.keys() else found
