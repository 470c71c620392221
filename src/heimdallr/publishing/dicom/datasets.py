"""Small helpers around pydicom's data sets: elements of untrusted text, items of codes, JSON."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from pydicom import config
from pydicom.datadict import dictionary_has_tag, dictionary_VM
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.valuerep import DSfloat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydicom.sr.coding import Code

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_BREAKS_LINES = frozenset({"LT", "ST", "UT"})
_FORMS: dict[str, re.Pattern[str]] = {
    "AS": re.compile(r"[0-9]{3}[DWMY]"),
    "CS": re.compile(r"[A-Z0-9_ ]{1,16}"),
    "DA": re.compile(r"[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"),
    "DS": re.compile(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?"),
    "DT": re.compile(r"[0-9]{4,14}(\.[0-9]{1,6})?([+-][0-9]{4})?"),
    "IS": re.compile(r"[+-]?[0-9]{1,12}"),
    "TM": re.compile(r"([01][0-9]|2[0-3])([0-5][0-9]([0-5][0-9](\.[0-9]{1,6})?)?)?"),
    "UI": re.compile(r"[0-9]+(\.[0-9]+)*"),
}
"""VR → what a value has to look like (PS3.5 section 6.2). Of a UID any numbers: old modalities give
components leading zeros, and an archive finds a study by the UID it has and no other."""


_NUMBERS: dict[str, Callable[[float], float]] = {
    "US": int, "UL": int, "SS": int, "SL": int, "FL": float, "FD": float,
}  # fmt: skip
_TEXTS = frozenset(_FORMS) | {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
"""Value representations that are taken over; binary ones are not."""


_LENGTHS = {"LO": 64, "SH": 16}
"""VR → characters a text may have. What is longer ends there, but for what is an identifier: the
archive knows the patient by all of it, and the study by several numbers where it has them."""
_IDENTIFIERS = frozenset({
    "00080050", "00100020", "00100021", "00200010", "00380010", "00400009", "00401001", "00402016",
    "00402017", "00080100", "00080102", "00080103",
})  # fmt: skip
"""AccessionNumber, PatientID and its issuer, StudyID, AdmissionID, IDs of scheduled step and
requested procedure, placer and filler order numbers; codes, which cut are other codes."""


def is_uid(text: str) -> bool:
    """Whether something can be referred to by this text."""
    return _FORMS["UI"].fullmatch(text) is not None


def code_item(code: Code) -> Dataset:
    """An item of a code sequence (PS3.3 section 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
    item.CodeMeaning = code.meaning[:64]
    return item


def put(dataset: Dataset, keyword_or_tag: str | int, vr: str, value: object) -> None:
    """Set an element whose text is somebody else's: pydicom would quote it in a warning."""
    element = DataElement(Tag(keyword_or_tag), vr, value, validation_mode=config.IGNORE)
    dataset.add(element)


def dataset_of(header: Mapping[str, dict[str, Any]]) -> Dataset:
    """The data set of a header in the DICOM JSON model (PS3.18 annex F).

    Values that have not the form their VR promises are left out, and so are empty elements and
    items; descriptions that are too long are cut: what remains is fit to be written.
    """
    dataset = Dataset()
    for tag, element in header.items():
        vr, values = str(element["vr"]), element.get("Value") or ()
        if vr == "SQ":
            items = [item for item in map(dataset_of, values) if len(item)]
            if items:
                put(dataset, int(tag, 16), vr, Sequence(items))
        elif vr in _NUMBERS:
            numbers = [_NUMBERS[vr](one) for one in values if isinstance(one, int | float)]
            if numbers:
                put(dataset, int(tag, 16), vr, numbers)
        elif vr in _TEXTS and (texts := list(_texts(vr, values))):
            if tag not in _IDENTIFIERS and vr in _LENGTHS:
                if dictionary_has_tag(int(tag, 16)) and dictionary_VM(int(tag, 16)) == "1":
                    texts = ["/".join(texts).replace("\\", "/")]  # it would part the value
                texts = [one[: _LENGTHS[vr]].rstrip() for one in texts]
            put(dataset, int(tag, 16), vr, texts[0] if len(texts) == 1 else texts)
    return dataset


def _texts(vr: str, values: Iterable[object]) -> Iterable[str]:
    for value in values:
        text = _text(vr, value)
        form = _FORMS.get(vr)
        if text and (form is None or form.fullmatch(text)):
            yield text


def _text(vr: str, value: object) -> str:
    if vr == "PN" and isinstance(value, dict):
        groups = [str(value.get(name, "")) for name in ("Alphabetic", "Ideographic", "Phonetic")]
        return _CONTROL.sub(" ", "=".join(groups)).rstrip("= ")
    if vr == "DS" and isinstance(value, int | float):
        return str(DSfloat(value, auto_format=True)) if math.isfinite(value) else ""
    text = "" if value is None else str(value)
    if vr not in _BREAKS_LINES:
        text = _CONTROL.sub(" ", text)
    mended = _MENDED.get(vr)
    return (mended(text) if mended else text).strip()


_MENDED: dict[str, Callable[[str], str]] = {
    "CS": str.upper,
    "AS": str.upper,
    "DA": lambda text: re.sub(r"[.\-]", "", text),
    "TM": lambda text: text.replace(":", ""),
}
"""Old and sloppy ways of writing a value → the standard's."""
