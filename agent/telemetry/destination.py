"""Where spans and metrics go: a URL that was given, or the standard `OTEL_` variables."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from fieldcraft.agent.telemetry.variables import NO, YES, ignored, unusable
from fieldcraft.common.errors import InputError, MissingRequirement
from fieldcraft.common.secrets.redaction import learn_url, redact
from fieldcraft.common.text import visible_line

Otel = str | bool | None
"""A collector's URL; `True` for that of the variables, else this machine's; `False` for none; `None` for one
where the variables name it."""

HERE = "http://localhost:4318"
"""Where a collector takes OTLP over HTTP if nothing else is said."""
CURE = "OpenTelemetry needs the extra `otel`: pip install 'fieldcraft[otel]'"
SIGNALS = ("traces", "metrics")
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")

logger = logging.getLogger(__name__)


class BadTelemetry(InputError, ValueError):
    """No spans can be sent as it is set; the message says what to change."""


class MissingTelemetry(MissingRequirement, ImportError):
    """The packages of OpenTelemetry are not installed."""


@dataclass(frozen=True)
class Destination:
    """A collector, and what it gets.

    Attributes:
        endpoint: the collector's base URL; empty where the variables name one for each signal.
        signals: those of `SIGNALS` that are sent.
        content: whether answers, programs, arguments and results are sent too.
    """

    endpoint: str
    signals: tuple[str, ...] = SIGNALS
    content: bool = False

    def url(self, signal: str) -> str | None:
        """Where this signal is sent; `None` where the variables say it."""
        return f"{self.endpoint}/v1/{signal}" if self.endpoint else None

    @property
    def shown(self) -> str:
        """The collector, for people to read: without passwords."""
        return visible_line(redact(self.endpoint or "that the OTEL_ variables name"), 200)


def destination_of(otel: Otel, variables: Mapping[str, str] = os.environ) -> Destination | None:
    """Where a run's spans and metrics go; `None` where nothing asks for them.

    Raises:
        BadTelemetry: the URL is none, or a variable has a value with which nothing can be sent.
        MissingTelemetry: the extra is not installed.
    """
    otel = _as_switch(otel)
    if otel is False:
        return None
    signals = tuple(signal for signal in SIGNALS if _wanted(signal, otel, variables))
    if otel or any(variables.get(name) for name in (_ENDPOINT, *map(_endpoint_of, SIGNALS))):
        for line in ignored(variables, SIGNALS):
            logger.warning("%s", line)
    if not signals or (not otel and _is_on(variables, "OTEL_SDK_DISABLED")):
        return None
    try:
        _check(variables, signals, given=isinstance(otel, str))
        check_installed()
    except (BadTelemetry, MissingTelemetry) as problem:
        if otel:
            raise
        logger.warning("the OTEL_ variables ask for spans, and none are sent: %s", problem)
        return None
    return Destination(
        endpoint=_endpoint(otel, variables),
        signals=signals,
        content=wants_content(variables),
    )


def wants_content(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether answers, programs, arguments and results are part of the spans."""
    return _is_on(variables, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")


def _as_switch(otel: Otel) -> Otel:
    """A word such as `true` in a variable or a file means what it says."""
    word = otel.strip().lower() if isinstance(otel, str) else ""
    if word in YES:
        return True
    return False if word in NO else otel or (None if isinstance(otel, str) else otel)


def _wanted(signal: str, otel: Otel, variables: Mapping[str, str]) -> bool:
    """Whether a signal is sent; without a flag, only where a variable says to which collector."""
    exporter = variables.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp").strip() or "otlp"
    if "otlp" not in exporter.split(","):
        return False
    return bool(otel or variables.get(_ENDPOINT) or variables.get(_endpoint_of(signal)))


def _endpoint_of(signal: str) -> str:
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"


def _is_on(variables: Mapping[str, str], name: str) -> bool:
    return variables.get(name, "").strip().lower() in YES


def _check(variables: Mapping[str, str], signals: tuple[str, ...], *, given: bool) -> None:
    """Refuse values with which nothing can be sent; an endpoint that was given makes theirs idle.

    Raises:
        BadTelemetry: the message names the variable.
    """
    if given:
        variables = {name: value for name, value in variables.items() if not name.endswith("_ENDPOINT")}
    if problem := unusable(variables, signals):
        raise BadTelemetry(problem)


def check_installed() -> None:
    """Raise `MissingTelemetry` unless the packages of the extra are installed."""
    try:
        found = all(find_spec(name) is not None for name in _NEEDED)
    except ModuleNotFoundError:
        found = False
    if not found:
        raise MissingTelemetry(CURE)


def _endpoint(otel: Otel, variables: Mapping[str, str]) -> str:
    """The base URL that was given; none where variables name one."""
    if not isinstance(otel, str):
        named = [variables.get(name) for name in (_ENDPOINT, *map(_endpoint_of, SIGNALS))]
        return "" if any(named) else HERE
    learn_url(otel)
    url = otel.strip().rstrip("/")
    for signal in SIGNALS:
        url = url.removesuffix(f"/v1/{signal}")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        shown = visible_line(redact(otel), 100)
        raise BadTelemetry(f"{shown!r} is no collector's URL; write it as {HERE}")
    return url
