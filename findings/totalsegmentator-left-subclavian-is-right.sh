#!/usr/bin/env bash
# TotalSegmentator codes the left subclavian artery as the right one in its table for DICOM SEG.
#
# What a good engineer would guess: the SNOMED CT code of a class in the table that TotalSegmentator
# ships for its DICOM SEG objects means that class.
#
# What happens (TotalSegmentator 2.18.0 from PyPI): subclavian_artery_left has the type 29700009 with the
# meaning "Subclavian artery" and the modifier Left; 29700009 is "Structure of right subclavian artery"
# (pydicom's dictionary of DICOM PS3.16). A PACS that goes by codes shows the left artery as a right one.
# 36765005 is the artery without a side. The meaning of gluteus_minimus is misspelt ("minius"). Seen:
#
#   subclavian_artery_left 29700009 Left means Structure of right subclavian artery (body structure)
#   subclavian_artery_right 29700009 Right means Structure of right subclavian artery (body structure)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps TotalSegmentator==2.18.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet pydicom==3.0.1 2>/dev/null
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import csv
import sys
from pathlib import Path

from pydicom.sr._concepts_dict import concepts

meanings = {
    value: meaning for by_value in concepts["SCT"].values() for value, (meaning, _) in by_value.items()
}
(table,) = Path(sys.argv[1]).rglob("totalsegmentator_snomed_mapping.csv")
seen = 0
for row in csv.DictReader(table.read_text("utf-8").splitlines()):
    if row["Structure"].startswith("subclavian_artery"):
        code = row["SegmentedPropertyTypeCodeSequence.CodeValue"]
        side = row["SegmentedPropertyTypeModifierCodeSequence.CodeMeaning"]
        print(row["Structure"], code, side, "means", meanings.get(code))
        seen += code == "29700009" and side == "Left"
sys.exit(0 if seen else "no longer seen")
PYTHON
