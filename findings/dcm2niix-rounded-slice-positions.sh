#!/usr/bin/env bash
# dcm2niix takes the distance of the first two slices for the whole volume, and says nothing.
#
# What a good engineer would guess: where ImagePositionPatient was rounded by the scanner, the slice
# distance of the NIfTI comes from the whole stack (first to last slice), or a warning says that
# the slices are not evenly spaced.
#
# What happens (dcm2niix 1.0.20260724 from PyPI): 600 slices 1.25 mm apart, positions written to one
# decimal as some scanners do (0.0, 1.2, 2.5, 3.8 ...), become a volume of 1.2 mm slices: exit code 0, no
# warning about slices, the last slice 30 mm from where its header puts it. With positions that begin
# 0.0, 1.3 the volume is 30 mm too long instead. Whatever is measured on it is 4 % off. Seen:
#
#   half-even: headers span 748.8 mm, the NIfTI 718.8 mm, exit code 0, volumes 1, warnings about slices: none
#   half-up: headers span 748.8 mm, the NIfTI 778.7 mm, exit code 0, volumes 1, warnings about slices: none
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet dcm2niix==1.0.20260724 pydicom==3.0.1 nibabel==5.3.2 numpy==2.2.6 2>/dev/null
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import subprocess
import sys
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import dcm2niix
import nibabel
import numpy
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SLICES, DISTANCE = 600, Decimal("1.25")


def write_series(folder, rounding):
    """A valid CT series of even slices whose positions are rounded to one decimal."""
    folder.mkdir()
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for n in range(SLICES):
        position = (n * DISTANCE).quantize(Decimal("0.1"), rounding=rounding)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
        image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.FrameOfReferenceUID = frame
        image.Modality, image.Manufacturer, image.PatientPosition = "CT", "SIEMENS", "HFS"
        image.ProtocolName = "TEST"
        image.PatientName, image.PatientID = "TEST", "TEST"
        image.StudyDate, image.StudyTime = "20260101", "120000"
        image.SeriesNumber, image.InstanceNumber = 1, n + 1
        image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        image.ImagePositionPatient = [0, 0, str(position)]
        image.PixelSpacing, image.SliceThickness = [1, 1], "1.25"
        image.Rows = image.Columns = 64
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation = 15, 1
        image.RescaleSlope, image.RescaleIntercept = 1, 0
        image.PixelData = numpy.full((64, 64), n, "<i2").tobytes()
        image.save_as(folder / f"{n:04d}.dcm", enforce_file_format=True)
    return float(position)


def convert(folder):
    """Exit code, everything dcm2niix said, and where its affine puts the last slice."""
    out = folder.parent / f"{folder.name}-out"
    out.mkdir()
    done = subprocess.run(
        [dcm2niix.bin, "-z", "n", "-b", "n", "-f", "volume", "-o", str(out), str(folder)],
        capture_output=True, text=True, check=False,
    )
    volumes = sorted(out.glob("*.nii"))
    affine = nibabel.load(volumes[0]).affine
    first, last = affine @ [0, 0, 0, 1], affine @ [0, 0, SLICES - 1, 1]
    return done.returncode, done.stdout + done.stderr, abs(last[2] - first[2]), len(volumes)


changed = False
for name, rounding in (("half-even", ROUND_HALF_EVEN), ("half-up", ROUND_HALF_UP)):
    true_mm = write_series(Path(sys.argv[1]) / name, rounding)
    code, said, found_mm, volumes = convert(Path(sys.argv[1]) / name)
    about_slices = ("slice", "spacing", "distance", "equidistant", "position is", "interslice")
    warned = [
        line for line in said.splitlines()
        if "arning" in line and any(word in line.lower() for word in about_slices)
    ]
    print(f"{name}: headers span {true_mm:.1f} mm, the NIfTI {found_mm:.1f} mm, "
          f"exit code {code}, volumes {volumes}, warnings about slices: {warned or 'none'}")
    changed |= code != 0 or bool(warned) or abs(abs(found_mm - true_mm) - 30) > 1
if changed:
    sys.exit("dcm2niix no longer does this: the finding is out of date")
PYTHON
