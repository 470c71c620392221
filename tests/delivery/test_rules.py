"""Rules: which facts of a study owe what to whom."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from heimdallr.delivery.kinds import DICOM_KINDS, KINDS, TAKEN, USUAL
from heimdallr.delivery.rules import (
    CRITICAL_PRIORITY,
    Conditions,
    Facts,
    Owed,
    Rule,
    happened_with_results,
    holds,
    owed,
    priority,
    undecided,
)
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.store.delivery_tables import When

BLEED = Facts(
    calling_ae="CT1",
    modality="CT",
    body_regions=("head", "neck"),
    findings=("intracerebral_haemorrhage",),
    worst_severity=3,
    patient_class="emergency",
)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (Conditions(), True),
        (Conditions(calling_aes=("CT2", "CT1")), True),
        (Conditions(calling_aes=("CT2",)), False),
        (Conditions(modalities=("MR",)), False),
        (Conditions(body_regions=("abdomen", "head")), True),
        (Conditions(body_regions=("abdomen",)), False),
        (Conditions(findings=("splenomegaly",)), False),
        (Conditions(least_severity="critical"), True),
        (Conditions(patient_classes=("inpatient", "emergency")), True),
        (Conditions(patient_classes=("inpatient",)), False),
        (Conditions(patient_classes=("unknown",)), False),
        (Conditions(modalities=("CT",), findings=("splenomegaly",)), False),
    ],
)
def test_everything_a_rule_names_must_hold(conditions: Conditions, *, expected: bool) -> None:
    """One of each list, all of the lists."""
    assert holds(conditions, BLEED) is expected


def test_a_study_without_findings_has_no_severity() -> None:
    """It is below every least severity, and within none."""
    assert holds(Conditions(), Facts())
    assert not holds(Conditions(least_severity="note"), Facts())


def test_a_class_that_is_not_known_is_none_but_that() -> None:
    """Which rules it silences is told; not those that would not hold anyway."""
    assert not holds(Conditions(patient_classes=("inpatient",)), Facts())
    assert holds(Conditions(patient_classes=("unknown",)), Facts())
    rules = [
        Rule("a", 1, When.RESULTS, Conditions(patient_classes=("inpatient",)), ("sr",)),
        Rule("b", 1, When.RESULTS, Conditions(patient_classes=("unknown",)), ("sr",)),
        Rule("c", 1, When.FAILED, Conditions(patient_classes=("inpatient",)), ("event",)),
        Rule("d", 1, When.RESULTS, Conditions(patient_classes=("inpatient",), modalities=("MR",)),
             ("sr",)),
        Rule("e", 1, When.RESULTS, Conditions(modalities=("MR",)), ("sr",)),
    ]  # fmt: skip
    assert undecided(rules, Facts(modality="CT"), [When.RESULTS]) == ["a"]
    assert undecided(rules, Facts(modality="CT", patient_class="outpatient"), [When.RESULTS]) == []


def test_an_object_is_owed_once_however_many_rules_say_so() -> None:
    """The first rule is the cause; other moments and destinations are their own."""
    rules = [
        Rule("a", 1, When.RESULTS, Conditions(), ("seg", "sr")),
        Rule("b", 1, When.RESULTS, Conditions(), ("sr", "pdf")),
        Rule("c", 2, When.ACKNOWLEDGED, Conditions(), ("sr",)),
        Rule("d", 2, When.FAILED, Conditions(), ("event", "sr")),
    ]
    assert owed(rules, BLEED, [When.RESULTS]) == [
        Owed(1, "seg", "rule:a"), Owed(1, "sr", "rule:a"), Owed(1, "pdf", "rule:b"),
    ]  # fmt: skip
    assert owed(rules, BLEED, [When.ACKNOWLEDGED]) == [Owed(2, "sr", "rule:c")]
    assert owed(rules, Facts(), [When.FAILED]) == [Owed(2, "event", "rule:d")], "nothing else"


def test_critical_findings_come_before_stat() -> None:
    """Then as urgent as the study is."""
    order = [priority(Facts(worst_severity=3)), priority(Facts(study_priority=1)), 10]
    assert order == [CRITICAL_PRIORITY, 1, 10]
    assert sorted(order) == order


def test_what_was_acknowledged_before_is_acknowledged_with_the_new_results() -> None:
    """Acknowledgements outlive only results that say the same."""
    assert happened_with_results(Facts()) == (When.RESULTS,)
    assert When.ACKNOWLEDGED in happened_with_results(Facts(acknowledged=True))


def test_a_condition_nobody_knows_is_refused() -> None:
    """A misspelt one would otherwise send everything."""
    for wrong in ({"modality": ["CT"]}, {"patient_classes": ["I"]}):
        with pytest.raises(ValidationError):
            Conditions.model_validate(wrong)


def test_kinds_are_those_of_the_objects_and_every_destination_takes_what_it_usually_gets() -> None:
    """The tables agree."""
    assert set(DICOM_KINDS) == {one.value for one in DicomObject}
    assert TAKEN.keys() == USUAL.keys()
    for kind, usual in USUAL.items():
        assert set(usual) <= set(TAKEN[kind]) <= set(KINDS)
