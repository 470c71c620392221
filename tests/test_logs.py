"""Logging: one line per event, the service's name on it, and no patient in it."""

from __future__ import annotations

import ast
import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from heimdallr import logs
from heimdallr.domain.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(logs.__file__).parent
METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log", "msg"}


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    """Give the process its own logging back."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def _events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_line_with_its_service(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON lines carry level, time, service and what the event is about; less urgent ones don't."""
    logs.configure(service="listener", level="info", json_lines=True)
    log = structlog.get_logger()
    log.debug("unseen")
    log.info("received", association="a1", count=3)
    (event,) = _events(capsys)
    assert event.pop("timestamp")
    assert event == {
        "event": "received",
        "level": "info",
        "service": "listener",
        "association": "a1",
        "count": 3,
    }


def test_text_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Without JSON an event is a line of text, without colours where nobody sees them."""
    logs.configure(service="web", level="info")
    structlog.get_logger().warning("disk_low", free_gb=3.5)
    (line,) = capsys.readouterr().err.splitlines()
    assert "disk_low" in line
    assert "free_gb=3.5" in line
    assert " web " in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    "value",
    [
        "DOE^JANE",
        "(0010,0010) Patient's Name PN: 'X'",
        "PatientID: 4711",
        "Patient's Name: Jane Doe",
        "ReferringPhysicianName = Who",
    ],
)
def test_what_looks_like_a_patient_is_withheld(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the event's text, in a value, in a list, in a library's message."""
    logs.configure(level="info", json_lines=True)
    log = structlog.get_logger()
    log.error(value)
    log.error("failed", error=value, files=[value, "1.2.3"])
    logging.getLogger("somebody").error("cannot read %s", value)
    own, listed, foreign = _events(capsys)
    assert own["event"] == logs.WITHHELD
    assert listed["error"] == logs.WITHHELD
    assert listed["files"] == [logs.WITHHELD, "1.2.3"]
    assert foreign["event"] == logs.WITHHELD
    assert foreign["logger"] == "somebody"


def test_ordinary_text_passes() -> None:
    """What is no patient's is left as it is."""
    for text in ("DoeJ_20260201_1", "1.2.840.113619.2", "PatientID is missing", "no (valid) file"):
        assert logs.clean(text) == text


def test_an_unknown_key_and_an_object_show_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A header under another key does not get through, nor does an object's own text."""

    class Header:
        def __repr__(self) -> str:
            return "Jane Doe"

    logs.configure(level="info", json_lines=True)
    structlog.get_logger().info("stored", patient="Jane Doe", study=Header())
    (event,) = _events(capsys)
    assert event["patient"] == logs.WITHHELD
    assert event["study"] == "Header"


def test_an_exception_is_named_and_located_but_not_quoted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Class, file and line of the whole chain on one line; a foreign text never, ours always."""
    logs.configure(level="info", json_lines=True)
    try:
        try:
            raise ValueError("Jane Doe")  # noqa: EM101, TRY003, TRY301 - stands for a header
        except ValueError as error:
            raise ConversionError("tilted", remedy="send it again") from error  # noqa: EM101
    except ConversionError:
        structlog.get_logger().exception("case_failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    for event in _events(capsys):
        assert "ConversionError (tilted — send it again) at test_logs.py:" in event["traceback"]
        assert "from ValueError at test_logs.py:" in event["traceback"]
        assert "Jane" not in json.dumps(event)
        assert "exc_info" not in event


def test_libraries_take_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet where they chat, never with the text a warning quotes."""
    logs.configure(service="worker", level="debug", json_lines=True)
    logging.getLogger("uvicorn.access").info("GET /api/patients?search=doe")
    logging.getLogger("pynetdicom.acse").debug("data set")
    logging.getLogger("pydicom").warning("Invalid value 'Jane Doe'")
    logging.getLogger("dbos").warning("queue is slow")
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("Invalid value for VR PN: 'Jane Doe'", stacklevel=1)
    slow, warned = _events(capsys)
    assert (slow["event"], slow["service"]) == ("queue is slow", "worker")
    assert warned["event"].endswith("UserWarning")
    assert "test_logs.py" in warned["event"]


def test_a_service_that_crashes_says_where_and_no_more() -> None:
    """An exception nobody caught, in any thread, is an event like any other."""
    code = (
        "import threading; from heimdallr import logs;"
        "logs.configure(service='web', json_lines=True)\n"
        "def go(): raise ValueError('Jane Doe')\n"
        "one = threading.Thread(target=go); one.start(); one.join(); go()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events] == ["crashed", "crashed"]
    assert all("ValueError at <string>" in event["traceback"] for event in events)
    assert "Jane" not in done.stderr


def test_every_key_the_code_logs_is_known() -> None:
    """A key outside the list would only ever show that it is withheld."""
    unknown = [
        f"{file.relative_to(SOURCE)}:{call.lineno} {keyword.arg}"
        for file in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _logs(call.func)
        for keyword in call.keywords
        if keyword.arg is not None and keyword.arg not in logs.KEYS | {"exc_info"}
    ]
    assert not unknown


def _logs(function: ast.expr) -> bool:
    """Whether this is a method of something called like a logger."""
    if not isinstance(function, ast.Attribute) or function.attr not in METHODS | {"bind"}:
        return False
    owner = function.value
    while isinstance(owner, ast.Call):
        owner = owner.func
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name in {"log", "_log", "logger", "_logger", "get_logger", "bind", "new"}
