"""A SEG of 100 structures against highdicom's writer; all objects of a real case.

Run: ``python benchmarks/export.py``. For a CT of 512×512 on 60 and on 600 slices, each contender
is a process of its own that reads the label map from a case folder and leaves one BINARY object;
seconds (without imports), peak memory and size are printed with their ratios. Pixel data and
functional groups of both files are then compared, frame by frame.

Then a study is processed (the TCGA-LIHC abdomen CT of the test data, else a synthetic trunk), and
every object of its case is made in processes of their own: CPU seconds and MB by kind, medians.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from heimdallr.imaging.volume import LabelMap

DATA = Path(os.environ.get("HEIMDALLR_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
SPACING_MM = (0.75, 0.75, 1.0)
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
CONTENDERS = ("heimdallr", "highdicom")


def anatomy(shape: tuple[int, int, int], structures: int) -> LabelMap:
    """Ellipsoids of the size of organs (semi-axes 8 to 75 mm) scattered over a trunk."""
    from heimdallr.imaging.volume import LabelMap
    from heimdallr.segmentation.tasks import all_tasks

    rng = np.random.default_rng(60)
    labels = np.zeros(shape, np.uint8, order="F")
    extent = np.array(shape) * SPACING_MM
    for number in range(1, structures + 1):
        centre, axes = extent * rng.uniform(0.2, 0.8, 3), rng.uniform(8, 75, 3)
        low = np.maximum((centre - axes) / SPACING_MM, 0).astype(int)
        high = np.minimum((centre + axes) / SPACING_MM + 1, shape).astype(int)
        box = tuple(slice(start, stop) for start, stop in zip(low, high, strict=True))
        ellipsoid = zip(np.ogrid[box], SPACING_MM, centre, axes, strict=True)
        distance = sum(((one * mm - middle) / axis) ** 2 for one, mm, middle, axis in ellipsoid)
        labels[box][distance <= 1] = number
    for number in range(1, structures + 1):  # each is there, whatever covers it
        labels[4 * number : 4 * number + 3, :3, :3] = number
    names = list(all_tasks()["total"].names.values())[:structures]
    return LabelMap(labels, np.diag([*SPACING_MM, 1.0]), dict(enumerate(names, start=1)))


def write_case(folder: Path, label_map: LabelMap) -> None:
    """A case folder that holds what a SEG is made of."""
    from heimdallr.domain.source_images import SOURCE_FILE, SourceImages, SourcePlane
    from heimdallr.imaging.volume import NativeGrid, Volume, save_nifti
    from heimdallr.publishing import label_maps, schema
    from heimdallr.publishing.source_file import source_json

    columns, rows, slices = label_map.shape
    # As dcm2niix stores a CT: the first axis runs to the patient's left.
    stored = np.diag([-SPACING_MM[0], *SPACING_MM[1:], 1.0])
    stored[0, 3] = (columns - 1) * SPACING_MM[0]
    labels = folder / schema.LABELS_FOLDER
    labels.mkdir(parents=True)
    grid = NativeGrid(stored, label_map.shape)
    save_nifti(labels / "total.nii.gz", label_map.data, label_map.affine, like=grid)
    described = label_maps.describe(
        Volume(label_map.data, label_map.affine),
        [label_maps.describe_map("total", "total", label_map)],
    )
    (labels / schema.LABELS_FILE).write_text(described.model_dump_json())
    first = (-stored[0, 3], -(rows - 1) * SPACING_MM[1])
    planes = tuple(
        SourcePlane(CT_IMAGE, f"1.2.3.4.{k + 1}", None, (*first, float(k)), (1, 0, 0, 0, 1, 0))
        for k in range(slices)
    )
    header = {
        tag: {"vr": vr, "Value": [value]}
        for tag, vr, value in (
            ("00080020", "DA", "20260201"), ("00080030", "TM", "101112"),
            ("00080060", "CS", "CT"), ("00100020", "LO", "P-77"),
            ("0020000D", "UI", "1.2.3"), ("0020000E", "UI", "1.2.3.4"),
            ("00200052", "UI", "1.2.3.9"),
        )
    }  # fmt: skip
    source = SourceImages(header, rows, columns, SPACING_MM[:2], SPACING_MM[2], planes)
    (folder / SOURCE_FILE).write_text(source_json(source))
    (folder / schema.RESULTS_FILE).write_text(_results().model_dump_json())
    (folder / schema.IDENTITY_FILE).write_text(_identity().model_dump_json())


def _results() -> Any:  # noqa: ANN401 - its type is imported within
    from heimdallr.publishing.schema import ProvenanceRecord, Results

    provenance = ProvenanceRecord(
        software="heimdallr",
        version="0",
        created_at=datetime(2026, 2, 1, tzinfo=timezone.utc),
        series_instance_uid="1.2.3.4",
        segmentations=[],
        skipped_tasks={},
    )
    return Results(
        case_id="A", modality="CT", measurements=[], findings=[], provenance=provenance, notices=[]
    )


def _identity() -> Any:  # noqa: ANN401 - likewise
    from heimdallr.publishing.schema import Identity, PipelineRecord, SelectedSeriesRecord

    moment = datetime(2026, 2, 1, tzinfo=timezone.utc)
    empty = dict.fromkeys(
        ("patient_name", "accession_number", "patient_id", "study_description", "institution"), ""
    )
    unknown = dict.fromkeys(
        ("birth_date", "sex", "age_years", "height_m", "weight_kg", "study_time", "conversion")
    )
    return Identity(
        **empty,
        **unknown,
        study_instance_uid="1.2.3",
        modality="CT",
        study_date="20260201",
        case_id="A",
        clinical_name="A",
        pipeline=PipelineRecord(
            start_time=moment, end_time=moment, elapsed_time="0:00:00", stages_s={}
        ),
        selected_series=SelectedSeriesRecord(
            number=None, contrast_phase=None, series_instance_uid="1.2.3.4", description="",
            kernel="", slice_thickness_mm=1.0, spacing_mm=1.0, coverage_mm=None,
        ),
        series=[],
        skipped_files={},
    )  # fmt: skip


def with_heimdallr(case: Path, target: Path) -> float:
    """Seconds that this project takes."""
    from heimdallr.publishing.dicom.kinds import DicomObject, ObjectOptions
    from heimdallr.publishing.dicom.objects import write_objects
    from heimdallr.publishing.schema import read_labels

    names = tuple(one.structure for one in read_labels(case).maps[0].structures)
    start = time.perf_counter()
    write_objects(case, [DicomObject.SEG], target, ObjectOptions(structures=names))
    return time.perf_counter() - start


def with_highdicom(case: Path, target: Path) -> float:
    """Seconds that highdicom takes; its source images are headers without pixels."""
    import highdicom as hd
    import nibabel as nib
    from pydicom.sr.codedict import codes

    from heimdallr.publishing.schema import read_labels
    from heimdallr.publishing.source_file import read_source

    labels, source = read_labels(case), read_source(case)
    if source is None:
        message = "the case tells no images"
        raise SystemExit(message)
    images = [_image(plane, source) for plane in source.planes]
    start = time.perf_counter()
    stored = np.asanyarray(nib.load(case / "labels" / "total.nii.gz").dataobj)
    pixels = np.ascontiguousarray(stored.transpose(2, 1, 0)[:, ::-1, :])
    algorithm = hd.AlgorithmIdentificationSequence(
        name="benchmark", version="0", family=codes.DCM.ArtificialIntelligence
    )
    descriptions = [
        hd.seg.SegmentDescription(
            segment_number=one.label,
            segment_label=one.name,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type="AUTOMATIC",
            algorithm_identification=algorithm,
        )
        for one in labels.maps[0].structures
    ]
    made = hd.seg.Segmentation(
        source_images=images, pixel_array=pixels, segmentation_type="BINARY",
        segment_descriptions=descriptions, series_instance_uid=hd.UID(), series_number=1,
        sop_instance_uid=hd.UID(), instance_number=1, manufacturer="benchmark",
        manufacturer_model_name="benchmark", software_versions="0", device_serial_number="0",
    )  # fmt: skip
    made.save_as(target / "seg-total.dcm")
    return time.perf_counter() - start


def _image(plane: Any, source: Any) -> Dataset:  # noqa: ANN401 - their types are imported within
    from heimdallr.publishing.dicom.header import patient_and_study, source_header

    image = patient_and_study(source)
    image.update(source_header(source))
    image.file_meta = pydicom.dataset.FileMetaDataset()
    image.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    image.SOPClassUID, image.SOPInstanceUID = plane.sop_class_uid, plane.sop_instance_uid
    image.ImagePositionPatient = list(plane.position_lps_mm)
    image.ImageOrientationPatient = list(plane.orientation)
    image.PixelSpacing, image.SliceThickness = list(source.pixel_spacing_mm), 1.0
    image.Rows, image.Columns, image.SamplesPerPixel = source.rows, source.columns, 1
    return image


def compare(ours: Path, theirs: Path) -> int:
    """How many frames both files have; ends with what differs first.

    Frames are compared in their order: pixels by digest, functional groups element by element.
    """
    one, other = (pydicom.dcmread(path, defer_size=2**20) for path in (ours, theirs))
    if one.SharedFunctionalGroupsSequence != other.SharedFunctionalGroupsSequence:
        message = "shared functional groups differ"
        raise SystemExit(message)
    both = zip(
        one.PerFrameFunctionalGroupsSequence, other.PerFrameFunctionalGroupsSequence, strict=True
    )
    for number, (mine, theirs_) in enumerate(both, start=1):
        if mine != theirs_:
            message = f"functional groups of frame {number} differ"
            raise SystemExit(message)
    digests = []
    for dataset in (one, other):
        digests.append(hashlib.sha256(dataset.PixelData).hexdigest())
        del dataset.PixelData
    if digests[0] != digests[1]:
        message = "pixel data differ"
        raise SystemExit(message)
    return int(one.NumberOfFrames)


def _race(case: Path, folder: Path, contender: str) -> dict[str, float]:
    """Seconds, GiB at the peak and MB of one contender, in a process of its own."""
    target = folder / contender
    target.mkdir()
    command = [sys.executable, __file__, "--contender", contender, str(case), str(target)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told | {"mb": (target / "seg-total.dcm").stat().st_size / 1e6}


def _contend(contender: str, case: Path, target: Path) -> None:
    run = with_heimdallr if contender == "heimdallr" else with_highdicom
    seconds = run(case, target)
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "peak_gib": peak_gib}))


def all_objects(runs: int) -> None:
    """Make every object of a case, ``runs`` times; print seconds of CPU and MB by kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case = _processed(folder)
        told = []
        for number in range(runs):
            command = [sys.executable, __file__, "--objects", str(case), str(folder / f"{number}")]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            told.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"all objects of a case, CPU seconds without imports, median of {runs}")
    for kind in told[0]:
        seconds = statistics.median(one[kind]["seconds"] for one in told)
        print(f"  {kind:12} {seconds:6.2f} s  {told[0][kind]['mb']:6.1f} MB")


def _processed(folder: Path) -> Path:
    """The case folder of the real study, else of a synthetic one."""
    study = DATA / "ct_abdomen_tcga_lihc_A10W.zip"
    if not study.exists():
        study = folder / "phantom"
        run = [sys.executable, "-m", "heimdallr", "phantom", str(study)]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        study = study / "trunk_ct"
    run = [sys.executable, "-m", "heimdallr", "process", str(study), "-o", str(folder / "cases")]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    (case,) = (folder / "cases").iterdir()
    print(study.name)
    return case


def _make_all(case: Path, target: Path) -> None:
    """Every kind by itself, then all together as a destination that wants them all gets them."""
    from heimdallr.publishing.dicom.kinds import DicomObject
    from heimdallr.publishing.dicom.objects import write_objects

    told = {}
    for name, kinds in [(one.value, [one]) for one in DicomObject] + [("together", DicomObject)]:
        start = time.process_time()
        written = write_objects(case, kinds, target)
        seconds = time.process_time() - start
        told[name] = {
            "seconds": seconds,
            "mb": sum(one.path.stat().st_size for one in written) / 1e6,
        }
    print(json.dumps(told))


def main() -> None:
    """Time both and print the ratios; then all objects of a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, nargs="*", default=[60, 600])
    parser.add_argument("--structures", type=int, default=100)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--objects", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("folders", type=Path, nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        _contend(arguments.contender, *arguments.folders)
        return
    if arguments.objects:
        _make_all(*arguments.folders)
        return
    for slices in arguments.slices:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_case(folder / "case", anatomy((512, 512, slices), arguments.structures))
            told = {one: _race(folder / "case", folder, one) for one in CONTENDERS}
            frames = compare(*(folder / one / "seg-total.dcm" for one in CONTENDERS))
        print(f"512×512×{slices}, {arguments.structures} structures, {frames} equal frames")
        for one, figures in told.items():
            seconds, peak, size = figures["seconds"], figures["peak_gib"], figures["mb"]
            print(f"  {one:10} {seconds:6.2f} s  {peak:5.2f} GiB  {size:6.1f} MB")
        ours, theirs = (told[one] for one in CONTENDERS)
        ratios = (theirs[key] / ours[key] for key in ("seconds", "peak_gib", "mb"))
        print("  ratio      {:6.1f}    {:5.1f}      {:6.2f}".format(*ratios))
    all_objects(arguments.runs)


if __name__ == "__main__":
    main()
