"""The three pictures: drawn when there is something to show, right side round, anonymous."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hand_made_outputs import output
from publishing_cases import (
    PATIENT,
    TISSUE_NAMES,
    TRUNK_AFFINE,
    TRUNK_NAMES,
    orientations,
    segmentation,
    stored,
    trunk,
    trunk_arrays,
    trunk_case,
)

from heimdallr.analyses.declared_outputs import unassessable
from heimdallr.analyses.presence import believed
from heimdallr.analyses.registry import run_all
from heimdallr.imaging.volume import LabelMap, Volume, load_label_map, load_volume
from heimdallr.publishing.overlays import bleed, canvas, l3, overview
from heimdallr.publishing.overlays.sheet import value_text
from heimdallr.publishing.palette import colour

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Canvas
    from heimdallr.publishing.palette import RGB

NOTICE = ["bundled weights — not for clinical use"]


def _measured(case: Case) -> dict[str, Measurement]:
    return {one.name: one for one in run_all(case)}


def _resembling(sheet: Canvas, structure: str, columns: slice) -> np.ndarray:
    """Columns of the pixels whose hue is a structure's, in part of a sheet."""
    pixels = np.asarray(sheet.image)[:, columns].astype(float)
    wanted = np.array(colour(structure), float)
    chroma = pixels - pixels.mean(axis=2, keepdims=True)
    direction = wanted - wanted.mean()
    strength = np.linalg.norm(chroma, axis=2)
    likeness = chroma @ direction / np.linalg.norm(direction) / np.maximum(strength, 1e-6)
    return np.asarray(np.nonzero((likeness > 0.985) & (strength > 14))[1])


def _head() -> Case:
    """A head with a bleed on the left, behind."""
    shape, affine = (60, 70, 40), np.diag([3.0, 3.0, 4.0, 1.0])
    grid = np.indices(shape).astype(float)
    far = sum(
        ((grid[axis] - shape[axis] / 2) / radius) ** 2 for axis, radius in enumerate((24, 29, 17))
    )
    labels = np.zeros(shape, np.uint8)
    labels[far < 1.2], labels[far < 0.9] = 91, 90
    hu = np.full(shape, -1000, np.int16)
    hu[far < 1.2], hu[far < 0.9] = 900, 35
    blood = sum(((grid[axis] - middle) / 6) ** 2 for axis, middle in enumerate((18, 25, 20))) < 1
    hu[blood] = 65
    case = trunk()
    names = {90: "brain", 91: "skull"}
    return replace(
        case,
        image=Volume(hu, affine),
        segmentations={
            "total": segmentation(LabelMap(labels, affine, names)),
            "cerebral_bleed": segmentation(
                LabelMap(blood.astype(np.uint8), affine, {1: "intracerebral_hemorrhage"}),
                "cerebral_bleed",
            ),
        },
    )


def test_the_same_patient_gives_the_same_pictures(tmp_path: Path) -> None:
    """Whatever the axis order of the files: the finished sheets are equal pixel by pixel."""
    expected: dict[str, np.ndarray] = {}
    for orientation in orientations()[::17]:
        paths = [
            stored(tmp_path / f"{n}.nii", data, TRUNK_AFFINE, orientation)
            for n, data in enumerate(trunk_arrays())
        ]
        case = trunk_case(
            load_volume(paths[0]),
            load_label_map(paths[1], TRUNK_NAMES),
            load_label_map(paths[2], TISSUE_NAMES),
        )
        measurements = _measured(case)
        sheets = l3.draw(case, measurements, ()) | overview.draw(case, measurements, ())
        found = {name: np.asarray(sheet.image).astype(int) for name, sheet in sheets.items()}
        expected = expected or found
        assert found.keys() == {"L3_overlay.png", "coronal_overview.png"}
        for name, pixels in found.items():
            assert np.abs(pixels - expected[name]).max() <= 2


def test_the_liver_is_on_the_left_of_both_overviews() -> None:
    """Slice and front view agree with radiological convention."""
    case = trunk()
    sheet = overview.draw(case, _measured(case), ())["coronal_overview.png"]
    for n in range(2):
        left = 32 + n * (overview.FRAME_WIDTH + overview.GAP)
        frame = slice(left, left + overview.FRAME_WIDTH)
        middle = overview.FRAME_WIDTH / 2
        assert np.median(_resembling(sheet, "liver", frame)) < middle
        assert np.median(_resembling(sheet, "spleen", frame)) > middle


def test_a_label_without_a_name_is_not_drawn() -> None:
    """Label maps from elsewhere have such; the statistics leave them out as well."""
    case = trunk()
    named = case.anatomy
    plain = overview.draw(case, _measured(case), ())["coronal_overview.png"]
    data = named.data.copy()
    data[data == 0] = 200
    total = replace(case.segmentations["total"], label_map=replace(named, data=data))
    odd = replace(case, segmentations={**case.segmentations, "total": total})
    drawn = overview.draw(odd, _measured(odd), ())["coronal_overview.png"]
    assert np.array_equal(np.asarray(drawn.image), np.asarray(plain.image))


def test_the_l3_sheet_shows_what_was_measured() -> None:
    """The muscle's painted area, in the picture's own scale, is the area that was published."""
    case = trunk()
    measurements = _measured(case)
    sheet = l3.draw(case, measurements, ())["L3_overlay.png"]
    assert min(sheet.width, sheet.height) >= 900
    frame = slice(32, sheet.width - 32 - l3.COLUMN - 28)
    pixels = np.asarray(sheet.image)[:, frame].astype(int)
    red = (pixels[..., 0] - pixels[..., 2] > 40) & (abs(pixels[..., 1] - pixels[..., 2]) < 30)
    bar = (pixels == canvas.INK).all(axis=2).sum(axis=1).max()  # the 5 cm scale bar
    area_cm2 = red.sum() * (5 / bar) ** 2
    assert area_cm2 == pytest.approx(float(str(measurements["SMA_cm2"].value)), rel=0.06)


def test_the_bleed_is_drawn_on_its_three_slices() -> None:
    """Three sheets; a left-sided bleed on the right of the marked picture, none on the plain."""
    case = _head()
    measurements = _measured(case)
    sheets = bleed.draw(case, measurements, NOTICE)
    assert list(sheets) == [
        "bleed_overlay_inferior_15.png",
        "bleed_overlay_center_50.png",
        "bleed_overlay_superior_85.png",
    ]
    sheet = sheets["bleed_overlay_center_50.png"]
    plain = slice(32, 32 + bleed.PANEL)
    marked = slice(32 + bleed.PANEL + bleed.GAP, 32 + 2 * bleed.PANEL + bleed.GAP)
    assert _resembling(sheet, "intracerebral_hemorrhage", plain).size == 0
    painted = _resembling(sheet, "intracerebral_hemorrhage", marked)
    assert painted.size > 1000
    assert painted.min() > bleed.PANEL / 2


def test_what_was_not_measured_is_not_drawn_as_the_bleed() -> None:
    """A piece at the edge of the head is dropped from the volume; it is outlined in grey."""
    case = _head()
    found = case.segmentations["cerebral_bleed"].label_map
    labels = found.data.copy()
    labels[27:33, 65:69, 17:24] = 1  # before the skull, 20 mm and more from the brain
    pieces = segmentation(replace(found, data=labels), "cerebral_bleed")
    more = replace(case, segmentations={**case.segmentations, "cerebral_bleed": pieces})
    before, after = (
        bleed.draw(one, _measured(one), NOTICE)["bleed_overlay_center_50.png"]
        for one in (case, more)
    )
    dropped = _measured(more)["hemorrhage_vol_cm3"].parameters["dropped_cm3"]
    assert isinstance(dropped, float)
    assert dropped > 5
    marked = slice(32 + bleed.PANEL + bleed.GAP, 32 + 2 * bleed.PANEL + bleed.GAP)
    name = "intracerebral_hemorrhage"
    assert np.array_equal(_resembling(after, name, marked), _resembling(before, name, marked))
    assert not np.array_equal(np.asarray(after.image), np.asarray(before.image))


def test_specks_that_are_not_believed_neither_vote_nor_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Doubted bowel behind a head had outvoted the brain: the picture was an empty slice."""
    head = _head()
    total = head.segmentations["total"]
    labels = total.label_map.data.copy()
    labels[28:32, 1:3, 10:25], labels[28:32, 3:5, 10:25] = 20, 18
    names = {**total.label_map.names, 20: "colon", 18: "small_bowel"}
    doubt = replace(total.provenance, confidence={"colon": 0.3, "small_bowel": 0.5, "brain": 0.9})
    specks = segmentation(LabelMap(labels, head.image.affine, names))
    case = replace(
        head,
        segmentations={**head.segmentations, "total": replace(specks, provenance=doubt)},
    )
    assert overview.best_coronal_slice(case, tuple(case.statistics)) < 5
    assert abs(overview.best_coronal_slice(case, believed(case)) - 35) < 10
    painted: list[str] = []

    def recorded(name: str) -> RGB:
        painted.append(name)
        return colour(name)

    monkeypatch.setattr(overview, "colour", recorded)
    (sheet,) = overview.draw(case, _measured(case), ()).values()
    assert _resembling(sheet, "brain", slice(0, overview.FRAME_WIDTH)).size
    assert set(painted) == {"brain", "skull"}


def test_nothing_measured_nothing_drawn() -> None:
    """No L3, no tissue, no bleed, no structure: no picture that would claim one."""
    case = trunk()
    measurements = _measured(case)
    without_tissue = replace(case, segmentations={"total": case.segmentations["total"]})
    assert l3.draw(without_tissue, measurements, ()) == {}
    assert l3.draw(case, {}, ()) == {}
    assert bleed.draw(case, measurements, ()) == {}
    assert bleed.draw(_head(), {}, ()) == {}
    assert overview.draw(replace(case, segmentations={}), measurements, ()) == {}


@pytest.mark.parametrize("notices", [[], NOTICE])
def test_the_notice_is_on_every_sheet_or_on_none(notices: list[str]) -> None:
    """Bundled weights are announced in the picture itself."""
    case, head = trunk(), _head()
    sheets = (
        l3.draw(case, _measured(case), notices)
        | overview.draw(case, _measured(case), notices)
        | bleed.draw(head, _measured(head), notices)
    )
    assert len(sheets) == 5
    for sheet in sheets.values():
        ribbon = (np.asarray(sheet.image)[-2] == canvas.NOTICE).all(axis=1)
        assert ribbon.all() == bool(notices)


@pytest.mark.parametrize(
    ("notices", "foot"),
    [
        (["one", "two"], "ONE  ·  TWO"),
        (["one", "long " * 40], "ONE  ·  1 MORE NOTICE IN THE RESULTS"),
        (["long " * 40, "two"], "2 NOTICES IN THE RESULTS"),
    ],
)
def test_the_foot_has_the_notices_that_fit_and_counts_the_others(
    notices: list[str], foot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that runs off the sheet would hide the end of each."""
    written: list[str] = []
    monkeypatch.setattr(canvas.Canvas, "notice", lambda _self, text: written.append(text))
    l3.draw(trunk(), _measured(trunk()), notices)
    assert written == [foot]


def test_no_sheet_names_the_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text that is set is recorded: neither name nor number, ID, date or UID."""
    written: list[str] = []
    set_text = canvas.Canvas.text

    def record(self: Canvas, position: object, text: str, *rest: object, **more: object) -> int:
        written.append(text)
        return set_text(self, position, text, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(canvas.Canvas, "text", record)
    case, head = trunk(), _head()
    l3.draw(case, _measured(case), NOTICE)
    overview.draw(case, _measured(case), NOTICE)
    bleed.draw(head, _measured(head), NOTICE)
    everything = " ".join(written).lower()
    assert "cm²" in everything
    for secret in ("silva", PATIENT.patient_id.lower(), "123456", "2026", "1960", "1.2.3"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (output("x", "cm3").measured(1523.45), "1523.5 cm³"),
        (output("x", "cm3").measured(0.03), "< 0.1 cm³"),
        (output("x", "cm2").measured(0.0), "0.0 cm²"),
        (output("x", "HU").measured(-12.34), "-12.3 HU"),
        (output("x").measured("right"), "right"),
        (output("x", "cm3").absent(unassessable("cut")), "not assessable"),
        (None, "not measured"),
    ],
)
def test_values_as_text(measurement: Measurement | None, text: str) -> None:
    """A trace is not shown as nothing, and nothing not as zero."""
    assert value_text(measurement) == text


def test_missing_values_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a figure is missing its reason stands, not a zero."""
    written: list[str] = []
    set_text = canvas.Canvas.text

    def record(self: Canvas, position: object, text: str, *rest: object, **more: object) -> int:
        written.append(text)
        return set_text(self, position, text, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(canvas.Canvas, "text", record)
    case = replace(trunk(), patient=replace(PATIENT, height_m=None))
    l3.draw(case, _measured(case), ())
    assert "the patient's height is not known" in written
    written.clear()
    l3.draw(case, {"slice_L3": output("slice_L3").measured(38)}, ())
    assert "not measured" in written
    assert not any(text.startswith("0") for text in written)
