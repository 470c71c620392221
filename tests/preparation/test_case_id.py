"""Case IDs: readable, unique, and safe as names of folders."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdallr.preparation.case_id import alphabetic_name, case_id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SILVA^MARIA JOSE", "SilvaMJ_20260201_123456"),
        ("silva^maria da conceicao", "SilvaMC_20260201_123456"),
        ("Gonçalves^José", "GoncalvesJ_20260201_123456"),
        ("O'NEIL^SHAWN", "OneilS_20260201_123456"),
        ("Müller von der Heide^Anna", "MullerHA_20260201_123456"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "YamadaT_20260201_123456"),
        ("=山田^太郎=やまだ^たろう", "Unknown_20260201_123456"),
        ("", "Unknown_20260201_123456"),
        ("^^^^", "Unknown_20260201_123456"),
    ],
)
def test_the_name_part(name: str, expected: str) -> None:
    """First word, then initials of later words longer than three letters, in ASCII."""
    assert case_id(name, "20260201", "123-45 6", "1.2.3") == expected


def test_what_is_missing_is_said_and_not_invented() -> None:
    """No date: zeros; no accession: a hash of the study, the same each time."""
    first = case_id("", None, "", "1.2.3.4")
    assert re.fullmatch(r"Unknown_00000000_[0-9a-f]{8}", first)
    assert case_id("", None, "", "1.2.3.4") == first
    assert case_id("", None, "", "1.2.3.5") != first


def test_a_date_that_is_no_date_is_not_used() -> None:
    """Nothing but eight digits reaches the name."""
    assert case_id("A", "../../..", "1", "1.2").split("_")[1] == "00000000"


def test_another_studys_id_gets_a_suffix() -> None:
    """The first free number from 2."""
    owned = {"SilvaM_20260201_1", "SilvaM_20260201_1_2"}
    name = case_id("SILVA^MARIA", "20260201", "1", "1.2", taken=owned.__contains__)
    assert name == "SilvaM_20260201_1_3"


def test_the_alphabetic_group_is_preferred() -> None:
    """Ideographic and phonetic groups serve only where there is nothing else."""
    assert alphabetic_name("Yamada^Tarou=山田^太郎") == "Yamada^Tarou"
    assert alphabetic_name("=山田^太郎") == "山田^太郎"


@given(st.text(), st.text(), st.text(min_size=1))
def test_no_header_can_put_anything_unsafe_into_a_folder_name(
    name: str, accession: str, uid: str
) -> None:
    """Whatever the header says: letters, digits and underscores, and not too long."""
    made = case_id(name, accession, accession, uid)
    assert re.fullmatch(r"[A-Za-z0-9]{1,40}_[0-9]{8}_[A-Za-z0-9]{1,32}", made, re.ASCII)
