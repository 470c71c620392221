#!/usr/bin/env bash
# dcmqi puts frames of unevenly spaced slices into a grid of SliceThickness: some are lost, exit code 0.
#
# What a good engineer would guess: segimage2itkimage places every frame where its
# ImagePositionPatient says, within half a slice, or refuses slices that make no grid.
#
# What happens (dcmqi 1.5.7 from PyPI): a head CT whose slices are 2.5 mm apart at the base and about
# 7.5 mm above, all 5 mm thick, has no SpacingBetweenSlices. Its segmentation (made by highdicom, a
# frame for each of ten slices) becomes a volume of 5 mm slices: two of ten frames are overwritten
# by their neighbours, the others lie up to 2.5 mm off, a gap opens inside the organ. The exit
# code is 0; the only hint is a line "SliceThickness is present and is 5. using it!". Seen:
#
#   frames at  0.0 2.5 5.0 7.5 10.0 12.5 18.5 26.0 33.5 41.0
#   slices at  0.0 5.0 10.0 15.0 20.0 25.0 35.0 40.0
#   exit code 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet dcmqi==1.5.7 highdicom==0.28.2 pydicom==3.0.2 nibabel==5.3.2 2>/dev/null
"$folder/venv/bin/python" -W ignore - "$folder" <<'PYTHON'
import subprocess
import sys
from pathlib import Path

import highdicom
import nibabel
import numpy
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

HEIGHTS_MM = [0.0, 2.5, 5.0, 7.5, 10.0, 12.5, 18.5, 26.0, 33.5, 41.0]
folder = Path(sys.argv[1])
study, series, frame = generate_uid(), generate_uid(), generate_uid()


def slice_at(number, height_mm):
    """A valid CT image."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    image.StudyInstanceUID, image.SeriesInstanceUID = study, series
    image.FrameOfReferenceUID, image.PositionReferenceIndicator = frame, ""
    image.Modality, image.Manufacturer, image.PatientPosition = "CT", "TEST", "HFS"
    image.PatientName, image.PatientID = "TEST^HEAD", "TEST"
    image.PatientBirthDate = image.PatientSex = image.StudyID = image.AccessionNumber = ""
    image.ReferringPhysicianName = ""
    image.StudyDate, image.StudyTime = "20260101", "120000"
    image.SeriesNumber, image.InstanceNumber = 1, number + 1
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.ImagePositionPatient = [0, 0, height_mm]
    image.PixelSpacing, image.SliceThickness = [1, 1], "5"
    image.Rows = image.Columns = 32
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 0
    image.RescaleSlope, image.RescaleIntercept = 1, -1024
    image.PixelData = bytes(2 * 32 * 32)
    return image


mask = numpy.zeros((len(HEIGHTS_MM), 32, 32), numpy.uint8)
mask[:, 10:20, 10:20] = 1
organ = highdicom.seg.SegmentDescription(
    1, "brain", codes.SCT.Organ, codes.SCT.Brain, highdicom.seg.SegmentAlgorithmTypeValues.MANUAL
)
highdicom.seg.Segmentation(
    [slice_at(n, height) for n, height in enumerate(HEIGHTS_MM)],
    mask, highdicom.seg.SegmentationTypeValues.BINARY, [organ],
    generate_uid(), 2, generate_uid(), 1, "TEST", "TEST", "1", "1",
).save_as(folder / "seg.dcm")

program = Path(sys.executable).parent / "segimage2itkimage"
ended = subprocess.run(
    [program, "--inputDICOM", folder / "seg.dcm", "--outputDirectory", folder,
     "--outputType", "nii", "--prefix", "out"],
    capture_output=True, text=True, check=False,
)
image = nibabel.load(next(folder.glob("out-1.nii*")))
labelled = numpy.flatnonzero(numpy.asarray(image.dataobj).any((0, 1)))
found = [round(float((image.affine @ [0, 0, k, 1])[2]), 1) for k in labelled]
print("frames at ", *HEIGHTS_MM)
print("slices at ", *found)
print("exit code", ended.returncode)
off = max(min(abs(height - one) for one in found) for height in HEIGHTS_MM)
if ended.returncode or len(found) >= len(HEIGHTS_MM) or off < 1:
    raise SystemExit("every frame is where it belongs, or it is refused: the finding is out of date")
PYTHON
