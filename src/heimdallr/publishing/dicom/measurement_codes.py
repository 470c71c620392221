"""Codes of measurements, findings and their properties (PS3.16; context groups named beside them).

What a measurement is of, its finding site says; what it is, one of few concepts. Where PS3.16 has
none, a code of our own scheme stands: the measurement's key, which never changes its meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.sr.coding import Code

from heimdallr.domain.statements import term
from heimdallr.domain.terms import capitalised, measurement_name, report_word
from heimdallr.publishing.dicom.codes import PRIVATE_SCHEME

if TYPE_CHECKING:
    from heimdallr.domain.statements import Language

MEANING_LENGTH = 64
"""Characters that CodeMeaning (LO) may have."""

VOLUME = Code("118565006", "SCT", "Volume")
AREA = Code("42798000", "SCT", "Area")
DIAMETER = Code("81827009", "SCT", "Diameter")
LENGTH = Code("410668003", "SCT", "Length")
NUMBER_OF_LESIONS = Code("246206008", "SCT", "Number of lesions")
ATTENUATION = Code("112031", "DCM", "Attenuation Coefficient")
CONTRAST_PHASE = Code("109058", "DCM", "Contrast Phase")
LATERALITY = Code("272741003", "SCT", "Laterality")
MEAN = Code("373098007", "SCT", "Mean")
MEDIAN = Code("373099004", "SCT", "Median")
STANDARD_DEVIATION = Code("386136009", "SCT", "Standard Deviation")

IMAGING_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
MEASUREMENT_GROUP = Code("125007", "DCM", "Measurement Group")
FINDING = Code("121071", "DCM", "Finding")
FINDING_SITE = Code("363698007", "SCT", "Finding Site")
ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name")
ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")
ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version")
IMAGE_REGION = Code("111030", "DCM", "Image Region")
SOURCE_OF_REGION = Code("260753009", "SCT", "Source")
SOURCE_OF_MEASUREMENT = Code("121112", "DCM", "Source of Measurement")
REFERENCED_SEGMENT = Code("121191", "DCM", "Referenced Segment")
SOURCE_SERIES = Code("121232", "DCM", "Source Series for Segmentation")
MEASUREMENT_METHOD = Code("370129005", "SCT", "Measurement Method")
DERIVATION = Code("121401", "DCM", "Derivation")
NORMALITY_OF_VALUE = Code("121402", "DCM", "Normality")
Z_SCORE = Code("121416", "DCM", "Z-Score of measurement")
TABLE_CITATION = Code("121422", "DCM", "Table of Values Citation")
LIMIT_AUTHORITY = Code("121408", "DCM", "Normal Range Authority")
TRACKING_IDENTIFIER = Code("112039", "DCM", "Tracking Identifier")
TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier")
COMMENT = Code("121106", "DCM", "Comment")
STUDY_DATE = Code("111060", "DCM", "Study Date")
LEVEL_OF_SIGNIFICANCE = Code("121403", "DCM", "Level of Significance")
LOWER_LIMIT = Code("385524004", "SCT", "Normal Range Lower Limit")
UPPER_LIMIT = Code("371933006", "SCT", "Normal Range Upper Limit")
"""CID 223."""

UNITS = {
    "": Code("1", "UCUM", "no units"),
    "cm2": Code("cm2", "UCUM", "square centimeter"),
    "cm2/m2": Code("cm2/m2", "UCUM", "square centimeter per square meter"),
    "cm3": Code("cm3", "UCUM", "cubic centimeter"),
    "mL/m2": Code("mL/m2", "UCUM", "milliliter per square meter"),
    "mL": Code("mL", "UCUM", "milliliter"),
    "mm3": Code("mm3", "UCUM", "cubic millimeter"),
    "mm": Code("mm", "UCUM", "millimeter"),
    "HU": Code("[hnsf'U]", "UCUM", "Hounsfield unit"),
    "s": Code("s", "UCUM", "second"),
    "%": Code("%", "UCUM", "Percent"),
}

SIGNIFICANCE = {
    "critical": Code("371926006", "SCT", "Highly significant"),
    "significant": Code("386134007", "SCT", "Significant"),
    "note": Code("386135008", "SCT", "Significance Undetermined"),
}
"""CID 220. A note is for the reader to weigh."""

ACTIONABLE = {"critical": Code("RID49480", "RADLEX", "ACR Category 1 Actionable Finding")}
"""CID 7035: to be told within minutes. What is less urgent is left to the reader."""

NORMALITY = {
    "low": Code("371880002", "SCT", "Abnormally Low"),
    "high": Code("371879000", "SCT", "Abnormally High"),
}
"""CID 222. A value within its limit is not called normal: there is one limit, not a range."""

ABSENCE = {
    "not_applicable": Code("114007", "DCM", "Measurement not attempted"),
    "not_assessable": Code("114011", "DCM", "Value indeterminate"),
    "failed": Code("114006", "DCM", "Measurement failure"),
}
"""CID 42: why a numeric value is absent."""

CATEGORIES = {
    "yes": Code("373066001", "SCT", "Yes"),
    "no": Code("373067005", "SCT", "No"),
    "left": Code("7771000", "SCT", "Left"),
    "right": Code("24028007", "SCT", "Right"),
    "both": Code("51440002", "SCT", "Bilateral"),
}
"""CID 230, CID 244."""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a measurement is, whatever it is of.

    Attributes:
        name: the measured property.
        derivation: which of many values is given (CID 7464).
        method: how, where the same property is measured in several ways.
    """

    name: Code
    derivation: Code | None = None
    method: str = ""


_CONCEPTS: tuple[tuple[str, Concept], ...] = (
    (r"hemorrhage_abc2_cm3", Concept(VOLUME, method="abc2")),
    (
        r"(hemorrhage|nodule_\d+|kidney_stones_.+)_diameter_mm|lung_nodule_largest_mm",
        Concept(DIAMETER),
    ),
    (r"kidney_(right|left)_length_mm", Concept(LENGTH)),
    (
        r"hemorrhage_lesions|coronary_calcium_lesions|lung_nodules",
        Concept(NUMBER_OF_LESIONS),
    ),
    (r"(pleural|pericardial)_effusion(_right|_left)?_ml|nodule_\d+_vol_mm3", Concept(VOLUME)),
    (r"hemorrhage_side|midline_shift_side", Concept(LATERALITY)),
    (r"contrast_phase", Concept(CONTRAST_PHASE)),
    (r".+_trabecular_area_cm2", Concept(AREA, method="trabecular")),
    (r".+_trabecular_hu_mean", Concept(ATTENUATION, MEAN, method="trabecular")),
    (r".+_trabecular_hu_std", Concept(ATTENUATION, STANDARD_DEVIATION, method="trabecular")),
    (r".+_body_hu_mean", Concept(ATTENUATION, MEAN, method="without_cortex")),
    (r"SMA_cm2|.+_area_\w+_cm2", Concept(AREA)),
    (r".+_scanned_vol_cm3", Concept(VOLUME, method="scanned_part")),
    (r".+_vol_cm3(_by_.+)?|kidney_stones_.+_vol_mm3", Concept(VOLUME)),
    (r".+_hu_eroded_mean", Concept(ATTENUATION, MEAN, method="without_rim")),
    (r".+_(hu|HU)_mean(_by_.+)?", Concept(ATTENUATION, MEAN)),
    (r".+_(hu|HU)_std", Concept(ATTENUATION, STANDARD_DEVIATION)),
    (r".+_hu_median", Concept(ATTENUATION, MEDIAN)),
)


def concept_of(name: str, language: Language) -> Concept:
    """What a measurement is; a code of our own where PS3.16 has none."""
    for pattern, concept in _CONCEPTS:
        if re.fullmatch(pattern, name):
            return concept
    return Concept(local(name, measurement_name(name, language)))


def method_code(method: str, language: Language) -> Code:
    """How something was measured, in our own scheme."""
    return local(f"method_{method}", report_word(f"method_{method}", language))


def category_code(value: str, language: Language) -> Code:
    """A category: of SNOMED CT where it has one, else ours."""
    if value in CATEGORIES:
        return CATEGORIES[value]
    meaning = term("values", value, language) or term("regions", value, language) or value
    return local(value.replace(" ", "_"), capitalised(meaning))


def local(value: str, meaning: str) -> Code:
    """A code of our own scheme."""
    return Code(value, PRIVATE_SCHEME, meaning[:MEANING_LENGTH])
