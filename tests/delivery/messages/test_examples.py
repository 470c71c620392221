"""The examples in docs/ are what is sent today.

``python tests/delivery/messages/test_examples.py`` writes them anew.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from message_cases import CT, case_folder, results, source

from heimdallr.delivery.messages.fhir_bundle import fhir_bundle
from heimdallr.delivery.messages.fhir_json import fhir_json
from heimdallr.delivery.messages.fhir_records import FhirOptions
from heimdallr.delivery.messages.hl7_result import Hl7Options, hl7_result
from heimdallr.delivery.messages.reported_case import read_case

DOCS = Path(__file__).parents[3] / "docs"
BUNDLE = DOCS / "examples" / "fhir-bundle.json"
TOLD = ("spleen_vol_cm3", "kidney_right_vol_cm3")


def examples(folder: Path) -> tuple[str, str]:
    """A bundle, indented; a message, a segment a line."""
    few = results(tuple(one for one in CT if one.name in TOLD))
    case = read_case(case_folder(folder / "case", few, images=source()))
    bundle = fhir_json(fhir_bundle(case, FhirOptions(patient_system="http://hospital.example/mrn")))
    options = Hl7Options(
        receiving_application="RIS", receiving_facility="HOSPITAL", sending_facility="RADIOLOGY"
    )
    message = hl7_result(case, options).decode("utf-8").replace("\r", "\n")
    return _indented(bundle), message


def _indented(text: str) -> str:
    """JSON on many lines, its numbers as they are."""
    numbers: list[str] = []

    def keep(number: str) -> str:
        numbers.append(number)
        return f"\0{len(numbers) - 1}\0"

    shown = json.dumps(json.loads(text, parse_float=keep), indent=2, ensure_ascii=False)
    for place, number in enumerate(numbers):
        shown = shown.replace(f'"\\u0000{place}\\u0000"', number)
    return shown + "\n"


def test_examples_are_what_is_sent(tmp_path: Path) -> None:
    """The bundle in a file of its own, the message on the page."""
    bundle, message = examples(tmp_path)
    assert BUNDLE.read_text("utf-8") == bundle, "run this file"
    assert message in (DOCS / "integration.md").read_text("utf-8"), message


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        BUNDLE.write_text(examples(Path(place))[0], "utf-8")
