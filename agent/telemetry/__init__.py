"""OpenTelemetry: spans and metrics of a run after the GenAI semantic conventions, made from its journal.

`spans` and `measures` turn events into spans and figures and know nothing of the wire; `otlp` encodes and
sends them, and only it needs the extra `otel`. `live` follows a run, `exporting` reads a journal as it is.
"""

from fieldcraft.agent.telemetry.destination import BadTelemetry, Destination, MissingTelemetry, Otel

__all__ = ["BadTelemetry", "Destination", "MissingTelemetry", "Otel"]
