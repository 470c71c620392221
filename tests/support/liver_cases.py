"""A case folder with a liver, of images as a scanner writes them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dicom_series import SeriesOnDisk
from message_cases import measured
from object_cases import folder_of

from heimdallr.domain.source_images import SOURCE_FILE
from heimdallr.imaging.volume import LabelMap, load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import IDENTITY_FILE, RESULTS_FILE, read_results

if TYPE_CHECKING:
    from pathlib import Path

SERIES = SeriesOnDisk()


def liver_case(images: Path, folder: Path) -> Path:
    """Write images and a case folder of them.

    Args:
        images: receives the DICOM files.
        folder: receives the folder of cases.
    """
    SERIES.write(images)
    prepared = next(prepare(images, folder / "work"))
    assert isinstance(prepared, PreparedStudy)
    volume = load_volume(prepared.volume_path)
    labels = LabelMap((volume.data > 90).astype("u1") * 5, volume.affine, {5: "liver"})
    case = folder_of(prepared, labels, folder / "output")
    volume_of_liver = measured("liver_vol_cm3", 1432.5, "cm3", structure="liver")
    results = read_results(case).model_copy(update={"measurements": [volume_of_liver]})
    (case / RESULTS_FILE).write_text(results_json(results))
    return case


def copy_of(case: Path, output: Path, number: int) -> tuple[Path, str]:
    """The same case as that of another study.

    Returns:
        The folder, and its StudyInstanceUID.
    """
    uid = f"{SERIES.study_uid}.{number}"
    folder = output / f"{case.name}{number}"
    shutil.copytree(case, folder)
    for name in (IDENTITY_FILE, RESULTS_FILE, SOURCE_FILE):
        text = (folder / name).read_text("utf-8")
        text = text.replace(SERIES.study_uid, uid).replace(case.name, folder.name)
        (folder / name).write_text(text, "utf-8")
    return folder, uid
