"""Structured logs without secrets: our own lines, and whatever a library logs about an exception of ours."""

import json
import logging
from typing import Any

from aws_lambda_powertools import Logger

from remediation.core.redact import redact, redacted


def logger() -> Logger:
    """Return the logger of the function, and see to it that nothing in this process logs a secret."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(known, _Redacting) for known in handler.filters):
            handler.addFilter(_Redacting())
    return Logger(service="remediation", json_serializer=_json, log_record_order=["level", "message"])


def _json(line: dict[str, Any]) -> str:
    return json.dumps(redacted(line), default=lambda value: redact(str(value)))


class _Redacting(logging.Filter):
    """Turns a record into its redacted text, the traceback included, before a handler writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
        record.msg, record.args, record.exc_info, record.exc_text = redact(text), (), None, None
        return True
