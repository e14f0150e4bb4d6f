"""Arguments that the program around a LangChain tool injects: those filled here, and those unknown here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

_SUSPECT = ("Annotated", "Inject", "Runtime")
_HARMLESS = frozenset((bool, bytes, dict, float, int, list, object, str))
_RUNTIME = "ToolRuntime"
_FROM = {"InjectedState": "a LangGraph graph's state", "InjectedStore": "a LangGraph graph's store"}


@dataclass(frozen=True)
class Injected:
    """An injected argument.

    Attributes:
        kind: the name of the class that marks it, such as `InjectedToolCallId`.
        annotation: its annotation; a class for a `ToolRuntime`.
        required: whether it has no default.
    """

    kind: str
    annotation: Any
    required: bool


def implementation(tool: Any) -> Callable[..., Any]:
    """The function that a tool runs: its own, its coroutine, its `_run`, or itself."""
    found: Callable[..., Any] = tool
    if hasattr(tool, "invoke"):
        found = getattr(tool, "func", None) or getattr(tool, "coroutine", None) or tool._run
    return found


def injected(tool: Any) -> dict[str, Injected]:
    """The injected arguments of a LangChain tool or a function, by name."""
    function = implementation(tool)
    plain = getattr(function, "__annotations__", {})
    fields = _fields(tool)
    marks = {name: getattr(field, "metadata", ()) for name, field in fields.items()}
    if _none_suspect(plain.values()) and not any(marks.values()):
        return {}
    found = {}
    for name, annotation in {**_schema_hints(fields), **_hints(function)}.items():
        if name != "return" and (kind := _kind(annotation)):
            found[name] = Injected(kind, annotation, _is_required(function, fields, name))
    return found


def unfillable(tool: Any) -> str | None:
    """The reason why a tool or a function cannot be called here: an argument that nobody here can inject."""
    for name, argument in injected(tool).items():
        if not argument.required or argument.kind in {"InjectedToolCallId", _RUNTIME}:
            continue
        called = getattr(tool, "name", None) or getattr(tool, "__name__", "")
        source = _FROM.get(argument.kind, "the program around it")
        return (
            f"tool {called!r} needs {name!r} from {source} ({argument.kind}), which is not there here; "
            "give it a default, or fix it with functools.partial"
        )
    return None


class Absent:
    """Stands for a part of a LangGraph graph; whoever uses it is told that no graph runs."""

    def __init__(self, part: str) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()

    def _refuse(self, *_: object) -> Any:
        from fieldcraft.tools.errors import ToolError

        raise ToolError(f"it uses the {self._part} of a LangGraph graph, and no graph runs here")

    __getitem__ = __setitem__ = __contains__ = __iter__ = __len__ = _refuse


def filled(arguments: Mapping[str, Injected], call_id: str, config: Callable[[], Any]) -> dict[str, Any]:
    """The values of the injected arguments that are filled here."""
    return {
        name: call_id if argument.kind == "InjectedToolCallId" else _runtime(argument, call_id, config())
        for name, argument in arguments.items()
        if argument.kind in {"InjectedToolCallId", _RUNTIME}
    }


def _runtime(argument: Injected, call_id: str, config: Any) -> Any:
    """A LangGraph `ToolRuntime` without a graph."""
    made = get_origin(argument.annotation) or argument.annotation
    return made(
        state=Absent("state"),
        context=None,
        config=config,
        stream_writer=lambda _: None,
        tool_call_id=call_id,
        store=None,
    )


def _fields(tool: Any) -> Mapping[str, Any]:
    schema = getattr(tool, "args_schema", None)
    found = getattr(schema, "__pydantic_fields__", None)  # `model_fields` takes ten times as long
    if found is None and isinstance(schema, type):
        found = getattr(schema, "__fields__", None)
    return found if isinstance(found, dict) else {}


def _none_suspect(annotations: Iterable[Any]) -> bool:
    """Whether no annotation can mark an injected argument; quick for those of most functions."""
    for annotation in annotations:
        if type(annotation) is type and annotation in _HARMLESS:
            continue
        if isinstance(annotation, str):
            if any(word in annotation for word in _SUSPECT):
                return False
        elif hasattr(annotation, "__metadata__") or _is_runtime(annotation):
            return False
    return True


def _is_runtime(annotation: Any) -> bool:
    whole = get_origin(annotation) or annotation
    return isinstance(whole, type) and any(kind.__name__ == _RUNTIME for kind in whole.__mro__)


def _schema_hints(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: field for name, field in fields.items() if getattr(field, "metadata", ())}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except Exception:
        return dict(getattr(function, "__annotations__", {}))


def _kind(annotation: Any) -> str:
    """The name of the class that marks an annotation, or a field of a schema, as injected."""
    from langchain_core.tools import InjectedToolArg

    if _is_runtime(annotation):
        return _RUNTIME
    for mark in getattr(annotation, "metadata", None) or get_args(annotation)[1:]:
        kind = mark if isinstance(mark, type) else type(mark)
        if issubclass(kind, InjectedToolArg):
            return kind.__name__
    return ""


def _is_required(function: Callable[..., Any], fields: Mapping[str, Any], name: str) -> bool:
    parameter = inspect.signature(function).parameters.get(name)
    if parameter is not None and parameter.default is not inspect.Parameter.empty:
        return False
    field = fields.get(name)
    return field is None or bool(field.is_required() if hasattr(field, "is_required") else field.required)
