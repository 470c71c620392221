"""The licence-free tissue routes find the shells of a made-up body."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.domain.errors import SegmentationError
from heimdallr.imaging.volume import Array, LabelMap, Volume
from heimdallr.segmentation.anatomy import tissue
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance, WeightsOrigin
from heimdallr.segmentation.tasks import task

SHAPE = (120, 100, 12)
AFFINE = np.diag([2.5, 2.5, 5.0, 1.0])
FAT_HU, MUSCLE_HU, ORGAN_HU, BONE_HU, AIR_HU = -105, 55, 90, 400, -1000


def radius() -> Array:
    """(I, J, K) elliptic radius: 1 at the skin."""
    i, j, _ = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    plane = np.hypot((i - 59.5) / 54, (j - 49.5) / 44)
    return np.broadcast_to(plane, SHAPE)


class Body:
    """An elliptic trunk: skin, fat, a muscle wall, visceral fat with an organ, a vertebra."""

    def __init__(self) -> None:
        r = radius()
        self.inside = r < 1
        self.fat = (r >= 0.75) & (r < 0.97)
        self.wall = (r >= 0.6) & (r < 0.75)
        self.cavity = r < 0.6
        self.organ = np.zeros(SHAPE, bool)
        self.organ[45:60, 45:60, 2:10] = True
        self.vertebra = np.zeros(SHAPE, bool)
        self.vertebra[54:66, 16:24] = True
        self.vertebra &= self.wall
        self.marbling = np.zeros(SHAPE, bool)
        self.marbling[::7, ::5] = True
        self.marbling &= (r >= 0.65) & (r < 0.7)
        image = np.full(SHAPE, AIR_HU, np.int16)
        image[self.inside] = MUSCLE_HU  # skin
        image[self.fat | self.cavity] = FAT_HU
        image[self.wall] = MUSCLE_HU
        image[self.marbling] = FAT_HU
        image[self.organ] = ORGAN_HU
        image[self.vertebra] = BONE_HU
        self.volume = Volume(image, AFFINE)

    def total(self) -> Segmentation:
        """Task ``total`` with the organ and the vertebra."""
        return labelled("total", {"spleen": self.organ, "vertebrae_L3": self.vertebra})


def labelled(
    name: str, masks: dict[str, Array], origin: WeightsOrigin = "official"
) -> Segmentation:
    """A segmentation of one task from masks."""
    found = LabelMap(np.zeros(SHAPE, np.uint8), AFFINE, task(name).names)
    for structure, mask in masks.items():
        found.data[mask] = found.number(structure)
    provenance = SegmentationProvenance(
        name, "test", "cpu", (f"Dataset_{name}",), origin, (f"sha-{name}",), 3.0, 1.0
    )
    return Segmentation(found, provenance)


def dice(first: Array, second: Array) -> float:
    """Overlap of two masks."""
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def compartments(body: Body) -> dict[str, Segmentation]:
    """What the open tasks would find."""
    return {
        "body": labelled("body", {"body_trunc": body.inside}),
        "trunk_cavities": labelled("trunk_cavities", {"abdominal_cavity": body.cavity}),
        "total": body.total(),
    }


def test_open_compartments_give_all_three_tissues() -> None:
    """Wall, subcutaneous and visceral fat are found; skin, organ and bone are none of them."""
    body = Body()
    made = tissue.from_compartments(body.volume, compartments(body))
    found = made.label_map
    assert dice(found.mask("subcutaneous_fat"), body.fat) > 0.97
    assert dice(found.mask("torso_fat"), body.cavity & ~body.organ) > 0.97
    assert dice(found.mask("skeletal_muscle"), body.wall & ~body.vertebra) > 0.97
    assert not found.data[body.organ | body.vertebra].any()
    skin = radius() > 0.985
    assert not found.mask("skeletal_muscle")[skin].any()


def test_fat_inside_the_muscle_belongs_to_its_compartment() -> None:
    """Intermuscular fat is measured in there, by its attenuation."""
    body = Body()
    made = tissue.from_compartments(body.volume, compartments(body))
    assert made.label_map.mask("skeletal_muscle")[body.marbling & ~body.vertebra].mean() > 0.95


def test_arms_are_outside_the_trunk_route() -> None:
    """``body_extremities`` gets no tissue."""
    body = Body()
    parts = compartments(body)
    arm = np.zeros(SHAPE, bool)
    arm[:12] = body.inside[:12]
    parts["body"] = labelled("body", {"body_trunc": body.inside, "body_extremities": arm})
    assert not tissue.from_compartments(body.volume, parts).label_map.data[arm].any()


def test_body_regions_give_all_three_tissues() -> None:
    """Fat of the cavities and of the pericardium is torso fat; bone and glands are no tissue."""
    body = Body()
    heart = body.cavity & (np.arange(SHAPE[0])[:, None, None] < SHAPE[0] // 2)
    regions = {
        "subcutaneous_tissue": body.inside,
        "muscle": body.wall,
        "abdominal_cavity": body.cavity,
        "pericardium": heart,
        "bone": body.vertebra,
        "glands": body.organ,
    }
    made = tissue.from_body_regions(body.volume, labelled("boa_body_regions", regions, "other"))
    found = made.label_map
    assert dice(found.mask("subcutaneous_fat"), body.fat) > 0.97
    assert dice(found.mask("torso_fat"), body.cavity & ~body.organ) > 0.97
    assert dice(found.mask("skeletal_muscle"), body.wall & ~body.vertebra) > 0.97
    assert found.mask("skeletal_muscle")[body.marbling & ~body.vertebra].all()
    assert not found.data[body.organ | body.vertebra].any()
    assert made.provenance.task == tissue.BODY_REGIONS_ROUTE
    assert made.provenance.weights_origin == "other"


def test_abdominal_muscles_are_muscle_wherever_they_are() -> None:
    """A muscle labelled inside the cavity is muscle, not visceral."""
    body = Body()
    parts = compartments(body)
    psoas = np.zeros(SHAPE, bool)
    psoas[70:78, 40:48] = True
    body.volume.data[psoas] = MUSCLE_HU
    walls = task("abdominal_muscles").names[1]
    parts["abdominal_muscles"] = labelled("abdominal_muscles", {walls: psoas})
    made = tissue.from_compartments(body.volume, parts)
    assert made.label_map.mask("skeletal_muscle")[psoas].all()
    assert "Dataset_abdominal_muscles" in made.provenance.weights


def test_a_missing_compartment_is_an_error() -> None:
    """The error names the tasks."""
    body = Body()
    parts = compartments(body)
    del parts["trunk_cavities"]
    with pytest.raises(SegmentationError, match="trunk_cavities"):
        tissue.from_compartments(body.volume, parts)


def blocky(mask: Array, size: int = 3) -> Array:
    """A mask as a coarse network sees it: one answer per block of voxels."""
    index = [np.minimum(np.arange(n) // size * size + 1, n - 1) for n in mask.shape[:2]]
    return np.asarray(mask[np.ix_(*index, np.arange(mask.shape[2]))])


def bundled(body: Body) -> Segmentation:
    """The coarse compartments of the bundled network."""
    masks = {
        "subcutaneous_fat": blocky(body.inside & ~body.wall & ~body.cavity),
        "torso_fat": blocky(body.cavity & ~body.organ),
        "skeletal_muscle": blocky(body.wall),
    }
    return labelled("tissue_types", masks, "bundled")


def test_coarse_compartments_get_sharp_borders() -> None:
    """Attenuation moves every border to where it is in the image."""
    body = Body()
    coarse = bundled(body)
    made = tissue.from_bundled(body.volume, coarse, body.total()).label_map
    truth = {
        "subcutaneous_fat": body.fat,
        "torso_fat": body.cavity & ~body.organ,
        "skeletal_muscle": body.wall & ~body.vertebra & ~body.marbling,
    }
    for name, mask in truth.items():
        before, after = dice(coarse.label_map.mask(name), mask), dice(made.mask(name), mask)
        assert after > max(before, 0.93), name
    assert not made.mask("skeletal_muscle")[body.vertebra | (radius() > 0.985)].any()


def test_what_is_brighter_than_the_patients_muscle_is_none() -> None:
    """Cartilage in the wall goes, at any attenuation of the muscle; single bright voxels stay."""
    body = Body()
    cartilage = np.zeros(SHAPE, bool)
    cartilage[50:70, 80:90] = True
    cartilage &= body.wall
    speck = np.zeros(SHAPE, bool)
    speck[23, 49, 6] = True
    for muscle_hu in (25, 55):
        body.volume.data[body.wall & ~body.marbling & ~body.vertebra] = muscle_hu
        body.volume.data[cartilage] = muscle_hu + 50
        body.volume.data[speck] = muscle_hu + 50
        muscle = tissue.from_bundled(body.volume, bundled(body), None).label_map.mask(
            "skeletal_muscle"
        )
        assert np.mean(muscle[cartilage]) < 0.4
        assert np.mean(muscle[body.wall & ~cartilage & ~body.vertebra]) > 0.9
        assert muscle[speck].all()


def test_a_skin_half_full_of_air_is_not_fat() -> None:
    """Both routes: the voxels at the body's edge measure like fat, and are skin and air."""
    body = Body()
    rim = (radius() >= 0.97) & body.inside
    body.volume.data[rim] = -120
    coarse = bundled(body)
    coarse.label_map.data[rim] = coarse.label_map.number("subcutaneous_fat")
    sharp = tissue.from_bundled(body.volume, coarse, None)
    boxed = tissue.from_compartments(body.volume, compartments(body))
    air = body.volume.data < tissue.AIR_HU
    beside_air = rim & (
        np.roll(air, 1, 0) | np.roll(air, -1, 0) | np.roll(air, 1, 1) | np.roll(air, -1, 1)
    )
    assert np.count_nonzero(beside_air) > 1000
    for made in (sharp, boxed):
        fat = made.label_map.mask("subcutaneous_fat")
        assert not fat[beside_air].any()
        assert np.mean(fat[body.fat]) > 0.97


def test_provenance_names_the_route_and_the_least_trusted_source() -> None:
    """One bundled network makes the result bundled."""
    body = Body()
    made = tissue.from_bundled(body.volume, bundled(body), body.total()).provenance
    assert made.task == tissue.BUNDLED_ROUTE
    assert made.weights_origin == "bundled"
    assert made.weights == ("Dataset_tissue_types", "Dataset_total")
    assert made.weights_sha256 == ("sha-tissue_types", "sha-total")
    parts = tissue.from_compartments(body.volume, compartments(body)).provenance
    assert (parts.task, parts.weights_origin) == (tissue.COMPARTMENT_ROUTE, "official")


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_attenuation_classes_have_the_published_bounds(dtype: type) -> None:
    """Bounds belong to their window, whatever the image's type."""
    image: Array = np.array([-191, -190, -151, -150, -50, -49, -30, -29, 150, 151], dtype)
    assert tissue.attenuation_class(image).tolist() == [0, 1, 1, 2, 2, 1, 1, 3, 3, 0]
