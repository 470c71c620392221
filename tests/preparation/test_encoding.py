"""Files whose file meta group does not say how they are encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
from dicom_series import RLE, SeriesOnDisk
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_file_meta_info
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from heimdallr.imaging.volume import load_volume
from heimdallr.intake.parsing import read_received
from heimdallr.preparation.encoding import states_syntax
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.preparation.reading import read_header, tolerant_pydicom

if TYPE_CHECKING:
    from pathlib import Path

NO_LABEL = UID("")
LIES = (
    (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
    (ImplicitVRLittleEndian, ExplicitVRLittleEndian),
    (ImplicitVRLittleEndian, JPEG2000Lossless),
    (ExplicitVRLittleEndian, JPEGBaseline8Bit),
    (RLELossless, ExplicitVRLittleEndian),
    (JPEG2000Lossless, ImplicitVRLittleEndian),
    (JPEGLSLossless, ExplicitVRLittleEndian),
    (ExplicitVRLittleEndian, NO_LABEL),
    (ImplicitVRLittleEndian, NO_LABEL),
    (RLELossless, NO_LABEL),
)
"""How a file is encoded, and what it states."""


def relabel(path: Path, stated: UID) -> None:
    """State another transfer syntax in a file and leave its data set alone."""
    meta = read_file_meta_info(path)
    content = path.read_bytes()
    data_set = content[132 + 12 + meta.FileMetaInformationGroupLength :]
    if stated:
        meta.TransferSyntaxUID = stated
    else:
        del meta.TransferSyntaxUID
    group = DicomBytesIO()
    write_file_meta_info(group, meta, enforce_standard=False)
    path.write_bytes(bytes(128) + b"DICM" + group.getvalue() + data_set)


def _write(folder: Path, syntax: UID, stated: UID) -> list[Path]:
    series = SeriesOnDisk(depths_mm=(0.0, 4.0, 8.0, 12.0))
    written = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    if syntax in written:
        series.transfer_syntax = syntax
    paths = series.write(folder)
    for path in paths:
        if syntax not in written:
            image = pydicom.dcmread(path)
            image.compress(syntax, generate_instance_uid=False)
            image.save_as(path)
        relabel(path, stated)
    return paths


@pytest.mark.parametrize(("syntax", "stated"), LIES, ids=lambda uid: uid.name or "no label")
def test_a_file_is_read_as_it_is_encoded(tmp_path: Path, syntax: UID, stated: UID) -> None:
    """Whatever it states, in preparation and where files are received."""
    paths = _write(tmp_path / "in", syntax, stated)
    with tolerant_pydicom():
        assert read_header(paths[0]).file_meta.TransferSyntaxUID == syntax
        received = read_received(paths[0], announced=True)
    assert received.transfer_syntax_uid == syntax
    assert not states_syntax(paths[0], syntax)
    plain = SeriesOnDisk(depths_mm=(0.0, 4.0, 8.0, 12.0))
    plain.write(tmp_path / "plain")
    volumes = []
    for folder in ("in", "plain"):
        (one,) = prepare(tmp_path / folder, tmp_path / f"work-{folder}")
        assert isinstance(one, PreparedStudy), one
        volumes.append(load_volume(one.volume_path).data)
    assert np.array_equal(volumes[0], volumes[1])


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, RLE]
)
def test_a_file_that_says_what_it_is_needs_no_copy(tmp_path: Path, syntax: UID) -> None:
    """The ordinary case."""
    path = SeriesOnDisk(depths_mm=(0.0,), transfer_syntax=syntax).write(tmp_path)[0]
    with tolerant_pydicom():
        assert read_header(path).file_meta.TransferSyntaxUID == syntax
    assert states_syntax(path, syntax)


def test_a_series_may_hold_both(tmp_path: Path) -> None:
    """One mislabelled file among others: all of them become one volume."""
    paths = SeriesOnDisk().write(tmp_path / "in")
    relabel(paths[5], ImplicitVRLittleEndian)
    (study,) = scan(paths).studies
    assert len(study.candidates) == 1
    (one,) = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(one, PreparedStudy)
    assert one.conversion is not None
    assert one.conversion.rewritten
