#!/usr/bin/env bash
# fhir.resources reads 1432.50 and writes 1432.5: the precision of a measured value is lost.
#
# What a good engineer would guess: a library whose purpose is FHIR keeps a decimal as it was written.
# FHIR R4 (datatypes, decimal) says that the precision of a decimal has significance, that 0.010 is
# regarded as different to 0.01, and that implementations shall preserve it.
#
# What happens (fhir.resources 8.2.0 from PyPI): a value read from JSON has lost its zeros already; one
# given as Decimal("1432.50") keeps them until it is written. Only a zero right behind the point
# stays. A volume reported to two decimals seems to be known to one. Seen:
#
#   read 1432.50 -> Decimal('1432.5'), written "value":1432.5
#   given Decimal('1432.50') -> Decimal('1432.50'), written "value":1432.5
#   given Decimal('60.0') -> Decimal('60.0'), written "value":60.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fhir.resources==8.2.0 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import re
from decimal import Decimal

from fhir.resources.R4B.observation import Observation

TEXT = (
    '{"resourceType":"Observation","status":"final","code":{"text":"volume of the liver"},'
    '"valueQuantity":{"value":%s,"unit":"cm3"}}'
)


def written(observation):
    return re.search(r'"value":[^,}]*', observation.model_dump_json())[0]


read = Observation.model_validate_json(TEXT % "1432.50")
print(f"read 1432.50 -> {read.valueQuantity.value!r}, written {written(read)}")
lost = str(read.valueQuantity.value) == "1432.5" and written(read) == '"value":1432.5'
for given in (Decimal("1432.50"), Decimal("60.0")):
    made = Observation(
        status="final", code={"text": "volume"}, valueQuantity={"value": given, "unit": "cm3"}
    )
    print(f"given {given!r} -> {made.valueQuantity.value!r}, written {written(made)}")
    lost = lost and (given != Decimal("1432.50") or written(made) == '"value":1432.5')
if not lost:
    raise SystemExit("this version keeps the zeros: the finding is out of date")
PYTHON
