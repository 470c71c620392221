"""Logging: one event per line, on standard error, without patient data.

Events name cases and series by their identifiers only. Anything that looks like a patient's
name never reaches a logger: code passes case IDs, counts and error classes, not headers.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure(*, verbose: bool = False, json_lines: bool = False) -> None:
    """Set up structlog for this process.

    Args:
        verbose: show debug events too.
        json_lines: one JSON object per event instead of aligned text.
    """
    renderer = (
        structlog.processors.JSONRenderer()
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.processors.ExceptionRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.WARNING
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
