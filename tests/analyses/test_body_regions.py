"""Which body regions count as covered."""

from __future__ import annotations

from analysis_bodies import MUSCLE_HU, Body, head, trunk

from heimdallr.analyses import body_regions
from heimdallr.analyses.body_regions import COVERED, NOT_COVERED
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement


def by_name(body: Body) -> dict[str, object]:
    """Measurement values by name."""
    return {one.name: one.value for one in body_regions.measure(body.case())}


def test_a_trunk_is_an_abdomen() -> None:
    """Liver, spleen, kidneys, stomach, pancreas whole: the abdomen and nothing else."""
    values = by_name(trunk())
    assert values["body_regions"] == "abdomen"
    assert values["body_region_abdomen"] == COVERED
    assert values["body_region_thorax"] == NOT_COVERED


def test_a_head_is_a_head() -> None:
    """Brain and skull make a head."""
    assert by_name(head())["body_regions"] == "head"


def test_stray_voxels_make_no_region() -> None:
    """A few voxels of every anchor, as weak networks leave them: nobody is recognised."""
    body = Body((120, 120, 120))
    names = [name for region in body_regions.CT_REGIONS for name in region.typical_cm3]
    for n, name in enumerate(names):
        body.mark(body.box((-54 + 3.0 * n, 0, 0), (3, 9, 9)), name)
    for one in body_regions.measure(body.case()):
        assert one.why == Statement("no_patient")


def test_lung_bases_do_not_make_a_chest() -> None:
    """Both lower lobes and the heart's apex cut by the upper edge: still an abdominal CT."""
    body = trunk()
    for x, name in ((60, "lung_lower_lobe_right"), (-60, "lung_lower_lobe_left"), (0, "heart")):
        body.mark(body.box((x, 40, 156), (48, 30, 24)), name)
    assert by_name(body)["body_regions"] == "abdomen"


def test_a_childs_whole_organs_count() -> None:
    """Organs far below adult size count when no edge cuts them."""
    body = Body((150, 120, 150))
    for x, name in ((-36, "liver"), (0, "spleen"), (36, "kidney_left")):
        body.paint(body.ellipsoid((x, 0, 0), (15, 15, 15)), MUSCLE_HU, name)
    assert by_name(body)["body_regions"] == "abdomen"


def test_evidence_is_published() -> None:
    """Each region carries its anchors' volumes and says which ones counted."""
    found = {one.name: one for one in body_regions.measure(trunk().case())}
    parameters = found["body_region_abdomen"].parameters
    liver_cm3 = parameters["liver_cm3"]
    assert isinstance(liver_cm3, float)
    assert 400 < liver_cm3 < 500
    assert "spleen" in str(parameters["anchors_counted"]).split(",")


def test_mr_cannot_tell_a_neck() -> None:
    """``total_mr`` has no structure of the neck: not assessable, and never 'not covered'."""
    body = Body((120, 120, 120), modality="MR")
    body.mark(body.ellipsoid((0, 0, 0), (50, 50, 50)), "brain")
    found = {one.name: one for one in body_regions.measure(body.case())}
    assert found["body_regions"].value == "head"
    assert found["body_region_neck"].status is Status.NOT_ASSESSABLE


def test_without_a_segmentation_nothing_is_claimed() -> None:
    """No label map: every region is not assessable, with the reason the task was skipped."""
    measured = body_regions.measure(trunk().case(without=["total"]))
    assert {one.status for one in measured} == {Status.NOT_ASSESSABLE}
    assert all("not requested" in one.reason for one in measured)
