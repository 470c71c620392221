"""Whom headers name: formatting is no other person, and a shared word is no proof."""

from __future__ import annotations

import itertools

import pytest

from heimdallr.preparation.persons import MOST_PERSONS, Named, person_of, persons, same_person

MARIA = Named("P-77", "SILVA^MARIA JOSE", "19600201")


@pytest.mark.parametrize(
    "other",
    [
        Named("p-77 ", "Silva^Maria Jose^^^", "19600201"),
        Named("P77", "SILVA MARIA JOSE", "19600201"),
        Named("0P-77", "SILVA, MARÍA JOSÉ", "19600201"),
        Named("P-77^^^HOSPITAL", "silva^maria^jose", ""),
        Named("P-77", "", ""),
        Named("", "SILVA^MARIA JOSE", ""),
        Named("", "", "19600201"),
        Named("", "", ""),
        Named("P-77", "SILVA^MARIA", ""),
        Named("P-77", "SILVA^M", "19600201"),
        Named("P-77", "SOUZA^MARIA", ""),
        Named("P-77", "SILVA^MARIA JOSE", "19600102"),
        Named("P-77", "UNKNOWN^EMERGENCY", "19600201"),
        Named("", "SILVA^MARIA", "19600201"),
        Named("OTHER-SCHEME-9", "SILVA^MARIA JOSE", "19600201"),
        Named("P-77", "シルバ^マリア", ""),
    ],
)
def test_one_person_written_differently(other: Named) -> None:
    """Case, accents, carets, a missing fact, a married name, a typing error in a birth date."""
    assert same_person(MARIA, other)
    assert same_person(other, MARIA)
    assert len(persons([MARIA, other])) == 1


@pytest.mark.parametrize(
    "other",
    [
        Named("B-2", "PERSON^TWO", "20150101"),
        Named("P-78", "SILVA^MARIA JOSE", ""),
        Named("P-78", "SILVA^JOAO", "19600201"),
        Named("P-77", "PEREIRA^ANA", ""),
        Named("P-77", "SILVA^JOAO", "20150101"),
        Named("", "SILVA^MARIA JOSE", "20150101"),
        Named("", "PEREIRA^ANA", ""),
        Named("", "SILVA^JOAO", ""),
        Named("", "", "20150101"),
        Named("P-78", "RN DE SILVA^MARIA JOSE", "19600201"),
    ],
)
def test_two_persons(other: Named) -> None:
    """Also a twin, a newborn called after her mother, and a stranger with the same number."""
    assert not same_person(MARIA, other)
    assert not same_person(other, MARIA)
    assert len(persons([MARIA, other])) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MÜLLER^JÖRG", "MUELLER^JOERG"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "YAMADA^TAROU"),
        ("Yamada^Tarou=山田^太郎", "山田^太郎"),
        ("O'BRIEN^ANN", "OBRIEN^ANN"),
        ("VAN DER BERG^A", "VANDERBERG^A"),
        ("ГРОМОВ^ИВАН", "Громов Иван"),
        ("GROẞ^EVA", "GROSS^EVA"),
    ],
)
def test_a_name_in_several_spellings(one: str, other: str) -> None:
    """Umlauts, component groups, apostrophes and particles; without any number to go by."""
    assert same_person(Named(name=one), Named(name=other))


def test_what_says_nothing_joins_whoever_is_alone_and_nobody_among_two() -> None:
    """A nameless screen belongs to the one patient of a study, but to none of two."""
    other, blank = Named("B-2", "PERSON^TWO", "20150101"), Named()
    (alone,) = persons([MARIA, blank])
    assert alone.headers == (MARIA, blank)
    two = persons([MARIA, blank, other])
    assert sorted(len(one.headers) for one in two) == [1, 1]
    assert person_of(blank, two) is None
    found = person_of(Named("b-2"), two)
    assert found is not None
    assert found.headers == (other,)
    assert len(persons([blank])) == 1


def test_a_header_that_knows_both_makes_no_one_of_them() -> None:
    """The number of one under the name of the other: it fits nobody, or is a third."""
    other = Named("B-2", "PERSON^TWO", "20150101")
    assert len(persons([MARIA, other, Named("B-2", "SILVA^MARIA JOSE", "")])) >= 2


def test_what_a_person_declared_to_be_one_is_one() -> None:
    """Until somebody comes whom nobody spoke of."""
    other = Named("B-2", "PERSON^TWO", "20150101")
    assert len(persons([MARIA, other], declared=[MARIA, other])) == 1
    late = Named("b2", "person^two", "")
    assert len(persons([MARIA, other, late], declared=[MARIA, other])) == 1
    stranger = Named("C-3", "PERSON^THREE", "19800101")
    assert len(persons([MARIA, other, stranger], declared=[MARIA, other])) == 2


def test_the_order_of_headers_plays_no_part() -> None:
    """Two persons in four spellings."""
    headers = [
        MARIA, Named("p77", "silva^maria", ""), Named("B-2", "PERSON^TWO", ""),
        Named("", "PERSON^TWO", "20150101"),
    ]  # fmt: skip
    found = {persons(order) for order in itertools.permutations(headers)}
    assert len(found) == 1


def test_thousands_of_persons_are_counted_to_a_limit() -> None:
    """A sender that makes every image another person's costs no time."""
    assert len(persons(Named(f"A{n}", f"NAME{n}^X", "") for n in range(1, 5000))) == MOST_PERSONS


def test_a_digest_names_nobody_and_stays() -> None:
    """It becomes part of a path."""
    assert MARIA.digest == Named("p 77", "Silva Maria José", "19600201").digest
    assert MARIA.digest.isalnum()
    assert len(MARIA.digest) == 8
