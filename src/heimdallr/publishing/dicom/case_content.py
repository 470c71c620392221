"""What objects are made of: a case folder, read once and shared by all of its objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heimdallr.domain.errors import HeimdallrError, ObjectError
from heimdallr.imaging.volume import load_label_map
from heimdallr.publishing.dicom.missing_uids import completed, study_instance_uid
from heimdallr.publishing.dicom.uids import ObjectUids, revision_digest
from heimdallr.publishing.schema import (
    LABELS_FILE,
    LABELS_FOLDER,
    RESULTS_FILE,
    Identity,
    LabelMapRecord,
    Labels,
    Results,
    read_identity,
)
from heimdallr.publishing.source_file import read_source, source_json

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.domain.source_images import SourceImages
    from heimdallr.domain.statements import Statement
    from heimdallr.imaging.volume import LabelMap


@dataclass(frozen=True, slots=True)
class CaseFolderContent:
    """A case folder as makers of objects see it.

    Attributes:
        folder: the folder; pictures are read from it.
        results: ``resultados.json``.
        identity: ``id.json``.
        labels: ``labels/labels.json``; ``None`` where retention removed it.
        source: the images that were measured, every UID in it filled.
        uids: of the objects made of this content.
        notices: what has to be told of every object: UIDs that had to be made up.
        inode: of the folder as it was read; a new revision takes its place in one step.
    """

    folder: Path
    results: Results
    identity: Identity
    labels: Labels | None
    source: SourceImages
    uids: ObjectUids
    notices: tuple[Statement, ...] = ()
    inode: int = 0
    _last_map: dict[str, LabelMap] = field(default_factory=dict, repr=False, compare=False)

    def is_current(self) -> bool:
        """Whether the folder is still the one that was read, and not that of another revision."""
        try:
            return self.folder.stat().st_ino == self.inode
        except OSError:
            return False

    def map_of(self, name: str) -> LabelMapRecord | None:
        """What ``labels.json`` says of a label map; ``None`` where it has none of that name."""
        maps = self.labels.maps if self.labels else ()
        return next((one for one in maps if one.name == name), None)

    def label_map(self, name: str) -> LabelMap:
        """A label map, read when it is first asked for; the last one is kept.

        Raises:
            ObjectError: it is not there, or damaged.
        """
        record = self.map_of(name)
        if record is None:
            msg = f"the case has no label map {name}"
            raise ObjectError(msg, remedy=_SEGMENT_AGAIN)
        if name not in self._last_map:
            self._last_map.clear()
            path = self.folder / LABELS_FOLDER / f"{name}.nii.gz"
            names = {one.label: one.structure for one in record.structures}
            try:
                self._last_map[name] = load_label_map(path, names)
            except (OSError, HeimdallrError) as error:
                msg = f"the label map {name} cannot be read"
                raise ObjectError(msg, remedy=_SEGMENT_AGAIN) from error
        return self._last_map[name]


_SEGMENT_AGAIN = "process the study again; retention may have removed its masks"


def read_case(folder: Path, source: SourceImages | None = None) -> CaseFolderContent:
    """Read a case folder.

    Args:
        folder: the case folder; nothing is written into it.
        source: the images it was made of, for a folder that does not say so itself.

    Raises:
        ObjectError: it is no whole case folder, or nothing tells its images.
    """
    try:
        inode = folder.stat().st_ino
        results = (folder / RESULTS_FILE).read_bytes()
        labels = _labels_of(folder)
        identity = read_identity(folder)
        source = read_source(folder) or source
        content = Results.model_validate_json(results)
        described = Labels.model_validate_json(labels) if labels else None
    except (OSError, ValueError) as error:
        msg = "the case folder cannot be read: a file of it is missing or damaged"
        raise ObjectError(msg, remedy="name the folder of one case, or process it again") from error
    if source is None:
        msg = "nothing tells which images the case was made of"
        remedy = "name the folder of the study's DICOM files (--source); a NIfTI file had none"
        raise ObjectError(msg, remedy=remedy)
    whole, notices = completed(source)
    digest = revision_digest(results, labels, source_json(source).encode())
    return CaseFolderContent(
        folder=folder,
        results=content,
        identity=identity,
        labels=described,
        source=whole,
        uids=ObjectUids(study_instance_uid(whole), digest),
        notices=notices,
        inode=inode,
    )


def _labels_of(folder: Path) -> bytes:
    """``labels.json``; nothing where there is none."""
    try:
        return (folder / LABELS_FOLDER / LABELS_FILE).read_bytes()
    except FileNotFoundError:
        return b""
