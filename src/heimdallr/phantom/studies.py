"""Three whole studies of synthetic patients, each beside its truth.

* a CT of the trunk: scout, native thin and thick, arterial, portal venous, lung and bone kernel,
  MIP, dose screen, dose report;
* a CT of the head with an intracerebral bleed: scout, thin and thick soft, bone, dose report;
* an MR of the abdomen: three-plane localizer, T2, dual-echo T1, T1 volume.

One seed gives one study, byte for byte. Layout of each: ``<kind>/dicom/<series>/<instance>.dcm``,
``<kind>/truth.json`` and the truth's label maps ``<kind>/truth_{total,tissue,bleed}.nii.gz`` on
the grid of the series that should be measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from heimdallr.imaging.volume import save_nifti
from heimdallr.phantom.anatomy import Phantom, build
from heimdallr.phantom.dose import Irradiation, write_dose_report, write_dose_screen
from heimdallr.phantom.identity import Kind, adult, ct_header, mr_header, study_header
from heimdallr.phantom.labels import TOTAL
from heimdallr.phantom.materials import Material
from heimdallr.phantom.patient import REFERENCE_HEIGHT_MM, Lesion
from heimdallr.phantom.render import BONE, HEAD_BONE, HEAD_SOFT, LUNG, SOFT
from heimdallr.phantom.scan import CtSeries, MrSeries, Scan
from heimdallr.phantom.truth import (
    PatientTruth,
    RegionTruth,
    StudyTruth,
    labels_on,
    muscle_truth,
    structure_truths,
    tissue_volumes_cm3,
)

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.phantom.dicom import SeriesHeader
    from heimdallr.phantom.stack import Stack

Progress = Callable[[str], None]
"""Is told, in words, what is being made."""

_BONE_WINDOW, _LUNG_WINDOW, _BRAIN_WINDOW = (450.0, 1500.0), (-600.0, 1500.0), (40.0, 80.0)
_SCOUT_WINDOW = (0.0, 1600.0)
_LOCALIZER = ("ORIGINAL", "PRIMARY", "LOCALIZER")
_SWEEP_MM = 10.0
"""What a scan shows above and below the organs it aims at."""


@dataclass(frozen=True, slots=True)
class WrittenStudy:
    """Where a study was written.

    Attributes:
        kind: which of the studies it is.
        dicom: folder to hand to the pipeline.
        truth: its ``truth.json``.
    """

    kind: Kind
    dicom: Path
    truth: Path


def write_demo_studies(
    output_dir: Path, seed: int, progress: Progress | None = None
) -> list[WrittenStudy]:
    """Write the three studies, each into a folder of its own.

    Args:
        output_dir: receives ``trunk_ct``, ``head_ct`` and ``abdomen_mr``; what stands there under
            those names is replaced.
        seed: decides everything.
        progress: told what is being made; called from several threads.
    """
    writers = (write_trunk_ct, write_head_ct, write_abdomen_mr)
    with ThreadPoolExecutor(len(writers)) as pool:
        begun = [pool.submit(write, output_dir, seed, progress=progress) for write in writers]
        return [study.result() for study in begun]


def write_trunk_ct(
    output_dir: Path,
    seed: int,
    *,
    matrix: int = 256,
    pixel_mm: float = 1.7,
    thin_mm: float = 2.0,
    thick_mm: float = 5.0,
    progress: Progress | None = None,
) -> WrittenStudy:
    """Write a CT of the trunk in three contrast phases.

    The patient has a fatty liver, a kidney stone, a lung nodule and a calcified aortic plaque.

    Args:
        output_dir: the study becomes ``trunk_ct`` in it.
        seed: decides patient and noise.
        matrix: rows and columns of every image.
        pixel_mm: pixel spacing.
        thin_mm: slice spacing of the thin series, and of the phantom.
        thick_mm: slice spacing of the thick series.
        progress: told what is being made.
    """
    tell = progress or _silent
    lesions = (
        Lesion("kidney_stone", 9.0, "left"),
        Lesion("lung_nodule", 14.0, "right"),
        Lesion("aortic_calcification", 5.0),
    )
    patient = replace(adult(seed, "trunk_ct"), lesions=lesions, arms="up", liver_fat_fraction=0.25)
    tell("trunk CT: anatomy")
    phantom = build(patient, spacing_mm=(pixel_mm, pixel_mm, thin_mm), seed=seed, table=True)
    study = study_header(seed, "trunk_ct", "CT", "CT TRUNK 3 PHASES", patient)
    scan = Scan(phantom, study, _fresh(output_dir / "trunk_ct"), matrix)
    abdomen = _heights_of(phantom, "liver", "kidney_left", "kidney_right")
    chest = _heights_of(phantom, *(name for name in TOTAL if name.startswith("lung_")))

    tell("trunk CT: native")
    native, stack = _write_trunk_native(scan, thin_mm, thick_mm)
    tell("trunk CT: lung and bone kernel")
    _write_trunk_kernels(scan, thick_mm, chest)
    tell("trunk CT: contrast phases")
    _write_trunk_phases(scan, thick_mm, abdomen)
    _write_dose(scan, ("Native", "Arterial", "Portal venous"), "BODY", 8.1)

    tell("trunk CT: truth")
    regions = RegionTruth(("thorax", "abdomen", "pelvis"), ("neck", "extremities"), ("head",))
    return _finish(scan, "trunk_ct", stack, regions, native)


def _trunk_header(number: int, text: str, time: str, acquisition: int) -> SeriesHeader:
    return ct_header(
        number,
        text,
        protocol="TRUNK",
        body_part="CHESTABDPELVIS",
        time=time,
        acquisition=acquisition,
    )


def _write_trunk_native(scan: Scan, thin_mm: float, thick_mm: float) -> tuple[CtSeries, Stack]:
    """Scout, thin and thick series of the whole trunk; returns the thin one, to be measured."""
    scout = replace(
        _trunk_header(1, "Topogram", "090100", 1),
        image_type=_LOCALIZER,
        kernel="T20f",
        window=_SCOUT_WINDOW,
    )
    scan.write_scout(scout, "a localizer is no volume")
    thin = CtSeries(
        _trunk_header(2, f"Native {thin_mm:g} B30f", "090300", 2),
        "native",
        SOFT,
        thin_mm,
        f"whole trunk, native, soft kernel, {thin_mm:g} mm",
        selected=True,
    )
    stack = scan.write_ct(thin)
    thick = _trunk_header(3, f"Native {thick_mm:g} B30f", "090300", 2)
    reason = f"as the selected series, but {thick_mm:g} mm thick"
    scan.write_ct(CtSeries(thick, "native", SOFT, thick_mm, reason))
    return thin, stack


def _write_trunk_kernels(scan: Scan, thick_mm: float, chest: tuple[float, float]) -> None:
    """Lung and bone kernel of the native scan; ``chest``: lower and upper height, RAS mm."""
    lung = replace(_trunk_header(4, "Native 3 B70f lung", "090300", 2), window=_LUNG_WINDOW)
    reason = "chest only, sharp kernel"
    scan.write_ct(CtSeries(lung, "native", LUNG, 3.0, reason, extent_mm=chest))
    bone = _trunk_header(5, f"Native {thick_mm:g} B60f bone", "090300", 2)
    bone = replace(bone, window=_BONE_WINDOW)
    scan.write_ct(CtSeries(bone, "native", BONE, thick_mm, "sharp kernel"))


def _write_trunk_phases(scan: Scan, thick_mm: float, abdomen: tuple[float, float]) -> None:
    """Arterial with its MIP, portal venous; ``abdomen``: lower and upper height, RAS mm."""
    arterial = CtSeries(
        _trunk_header(6, f"Arterial {thick_mm:g} B30f", "090935", 3),
        "arterial",
        SOFT,
        thick_mm,
        "upper abdomen only, arterial phase",
        extent_mm=abdomen,
    )
    scan.write_ct(arterial)
    mip = replace(
        arterial,
        header=replace(
            _trunk_header(7, f"Arterial MIP {2 * thick_mm:g}", "090935", 3),
            image_type=("DERIVED", "SECONDARY", "MIP"),
        ),
        thickness_mm=2 * thick_mm,
        reason="a maximum intensity projection does not hold the tissues' CT numbers",
        mip=True,
    )
    scan.write_ct(mip)
    portal = _trunk_header(8, f"Portal venous {thick_mm:g} B30f", "091010", 4)
    reason = "whole trunk, but there is a native series"
    scan.write_ct(CtSeries(portal, "portal_venous", SOFT, thick_mm, reason))


def write_head_ct(
    output_dir: Path,
    seed: int,
    *,
    matrix: int = 256,
    pixel_mm: float = 0.9,
    thin_mm: float = 1.5,
    thick_mm: float = 4.5,
    bleed_mm: float = 36.0,
    progress: Progress | None = None,
) -> WrittenStudy:
    """Write a native CT of the head with an intracerebral bleed of known volume.

    Args:
        output_dir: the study becomes ``head_ct`` in it.
        seed: decides patient, side and noise.
        matrix: rows and columns of every image.
        pixel_mm: pixel spacing.
        thin_mm: slice spacing of the thin series, and of the phantom.
        thick_mm: slice spacing of the thick series.
        bleed_mm: diameter of the bleed; 0 for none.
        progress: told what is being made.
    """
    tell = progress or _silent
    side: Literal["right", "left"] = "right" if seed % 2 else "left"
    lesions = (Lesion("intracerebral_bleed", bleed_mm, side),) if bleed_mm else ()
    patient = replace(adult(seed, "head_ct"), region="head", arms="absent", lesions=lesions)
    tell("head CT: anatomy")
    phantom = build(patient, spacing_mm=(pixel_mm, pixel_mm, thin_mm), seed=seed)
    study = study_header(seed, "head_ct", "CT", "CT HEAD", patient)
    scan = Scan(phantom, study, _fresh(output_dir / "head_ct"), matrix)

    def header(number: int, text: str, acquisition: int = 2) -> SeriesHeader:
        return ct_header(
            number,
            text,
            protocol="HEAD",
            body_part="HEAD",
            time="101500",
            acquisition=acquisition,
            window=_BRAIN_WINDOW,
        )

    tell("head CT: series")
    scout = replace(
        header(1, "Topogram", 1), image_type=_LOCALIZER, kernel="T20f", window=_SCOUT_WINDOW
    )
    scan.write_scout(scout, "a localizer is no volume")
    thin = CtSeries(
        header(2, f"Head {thin_mm:g} H31s"),
        "native",
        HEAD_SOFT,
        thin_mm,
        f"whole head, native, soft kernel, {thin_mm:g} mm",
        selected=True,
    )
    stack = scan.write_ct(thin)
    reason = f"as the selected series, but {thick_mm:g} mm thick"
    thick = header(3, f"Head {thick_mm:g} H31s")
    scan.write_ct(CtSeries(thick, "native", HEAD_SOFT, thick_mm, reason))
    bone = replace(header(4, "Head 3 H60s bone"), window=_BONE_WINDOW)
    scan.write_ct(CtSeries(bone, "native", HEAD_BONE, 3.0, "sharp kernel"))
    _write_dose(scan, ("Head",), "HEAD", 48.0)
    regions = RegionTruth(("head",), ("neck",), ("thorax", "abdomen", "pelvis", "extremities"))
    return _finish(scan, "head_ct", stack, regions, thin)


def write_abdomen_mr(
    output_dir: Path,
    seed: int,
    *,
    matrix: int = 256,
    pixel_mm: float = 1.7,
    slice_mm: float = 3.0,
    progress: Progress | None = None,
) -> WrittenStudy:
    """Write an MR of the abdomen.

    Args:
        output_dir: the study becomes ``abdomen_mr`` in it.
        seed: decides patient and noise.
        matrix: rows and columns of every image.
        pixel_mm: pixel spacing.
        slice_mm: slice spacing of the T1 volume, and of the phantom.
        progress: told what is being made.
    """
    tell = progress or _silent
    patient = replace(adult(seed, "abdomen_mr"), arms="absent")
    tall = patient.height_mm / REFERENCE_HEIGHT_MM
    tell("abdominal MR: anatomy")
    phantom = build(
        patient,
        spacing_mm=(pixel_mm, pixel_mm, slice_mm),
        seed=seed,
        z_range_mm=(-105.0 * tall, 165.0 * tall),
    )
    study = study_header(seed, "abdomen_mr", "MR", "MR ABDOMEN", patient)
    scan = Scan(phantom, study, _fresh(output_dir / "abdomen_mr"), matrix)

    tell("abdominal MR: series")
    haste = mr_header(
        2,
        "T2 HASTE ax",
        time="110300",
        sequence="SE",
        acquisition_type="2D",
        repetition_ms=1200.0,
        echo_ms=90.0,
    )
    localizer = replace(haste, number=1, description="Localizer 3 planes", time="110100")
    scan.write_three_planes(localizer, "three orientations are no volume")
    reason = "fewer and thicker slices"
    scan.write_mr(MrSeries(haste, "t2", 6.0, reason, thickness_mm=5.0))
    dual = mr_header(
        3,
        "T1 FLASH ax opp-in",
        time="110500",
        sequence="GR",
        acquisition_type="2D",
        repetition_ms=120.0,
        echo_ms=4.6,
    )
    reason = "two echoes repeat every position"
    scan.write_mr(
        MrSeries(dual, "t1", 6.0, reason, echo_times_ms=(2.3, 4.6), opposed=(True, False))
    )
    vibe = mr_header(
        4,
        "T1 VIBE ax",
        time="110800",
        sequence="GR",
        acquisition_type="3D",
        repetition_ms=4.1,
        echo_ms=1.9,
    )
    reason = "the volume with most slices over the whole abdomen"
    stack = scan.write_mr(MrSeries(vibe, "t1", slice_mm, reason, selected=True))
    regions = RegionTruth(("abdomen",), ("thorax", "pelvis"), ("head", "neck", "extremities"))
    return _finish(scan, "abdomen_mr", stack, regions, None)


def _finish(
    scan: Scan, kind: Kind, stack: Stack, regions: RegionTruth, measured: CtSeries | None
) -> WrittenStudy:
    """Write the truth beside the DICOM folder.

    Args:
        scan: what was written.
        kind: which study it is.
        stack: grid of the series to be measured.
        regions: what it shows.
        measured: that series; None for MR, whose signal has no unit.
    """
    phantom, study = scan.phantom, scan.study
    folder = scan.folder.parent
    hu, noise_free = None, None
    if measured is not None:
        hu = scan.ct_numbers(measured.phase)
        noise_free = scan.ct_renderer(stack, measured).noise_free
    labels = labels_on(phantom, stack, noise_free)
    truth = StudyTruth(
        kind=kind,
        seed=study.seed,
        modality=study.modality,
        study_instance_uid=study.study_instance_uid,
        accession_number=study.accession_number,
        study_date=study.study_date,
        contrast_phase=measured.phase if measured is not None else None,
        patient=PatientTruth(
            name=study.patient_name,
            patient_id=study.patient_id,
            sex=study.sex,
            age_years=study.age_years,
            height_m=study.height_m,
            weight_kg=study.weight_kg,
            liver_fat_fraction=phantom.truth.patient.liver_fat_fraction,
        ),
        regions=regions,
        series=tuple(scan.written),
        structures=structure_truths(phantom, labels, hu),
        tissue_volumes_cm3=tissue_volumes_cm3(labels),
        l3=muscle_truth(labels, float(hu[Material.MUSCLE])) if hu is not None else None,
        bleed_volume_cm3=round(phantom.truth.bleed_cm3 or 0.0, 4),
        bleed_series_volume_cm3=round(float(labels.bleed.sum()) * labels.voxel_cm3, 4),
        lesions=tuple(asdict(lesion) for lesion in phantom.truth.lesions),
    )
    for name in ("total", "tissue", "bleed"):
        save_nifti(folder / f"truth_{name}.nii.gz", getattr(labels, name), labels.affine)
    truth.save(folder / "truth.json")
    return WrittenStudy(kind, scan.folder, folder / "truth.json")


def _write_dose(
    scan: Scan, phases: tuple[str, ...], dosimetry: Literal["BODY", "HEAD"], ctdi_vol_mgy: float
) -> None:
    """Write dose screen and dose report as the last two series."""
    length_mm = float(scan.phantom.total.shape[2] * np.linalg.norm(scan.phantom.affine[:3, 2]))
    region = ("69536005", "SCT", "Head") if dosimetry == "HEAD" else ("22943007", "SCT", "Trunk")
    scans = (
        Irradiation("Topogram", region, 0.1, length_mm, dosimetry, localizer=True),
        *(Irradiation(phase, region, ctdi_vol_mgy, length_mm, dosimetry) for phase in phases),
    )
    screen = ct_header(
        501,
        "Patient protocol",
        protocol="DOSE",
        body_part="HEAD" if dosimetry == "HEAD" else "CHESTABDPELVIS",
        time="092000",
        acquisition=1,
        image_type=("DERIVED", "SECONDARY", "OTHER"),
    )
    write_dose_screen(scan.folder, scan.study, screen, scans)
    scan.record_other(screen, "a picture of text")
    report = replace(screen, number=502, description="Dose report")
    write_dose_report(scan.folder, scan.study, report, scans)
    scan.record_other(report, "a structured report holds no image")


def _heights_of(phantom: Phantom, *names: str) -> tuple[float, float]:
    """Lower and upper height of structures with a margin, RAS mm."""
    wanted = np.zeros(256, dtype=bool)
    wanted[[TOTAL[name] for name in names]] = True
    there = [k for k in range(phantom.total.shape[2]) if wanted[phantom.total[:, :, k]].any()]
    dz, origin = float(phantom.affine[2, 2]), float(phantom.affine[2, 3])
    return origin + there[0] * dz - _SWEEP_MM, origin + there[-1] * dz + _SWEEP_MM


def _fresh(folder: Path) -> Path:
    """Empty study folder; returns its folder for DICOM."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "dicom").mkdir(parents=True)
    return folder / "dicom"


def _silent(message: str) -> None:
    """Tell nobody."""
