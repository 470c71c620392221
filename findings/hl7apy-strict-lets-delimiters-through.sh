#!/usr/bin/env bash
# hl7apy, validating strictly, escapes | in a text but neither ^ nor &, and lets a raw line end through.
#
# What a good engineer would guess: text that is assigned to a field is escaped as a whole (HL7 v2.5.1
# chapter 2.7), or strict validation refuses what it cannot hold; and a number field holds a number.
#
# What happens (hl7apy 1.3.5 from PyPI, VALIDATION_LEVEL.STRICT): "liver & spleen ^ large | see report"
# goes out with \F\ for the bar and the other two as they are: whoever reads it finds two components,
# the first of two subcomponents. A carriage return in a note ends the segment: its second line is a
# segment of its own. An NM of "about 12" and an abnormal flag that does not exist pass. Seen:
#
#   OBX|1|TX|||liver & spleen ^ large \F\ see report
#   read again: components 2, subcomponents of the first 2
#   NTE|||line one<CR>line two
#   OBX||NM|||about 12|||ZZZ
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hl7apy==1.3.5 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Segment

STRICT = {"version": "2.5.1", "validation_level": VALIDATION_LEVEL.STRICT}

text = Segment("OBX", **STRICT)
text.obx_1, text.obx_2, text.obx_5 = "1", "TX", "liver & spleen ^ large | see report"
sent = text.to_er7()
print(sent)
components = sent.split("|")[5].split("^")
print(f"read again: components {len(components)}, "
      f"subcomponents of the first {len(components[0].split('&'))}")

note = Segment("NTE", **STRICT)
note.nte_3 = "line one\rline two"
print(note.to_er7().replace("\r", "<CR>"))

number = Segment("OBX", **STRICT)
number.obx_2, number.obx_5, number.obx_8 = "NM", "about 12", "ZZZ"
print(number.to_er7())

as_described = (
    len(components) == 2
    and r"\F" in sent
    and "\r" in note.to_er7()
    and number.to_er7() == "OBX||NM|||about 12|||ZZZ"
)
if not as_described:
    raise SystemExit("this version does otherwise: the finding is out of date")
PYTHON
