#!/usr/bin/env bash
# highdicom cannot read a structured report in which one measurement has no value.
#
# What a good engineer would guess: a NUM content item whose Measured Value Sequence is empty and whose
# Numeric Value Qualifier says why (PS3.3 C.18.1, CID 42: "Value indeterminate" ...) is read as a measurement
# without a value; that is how the standard says that something was not measured. DCMTK and
# dciodvfy take it.
#
# What happens (highdicom 0.28.2 from PyPI): srread() ends with "IndexError: list index out of range", and not one
# of the other measurements of the document can be read. Nor can such an item be made: NumContentItem asks for
# a number. A sender that wants its reports to be read has to say it otherwise (a CODE with the qualifier);
# one that puts 0 there tells a lie. Seen:
#
#   with a value: read; without: IndexError: list index out of range
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet highdicom==0.28.2 pydicom==3.0.2 2>/dev/null
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

import highdicom as hd
from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    TrackingIdentifier,
)
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

image = Dataset()
image.file_meta = FileMetaDataset()
image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, generate_uid()
image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate",
                "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
    setattr(image, keyword, "")
image.Modality = "CT"


volume = Measurement(codes.SCT.Volume, 12.5, codes.UCUM.CubicCentimeter)
group = MeasurementsAndQualitativeEvaluations(
    TrackingIdentifier(generate_uid(), "one"), measurements=[volume]
)
observer = DeviceObserverIdentifyingAttributes(generate_uid())
context = ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, observer))
procedure = hd.sr.CodedConcept("77477000", "SCT", "Computed tomography")
content = MeasurementReport(context, procedure, [group])
report = Comprehensive3DSR([image], content[0], generate_uid(), 1, generate_uid(), 1, "test")


def numbers(item):
    """Every NUM of a content tree."""
    for child in item.get("ContentSequence", ()):
        if child.ValueType == "NUM":
            yield child
        yield from numbers(child)


def read(path):
    """What highdicom says of a report."""
    try:
        hd.sr.srread(path)
    except IndexError as error:
        return f"IndexError: {error}"
    return "read"


folder = Path(sys.argv[1])
report.save_as(folder / "with.dcm")
dataset = dcmread(folder / "with.dcm")
for number in numbers(dataset):
    number.MeasuredValueSequence = []
    number.NumericValueQualifierCodeSequence = [
        hd.sr.CodedConcept("114011", "DCM", "Value indeterminate")
    ]
dataset.save_as(folder / "without.dcm")
seen = read(folder / "with.dcm"), read(folder / "without.dcm")
print(f"with a value: {seen[0]}; without: {seen[1]}")
sys.exit(seen != ("read", "IndexError: list index out of range"))
PYTHON
