"""What Python itself prints of errors, warnings and logs: the same as ever, without secrets."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType

from fieldcraft.common.secrets.redaction import redact

LONGEST = 1_000_000
"""Characters of one traceback; its end is shown, where the error itself stands."""


class Formatter(logging.Formatter):
    """Log records with their tracebacks, without secrets. A record that cannot be formatted is shown raw."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        try:
            text = super().format(record)
        except Exception:
            text = f"{record.levelname}: {record.msg!s} {record.args!r}"
        return redact(text)


def described(error: BaseException) -> str:
    """The traceback of an error with all its causes, without secrets."""
    return redact("".join(traceback.format_exception(error))[-LONGEST:])


def print_error(error: BaseException) -> None:
    """Write the traceback of an error to standard error, without secrets."""
    if sys.stderr is not None:
        sys.stderr.write(described(error))
        sys.stderr.flush()


def guard_error_output() -> None:
    """Have every error that nobody caught, and every warning, printed without secrets in this process."""
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread
    logging.captureWarnings(True)


def _uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    print_error(error)


def _in_thread(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None and not isinstance(raised.exc_value, SystemExit):
        name = raised.thread.name if raised.thread is not None else "?"
        sys.stderr.write(f"Exception in thread {name}:\n")
        print_error(raised.exc_value)


def _unraisable(raised: sys.UnraisableHookArgs) -> None:
    if raised.exc_value is not None:
        sys.stderr.write(f"{raised.err_msg or 'Exception ignored in'}: {type(raised.object).__name__}\n")
        print_error(raised.exc_value)
