"""Our objects in somebody else's viewer: OHIF before an Orthanc shows segments and outline.

How OHIF is had, says ``tests/support/ohif.py``; without it, Orthanc or Chromium, nothing is tested.
"""

from __future__ import annotations

import io
import re
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from measured_cases import measured_trunk, results_of
from object_cases import trunk_source
from ohif import served_ohif
from orthanc import running_orthanc
from PIL import Image
from playwright.sync_api import Page, expect
from publishing_cases import trunk_arrays
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from heimdallr.publishing.dicom.header import UTF_8, patient_and_study, source_header
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.publishing.dicom.objects import write_objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from pydicom.dataset import Dataset

pytestmark = pytest.mark.slow
STUDY = "1.2.3"
LOADED_MS = 60_000
REDDISH = 60
"""By how much red exceeds blue in what is drawn of liver and muscle; the viewer's own is blue."""
ENOUGH = 1000
"""Pixels that a structure has at least."""


def _images() -> Iterator[Dataset]:
    """The trunk's images, with their pixels."""
    values, *_ = trunk_arrays()
    source = trunk_source()
    for k, plane in enumerate(source.planes):
        image = patient_and_study(source)
        image.update(source_header(source))
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.SpecificCharacterSet = UTF_8
        image.SOPClassUID, image.SOPInstanceUID = plane.sop_class_uid, plane.sop_instance_uid
        image.ImagePositionPatient = list(plane.position_lps_mm)
        image.ImageOrientationPatient = list(plane.orientation)
        image.PixelSpacing, image.SliceThickness = list(source.pixel_spacing_mm), 5.0
        image.SeriesNumber, image.InstanceNumber = 2, k + 1
        image.Rows, image.Columns, image.SamplesPerPixel = source.rows, source.columns, 1
        image.PhotometricInterpretation, image.PixelRepresentation = "MONOCHROME2", 1
        image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
        image.RescaleIntercept, image.RescaleSlope = 0, 1
        image.WindowCenter, image.WindowWidth = 50, 400
        image.PixelData = values[::-1, ::-1, k].T.astype("<i2").tobytes()
        yield image


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def area(case: Path) -> str:
    """The measured area of muscle at L3, in cm²."""
    return str(next(one.value for one in results_of(case).measurements if one.name == "SMA_cm2"))


@pytest.fixture(scope="module")
def viewer(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a viewer whose archive has the trunk with its segmentations and reports."""
    folder = tmp_path_factory.mktemp("ohif")
    (folder / "archive").mkdir()
    with running_orthanc(folder / "archive") as orthanc, served_ohif(orthanc) as address:
        for image in _images():
            orthanc.fetch("POST", "/instances", _file_of(image))
        kinds = [DicomObject.SEG, DicomObject.SR_PLANAR, DicomObject.SR]
        for one in write_objects(case, kinds, folder / "objects", source=trunk_source()):
            orthanc.fetch("POST", "/instances", one.path.read_bytes())
        yield address


def _file_of(image: Dataset) -> bytes:
    file = io.BytesIO()
    image.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.fixture
def page(chromium: Browser, viewer: str) -> Iterator[Page]:
    """The study, opened; the viewer asks nobody but its own address."""
    asked: list[str] = []
    context = chromium.new_context(viewport={"width": 1600, "height": 1000}, locale="en-GB")
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{viewer}/viewer?StudyInstanceUIDs={STUDY}")
    page.get_by_text("Skip all").click(timeout=LOADED_MS)
    yield page
    context.close()
    assert [url for url in asked if not url.startswith((viewer, "blob:", "data:"))] == []


def _reddish(page: Page) -> int:
    """Pixels of the viewport that show liver or muscle."""
    picture = page.locator("[data-cy=viewport-pane]").screenshot()
    red, _, blue = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int).T
    return int(np.count_nonzero(red - blue > REDDISH))


def _shown(page: Page, series: str, structure: str) -> int:
    """Open a segmentation, go to the middle of a structure; how many pixels show it."""
    page.get_by_text(series).dblclick()
    page.wait_for_function(
        "() => services.segmentationService.getSegmentations().length === 1", timeout=LOADED_MS
    )
    # It is drawn some time after it is known.
    page.wait_for_function(
        """name => {
            const service = services.segmentationService;
            const [shown] = service.getSegmentations();
            const segment = Object.values(shown.segments).find(one => one.label === name);
            service.jumpToSegmentCenter(shown.segmentationId, segment.segmentIndex);
            return true;
        }""",
        arg=structure,
    )
    found, deadline = 0, time.monotonic() + LOADED_MS / 1000
    while found < ENOUGH and time.monotonic() < deadline:
        found = _reddish(page)
    return found


@pytest.mark.parametrize(
    ("series", "structure"),
    [("Segmentation Total", "Liver"), ("Segmentation Tissue types", "Skeletal muscle")],
)
def test_segments_are_drawn(page: Page, series: str, structure: str) -> None:
    """In their colours, on images that have none, and the structure by its name in the list."""
    assert _reddish(page) == 0
    assert _shown(page, series, structure) >= ENOUGH
    page.locator("[data-cy=panelSegmentation-btn]").click()
    expect(page.locator("[data-cy=data-row]").get_by_text(structure)).to_be_visible()


def test_the_outline_is_drawn_with_its_values(page: Page, area: str) -> None:
    """On the slice it was measured on, without anybody looking for it; its own area beside it."""
    page.get_by_text("Heimdallr outlines").dblclick()
    drawn = page.locator("svg.svg-layer")
    measured = f"Skeletal muscle area at L3 (SMA), -29..150 HU: {area} cm2"
    expect(drawn.get_by_text(measured)).to_be_visible(timeout=LOADED_MS)
    expect(drawn.get_by_text(re.compile(r"^Area: [\d.]+ cm2"))).to_be_visible()
    assert drawn.locator("polyline").count() == 1
    assert len((drawn.locator("polyline").get_attribute("points") or "").split()) > ENOUGH // 10
