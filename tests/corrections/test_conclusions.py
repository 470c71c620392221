"""What a person does not believe makes no finding, however a rule asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from analysis_bodies import trunk
from hand_made_outputs import output

from heimdallr.analyses.declared_outputs import inapplicable, unassessable
from heimdallr.analyses.rules.findings import Conclusions, find
from heimdallr.analyses.rules.limits import PARAMETER
from heimdallr.analyses.rules.rule_table import packaged_rules
from heimdallr.corrections.conclusions import accepted
from heimdallr.domain.measurement import Measurement, Scalar, Status
from heimdallr.publishing.correction_records import RejectionRecord

CASE = trunk((6.0, 6.0, 6.0)).case()
ASKED_BY_PARAMETER = sorted(
    (rule.code, one.measurement)
    for rule in packaged_rules()
    for one in rule.limits
    if PARAMETER in one.measurement and not one.unless
)


def without(names: list[str], measurements: list[Measurement]) -> tuple[Measurement, ...]:
    """The measurements that are left when somebody rejects these."""
    no = (RejectionRecord(kind="measurement", name=one, reason="artefact") for one in names)
    return accepted(measurements, {one.name: one for one in no})


def outcome(found: Conclusions, rule: str) -> str:
    """What became of a rule: ``found``, or why it was not asked."""
    (one,) = (one for one in found.outcomes if one.code == rule)
    return "found" if one.finding else one.why_not.code if one.why_not else "nothing"


@pytest.mark.parametrize(("rule", "asked"), sorted(set(ASKED_BY_PARAMETER)))
@pytest.mark.parametrize("is_cut", [False, True])
def test_what_stands_beside_a_rejected_value_makes_no_finding(
    rule: str, asked: str, *, is_cut: bool
) -> None:
    """Blood that a person calls an artefact is not critical; nor what was seen of it in part."""
    name, _, parameter = asked.partition(PARAMETER)
    cut = unassessable("truncated", edges=("inferior",), count=1, percent=40.0)
    whole = output(name).absent(cut) if is_cut else output(name).measured(90.0)
    one = replace(whole, parameters={parameter: 90.0})

    assert outcome(find(CASE, [one]), rule) == "found"
    found = find(CASE, without([name], [one]))

    assert found.findings == ()
    assert outcome(found, rule) == "rejected_by_person"


def test_the_other_side_is_asked_all_the_same() -> None:
    """Fluid on the right is not believed, that on the left makes the finding."""
    both = [
        output(f"pleural_effusion_{side}_ml").measured(ml, segmented_ml=ml)
        for side, ml in (("right", 300.0), ("left", 80.0))
    ]

    (found,) = find(CASE, without(["pleural_effusion_right_ml"], both)).findings

    assert found.evidence["segmented_ml"] == 80.0
    assert "pleural_effusion_right_ml" not in found.evidence


def bone(levels: str, hu: float) -> list[Measurement]:
    """Bone density as its analysis says it, from one level or two."""
    means = [output(f"{one}_trabecular_hu_mean", "HU").measured(hu) for one in levels.split(",")]
    made = (
        output("bone_density_category").measured("likely"),
        output("bone_density_z").measured(-2.0),
        output("bone_density_native_hu", "HU").measured(0.87 * hu),
    )
    about: dict[str, Scalar] = {"levels": levels, "mean_hu": hu}
    return [*means, *(replace(one, parameters=about) for one in made)]


@pytest.mark.parametrize(("levels", "rejected"), [("L1", "L1"), ("T12,L2", "L2")])
def test_a_rejected_level_leaves_no_bone_density(levels: str, rejected: str) -> None:
    """The category comes of the very number that is not believed."""
    measured = bone(levels, 84.0)
    assert [one.code for one in find(CASE, measured).findings] == ["low_bone_density"]

    left = without([f"{rejected}_trabecular_hu_mean"], measured)
    found = find(CASE, left)

    assert found.findings == ()
    assert outcome(found, "low_bone_density") == "rejected_by_person"
    values = {one.name: one.value for one in left if one.name.startswith("bone_density")}
    assert values == dict.fromkeys(values)


def test_a_level_that_was_not_used_takes_nothing_along() -> None:
    """The density is of L1; what T12 has is beside the point."""
    measured = [*bone("L1", 84.0), output("T12_trabecular_hu_mean", "HU").measured(80.0)]

    left = without(["T12_trabecular_hu_mean"], measured)

    assert [one.code for one in find(CASE, left).findings] == ["low_bone_density"]


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("SMI_cm2_m2", "SMA_cm2"),
        ("liver_vol_per_bsa_ml_m2", "liver_vol_cm3"),
        ("liver_to_spleen_volume", "spleen_vol_cm3"),
        ("liver_minus_spleen_hu", "liver_hu_eroded_mean"),
        ("liver_minus_spleen_hu", "spleen_hu_eroded_mean"),
        ("liver_to_spleen_hu_ratio", "spleen_hu_eroded_mean"),
        ("liver_fat_percent", "liver_hu_eroded_mean"),
        ("liver_portal_venous_hu_class", "liver_hu_eroded_mean"),
        ("kidney_length_difference_mm", "kidney_left_length_mm"),
        ("lung_nodule_size_class", "lung_nodule_largest_mm"),
    ],
)
def test_what_is_a_formula_of_it_goes_with_it(name: str, of: str) -> None:
    """And keeps its own reason where it had no value."""
    told = inapplicable("needs_portal_venous_ct", phase="native")
    for one, code in (
        (output(name).measured(1), "rejected_by_person"),
        (output(name).absent(told), told.why.code),
    ):
        (_, left) = without([of], [output(of).measured(1), one])

        assert left.value is None
        assert left.why is not None
        assert left.why.code == code


def test_what_does_not_apply_is_not_rejected() -> None:
    """There is nothing that somebody could doubt."""
    told = output("evans_index").absent(inapplicable("mr_has_no_hounsfield_units"))

    (left,) = without(["evans_index"], [told])

    assert (left.status, left.why) == (Status.NOT_APPLICABLE, told.why)


@pytest.mark.parametrize(
    ("rule", "rejected", "measured"),
    [
        (
            "kidney_stone_left",
            "kidney_stones_left_diameter_mm",
            [
                output("kidney_stones_left").measured(1, largest_mm=12.0),
                output("kidney_stones_left_diameter_mm").measured(12.0),
            ],
        ),
        (
            "vertebral_fracture",
            "vertebral_height_loss_percent",
            [
                output("vertebral_fractures_suspected").measured(1, levels="L1"),
                output("vertebral_height_loss_percent").measured(30.0, level="L1"),
            ],
        ),
        ("low_bone_density", "bone_density_category", bone("L1", 84.0)),
    ],
)
def test_a_title_that_would_name_a_rejected_value_is_not_told(
    rule: str, rejected: str, measured: list[Measurement]
) -> None:
    """Half a sentence helps nobody."""
    assert outcome(find(CASE, measured), rule) == "found"

    assert outcome(find(CASE, without([rejected], measured)), rule) == "rejected_by_person"


def test_vertebrae_that_are_not_believed_are_not_counted() -> None:
    """Six lumbar vertebrae by levels that a person rejects are no remark."""
    why = unassessable("transitional_vertebra", count=6)
    for levels in (
        output("vertebral_levels").measured("L1", vertebrae_between_ribs_and_sacrum=6),
        output("vertebral_levels").absent(why),
    ):
        assert [one.code for one in find(CASE, [levels]).findings] == ["transitional_vertebra"]
        assert find(CASE, without(["vertebral_levels"], [levels])).findings == ()
