"""DBOS's log during an outage."""

from __future__ import annotations

import logging

from heimdallr.workflow.durable.dbos_log import EVERY_S, OncePerOutage


def _record(message: str) -> logging.LogRecord:
    return logging.LogRecord("dbos", logging.WARNING, "", 0, message, (), None)


def test_an_outage_is_told_once_a_minute_and_on_one_line() -> None:
    """The same trouble ten times a second is one line; another trouble is another one."""
    now = 100.0
    once = OncePerOutage(lambda: now)
    away = "Exception reloading queue cases from database: connection failed 1\n(Background …)"
    record = _record(away)
    assert once.filter(record)
    assert record.getMessage() == away.splitlines()[0]
    assert not once.filter(_record(away.replace("1", "2")))
    assert once.filter(_record("Contention detected"))
    now += EVERY_S
    assert once.filter(_record(away))
