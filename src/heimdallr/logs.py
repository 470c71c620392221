"""Logging: one event per line, on standard error, without patient data.

Code passes UIDs, numbers of studies and runs, counts and error classes to a logger, never headers
nor case IDs, which hold a name. In case someone forgets, three things stand between a patient and
the log:

* an event carries the keys of :data:`KEYS` only; the value of any other is withheld;
* text that looks like a person's name or a DICOM element is withheld (:func:`clean`);
* an exception is logged as its class and where it happened, without its text, which may quote a
  header; only Heimdallr's own errors, which carry no patient data, keep theirs. The same holds for
  Python's warnings: pydicom's quote the value they complain about.

What libraries log (uvicorn, pynetdicom, DBOS, Alembic …) takes the same way.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from heimdallr.domain.errors import HeimdallrError

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]

KEYS = frozenset({
    # the event itself
    "event", "level", "timestamp", "logger", "service", "traceback",
    # what it is about
    "study", "study_id", "series", "instance", "run", "workflow_id", "revision",
    "attempt", "stage", "state", "task", "device", "association", "batch", "delivery", "target",
    "executor",
    # who, and over which way; never a person that was examined
    "actor", "user", "role", "token", "peer", "address", "port", "host", "url", "method", "path",
    "calling_ae", "called_ae", "sop_class", "transfer_syntax",
    # how much, how long
    "count", "studies", "instances", "files", "total", "bytes", "free_gb", "seconds", "share",
    "limit", "attempts", "priority", "removed", "kept_back", "freed_mb", "deletions",
    # what went wrong
    "error", "reason", "at", "status", "exit_code", "signal", "pid", "remedy", "kind", "setting",
})  # fmt: skip
"""Every key an event may carry; a test holds the code to it."""

WITHHELD = "(withheld)"

_PATIENT = re.compile(
    r"\^"  # between the parts of a person's name, PS3.5 section 6.2.1
    r"|\([0-9A-Fa-f]{4},\s?[0-9A-Fa-f]{4}\)"  # an element, as pydicom prints it
    r"|\b(?:Patient|Referring|Performing|Requesting|Operators?)(?:'?s)? ?(?:Physician(?:'?s)? ?)?"
    r"(?:Name|ID|Birth ?Date|Address|Telephone\w*|Comments)\s*[:=]"
)
_WARNING = re.compile(r"^(.*?:\d+: \w+):.*", re.DOTALL)
_FRAMES = 12

_LIBRARIES: dict[str, int] = {
    "aiobotocore": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "botocore": logging.WARNING,
    "dbos": logging.WARNING,
    "fsspec": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "multipart": logging.WARNING,
    "PIL": logging.WARNING,
    "pydicom": logging.ERROR,  # its warnings quote values
    "pynetdicom": logging.CRITICAL,  # it logs what peers send, values and all
    "python_multipart": logging.WARNING,
    "s3fs": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,  # its lines hold what was searched for
    "uvicorn.error": logging.WARNING,
}


def configure(*, service: str = "", level: Level = "warning", json_lines: bool = False) -> None:
    """Set up logging for this process.

    Args:
        service: name every event carries; for a process that runs for long, whose crashes are
            then logged too, in the same form.
        level: least urgent event that is shown.
        json_lines: one JSON object per event instead of aligned text.
    """
    least = getattr(logging, level.upper())
    renderer = structlog.processors.JSONRenderer() if json_lines else _text()
    chain: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        _Service(service),
        _exception,
        _shield,
    ]
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_foreign, *chain],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    _route(handler, least)
    if service:
        sys.excepthook = _crashed
        threading.excepthook = lambda args: _crashed(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )


def clean(text: str) -> str:
    """The text, or :data:`WITHHELD` where it looks as if it told of a patient."""
    return WITHHELD if _PATIENT.search(text) else text


def describe(error: BaseException) -> str:
    """An exception on one line: its class, where it happened, what caused it; no foreign text."""
    named = f"{type(error).__name__}"
    if isinstance(error, HeimdallrError):
        named += f" ({clean(str(error))})"
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
    text = f"{named} at {where}" if where else named
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{text}; from {describe(cause)}" if cause else text


def _text() -> structlog.dev.ConsoleRenderer:
    """Aligned text for people: time, level, service, event, the rest."""
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=20)
    service = structlog.dev.KeyValueColumnFormatter(
        key_style=None, value_style="", reset_style="", value_repr=str, width=10
    )
    rest, timestamp, level, *others = renderer.columns
    renderer.columns = [
        rest,
        timestamp,
        level,
        structlog.dev.Column("service", service),
        *others,
    ]
    return renderer


def _route(handler: logging.Handler, least: int) -> None:
    """Send what libraries log through our handler, each at its own level."""
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(least, logging.INFO))
    for name, lowest in _LIBRARIES.items():
        library = logging.getLogger(name)
        library.setLevel(max(lowest, least))
        library.handlers.clear()
        library.propagate = True
    # DBOS adds a handler of its own where it finds none.
    dbos = logging.getLogger("dbos")
    dbos.handlers[:] = [handler]
    dbos.propagate = False


class _Service:
    """Adds the name of the service."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if self.name:
            event.setdefault("service", self.name)
        return event


def _foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What a library logged: its name beside it, a warning without the text it quotes."""
    record = event["_record"]
    event["logger"] = record.name
    if record.name == "py.warnings":
        event["event"] = _WARNING.sub(r"\1", str(event["event"])).strip()
    return event


def _exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by one line that quotes nothing."""
    given = event.pop("exc_info", None)
    event.pop("exception", None)
    event.pop("stack_info", None)
    error = given if isinstance(given, BaseException) else None
    if isinstance(given, tuple):
        error = given[1]
    elif given is True:
        error = sys.exc_info()[1]
    if error is not None:
        event["traceback"] = describe(error)
    return event


def _shield(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Withhold what is not known to be harmless."""
    for key, value in event.items():
        if not key.startswith("_"):  # structlog's own, removed before anything is printed
            event[key] = _harmless(value) if key in KEYS else WITHHELD
    return event


def _harmless(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | Path):
        return clean(str(value))
    if isinstance(value, list | tuple | set | frozenset):
        return [_harmless(one) for one in value]
    return type(value).__name__


def _crashed(
    _kind: type[BaseException], error: BaseException, _where: TracebackType | None
) -> None:
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return
    structlog.get_logger().error("crashed", exc_info=error)
