"""What keeps a series from being the volume of its study, in words a person can check."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from heimdallr.domain.study import MODALITIES, PixelValues
from heimdallr.preparation.folded_words import phrase, words

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
    "tracew", "tensor", "sub", "field map", "b0 map",
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
    MAP = 2
    LOCALIZER = 3

    @property
    def label(self) -> str:
        """The tier in words."""
        return {
            MrTier.ANATOMICAL: "anatomical series",
            MrTier.TIME_POINT: "one time point of a dynamic series",
            MrTier.MAP: "diffusion, subtraction or a map, not anatomy",
            MrTier.LOCALIZER: "localizer",
        }[self]


def obstacles(candidate: SeriesCandidate, minimum_slices: int) -> tuple[str, ...]:
    """Why a stack cannot be used; empty when it can.

    Args:
        candidate: the stack.
        minimum_slices: fewer slices are no volume.
    """
    kind = tuple(_wrong_kind(candidate))
    return kind or tuple(_wrong_geometry(candidate, minimum_slices))


def mr_tier(candidate: SeriesCandidate) -> MrTier:
    """Anatomical series first; dynamic ones, maps and localizers come last."""
    series = candidate.series
    if _says(candidate, _MR_LOCALIZER):
        return MrTier.LOCALIZER
    image_type = phrase(*series.image_type[2:])
    b_value = dict(series.acquisition).get("DiffusionBValue", "")
    if (
        any(f" {word} " in image_type for word in _MR_MAP_TYPES)
        or _says(candidate, _MR_MAP)
        or b_value not in ("", "0", "0.0")
    ):
        return MrTier.MAP
    return MrTier.TIME_POINT if candidate.time_points > 1 else MrTier.ANATOMICAL


def region(series: Series) -> str:
    """Body region a series' words name, ``""`` when they name none."""
    found = set(words(series.body_part, series.description, series.protocol))
    return next((name for name, names in _REGIONS if found.intersection(names)), "")


def _wrong_kind(candidate: SeriesCandidate) -> Iterator[str]:
    series = candidate.series
    if candidate.own_object:
        yield "an object Heimdallr wrote itself"
    if series.modality not in MODALITIES:
        yield f"modality {series.modality or 'unknown'} is not CT or MR"
        return
    classes = (*(CT_CLASSES if series.modality == "CT" else MR_CLASSES), *GRAYSCALE_MULTI_FRAME)
    if series.sop_class_uid == SECONDARY_CAPTURE:
        yield "secondary capture (a screen, not an image)"
    elif series.sop_class_uid and series.sop_class_uid not in classes:
        yield "its SOP class is not an image of that modality"
    if candidate.samples_per_pixel != 1:
        yield "colour images"
    not_anatomy: dict[str, tuple[str, ...]] = {
        "projection (MIP or rendering)": _PROJECTION,
        "dose report or page": _REPORT,
    }
    if series.modality == "CT":
        not_anatomy["localizer"] = _LOCALIZER
        not_anatomy["a derived map, a subtraction or bolus monitoring"] = _CT_MAP
        if series.pixel_values is PixelValues.OTHER:
            what = series.spectral.value if series.spectral else series.rescale_type
            yield f"a derived map: {what.replace('_', ' ')}, not attenuation"
    for reason, vocabulary in not_anatomy.items():
        if _says(candidate, vocabulary):
            yield reason


def _says(candidate: SeriesCandidate, vocabulary: tuple[str, ...]) -> bool:
    """Whether ImageType or the description uses one of these words."""
    series = candidate.series
    line = phrase(*series.image_type, "|", series.description)
    return any(f" {word} " in line for word in vocabulary)


def _wrong_geometry(candidate: SeriesCandidate, minimum_slices: int) -> Iterator[str]:
    series, geometry = candidate.series, candidate.geometry
    if geometry is None:
        yield "no image position or orientation"
        return
    if series.pixel_spacing_mm is None or min(series.pixel_spacing_mm) <= 0:
        yield "no pixel spacing"
    elif geometry.spacing_mm and geometry.spacing_mm > MAX_ASPECT * min(series.pixel_spacing_mm):
        yield f"slices {geometry.spacing_mm:.1f} mm apart are samples, not a volume"
    if min(series.rows or 0, series.columns or 0) < MIN_MATRIX:
        yield f"matrix {series.rows or 0} × {series.columns or 0} is too small for an image"
    if geometry.repeats:
        images = geometry.slices + geometry.repeats
        yield f"{images} images at {_count(geometry.slices, 'place')} are no single volume"
    elif geometry.slices < minimum_slices:
        yield f"{_count(geometry.slices, 'slice')}, fewer than the {minimum_slices} of a volume"
    if series.modality == "CT" and geometry.plane != "axial":
        yield f"{geometry.plane} reformat, not axial"
    elif series.modality == "CT" and geometry.obliquity_deg > MAX_OBLIQUITY_DEG:
        yield f"oblique reformat, {geometry.obliquity_deg:.0f}° from axial"


def _count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"
