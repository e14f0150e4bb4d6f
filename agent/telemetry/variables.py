"""What the standard `OTEL_` variables may hold, and a line for each that holds something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off", "none"})
LIMITS = tuple(
    f"OTEL_{name}_LIMIT"
    for name in (
        "ATTRIBUTE_COUNT",
        "ATTRIBUTE_VALUE_LENGTH",
        "EVENT_ATTRIBUTE_COUNT",
        "LINK_ATTRIBUTE_COUNT",
        "SPAN_ATTRIBUTE_COUNT",
        "SPAN_ATTRIBUTE_VALUE_LENGTH",
        "SPAN_EVENT_COUNT",
        "SPAN_LINK_COUNT",
    )
)
"""Variables that OpenTelemetry reads when it is imported; a wrong value ends the import."""


class Rule(NamedTuple):
    """What the value of a variable is to be, in words and as a check, and what a wrong one comes to.

    Nothing can be sent with a wrong one where `comes_to` is empty.
    """

    wanted: str
    holds: Callable[[str], bool]
    comes_to: str = ""


def drop_broken_limits(variables: MutableMapping[str, str]) -> list[str]:
    """Remove the limits that are no numbers, with which OpenTelemetry cannot be imported.

    LangChain imports it where it is installed, whether spans are sent or not.

    Returns:
        A line for each.
    """
    rule = Rule("a whole number, 0 or more", str.isdecimal, "it is ignored")
    lines = []
    for name in LIMITS:
        if line := _checked(name, variables, rule):
            del variables[name]
            lines.append(line)
    return lines


def unusable(variables: Mapping[str, str], signals: Sequence[str]) -> str:
    """The first variable with whose value nothing can be sent, in a line; empty where there is none."""
    rules = _rules(signals).items()
    return next(
        (line for name, rule in rules if not rule.comes_to and (line := _checked(name, variables, rule))), ""
    )


def ignored(variables: Mapping[str, str], signals: Sequence[str]) -> list[str]:
    """A line for each variable whose value is none and counts as not set."""
    rules = _rules(signals).items()
    return [line for name, rule in rules if rule.comes_to and (line := _checked(name, variables, rule))]


def _rules(signals: Sequence[str]) -> dict[str, Rule]:
    usual = "the usual value counts"
    rules = {
        f"OTEL_EXPORTER_OTLP_{between}{name}": rule
        for name, rule in _OF_EXPORTERS.items()
        for between in ("", *(f"{signal.upper()}_" for signal in signals))
    }
    for name in ("OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL"):
        rules[name] = Rule("a number of milliseconds, 1 or more", _is_number, usual)
    for name in ("OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"):
        rules[name] = Rule("a number, 1 or more", _is_number, usual)
    for name in ("OTEL_SDK_DISABLED", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"):
        rules[name] = Rule("true or false", _one_of(*YES, *NO), "it counts as false")
    for signal in ("traces", "metrics"):
        known = _some_of("otlp", "none")
        rules[f"OTEL_{signal.upper()}_EXPORTER"] = Rule("otlp or none", known, f"no {signal} are sent")
    rules["OTEL_RESOURCE_ATTRIBUTES"] = Rule(_PAIRS, _is_pairs, "the rest is left out")
    rules["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"] = Rule(
        "cumulative, delta or lowmemory", _one_of("cumulative", "delta", "lowmemory"), usual
    )
    return rules


def _checked(name: str, variables: Mapping[str, str], rule: Rule) -> str:
    value = variables.get(name, "").strip()
    if not value or rule.holds(value):
        return ""
    shown = (
        "not" if "HEADERS" in name or "ATTRIBUTES" in name else f"{visible_line(redact(value), 60)!r}, not"
    )
    end = f"; {rule.comes_to}" if rule.comes_to else ""
    return f"{name} is {shown} {rule.wanted}{end}. Set it to that, or unset it"


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_number(value: str) -> bool:
    try:
        return float(value) >= 1
    except ValueError:
        return False


def _is_positive(value: str) -> bool:
    try:
        return float(value) > 0
    except ValueError:
        return False


def _is_pairs(value: str) -> bool:
    return all("=" in pair and not pair.lstrip().startswith("=") for pair in value.split(",") if pair.strip())


def _is_file(value: str) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):
        return False


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in words


def _some_of(*words: str) -> Callable[[str], bool]:
    return lambda value: any(part.strip() in words for part in value.split(","))


_PAIRS = "a list NAME=VALUE,NAME=VALUE"
_OF_EXPORTERS = {
    "ENDPOINT": Rule("a URL such as http://localhost:4318", _is_url),
    "PROTOCOL": Rule(
        "http/protobuf (only http/protobuf is spoken, at the collector's port for HTTP, as a rule 4318)",
        _one_of("http/protobuf"),
    ),
    "COMPRESSION": Rule("none, gzip or deflate", _one_of("none", "gzip", "deflate")),
    "HEADERS": Rule(_PAIRS, _is_pairs),
    "CERTIFICATE": Rule("a file that is there", _is_file),
    "CLIENT_CERTIFICATE": Rule("a file that is there", _is_file),
    "CLIENT_KEY": Rule("a file that is there", _is_file),
    "TIMEOUT": Rule("a number of seconds above 0", _is_positive, "the usual value counts"),
}
"""By the ends of their names, the variables that are for all signals and for each."""
