#!/usr/bin/env bash
# DCMTK's dcmsend says nothing and ends with exit code 0 when the archive refused every image; so does storescu --no-halt.
#
# What a good engineer would guess: a sender whose images were all refused with 0xA700, "out of resources" (DICOM PS3.4
# table B.2-1), because the archive's disk is full, say, ends with an exit code other than 0 and an error message. Scripts
# and scheduled jobs that send, and then delete or mark as sent (`dcmsend … && rm`), are written so.
#
# What happens (DCMTK 3.6.7, Debian 12): dcmsend counts what was sent, not what was stored. No line of output, exit code 0;
# "with status REFUSED" stands only in the summary of --verbose and in the file of --create-report-file, which is written
# "if successful", and is. storescu ends with another exit code (167, the low byte of the status), but with --no-halt, which
# its manual recommends for many files, it ends with 0, too. A note in dcmsend's manual says that a DIMSE status that
# indicates an error is no unsuccessful store. Who sends with DCMTK has to read the report, or to ask the archive.
#
#   dcmsend: 2 images, 2 refused with 0xA700; exit code 0, 0 bytes of output; its report says: with status REFUSED  : 2
#   storescu: exit code 167, 0 bytes of output
#   storescu --no-halt: exit code 0, 0 bytes of output
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pynetdicom==3.0.4 pydicom==3.0.1 2>/dev/null
apt-get download -qq dcmtk=3.6.7-9~deb12u4 libdcmtk17=3.6.7-9~deb12u4 2>/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export PATH="$folder/root/usr/bin:$PATH"
LD_LIBRARY_PATH=$(dirname "$(find "$folder/root/usr/lib" -name 'libdcmnet.so.*' | head -1)")
DCMDICTPATH=$(find "$folder/root" -name dicom.dic | head -1)
export LD_LIBRARY_PATH DCMDICTPATH
venv/bin/python - <<'PYTHON'
import subprocess
import sys

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt

OUT_OF_RESOURCES = 0xA700


def write_image(path: str, number: int) -> None:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = CTImageStorage
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
    image.PatientID, image.PatientName, image.Modality, image.InstanceNumber = "1", "TEST", "CT", number
    image.Rows = image.Columns = 4
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    image.PixelData = bytes(32)
    image.save_as(path, enforce_file_format=True)


files = ["1.dcm", "2.dcm"]
for number, path in enumerate(files, 1):
    write_image(path, number)
asked: list[object] = []


def refuse(event: evt.Event) -> int:
    asked.append(event)
    return OUT_OF_RESOURCES


archive = AE("ARCHIVE")
archive.add_supported_context(CTImageStorage, ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
server = archive.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, refuse)])
peer = ("127.0.0.1", str(server.server_address[1]))


def run(*command: str) -> tuple[int, int]:
    done = subprocess.run([*command, *peer, *files], capture_output=True, check=False)
    code, said = done.returncode, len(done.stdout + done.stderr)
    return code, said


sent = run("dcmsend", "--create-report-file", "report.txt")
refused = len(asked)
(summary,) = [line.strip() for line in open("report.txt") if "REFUSED" in line]
print(f"dcmsend: {len(files)} images, {refused} refused with 0xA700; exit code {sent[0]}, {sent[1]} bytes of output; "
      f"its report says: {summary.lstrip('* ')}")
halting, going_on = run("storescu"), run("storescu", "--no-halt")
print(f"storescu: exit code {halting[0]}, {halting[1]} bytes of output")
print(f"storescu --no-halt: exit code {going_on[0]}, {going_on[1]} bytes of output")
server.shutdown()
same = sent == (0, 0) and refused == 2 and halting[0] != 0 and going_on == (0, 0)
sys.exit(0 if same else "the finding is out of date")
PYTHON
