"""What a scanner adds to a CT study besides images: the dose screen and the dose report.

The dose screen is a Secondary Capture image with text (PS3.3 A.8); it carries Modality CT, as
vendors' do, and is no slice of anything. The dose report is an X-Ray Radiation Dose SR object
(PS3.3 A.35.8) after template TID 10011 "CT Radiation Dose" (PS3.16).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from heimdallr.phantom.dicom import COMMENT, new_object, save, set_pixels

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.phantom.dicom import SeriesHeader, StudyHeader

Code = tuple[str, str, str]
"""Code value, coding scheme designator, meaning."""


@dataclass(frozen=True, slots=True)
class Irradiation:
    """One scan as the dose report lists it.

    Attributes:
        protocol: acquisition protocol.
        region: target region as a code.
        ctdi_vol_mgy: mean CTDIvol.
        length_mm: scanned length; dose length product = CTDIvol × length.
        dosimetry: which CTDI phantom the dose refers to.
        localizer: whether it was a constant-angle scan.
    """

    protocol: str
    region: Code
    ctdi_vol_mgy: float
    length_mm: float
    dosimetry: str = "BODY"
    localizer: bool = False

    @property
    def dlp_mgy_cm(self) -> float:
        """Dose length product."""
        return round(self.ctdi_vol_mgy * self.length_mm / 10, 2)


def write_dose_screen(
    folder: Path, study: StudyHeader, series: SeriesHeader, scans: tuple[Irradiation, ...]
) -> None:
    """Write the scanner's summary of doses as a Secondary Capture image."""
    lines = [
        "SYNTHETIC PHANTOM - NOT A PATIENT",
        f"{study.patient_name}   {study.study_date}",
        study.description,
        "",
        f"{'Scan':28}{'kV':>5}{'CTDIvol mGy':>13}{'DLP mGycm':>12}",
        *(f"{s.protocol:28}{120:>5}{s.ctdi_vol_mgy:>13.2f}{s.dlp_mgy_cm:>12.1f}" for s in scans),
        "",
        f"Total DLP {sum(s.dlp_mgy_cm for s in scans):.1f} mGycm",
    ]
    screen = Image.new("L", (512, 512), 0)
    draw = ImageDraw.Draw(screen)
    # The bitmap font is part of Pillow itself and looks the same wherever it is drawn.
    font = ImageFont.load_default_imagefont()
    for row, line in enumerate(lines):
        draw.text((20, 20 + 18 * row), line, fill=230, font=font)
    dataset = new_object(study, series, 1, uid.SecondaryCaptureImageStorage)
    dataset.ImageType = list(series.image_type)
    dataset.ConversionType = "WSD"
    dataset.PatientOrientation = ""
    dataset.BodyPartExamined = series.body_part
    dataset.BurnedInAnnotation = "YES"
    dataset.ImageComments = COMMENT
    set_pixels(dataset, np.asarray(screen, dtype=np.uint8), bits_stored=8)
    save(folder / f"{series.number:04d}", 1, dataset)


def write_dose_report(
    folder: Path, study: StudyHeader, series: SeriesHeader, scans: tuple[Irradiation, ...]
) -> None:
    """Write the X-Ray Radiation Dose SR of a study."""
    dataset = new_object(study, series, 1, uid.XRayRadiationDoseSRStorage)
    dataset.Modality = "SR"
    dataset.CompletionFlag = "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.ReferencedPerformedProcedureStepSequence = Sequence()
    dataset.PerformedProcedureCodeSequence = Sequence()
    start, end = study.study_date + study.study_time, study.study_date + series.time
    study_uid = _text("UIDREF", ("110180", "DCM", "Study Instance UID"), study.study_instance_uid)
    study_uid.RelationshipType = "HAS PROPERTIES"
    scope = _code(
        ("113705", "DCM", "Scope of Accumulation"), ("113014", "DCM", "Study"), "HAS OBS CONTEXT"
    )
    scope.ContentSequence = Sequence([study_uid])
    procedure = _code(
        ("121058", "DCM", "Procedure reported"),
        ("77477000", "SCT", "Computed Tomography X-Ray"),
        "HAS CONCEPT MOD",
    )
    procedure.ContentSequence = Sequence(
        [
            _code(
                ("363703001", "SCT", "Has Intent"),
                ("261004008", "SCT", "Diagnostic Intent"),
                "HAS CONCEPT MOD",
            )
        ]
    )
    device = ("121012", "DCM", "Device Observer UID")
    context = "HAS OBS CONTEXT"
    root = _container(("113701", "DCM", "X-Ray Radiation Dose Report"))
    for element in root:
        dataset.add(element)
    dataset.ContentTemplateSequence = _template("10011")
    dataset.ContentSequence = Sequence(
        [
            procedure,
            _code(("121005", "DCM", "Observer Type"), ("121007", "DCM", "Device"), context),
            _text("UIDREF", device, study.uid("device"), context),
            _text("DATETIME", ("113809", "DCM", "Start of X-Ray Irradiation"), start, context),
            _text("DATETIME", ("113810", "DCM", "End of X-Ray Irradiation"), end, context),
            scope,
            _contains(
                ("113811", "DCM", "CT Accumulated Dose Data"),
                _number(
                    ("113812", "DCM", "Total Number of Irradiation Events"),
                    len(scans),
                    ("{events}", "UCUM", "events"),
                ),
                _number(
                    ("113813", "DCM", "CT Dose Length Product Total"),
                    round(sum(scan.dlp_mgy_cm for scan in scans), 2),
                    ("mGy.cm", "UCUM", "mGy.cm"),
                ),
            ),
            *(_acquisition(study, event, scan) for event, scan in enumerate(scans, start=1)),
            _code(
                ("113854", "DCM", "Source of Dose Information"),
                ("113856", "DCM", "Automated Data Collection"),
            ),
        ]
    )
    save(folder / f"{series.number:04d}", 1, dataset)


def _acquisition(study: StudyHeader, event: int, scan: Irradiation) -> Dataset:
    """TID 10013 "CT Irradiation Event Data"."""
    kind = (
        ("113805", "DCM", "Constant Angle Acquisition")
        if scan.localizer
        else ("116152004", "SCT", "Spiral Acquisition")
    )
    dosimetry = (
        ("113690", "DCM", "IEC Head Dosimetry Phantom")
        if scan.dosimetry == "HEAD"
        else ("113691", "DCM", "IEC Body Dosimetry Phantom")
    )
    source = _contains(
        ("113831", "DCM", "CT X-Ray Source Parameters"),
        _text("TEXT", ("113832", "DCM", "Identification of the X-Ray Source"), "A"),
        _number(("113733", "DCM", "KVP"), 120, ("kV", "UCUM", "kV")),
        _number(("113833", "DCM", "Maximum X-Ray Tube Current"), 260, ("mA", "UCUM", "mA")),
        _number(("113734", "DCM", "X-Ray Tube Current"), 220, ("mA", "UCUM", "mA")),
    )
    parameters = _contains(
        ("113822", "DCM", "CT Acquisition Parameters"),
        _number(("113824", "DCM", "Exposure Time"), 5.0, ("s", "UCUM", "s")),
        _number(("113825", "DCM", "Scanning Length"), scan.length_mm, ("mm", "UCUM", "mm")),
        _number(("113826", "DCM", "Nominal Single Collimation Width"), 0.6, ("mm", "UCUM", "mm")),
        _number(("113827", "DCM", "Nominal Total Collimation Width"), 19.2, ("mm", "UCUM", "mm")),
        _number(
            ("113823", "DCM", "Number of X-Ray Sources"), 1, ("{X-Ray sources}", "UCUM", "sources")
        ),
        source,
    )
    dose = _contains(
        ("113829", "DCM", "CT Dose"),
        _number(("113830", "DCM", "Mean CTDIvol"), scan.ctdi_vol_mgy, ("mGy", "UCUM", "mGy")),
        _code(("113835", "DCM", "CTDIw Phantom Type"), dosimetry),
        _number(("113838", "DCM", "DLP"), scan.dlp_mgy_cm, ("mGy.cm", "UCUM", "mGy.cm")),
    )
    return _contains(
        ("113819", "DCM", "CT Acquisition"),
        _text("TEXT", ("125203", "DCM", "Acquisition Protocol"), scan.protocol),
        _code(("123014", "DCM", "Target Region"), scan.region),
        _code(("113820", "DCM", "CT Acquisition Type"), kind),
        _text(
            "UIDREF", ("113769", "DCM", "Irradiation Event UID"), study.uid("irradiation", event)
        ),
        parameters,
        dose,
    )


def _concept(code: Code) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return Sequence([item])


def _template(identifier: str) -> Sequence:
    item = Dataset()
    item.MappingResource = "DCMR"
    item.TemplateIdentifier = identifier
    return Sequence([item])


def _item(value_type: str, name: Code, relationship: str = "CONTAINS") -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship
    item.ValueType = value_type
    item.ConceptNameCodeSequence = _concept(name)
    return item


def _container(name: Code) -> Dataset:
    item = _item("CONTAINER", name)
    item.ContinuityOfContent = "SEPARATE"
    del item.RelationshipType
    return item


def _contains(name: Code, *children: Dataset) -> Dataset:
    item = _container(name)
    item.RelationshipType = "CONTAINS"
    item.ContentSequence = Sequence(list(children))
    return item


def _code(name: Code, value: Code, relationship: str = "CONTAINS") -> Dataset:
    item = _item("CODE", name, relationship)
    item.ConceptCodeSequence = _concept(value)
    return item


def _text(value_type: str, name: Code, value: str, relationship: str = "CONTAINS") -> Dataset:
    """Item whose value is one string: TEXT, UIDREF or DATETIME."""
    item = _item(value_type, name, relationship)
    setattr(item, {"TEXT": "TextValue", "UIDREF": "UID", "DATETIME": "DateTime"}[value_type], value)
    return item


def _number(name: Code, value: float, unit: Code) -> Dataset:
    measured = Dataset()
    measured.NumericValue = f"{value:g}"
    measured.MeasurementUnitsCodeSequence = _concept(unit)
    item = _item("NUM", name)
    item.MeasuredValueSequence = Sequence([measured])
    return item
