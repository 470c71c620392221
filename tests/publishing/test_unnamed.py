"""Results under a number: nothing in them tells whose they are, and no number changes."""

from __future__ import annotations

from store_cases import CASE_ID, NOW, OTHER_SERIES_UID, SERIES_UID, make_identity, make_results

from heimdallr.publishing.correction_records import CorrectionRecord, StandingRejection
from heimdallr.publishing.results import results_json
from heimdallr.publishing.unnamed import unnamed

UID = "1.2.840.113619.2.5.1"


def test_case_id_and_uids_are_numbers_wherever_they_stand() -> None:
    """In their own fields, and in a notice or a reason that quotes them."""
    identity = make_identity(uid=UID)
    told = make_results().model_copy(
        update={
            "notices": [
                f"series {OTHER_SERIES_UID} of {UID} was left out, see {CASE_ID}.r1",
                f"({SERIES_UID}) was measured.",
            ]
        }
    )
    found = unnamed(told, identity, 17)
    assert found.case_id == "study-17"
    assert found.provenance.series_instance_uid == "study-17-series-1"
    assert found.notices == [
        "series study-17-series-2 of study-17 was left out, see study-17.r1",
        "(study-17-series-1) was measured.",
    ]
    text = results_json(found)
    for name in (CASE_ID, SERIES_UID, OTHER_SERIES_UID, UID, "Silva", "123456"):
        assert name not in text


def test_everything_else_stays_as_it_is() -> None:
    """Numbers, flat keys and their order; a longer UID or name that begins alike is another one."""
    other = f"{SERIES_UID}.7 and {CASE_ID}9"
    told = make_results().model_copy(update={"notices": [other]})
    found = unnamed(told, make_identity(), 17)
    assert found.notices == [other]
    renamed = {"case_id": told.case_id, "provenance": told.provenance}
    assert found.model_copy(update=renamed) == told
    assert found.flat == told.flat


def test_without_id_json_what_the_results_hold_is_replaced_all_the_same() -> None:
    """Retention may have left less; a NIfTI file has no UID at all."""
    found = unnamed(make_results(), None, 3)
    assert (found.case_id, found.provenance.series_instance_uid) == ("study-3", "study-3-series-1")
    bare = make_results().provenance.model_copy(update={"series_instance_uid": ""})
    found = unnamed(make_results().model_copy(update={"provenance": bare}), None, 3)
    assert (found.case_id, found.provenance.series_instance_uid) == ("study-3", "")


def test_persons_who_corrected_are_not_told_of() -> None:
    """What they did stays; their names and their own words may say more than numbers do."""
    told = make_results()
    record = CorrectionRecord(
        number=1, kind="voxels", by="user:anna", at=NOW, base="0" * 32, comment="Maria's liver"
    )
    refused = StandingRejection(
        kind="measurement", name="liver_vol_cm3", reason="wrong_extent", by="user:anna", at=NOW
    )
    provenance = told.provenance.model_copy(
        update={"corrections": [record], "rejections": [refused]}
    )
    found = unnamed(told.model_copy(update={"provenance": provenance}), make_identity(), 17)
    text = results_json(found)
    assert "anna" not in text
    assert "Maria" not in text
    assert [one.kind for one in found.provenance.corrections] == ["voxels"]
    assert [one.name for one in found.provenance.rejections] == ["liver_vol_cm3"]
