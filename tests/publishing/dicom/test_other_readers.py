"""What programs of other people read out of our objects: dcmqi every voxel, DCMTK every value."""

from __future__ import annotations

import json
import subprocess
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from measured_cases import measured_trunk, results_of
from nibabel.affines import apply_affine
from object_cases import trunk_source
from object_checks import output_of

from heimdallr.publishing.dicom.case_content import read_case
from heimdallr.publishing.dicom.kinds import DicomObject, ObjectOptions
from heimdallr.publishing.dicom.objects import write_objects

if TYPE_CHECKING:
    from typing import Literal


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


def _read_by_dcmqi(path: Path, target: Path) -> tuple[nib.Nifti1Image, dict[int, str]]:
    """A segmentation as a label map, and the class of each label."""
    package = find_spec("dcmqi")
    if package is None or package.origin is None:
        pytest.skip("dcmqi (PyPI) is not installed")
    program = Path(package.origin).parent / "bin" / "segimage2itkimage"
    target.mkdir()
    subprocess.run(
        [
            program, "--inputDICOM", path, "--outputDirectory", target, "--outputType", "nifti",
            "--mergeSegments",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    told = json.loads((target / "meta.json").read_text())
    classes = {
        int(one["labelID"]): str(one["SegmentDescription"]).partition(";")[0]
        for group in told["segmentAttributes"]
        for one in group
        if one["labelID"] and one.get("SegmentDescription")
    }
    return nib.load(target / "1.nii.gz"), classes


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_dcmqi_finds_every_voxel_where_it_was(
    case: Path, tmp_path: Path, kind: Literal["binary", "labelmap"]
) -> None:
    """Of tissues at L3 too: those of the slice, all of them."""
    content = read_case(case, trunk_source())
    options = ObjectOptions(segmentation=kind)
    written = write_objects(case, [DicomObject.SEG], tmp_path, options, source=trunk_source())
    for one in written:
        name = one.path.stem.removeprefix("seg-")
        theirs, classes = _read_by_dcmqi(one.path, tmp_path / f"{name}-{kind}")
        label_map = content.label_map(name)
        labels, found = np.asanyarray(theirs.dataobj), np.zeros_like(label_map.data)
        for number, structure in classes.items():
            places = apply_affine(theirs.affine, np.argwhere(labels == number))
            voxels = apply_affine(np.linalg.inv(label_map.affine), places)
            assert np.allclose(voxels, np.rint(voxels), atol=1e-3)
            found[tuple(np.rint(voxels).astype(int).T)] = label_map.number(structure)
        whole = np.isin(label_map.data, [label_map.number(one) for one in classes.values()])
        if name == "tissue_types":
            (k,) = [o.value for o in content.results.measurements if o.name == "slice_L3"]
            whole &= np.arange(whole.shape[2]) == k
        assert len(classes) > 2
        assert np.array_equal(found, np.where(whole, label_map.data, 0))


def test_dcmtk_writes_every_value_of_both_reports(case: Path, tmp_path: Path) -> None:
    """As a page for people: numbers with their units, reasons of those that are missing."""
    kinds = [DicomObject.SR, DicomObject.SR_PLANAR]
    report, outlines = (
        unescape(output_of("dsr2html", "+Rd", one.path))
        for one in write_objects(case, kinds, tmp_path, source=trunk_source())
    )
    for one in results_of(case).measurements:
        if isinstance(one.value, float):
            assert f"{one.value:.10g}" in report, one.name
        elif one.value is None:
            assert one.reason in report
    (area,) = [one.value for one in results_of(case).measurements if one.name == "SMA_cm2"]
    assert f"{area} cm2" in outlines
