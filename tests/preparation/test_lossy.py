"""Lossy compression is found in the header or in the encoding, and is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydicom
import pytest
from dicom_series import SeriesOnDisk
from pydicom.uid import JPEG2000 as JPEG2000_LOSSY
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSNearLossless,
    RLELossless,
)

from heimdallr.domain.study import LossyCompression
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import PreparedStudy, prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAGGED = {"LossyImageCompression": "01"}
JPEG_2000 = {**FLAGGED, "LossyImageCompressionMethod": "ISO_15444_1"}


def _lossy(folder: Path, syntax: UID, **tags: Any) -> LossyCompression | None:  # noqa: ANN401
    for path in SeriesOnDisk(tags=tags).write(folder):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset["PixelData"].is_undefined_length = syntax.is_compressed
        if syntax.is_compressed:
            dataset.PixelData = pydicom.encaps.encapsulate([bytes(8)])
        dataset.save_as(path)
    (study,) = scan(folder.iterdir()).studies
    return study.candidates[0].series.lossy


@pytest.mark.parametrize(
    ("syntax", "tags", "expected"),
    [
        (ExplicitVRLittleEndian, {}, None),
        (JPEG2000Lossless, {}, None),
        (RLELossless, {"LossyImageCompression": "00"}, None),
        (JPEG2000_LOSSY, {"LossyImageCompression": "00"}, None),
        (JPEG2000_LOSSY, {}, LossyCompression("JPEG 2000", certain=False)),
        (JPEGBaseline8Bit, {}, LossyCompression("JPEG")),
        (JPEGLSNearLossless, {}, LossyCompression("JPEG-LS")),
        (JPEG2000_LOSSY, {**JPEG_2000, "LossyImageCompressionRatio": "30"},
         LossyCompression("JPEG 2000", 30.0)),
        (ExplicitVRLittleEndian, {**JPEG_2000, "LossyImageCompressionRatio": ["4", "12.5"]},
         LossyCompression("JPEG 2000", 12.5)),
        (ExplicitVRLittleEndian, FLAGGED, LossyCompression()),
    ],
)  # fmt: skip
def test_flag_and_encoding_tell(
    tmp_path: Path, syntax: UID, tags: dict[str, Any], expected: LossyCompression | None
) -> None:
    """Also of images that were decompressed since, and of those whose header says nothing."""
    assert _lossy(tmp_path, syntax, **tags) == expected


def test_one_lossy_image_among_many_is_enough(tmp_path: Path) -> None:
    """The volume holds it."""
    flags = ["00"] * 11 + ["01"]
    SeriesOnDisk(per_slice={"LossyImageCompression": flags}).write(tmp_path / "in")
    (prepared,) = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(prepared, PreparedStudy)
    (notice,) = prepared.notices
    assert notice.text.startswith("the images were compressed with loss (by an unknown method)")


def test_a_teleradiology_jpeg_2000_carries_the_documented_notice(
    case_input: Callable[..., Path], tmp_path: Path
) -> None:
    """Method, ratio, and what it does to standard deviations, in both languages."""
    (prepared,) = prepare(case_input("lossy_j2k"), tmp_path)
    assert isinstance(prepared, PreparedStudy)
    (notice,) = prepared.notices
    assert notice.text == (
        "the images were compressed with loss (JPEG 2000, 30:1): standard deviations of "
        "attenuation and small structures are not to be relied on"
    )
    assert "JPEG 2000, 30:1" in notice.in_language("pt")
