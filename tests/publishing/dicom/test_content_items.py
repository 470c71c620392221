"""Content items are encoded as highdicom and pydicom encode them, byte for byte."""

from __future__ import annotations

import highdicom.sr as hd
import numpy as np
import pytest
from highdicom import UID
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import CTImageStorage, SegmentationStorage

from heimdallr.publishing.dicom import content_items as items
from heimdallr.publishing.dicom.content_items import ContentItem, Relationship
from heimdallr.publishing.dicom.segmentation_file import encoded_elements

NAME = Code("118565006", "SCT", "Volume")
LONG = Code("a_value_longer_than_sixteen", "99HEIMDALLR", "Área à parte")
UNIT = Code("cm3", "UCUM", "cubic centimeter")
CONTAINS, BELOW = Relationship.CONTAINS, Relationship.HAS_PROPERTIES
THEIRS = hd.RelationshipTypeValues
POINTS = np.array([[1.0, 2.5], [7.0, 2.5], [7.0, 9.25], [1.0, 2.5]])


def test_words_of_others_fit_their_place() -> None:
    """A meaning is one value of one line; a text may have lines."""
    meaning = Code("x", "99HEIMDALLR", "a\\b\nc\x00")
    assert bytes(items.code(NAME, meaning)).count(b"a/b c ") == 1
    assert bytes(items.text(NAME, "a\\b\nc\x00\x1b")).count(b"a\\b\nc  ") == 1


def encoded(item: Dataset) -> bytes:
    """The Content Sequence of one item, by pydicom."""
    above = Dataset()
    above.ContentSequence = [item]
    return encoded_elements(above)


def by_highdicom() -> dict[str, tuple[ContentItem, Dataset]]:
    """Kind → ours, theirs."""
    image = hd.ImageContentItem(
        NAME, SegmentationStorage, "1.2.3", referenced_segment_numbers=2,
        relationship_type=THEIRS.CONTAINS,
    )  # fmt: skip
    source = hd.SourceImageForRegion(CTImageStorage, "1.2.4", [3])
    region = hd.ImageRegion(hd.GraphicTypeValues.POLYLINE, POINTS, source)
    on_image = items.image(
        Code("260753009", "SCT", "Source"), CTImageStorage, "1.2.4", Relationship.SELECTED_FROM,
        frame=3,
    )  # fmt: skip
    dated = hd.NumContentItem(NAME, 3, UNIT, relationship_type=THEIRS.HAS_PROPERTIES)
    dated.ContentSequence = hd.ContentSequence(
        [hd.DateContentItem(NAME, "20260201", THEIRS.HAS_PROPERTIES)]
    )
    whole = hd.ContainerContentItem(NAME, template_id="1411", relationship_type=THEIRS.CONTAINS)
    whole.ContentSequence = hd.ContentSequence([hd.TextContentItem(NAME, "x", THEIRS.CONTAINS)])
    return {
        "text": (
            items.text(NAME, "área, 3 cm²", BELOW),
            hd.TextContentItem(NAME, "área, 3 cm²", THEIRS.HAS_PROPERTIES),
        ),
        "code": (items.code(NAME, LONG), hd.CodeContentItem(NAME, LONG, THEIRS.CONTAINS)),
        "decimal": (
            items.number(NAME, 1 / 3, UNIT),
            hd.NumContentItem(NAME, 1 / 3, UNIT, relationship_type=THEIRS.CONTAINS),
        ),
        "whole number with a date below": (
            items.number(NAME, 3, UNIT, BELOW, [items.date(NAME, "20260201", BELOW)]),
            dated,
        ),
        "UID": (
            items.uid(NAME, "1.2.3.45", CONTAINS),
            hd.UIDRefContentItem(NAME, UID("1.2.3.45"), THEIRS.CONTAINS),
        ),
        "segment": (items.image(NAME, SegmentationStorage, "1.2.3", segment=2), image),
        "outline on a frame": (
            items.polyline(Code("111030", "DCM", "Image Region"), POINTS, on_image),
            region,
        ),
        "container": (items.container(NAME, [items.text(NAME, "x")], template="1411"), whole),
    }


@pytest.mark.parametrize("kind", by_highdicom())
def test_an_item_has_the_bytes_that_highdicom_gives_it(kind: str) -> None:
    """Order of elements, padding, value representations, lengths."""
    ours, theirs = by_highdicom()[kind]
    assert items.content_sequence([ours]) == encoded(theirs)


def test_the_same_code_in_another_language_is_another() -> None:
    """Codes of pydicom are equal whatever they mean; what is kept of them must not be."""
    one, other = (Code("phase", "99HEIMDALLR", word) for word in ("phase", "fase"))
    assert one == other
    assert [bytes(items.code(NAME, which)).count(b"fase") for which in (one, other)] == [0, 1]
