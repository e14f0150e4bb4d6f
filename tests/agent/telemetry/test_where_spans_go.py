"""Which of flags, settings and the standard variables decide where spans go."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from fieldcraft.agent.telemetry.destination import BadTelemetry, Destination, destination_of
from fieldcraft.agent.telemetry.sending import Pace
from fieldcraft.agent.telemetry.variables import drop_broken_limits

BASE, TRACES = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
THERE = {BASE: "http://there:4318"}


@pytest.mark.parametrize("otel", [None, "", False, "false", "off"])
def test_nothing_is_sent_unless_something_asks_for_it(otel: str | bool | None) -> None:
    assert destination_of(otel, {}) is None


@pytest.mark.parametrize("otel", [True, "true", "on"])
def test_without_a_url_the_collector_is_on_this_machine(otel: str | bool) -> None:
    assert destination_of(otel, {}) == Destination("http://localhost:4318")


@pytest.mark.parametrize(
    "url",
    ["https://there:4318/otlp", "https://there:4318/otlp/", "https://there:4318/otlp/v1/traces"],
)
def test_a_url_names_the_collector_for_spans_and_metrics(url: str) -> None:
    found = destination_of(url, THERE)
    assert found is not None
    assert found.url("metrics") == "https://there:4318/otlp/v1/metrics"


def test_a_variable_alone_turns_it_on_and_names_the_collector() -> None:
    assert destination_of(None, THERE) == Destination("")
    assert destination_of(None, {TRACES: "http://there/v1/traces"}) == Destination("", ("traces",))


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
    ],
)
def test_the_variables_turn_it_off_too(variables: dict[str, str]) -> None:
    assert destination_of(None, {**THERE, **variables}) is None
    assert destination_of(False, THERE) is None


def test_one_signal_can_be_left_out() -> None:
    assert destination_of(True, {"OTEL_METRICS_EXPORTER": "none"}) == Destination(
        "http://localhost:4318", ("traces",)
    )


@pytest.mark.parametrize("url", ["there:4318", "ftp://there", "http://", "http://there:99999999", "h\x1b[2J"])
def test_a_url_that_is_none_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(
        BadTelemetry, match=r"is no collector's URL; write it as http://localhost:4318"
    ) as caught:
        destination_of(url, {})
    assert str(caught.value).isprintable()


def test_another_protocol_is_an_error_where_spans_are_asked_for_and_else_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    grpc = {**THERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    with pytest.raises(BadTelemetry, match="only http/protobuf is spoken"):
        destination_of(True, grpc)
    with caplog.at_level(logging.WARNING):
        assert destination_of(None, grpc) is None
    assert len(caplog.records) == 1


def test_a_password_in_the_url_is_not_shown() -> None:
    found = destination_of("http://someone:hunter2hunter2@there:4318", {})
    assert found is not None and "hunter2" not in found.shown


def test_the_pace_follows_the_variables_and_what_is_no_number_changes_nothing() -> None:
    found = Pace.of({"OTEL_BSP_SCHEDULE_DELAY": "250", "OTEL_BSP_MAX_QUEUE_SIZE": "many"})
    assert found == Pace(delay=0.25)
    assert Pace.of({"OTEL_BSP_MAX_QUEUE_SIZE": "-1", "OTEL_METRIC_EXPORT_INTERVAL": "nan"}) == Pace()


WITHOUT = """
import sys
sys.modules["opentelemetry.exporter.otlp"] = None
from fieldcraft.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "command", ["explore --otel --iterations 1", "runs export latest --out f", "runs export latest --otel"]
)
def test_without_the_extra_a_command_that_needs_it_says_so_in_one_line(
    command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    made = folder / "runs" / "one"
    made.mkdir(parents=True)
    (made / "journal-000001.jsonl").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *command.split()], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == ("error: OpenTelemetry needs the extra `otel`: pip install 'fieldcraft[otel]'\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "5"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://there:99999999"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "5"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2hunter2"),
        ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/no/such/file"),
    ],
)
def test_a_value_with_which_nothing_can_be_sent_is_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(BadTelemetry, match=rf"^{name} is .*not .*Set it to that, or unset it$") as caught:
        destination_of(True, {**THERE, name: value})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "-4"),
        ("OTEL_SDK_DISABLED", "maybe"),
        ("OTEL_TRACES_EXPORTER", "jaeger"),
        ("OTEL_RESOURCE_ATTRIBUTES", "5"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "5"),
    ],
)
def test_a_value_that_counts_as_not_set_is_one_warning_that_names_it(
    name: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert destination_of(None, {**THERE, name: value}) is not None
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{name} is ")


def test_limits_that_end_the_import_of_opentelemetry_are_left_out() -> None:
    variables = {"OTEL_SPAN_LINK_COUNT_LIMIT": "many", "OTEL_SPAN_EVENT_COUNT_LIMIT": "5"}
    (line,) = drop_broken_limits(variables)
    assert line.startswith("OTEL_SPAN_LINK_COUNT_LIMIT is 'many', not a whole number, 0 or more")
    assert variables == {"OTEL_SPAN_EVENT_COUNT_LIMIT": "5"}
