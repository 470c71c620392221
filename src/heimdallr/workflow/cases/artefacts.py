"""Saves and loads what one stage hands to the next: typed JSON and NIfTI, no pickle.

Paths are kept relative to their folder, because another machine may see it elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter

from heimdallr.analyses.rules.findings import Conclusions
from heimdallr.domain.measurement import Measurement, Scalar
from heimdallr.domain.source_images import SourceImages
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Selection, Series, Study, Unseen
from heimdallr.files import whole_file
from heimdallr.imaging.volume import LabelMap, load_label_map, load_volume, save_nifti
from heimdallr.preparation.conversion import Conversion
from heimdallr.preparation.prepare import PreparedStudy
from heimdallr.segmentation.plan import CaseSegmentations
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance
from heimdallr.workflow.stages import Analyzed, Segmented

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Volume

VOLUME = "volume.nii"
_PREPARED, _SEGMENTED, _ANALYZED = "prepared.json", "segmented.json", "analyzed.json"
_Record = TypeVar("_Record", bound=BaseModel)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=False)


class PreparedRecord(_Frozen):
    """A :class:`~heimdallr.preparation.prepare.PreparedStudy`; its volume lies beside it."""

    study: Study
    series: Series
    selection: Selection
    conversion: Conversion | None
    skipped: dict[str, int]
    notices: list[Statement] = []
    unseen: list[Unseen] = []
    source_files: list[str]
    source: SourceImages | None = None


class LabelMapRecord(_Frozen):
    """A task's label map, in the file of its name; its grid is the volume's."""

    provenance: SegmentationProvenance
    names: dict[int, str]


class SegmentedRecord(_Frozen):
    """The label maps of a case."""

    done: dict[str, LabelMapRecord]
    skipped: dict[str, Statement]


class AnalyzedRecord(_Frozen):
    """Measurements and findings of a case."""

    measurements: list[Measurement]
    conclusions: Conclusions
    notices: list[Statement]


# Measurement and Conclusions name these for type checkers only.
AnalyzedRecord.model_rebuild(
    _types_namespace={"Mapping": Mapping, "Scalar": Scalar, "Statement": Statement}
)


class _Json(Generic[_Record]):
    """Reads and writes one kind of record."""

    def __init__(self, kind: type[_Record], name: str) -> None:
        self._adapter: TypeAdapter[_Record] = TypeAdapter(kind)
        self._name = name

    def write(self, folder: Path, record: _Record) -> None:
        with whole_file(folder / self._name) as file:
            file.write(self._adapter.dump_json(record, indent=1))

    def read(self, folder: Path) -> _Record:
        return self._adapter.validate_json((folder / self._name).read_bytes())


_prepared = _Json(PreparedRecord, _PREPARED)
_segmented = _Json(SegmentedRecord, _SEGMENTED)
_analyzed = _Json(AnalyzedRecord, _ANALYZED)


def save_prepared(folder: Path, prepared: PreparedStudy, instances: Path) -> None:
    """Write a prepared study; its volume is ``volume.nii`` in the folder already."""
    record = PreparedRecord(
        study=prepared.study,
        series=prepared.series,
        selection=prepared.selection,
        conversion=prepared.conversion and replace(prepared.conversion, path=Path(VOLUME)),
        skipped=dict(prepared.skipped),
        notices=list(prepared.notices),
        unseen=list(prepared.unseen),
        source_files=[str(path.relative_to(instances)) for path in prepared.source_files],
        source=prepared.source,
    )
    _prepared.write(folder, record)


def load_prepared(folder: Path, instances: Path) -> PreparedStudy:
    """Read a prepared study.

    Raises:
        OSError: a file is not there.
        ValueError: it is not what was written.
    """
    record = _prepared.read(folder)
    volume = folder / VOLUME
    return PreparedStudy(
        study=record.study,
        series=record.series,
        selection=record.selection,
        volume_path=volume,
        conversion=record.conversion and replace(record.conversion, path=volume),
        skipped=record.skipped,
        notices=tuple(record.notices),
        unseen=tuple(record.unseen),
        source_files=tuple(instances / name for name in record.source_files),
        source=record.source,
    )


def save_segmented(folder: Path, segmented: Segmented) -> None:
    """Write the label maps of a case."""
    done = {}
    for task, made in segmented.made.done.items():
        save_nifti(folder / _label_file(task), made.label_map.data, segmented.image.affine)
        names = dict(made.label_map.names)
        done[task] = LabelMapRecord(provenance=made.provenance, names=names)
    _segmented.write(folder, SegmentedRecord(done=done, skipped=dict(segmented.made.skipped)))


def load_segmented(folder: Path, volume_path: Path) -> Segmented:
    """Read the label maps of a case, and the volume they belong to.

    Raises:
        OSError: a file is not there.
        ValueError: it is not what was written.
        ConversionError: an image is damaged.
    """
    record, image = _segmented.read(folder), load_volume(volume_path)
    done = {
        task: Segmentation(_label_map(folder / _label_file(task), one.names, image), one.provenance)
        for task, one in record.done.items()
    }
    return Segmented(image, CaseSegmentations(done, record.skipped))


def save_analyzed(folder: Path, analyzed: Analyzed) -> None:
    """Write measurements and findings."""
    record = AnalyzedRecord(
        measurements=list(analyzed.measurements),
        conclusions=analyzed.conclusions,
        notices=list(analyzed.notices),
    )
    _analyzed.write(folder, record)


def load_analyzed(folder: Path) -> Analyzed:
    """Read measurements and findings.

    Raises:
        OSError: a file is not there.
        ValueError: it is not what was written.
    """
    record = _analyzed.read(folder)
    return Analyzed(tuple(record.measurements), record.conclusions, tuple(record.notices))


def _label_map(path: Path, names: Mapping[int, str], image: Volume) -> LabelMap:
    """A label map on the very grid of its image; NIfTI keeps affines in single precision."""
    stored = load_label_map(path, names)
    if stored.shape != image.shape:
        msg = f"{path.name} does not belong to its volume"
        raise ValueError(msg)
    return LabelMap(stored.data, image.affine, names)


def _label_file(task: str) -> str:
    return f"{task}.nii.gz"
