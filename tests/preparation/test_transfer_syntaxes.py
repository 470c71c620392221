"""Every lossless transfer syntax gives the numbers of the uncompressed images."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
from dicom_series import SeriesOnDisk
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.conversion import convert
from heimdallr.preparation.headers import scan

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


@dataclass(frozen=True)
class Stored:
    """How a scanner stores its numbers."""

    bits: int
    signed: bool
    rescale: tuple[float, float]

    def __str__(self) -> str:
        sign = "signed" if self.signed else "unsigned"
        return f"{self.bits} bits {sign}, {self.rescale[0]:g} x + {self.rescale[1]:g}"


STORED = (
    Stored(12, signed=False, rescale=(1.0, -1024.0)),
    Stored(16, signed=True, rescale=(1.0, -1024.0)),  # GE
    Stored(16, signed=False, rescale=(1.0, -1024.0)),
    Stored(16, signed=True, rescale=(0.97, -1000.5)),
    Stored(16, signed=False, rescale=(0.04, -1024.0)),  # beyond what is signed
)

DCMTK = {JPEGLosslessSV1: ("dcmcjpeg", "+e1"), JPEGLossless: ("dcmcjpeg", "+el")}
WRITTEN = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
PYDICOM = (RLELossless, JPEGLSLossless, JPEG2000Lossless)


def _encode(path: Path, syntax: UID) -> None:
    """Compress a file in place; skips where the encoder is absent, naming it."""
    if syntax in DCMTK:
        program, option = DCMTK[syntax]
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed")
        aside = path.with_suffix(".aside")
        subprocess.run([found, option, str(path), str(aside)], check=True)
        aside.replace(path)
        return
    image = pydicom.dcmread(path)
    if syntax in PYDICOM:
        image.compress(syntax, generate_instance_uid=False)
    elif syntax == HTJ2KLossless:
        codecs = pytest.importorskip("imagecodecs")
        image.PixelData = encapsulate([codecs.htj2k_encode(image.pixel_array)])
        image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
        image.file_meta.TransferSyntaxUID = syntax
    path.unlink()
    image.save_as(path)


def _series(stored: Stored) -> SeriesOnDisk:
    return SeriesOnDisk(
        depths_mm=(0.0, 4.0, 8.0, 12.0),
        bits_stored=stored.bits,
        signed=stored.signed,
        rescale=stored.rescale,
    )


def _voxels(series: SeriesOnDisk, folder: Path, syntax: UID) -> npt.NDArray[np.generic]:
    for path in series.write(folder / "in"):
        if syntax not in WRITTEN:
            _encode(path, syntax)
    (study,) = scan((folder / "in").iterdir()).studies
    (candidate,) = study.candidates
    return load_volume(convert(candidate, folder / "volume.nii", folder).path).data


@pytest.fixture(scope="module", params=STORED, ids=str)
def plain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Stored, npt.NDArray[np.generic]]:
    """How numbers are stored, and the volume of the uncompressed images."""
    stored: Stored = request.param
    folder = tmp_path_factory.mktemp("plain")
    return stored, _voxels(_series(stored), folder, ExplicitVRLittleEndian)


@pytest.mark.parametrize(
    "syntax", [*WRITTEN[1:], *PYDICOM, *DCMTK, HTJ2KLossless], ids=lambda u: u.name
)
def test_the_numbers_are_those_of_the_uncompressed_images(
    tmp_path: Path, plain: tuple[Stored, npt.NDArray[np.generic]], syntax: UID
) -> None:
    """Whatever is stored, and whether dcm2niix decodes it or is given copies."""
    stored, expected = plain
    series = _series(stored)
    if syntax in WRITTEN:
        series = replace(series, transfer_syntax=syntax)
    assert expected.min() == pytest.approx(-928, abs=40)
    assert np.allclose(_voxels(series, tmp_path, syntax), expected, atol=0.01)
