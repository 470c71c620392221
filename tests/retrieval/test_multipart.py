"""Bodies of several parts, however they are cut into pieces on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from received_images import START, Image

from heimdallr.intake.scp.storing import Limits, Reception
from heimdallr.intake.spool import Origin
from heimdallr.retrieval.archive import FoundStudy, Query, each_once
from heimdallr.retrieval.multipart import MultipartError, boundary_of, take_apart
from heimdallr.retrieval.part10 import ArrivingFile

if TYPE_CHECKING:
    from pathlib import Path

BOUNDARY = b"====b"


class Kept:
    """A part that is kept in memory."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.ended = ""

    def write(self, piece: bytes | memoryview) -> None:
        """Append."""
        self.content += piece

    def close(self) -> None:
        """Whole."""
        self.ended = "whole"

    def abandon(self) -> None:
        """Not whole."""
        self.ended = "abandoned"


def body_of(*contents: bytes, headers: bytes = b"Content-Type: application/dicom\r\n") -> bytes:
    """A multipart body."""
    parts = (b"--" + BOUNDARY + b"\r\n" + headers + b"\r\n" + one + b"\r\n" for one in contents)
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def taken(body: bytes, size: int) -> list[Kept]:
    """The parts of a body that comes in pieces of one size."""
    parts: list[Kept] = []

    def begin() -> Kept:
        parts.append(Kept())
        return parts[-1]

    take_apart((body[at : at + size] for at in range(0, len(body), size)), BOUNDARY, begin)
    return parts


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
@pytest.mark.parametrize("headers", [b"Content-Type: x/y\r\nContent-Length: 3\r\n", b""])
def test_parts_come_out_as_they_were(size: int, headers: bytes) -> None:
    """Also those that hold line ends, dashes and the beginning of a boundary."""
    contents = (b"one", b"", b"\r\n--====\r\n\r\n--", bytes(range(256)) * 3)
    parts = taken(body_of(*contents, headers=headers), size)
    assert [bytes(one.content) for one in parts] == list(contents)
    assert {one.ended for one in parts} == {"whole"}


def test_a_body_that_breaks_off_is_no_whole_part() -> None:
    """What came last is abandoned."""
    parts: list[Kept] = []

    def begin() -> Kept:
        parts.append(Kept())
        return parts[-1]

    with pytest.raises(MultipartError):
        take_apart([body_of(b"first", b"second")[:-15]], BOUNDARY, begin)
    assert [one.ended for one in parts] == ["whole", "abandoned"]


def test_headers_that_do_not_end_are_refused() -> None:
    """They would be held in memory."""
    with pytest.raises(MultipartError, match="do not end"):
        taken(b"--" + BOUNDARY + b"\r\n" + b"X: y" * 40_000, 1000)


def test_the_boundary_stands_in_the_content_type() -> None:
    """Quoted or not; anything else is no multipart."""
    assert boundary_of('multipart/related; type="application/dicom"; boundary="a b"') == b"a b"
    assert boundary_of("multipart/related; boundary=x-1; type=application/dicom") == b"x-1"
    for other in ("application/dicom", "multipart/related", ""):
        with pytest.raises(MultipartError):
            boundary_of(other)


@pytest.mark.parametrize("size", [1, 100, 131, 4096])
def test_files_pass_the_listener_s_own_door(tmp_path: Path, size: int) -> None:
    """Meta information is written anew; no DICOM, half a file, an empty one leave nothing."""
    origin = Origin(source="dicom", began_at=START, pid=1)
    reception = Reception(tmp_path, origin, Limits(0, 10_000, sync=False))
    image = Image(1, 1, 1).encoded()
    files = [ArrivingFile(reception) for _ in range(5)]
    contents = (image, b"<html>no</html>" * 20, image[:200], b"", image + bytes(10_000))
    for file, content in zip(files, contents, strict=True):
        for at in range(0, len(content), size):
            file.write(content[at : at + size])
        file.close()
    assert [one.kept for one in files] == [True, False, False, False, False]
    (kept,) = tmp_path.glob("*/*.dcm")
    assert kept.read_bytes().endswith(image[-500:])
    assert not list(tmp_path.glob("*/*.part"))


def test_answers_nobody_asked_for_are_left_out() -> None:
    """An archive that ignores a key answers with every patient it has."""
    answers = (
        FoundStudy("1.2.3", patient_id="P1", modalities=("CT",)),
        FoundStudy("1.2.3", patient_id="P1", modalities=("CT",), instances=7),
        FoundStudy("1.2.4", patient_id="P2", modalities=("CT",)),
        FoundStudy("1.2.5", patient_id="P1", modalities=("US",)),
        FoundStudy("1.2.6", patient_id="P1"),
        FoundStudy("../../etc", patient_id="P1", modalities=("CT",)),
    )
    found = each_once(answers, Query(patient_id="P1", modalities=("CT", "MR")))
    assert [(one.study_instance_uid, one.instances) for one in found] == [
        ("1.2.3", 7),
        ("1.2.6", None),
    ]
