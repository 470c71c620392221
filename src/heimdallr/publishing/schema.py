"""What ``resultados.json``, ``id.json`` and ``labels.json`` hold, as types, and their readers.

All three are strict JSON: no NaN, no infinity. The founding document's keys keep their names
(``PatientName``, ``liver_vol_cm3``); ``docs/case-folder.md`` lists what is added beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from heimdallr.domain.body_size import Source
from heimdallr.domain.statements import Statement, Value
from heimdallr.domain.study import Modality, PixelValues, Spectral
from heimdallr.publishing.correction_records import CorrectionRecord, StandingRejection
from heimdallr.publishing.groups import Group
from heimdallr.publishing.strict_record import STRICT

if TYPE_CHECKING:
    from pathlib import Path

RESULTS_FILE = "resultados.json"
IDENTITY_FILE = "id.json"
PREVIEW_NAME = "preview.nii.gz"
"""A large volume on fewer voxels: what a viewer shows while the volume itself is on its way."""
LABELS_FOLDER = "labels"
"""Folder of the label maps: all structures of a task in one file."""
LABELS_FILE = "labels.json"

Index = tuple[int, int, int]
Point = tuple[float, float, float]

Scalar = str | int | float | bool | None
FlatValue = float | int | str | list[str] | dict[str, float | int | str]
"""A top-level value of ``resultados.json``: a number, a category, a list or a named group."""


class _Record(BaseModel):
    model_config = STRICT


class CodedStatement(_Record):
    """What a text beside it says, for readers in another language and for programs.

    ``code`` is stable; :mod:`heimdallr.domain.statements` has the words. Absent in results made
    before there were codes.
    """

    code: Annotated[str, Field(examples=["truncated"])]
    parameters: Annotated[
        dict[str, float | int | str | list[str] | CodedStatement | list[CodedStatement]],
        Field(examples=[{"edges": ["superior"], "count": 1}]),
    ] = {}


def coded(statement: Statement) -> CodedStatement:
    """A statement as it is published."""
    return CodedStatement(
        code=statement.code,
        parameters={name: _published(value) for name, value in statement.parameters.items()},
    )


def _published(
    value: Value,
) -> float | int | str | list[str] | CodedStatement | list[CodedStatement]:
    if isinstance(value, Statement):
        return coded(value)
    if isinstance(value, tuple):
        statements = [coded(one) for one in value if isinstance(one, Statement)]
        return statements or [one for one in value if isinstance(one, str)]
    return value


def said(published: CodedStatement) -> Statement:
    """The statement that was published, to be spoken in any language."""
    return Statement(
        published.code, {name: _said(value) for name, value in published.parameters.items()}
    )


def _said(
    value: float | str | list[str] | CodedStatement | list[CodedStatement],
) -> Value:
    if isinstance(value, CodedStatement):
        return said(value)
    if isinstance(value, list):
        statements = tuple(said(one) for one in value if isinstance(one, CodedStatement))
        return statements or tuple(one for one in value if isinstance(one, str))
    return value


class MeasurementRecord(_Record):
    """One measurement, with its value or the reason why there is none."""

    name: str
    value: float | int | str | None
    unit: str
    status: Literal["measured", "not_applicable", "not_assessable", "failed"]
    reason: str
    reason_coded: CodedStatement | None = None
    analysis: str
    structure: str | None
    parameters: dict[str, Scalar]
    corrected: bool = False
    """Whether value, status or reason differ from the networks' own because of a correction."""


class FindingRecord(_Record):
    """Something a person should know, and the measurements it rests on."""

    code: str
    severity: Literal["critical", "significant", "note"]
    title: str
    title_coded: CodedStatement | None = None
    evidence: dict[str, Scalar]
    reference: str
    structure: str | None
    slice_index: int | None
    caveats: list[str]
    caveats_coded: list[CodedStatement] = []


class RuleRecord(_Record):
    """What became of a rule: silence is not the same as not having looked."""

    code: Annotated[str, Field(examples=["splenomegaly"])]
    outcome: Literal["found", "not_found", "not_asked"]
    reason: str = ""
    """Why it could not be asked."""
    reason_coded: CodedStatement | None = None


class WeightsRecord(_Record):
    """One set of network weights."""

    name: str
    sha256: str


class CollectionRecord(_Record):
    """Other people's networks, and how to credit them."""

    name: str
    licence: str
    credit: str
    home: str


class SegmentationRecord(_Record):
    """Which software and weights made the label map of a task."""

    task: str
    engine: str
    device: str
    weights: list[WeightsRecord]
    weights_origin: Literal["official", "bundled", "other", "none"]
    spacing_mm: float
    seconds: float
    confidence: dict[str, float] = {}
    left_out: list[str] = []
    located_only: list[str] = []
    collections: list[CollectionRecord] = []
    cropped_to_body: bool = False


class ProvenanceRecord(_Record):
    """Where all numbers of a case come from."""

    software: str
    version: str
    created_at: AwareDatetime
    series_instance_uid: str
    pixel_values: PixelValues | None = None
    """Of a CT; ``None`` of MR, and in folders of earlier versions."""
    computed_as: Spectral | None = None
    energy_kev: float | None = None
    segmentations: list[SegmentationRecord]
    skipped_tasks: dict[str, str]
    skipped_tasks_coded: dict[str, CodedStatement] = {}
    changed_rules: dict[str, dict[str, Any]] = {}
    """What the department had changed in the rules of findings."""
    corrections: list[CorrectionRecord] = []
    """What persons corrected and what holds, in order; none of it in the networks' version."""
    rejections: list[StandingRejection] = []
    """What persons do not believe at present."""


class Results(BaseModel):
    """``resultados.json``: the founding document's flat keys, and the full lists.

    Any further top-level key is a flat one: a measured value, absent when there is none.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, FlatValue]

    case_id: str
    modality: Modality
    measurements: list[MeasurementRecord]
    findings: list[FindingRecord]
    rules: list[RuleRecord] = []
    """Of the table of rules, in its order; empty in folders of earlier versions."""
    provenance: ProvenanceRecord
    notices: list[str]
    notices_coded: list[CodedStatement] = []

    @property
    def flat(self) -> dict[str, FlatValue]:
        """The founding document's measured keys, ``body_regions`` to ``hemorrhage_…``."""
        return dict(self.__pydantic_extra__)


class PipelineRecord(_Record):
    """When the case was processed; ``elapsed_time`` reads ``h:mm:ss``."""

    start_time: AwareDatetime
    end_time: AwareDatetime
    elapsed_time: str
    stages_s: dict[str, float]


class ContrastPhaseRecord(_Record):
    """The contrast phase in the founding document's words, and how sure that is."""

    phase: str
    probability: float | None


class SelectedSeriesRecord(_Record):
    """The series that was measured."""

    number: Annotated[str | None, Field(alias="SeriesNumber")]
    contrast_phase: Annotated[ContrastPhaseRecord | None, Field(alias="ContrastPhaseData")]
    series_instance_uid: Annotated[str, Field(alias="SeriesInstanceUID")]
    description: Annotated[str, Field(alias="SeriesDescription")]
    kernel: Annotated[str, Field(alias="ConvolutionKernel")]
    slice_thickness_mm: Annotated[float | None, Field(alias="SliceThickness")]
    spacing_mm: float | None
    coverage_mm: float | None


class SeriesRecord(_Record):
    """What series selection thought of one series."""

    number: Annotated[str | None, Field(alias="SeriesNumber")]
    series_instance_uid: Annotated[str, Field(alias="SeriesInstanceUID")]
    description: Annotated[str, Field(alias="SeriesDescription")]
    modality: Annotated[str, Field(alias="Modality")]
    instances: int
    rank: int | None
    reasons: list[str]
    reasons_coded: list[CodedStatement] = []


class ConversionRecord(_Record):
    """How the images became one volume; absent where a NIfTI file was handed in."""

    converter: str
    return_code: int
    tilt_corrected: bool
    equidistant: bool
    resampled_by: str | None
    rewritten: bool
    placement_error_mm: float | None
    warnings: list[str]


class BodySizeRecord(_Record):
    """Height and weight that do not come from the header, and what the header said."""

    height_m: float | None
    weight_kg: float | None
    source: Source
    by: str
    at: AwareDatetime
    header_height_m: float | None
    header_weight_kg: float | None


class Identity(_Record):
    """``id.json``: who, which study, which series, and how the case came to be.

    It names the patient in full, as ``source.json`` does; the case ID holds the surname.
    """

    patient_name: Annotated[str, Field(alias="PatientName", examples=["SILVA^MARIA JOSE"])]
    accession_number: Annotated[str, Field(alias="AccessionNumber")]
    study_instance_uid: Annotated[str, Field(alias="StudyInstanceUID")]
    modality: Annotated[Modality, Field(alias="Modality", examples=["CT"])]
    study_date: Annotated[str | None, Field(alias="StudyDate", examples=["20260201"])]
    case_id: Annotated[str, Field(alias="CaseID", examples=["SilvaMJ_20260201_123456"])]
    clinical_name: Annotated[str, Field(alias="ClinicalName")]
    pipeline: Annotated[PipelineRecord, Field(alias="Pipeline")]
    selected_series: Annotated[SelectedSeriesRecord, Field(alias="SelectedSeries")]
    patient_id: Annotated[str, Field(alias="PatientID")]
    birth_date: Annotated[str | None, Field(alias="PatientBirthDate")]
    sex: Annotated[Literal["M", "F", "O"] | None, Field(alias="PatientSex")]
    age_years: float | None
    height_m: float | None
    weight_kg: float | None
    body_size: BodySizeRecord | None = None
    """Where height or weight were entered, or told by another system; they hold above then."""
    study_time: Annotated[str | None, Field(alias="StudyTime")]
    study_description: Annotated[str, Field(alias="StudyDescription")]
    institution: Annotated[str, Field(alias="InstitutionName")]
    series: Annotated[list[SeriesRecord], Field(alias="Series")]
    skipped_files: dict[str, int]
    conversion: ConversionRecord | None


class StructureRecord(_Record):
    """One structure of a label map, and where it is.

    Indices are those of the volume in RAS+ order, from 0 at its left, posterior, inferior corner.
    """

    label: Annotated[int, Field(ge=1, le=255, examples=[5])]
    structure: Annotated[str, Field(examples=["liver"])]
    name: Annotated[str, Field(examples=["Liver"])]
    colour: Annotated[tuple[int, int, int], Field(examples=[(188, 96, 76)])]
    group: Annotated[Group, Field(examples=["organs"])]
    voxels: int
    bbox_min_ijk: Index
    bbox_max_ijk: Index
    centroid_ijk: Point
    centroid_ras_mm: Point
    largest_slice: int
    position_ijk: Index
    position_ras_mm: Point
    doubts: list[str] = []
    """Why it is not taken for what its label says; empty when it is, and in older folders."""
    doubts_coded: list[CodedStatement] = []


class LabelMapRecord(_Record):
    """One label map, ``labels/<name>.nii.gz``: the structures that have a voxel in it."""

    name: Annotated[str, Field(examples=["total"])]
    task: Annotated[str, Field(examples=["total"])]
    structures: list[StructureRecord]


class Labels(_Record):
    """``labels/labels.json``: the label maps, and the volume's grid in RAS+ order."""

    shape: Index
    affine: tuple[tuple[float, float, float, float], ...]
    maps: list[LabelMapRecord]


def read_results(case_folder: Path) -> Results:
    """``resultados.json`` of a case folder.

    Raises:
        OSError: it cannot be read; FileNotFoundError where it is not there.
        pydantic.ValidationError: it is damaged; a ValueError whose text quotes the file.
    """
    return Results.model_validate_json((case_folder / RESULTS_FILE).read_bytes())


def read_identity(case_folder: Path) -> Identity:
    """``id.json`` of a case folder; raises as :func:`read_results`."""
    return Identity.model_validate_json((case_folder / IDENTITY_FILE).read_bytes())


def read_labels(case_folder: Path) -> Labels:
    """``labels/labels.json`` of a case folder; raises as :func:`read_results`."""
    return Labels.model_validate_json((case_folder / LABELS_FOLDER / LABELS_FILE).read_bytes())
