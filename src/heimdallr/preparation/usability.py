"""What keeps a series from being the volume of its study, said so that a person can check it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import MODALITIES, PixelValues
from heimdallr.preparation.folded_words import phrase, words
from heimdallr.preparation.mr_contrast import MrContrast, mr_contrast, without_phases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heimdallr.domain.study import Series
    from heimdallr.preparation.stacks import SeriesCandidate

MAX_OBLIQUITY_DEG = 35.0
"""An axial stack may lean this far; gantries tilt by up to 30 degrees. Chosen, not measured: at 45
degrees no plane is nearer than another."""

MIN_MATRIX = 32
"""Rows and columns below this are icons, not images. Chosen, not measured: the smallest MR matrices
have 64, and a network's voxel of 6 mm leaves nothing of 16."""

MAX_ASPECT = 40.0
"""Slices farther apart than this many pixels are no volume but samples of one.

Chosen, not measured: 28 mm at the usual 0.7 mm. Half of it would refuse slices 10 mm apart of a
small field of view (0.4 mm); twice it would pass what shows one slice in 5 cm.
"""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT_CLASSES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1",
              "1.2.840.10008.5.1.4.1.1.2.2")  # fmt: skip
MR_CLASSES = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1",
              "1.2.840.10008.5.1.4.1.1.4.4")  # fmt: skip
# Some converters write volumes as multi-frame secondary captures with full functional groups.
GRAYSCALE_MULTI_FRAME = ("1.2.840.10008.5.1.4.1.1.7.2", "1.2.840.10008.5.1.4.1.1.7.3")

_LOCALIZER = (
    "localizer", "localiser", "scout", "topogram", "topograma", "surview", "scano", "scanogram",
    "scanograma", "localizador", "localizacao",
)  # fmt: skip
_MR_LOCALIZER = (*_LOCALIZER, "loc", "survey", "3 plane", "3plane")
_PROJECTION = (
    "mip", "minip", "mpmip", "projection image", "vrt", "volume rendering", "maximum intensity",
    "vr", "3d rendering", "radial mip",
)  # fmt: skip
_REPORT = (
    "dose info", "dose report", "dose record", "radiation dose", "patient protocol",
    "screen save", "screenshot", "exam summary", "protocolo de paciente", "patient info",
)  # fmt: skip
_CT_MAP = (
    "perfusion", "rcbf", "rcbv", "cbf", "cbv", "mtt", "ttp", "tmax", "overlay", "subtraction",
    "subtracted", "monitoring", "premonitoring", "bolus tracking", "smart prep", "smartprep",
    "test bolus", "care bolus",
)  # fmt: skip
# In ImageType only: as a word of a description "phase" is the portal venous one.
_MR_MAP_TYPES = (
    "p", "r", "i", "phase", "phase map", "real", "imaginary", "velocity", "fa", "colfa", "trace",
    "tracew", "tensor", "sub", "field map", "b0 map", "r2 star", "t2 star", "r2star", "t2star",
    "t1 map", "t2 map", "r1 map", "r2 map",
)  # fmt: skip
_MR_MAP = (
    "adc", "dwi", "dti", "diffusion", "ep2d diff", "perfusion", "subtraction", "subtracted",
    "sub tra", "fieldmap", "field mapping", "t1 map", "t2 map", "t2star map", "swi phase",
    "rcbf", "rcbv", "mtt", "ttp",
)  # fmt: skip

# Words are looked for in the order of the regions; "abdomen pelvis" is the abdomen's.
_REGIONS = (
    ("head", ("head", "brain", "skull", "cranio", "cranium", "cerebro", "crane", "kopf", "cabeca",
              "encefalo", "neuro", "sinus", "orbit")),
    ("neck", ("neck", "pescoco", "cervical", "hals", "cuello", "cou")),
    ("abdomen", ("abdomen", "abdome", "abdominal", "liver", "figado", "kidney", "pancreas",
                 "abdpel", "urinary", "colon", "spleen")),
    ("thorax", ("chest", "thorax", "torax", "lung", "heart", "cardiac", "pulmao", "pulmonar")),
    ("pelvis", ("pelvis", "pelve", "bacia", "becken", "hip", "bladder", "prostate", "bassin")),
    ("spine", ("spine", "coluna", "lspine", "tspine", "cspine", "lumbar", "wirbelsaule")),
    ("extremities", ("knee", "leg", "arm", "shoulder", "foot", "hand", "extremity", "joelho",
                     "ankle", "wrist", "elbow", "femur", "thigh", "perna")),
)  # fmt: skip


class MrTier(IntEnum):
    """How suitable an MR series is before its extent is looked at; smaller is better."""

    ANATOMICAL = 0
    TIME_POINT = 1
    FAT = 2
    MAP = 3
    LOCALIZER = 4

    @property
    def said(self) -> Statement:
        """What it says of a series."""
        return {
            MrTier.ANATOMICAL: Statement("series_is_anatomical"),
            MrTier.TIME_POINT: Statement("series_is_time_point"),
            MrTier.FAT: Statement("series_is_fat_alone"),
            MrTier.MAP: Statement("series_is_mr_map"),
            MrTier.LOCALIZER: Statement("series_is_localizer"),
        }[self]


def obstacles(candidate: SeriesCandidate, minimum_slices: int) -> tuple[Statement, ...]:
    """Why a stack cannot be used; empty when it can.

    Args:
        candidate: the stack.
        minimum_slices: fewer slices are no volume.
    """
    kind = tuple(_wrong_kind(candidate))
    return kind or tuple(_wrong_geometry(candidate, minimum_slices))


def mr_tier(candidate: SeriesCandidate) -> MrTier:
    """Anatomical series first; dynamic ones, fat images, maps and localizers come last."""
    series = candidate.series
    if _says(candidate, _MR_LOCALIZER):
        return MrTier.LOCALIZER
    contrast = mr_contrast(series)
    image_type = without_phases(phrase(*series.image_type[2:]))
    b_value = dict(series.acquisition).get("DiffusionBValue", "")
    if (
        any(f" {word} " in image_type for word in _MR_MAP_TYPES)
        or _says(candidate, _MR_MAP)
        or b_value not in ("", "0", "0.0")
        or contrast is MrContrast.FRACTION
    ):
        return MrTier.MAP
    if contrast is MrContrast.FAT:
        return MrTier.FAT
    return MrTier.TIME_POINT if candidate.time_points > 1 else MrTier.ANATOMICAL


def no_anatomy(candidate: SeriesCandidate) -> tuple[Statement, ...]:
    """What has to be told of an MR series that was chosen for want of a better one."""
    if candidate.series.modality != "MR":
        return ()
    told = {
        MrTier.FAT: Statement("measured_on_fat_image"),
        MrTier.MAP: Statement("measured_on_map"),
        MrTier.LOCALIZER: Statement("measured_on_localizer"),
    }.get(mr_tier(candidate))
    return (told,) if told else ()


def region(series: Series) -> str:
    """Body region a series' words name, ``""`` when they name none."""
    found = set(words(series.body_part, series.description, series.protocol))
    return next((name for name, names in _REGIONS if found.intersection(names)), "")


def _wrong_kind(candidate: SeriesCandidate) -> Iterator[Statement]:
    series = candidate.series
    if candidate.own_object:
        yield Statement("series_own_object")
    if candidate.cut_short:
        yield Statement("series_cut_short")
    if series.modality not in MODALITIES:
        yield (
            Statement("series_of_other_modality", {"modality": series.modality})
            if series.modality
            else Statement("series_without_modality")
        )
        return
    classes = (*(CT_CLASSES if series.modality == "CT" else MR_CLASSES), *GRAYSCALE_MULTI_FRAME)
    if series.sop_class_uid == SECONDARY_CAPTURE:
        yield Statement("series_is_secondary_capture")
    elif series.sop_class_uid and series.sop_class_uid not in classes:
        yield Statement("series_of_other_sop_class")
    if candidate.samples_per_pixel != 1:
        yield Statement("series_in_colour")
    if _says(candidate, _PROJECTION):
        yield Statement("series_is_projection")
    if _says(candidate, _REPORT):
        yield Statement("series_is_report")
    if series.modality == "CT":
        yield from _no_attenuation(candidate)


def _no_attenuation(candidate: SeriesCandidate) -> Iterator[Statement]:
    """What a CT series shows instead of the attenuation of the body as it was."""
    series = candidate.series
    if _says(candidate, _LOCALIZER):
        yield Statement("series_is_localizer")
    if _says(candidate, _CT_MAP):
        yield Statement("series_is_ct_map")
    if series.pixel_values is PixelValues.OTHER:
        spectral = series.spectral.value if series.spectral else "other"
        yield Statement("series_of_other_quantity", {"spectral": spectral})


def _says(candidate: SeriesCandidate, vocabulary: tuple[str, ...]) -> bool:
    """Whether ImageType or the description uses one of these words."""
    series = candidate.series
    line = phrase(*series.image_type, "|", series.description)
    return any(f" {word} " in line for word in vocabulary)


def _wrong_geometry(candidate: SeriesCandidate, minimum_slices: int) -> Iterator[Statement]:
    series, geometry = candidate.series, candidate.geometry
    if geometry is None:
        yield Statement("series_without_position")
        return
    if series.pixel_spacing_mm is None or min(series.pixel_spacing_mm) <= 0:
        yield Statement("series_without_pixel_spacing")
    elif geometry.spacing_mm and geometry.spacing_mm > MAX_ASPECT * min(series.pixel_spacing_mm):
        yield Statement("series_of_samples", {"spacing_mm": geometry.spacing_mm})
    if min(series.rows or 0, series.columns or 0) < MIN_MATRIX:
        yield Statement(
            "series_matrix_too_small", {"rows": series.rows or 0, "columns": series.columns or 0}
        )
    if geometry.repeats:
        images, places = geometry.slices + geometry.repeats, geometry.slices
        yield (
            Statement("series_repeats_places", {"images": images, "places": places})
            if places < minimum_slices
            else Statement("series_not_told_apart", {"images": images, "places": places})
        )
    elif geometry.slices < minimum_slices:
        yield Statement(
            "series_of_few_slices", {"slices": geometry.slices, "needed": minimum_slices}
        )
    if series.modality == "CT" and geometry.plane != "axial":
        yield Statement("series_not_axial", {"plane": geometry.plane})
    elif series.modality == "CT" and geometry.obliquity_deg > MAX_OBLIQUITY_DEG:
        yield Statement("series_oblique", {"angle_deg": geometry.obliquity_deg})
