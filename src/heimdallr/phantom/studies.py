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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from heimdallr.imaging.volume import save_nifti
from heimdallr.phantom.anatomy import Phantom, build
from heimdallr.phantom.dicom import SeriesHeader, StudyHeader
from heimdallr.phantom.dose import Irradiation, write_dose_report, write_dose_screen
from heimdallr.phantom.labels import TOTAL
from heimdallr.phantom.materials import Material
from heimdallr.phantom.patient import Lesion, Patient, sample_patient
from heimdallr.phantom.render import BONE, HEAD_BONE, HEAD_SOFT, LUNG, SOFT
from heimdallr.phantom.scan import CtSeries, MrSeries, Scan
from heimdallr.phantom.truth import (
    PatientTruth,
    RegionTruth,
    SeriesLabels,
    StudyTruth,
    labels_on,
    muscle_truth,
    structure_truths,
    tissue_volumes_cm3,
)

Kind = Literal["trunk_ct", "head_ct", "abdomen_mr"]
Progress = Callable[[str], None]
"""Is told, in words, what is being made."""

_GIVEN_NAMES = {
    "male": ("BALDER JOSE", "ODIN CARLOS", "TYR PEDRO", "VIDAR LUIS", "BRAGI PAULO"),
    "female": ("ASTRID MARIA", "FREYA HELENA", "IDUN SOFIA", "SIF CLARA", "NANNA LUCIA"),
}
_BONE_WINDOW, _LUNG_WINDOW = (450.0, 1500.0), (-600.0, 1500.0)


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
    """Write the three studies below one folder.

    Args:
        output_dir: folder that receives one folder per study; studies of those names that are
            already there are replaced.
        seed: decides everything.
        progress: told what is being made.
    """
    writers = (write_trunk_ct, write_head_ct, write_abdomen_mr)
    return [write(output_dir, seed, progress=progress) for write in writers]


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

    The patient has a fatty liver, a kidney stone and a lung nodule.

    Args:
        output_dir: the study becomes ``trunk_ct`` in it.
        seed: decides patient and noise.
        matrix: rows and columns of every image.
        pixel_mm: pixel spacing.
        thin_mm: slice spacing of the thin series, and of the phantom.
        thick_mm: slice spacing of the thick series.
        progress: told what is being made.
    """
    lesions = (
        Lesion("kidney_stone", 9.0, "left"),
        Lesion("lung_nodule", 14.0, "right"),
        Lesion("aortic_calcification", 5.0),
    )
    patient = replace(
        _adult(seed, "trunk_ct"), lesions=lesions, arms="up", liver_fat_fraction=0.25
    )
    tell = progress or _silent
    tell("trunk CT: anatomy")
    phantom = build(patient, spacing_mm=(pixel_mm, pixel_mm, thin_mm), seed=seed, table=True)
    study = _study_header(seed, "trunk_ct", "CT", "CT TRUNK 3 PHASES", patient)
    scan = Scan(phantom, study, _fresh(output_dir / "trunk_ct"), matrix)
    upper_abdomen = _heights_of(phantom, ("liver", "kidney_left", "kidney_right"), 15.0)
    chest = _heights_of(phantom, ("lung_upper_lobe_left", "lung_lower_lobe_right"), 10.0)

    def header(number: int, text: str, time: str, acquisition: int) -> SeriesHeader:
        return _ct_header(number, text, "TRUNK", "CHESTABDPELVIS", time, acquisition)

    tell("trunk CT: native")
    scout = _as_scout(header(1, "Topogram", "090100", 1))
    scan.write_scout(scout, "a localizer is no volume")
    native = CtSeries(
        header(2, f"Native {thin_mm:g} B30f", "090300", 2),
        "native",
        SOFT,
        thin_mm,
        "whole trunk, native, soft kernel, and thinner than the other native series",
        selected=True,
    )
    stack = scan.write_ct(native)
    scan.write_ct(
        CtSeries(
            header(3, f"Native {thick_mm:g} B30f", "090300", 2),
            "native",
            SOFT,
            thick_mm,
            f"as the selected series, but {thick_mm:g} mm thick",
        )
    )
    tell("trunk CT: lung and bone kernel")
    lung = replace(header(4, "Native 3 B70f lung", "090300", 2), window=_LUNG_WINDOW)
    scan.write_ct(CtSeries(lung, "native", LUNG, 3.0, "chest only, sharp kernel", None, chest))
    bone = replace(header(5, f"Native {thick_mm:g} B60f bone", "090300", 2), window=_BONE_WINDOW)
    scan.write_ct(CtSeries(bone, "native", BONE, thick_mm, "sharp kernel"))
    tell("trunk CT: contrast phases")
    scan.write_ct(
        CtSeries(
            header(6, f"Arterial {thick_mm:g} B30f", "090935", 3),
            "arterial",
            SOFT,
            thick_mm,
            "upper abdomen only, arterial phase",
            extent_mm=upper_abdomen,
        )
    )
    mip = replace(header(7, "Arterial MIP 10", "090935", 3), image_type=("DERIVED", "SECONDARY", "MIP"))
    scan.write_ct(
        CtSeries(
            mip,
            "arterial",
            SOFT,
            thick_mm,
            "a maximum intensity projection holds no CT numbers of tissue",
            2 * thick_mm,
            upper_abdomen,
            mip=True,
        )
    )
    scan.write_ct(
        CtSeries(
            header(8, f"Portal venous {thick_mm:g} B30f", "091010", 4),
            "portal_venous",
            SOFT,
            thick_mm,
            "whole trunk, but a native series exists",
        )
    )
    _write_dose(scan, "TRUNK", ("Native", "Arterial", "Portal venous"), "BODY", 8.1)
    regions = RegionTruth(("thorax", "abdomen", "pelvis"), ("neck", "extremities"), ("head",))
    return _finish(scan, "trunk_ct", stack, regions, native)


def write_head_ct(
    output_dir: Path,
    seed: int,
    *,
    matrix: int = 288,
    pixel_mm: float = 0.8,
    thin_mm: float = 1.5,
    thick_mm: float = 4.5,
    bleed_mm: float = 36.0,
    progress: Progress | None = None,
) -> WrittenStudy:
    """Write a native CT of the head with an intracerebral bleed of known volume.

    Args:
        output_dir: the study becomes ``head_ct`` in it.
        seed: decides patient and noise.
        matrix: rows and columns of every image.
        pixel_mm: pixel spacing.
        thin_mm: slice spacing of the thin series, and of the phantom.
        thick_mm: slice spacing of the thick series.
        bleed_mm: diameter of the bleed; 0 for none.
        progress: told what is being made.
    """
    side: Literal["right", "left"] = "right" if seed % 2 else "left"
    lesions = (Lesion("intracerebral_bleed", bleed_mm, side),) if bleed_mm else ()
    patient = replace(_adult(seed, "head_ct"), region="head", lesions=lesions)
    tell = progress or _silent
    tell("head CT: anatomy")
    phantom = build(patient, spacing_mm=(pixel_mm, pixel_mm, thin_mm), seed=seed)
    study = _study_header(seed, "head_ct", "CT", "CT HEAD", patient)
    scan = Scan(phantom, study, _fresh(output_dir / "head_ct"), matrix)

    def header(number: int, text: str, acquisition: int = 2) -> SeriesHeader:
        brain = _ct_header(number, text, "HEAD", "HEAD", "101500", acquisition)
        return replace(brain, window=(40.0, 80.0))

    tell("head CT: series")
    scan.write_scout(_as_scout(header(1, "Topogram", 1)), "a localizer is no volume")
    thin = CtSeries(
        header(2, f"Head {thin_mm:g} H31s"),
        "native",
        HEAD_SOFT,
        thin_mm,
        "whole head, soft kernel, thin slices",
        selected=True,
    )
    stack = scan.write_ct(thin)
    reason = f"as the selected series, but {thick_mm:g} mm thick"
    thick = header(3, f"Head {thick_mm:g} H31s")
    scan.write_ct(CtSeries(thick, "native", HEAD_SOFT, thick_mm, reason))
    bone = replace(header(4, "Head 3 H60s bone"), window=_BONE_WINDOW)
    scan.write_ct(CtSeries(bone, "native", HEAD_BONE, 3.0, "sharp kernel"))
    _write_dose(scan, "HEAD", ("Head",), "HEAD", 48.0)
    regions = RegionTruth(("head",), ("neck",), ("thorax", "abdomen", "pelvis", "extremities"))
    return _finish(scan, "head_ct", stack, regions, thin)


def write_abdomen_mr(
    output_dir: Path,
    seed: int,
    *,
    matrix: int = 256,
    pixel_mm: float = 1.6,
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
    patient = replace(_adult(seed, "abdomen_mr"), arms="absent")
    tell = progress or _silent
    tell("abdominal MR: anatomy")
    tall = patient.height_mm / 1750.0
    phantom = build(
        patient,
        spacing_mm=(pixel_mm, pixel_mm, slice_mm),
        seed=seed,
        z_range_mm=(-105.0 * tall, 165.0 * tall),
    )
    study = _study_header(seed, "abdomen_mr", "MR", "MR ABDOMEN", patient)
    scan = Scan(phantom, study, _fresh(output_dir / "abdomen_mr"), matrix)
    tell("abdominal MR: series")
    localizer = _mr_header(1, "Localizer 3 planes", "110100", "SE", "2D", 1200.0, 90.0)
    scan.write_three_planes(localizer, "three orientations are no volume")
    haste = _mr_header(2, "T2 HASTE ax", "110300", "SE", "2D", 1200.0, 90.0)
    scan.write_mr(MrSeries(haste, "t2", 6.0, "fewer and thicker slices", thickness_mm=5.0))
    dual = _mr_header(3, "T1 FLASH ax in-opp", "110500", "GR", "2D", 120.0, 4.6)
    scan.write_mr(
        MrSeries(
            dual,
            "t1",
            6.0,
            "two echoes repeat every position",
            echo_times_ms=(2.3, 4.6),
            opposed=(True, False),
        )
    )
    vibe = MrSeries(
        _mr_header(4, "T1 VIBE ax", "110800", "GR", "3D", 4.1, 1.9),
        "t1",
        slice_mm,
        "the volume with most slices over the whole abdomen",
        selected=True,
    )
    stack = scan.write_mr(vibe)
    regions = RegionTruth(("abdomen",), ("thorax", "pelvis"), ("head", "neck", "extremities"))
    return _finish(scan, "abdomen_mr", stack, regions, None)


def _finish(
    scan: Scan, kind: Kind, stack: object, regions: RegionTruth, measured: CtSeries | None
) -> WrittenStudy:
    raise NotImplementedError
