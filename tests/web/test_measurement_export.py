"""Measurements across studies: pages, CSV that no spreadsheet computes, the catalogue."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from store_cases import NOW, make_identity, make_results, measurement

from heimdallr.analyses.registry import ANALYSES
from heimdallr.store.models import AuditEntry, MeasurementRow, Study
from heimdallr.store.reading.cohort import Cohort
from heimdallr.store.reading.export import Wanted, every_measurement
from heimdallr.store.results import index_results
from heimdallr.web.answers.csv_tables import csv_lines, harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web_service import Service

URL = "/api/v1/measurements"


def table(service: Service, **query: Any) -> list[dict[str, str]]:  # noqa: ANN401
    """The CSV, as a spreadsheet reads it."""
    answer = service.client.get(f"{URL}.csv", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def pages(service: Service, **query: Any) -> Iterator[list[dict[str, Any]]]:  # noqa: ANN401
    """The JSON, a page at a time."""
    after = 0
    while after is not None:
        page = service.client.get(URL, params={**query, "after": after}).json()
        after = page["next"]
        yield page["measurements"]


def measured_anew(service: Service, study_id: int, volume_cm3: float) -> None:
    """The study has other results."""
    results = make_results(measurements=(measurement("liver_vol_cm3", volume_cm3, unit="cm3"),))
    with service.database.write() as session:
        study = session.get_one(Study, study_id)
        folder = service.folders.output / (study.case_id or "")
        index_results(session, study, results, make_identity(), folder, NOW)


def test_every_measurement_with_its_study(service: Service) -> None:
    """With a value, or with the reason why there is none."""
    number = service.add_done()
    rows = service.client.get(URL).json()["measurements"]
    by_name = {row["name"]: row for row in rows}
    assert by_name["liver_vol_cm3"]["value"] == 1500.5
    assert by_name["liver_vol_cm3"]["study_id"] == number
    assert by_name["hemorrhage_alert"]["text"] == "alert"
    assert by_name["SMA_cm2"]["value"] is None
    assert by_name["SMA_cm2"]["reason"] == "L3 is truncated at inferior edge"
    assert by_name["SMA_cm2"]["reason_coded"]["code"] == "level_truncated"
    assert table(service) != []


def test_the_table_says_the_same(service: Service) -> None:
    """CSV and JSON agree; an empty cell is a missing value, never 0."""
    service.add_done()
    rows = {row["name"]: row for row in table(service)}
    assert rows["liver_vol_cm3"]["value"] == "1500.5"
    assert rows["SMA_cm2"]["value"] == ""
    assert rows["liver_vol_cm3"]["study_date"] == "20260201"


def test_the_trail_says_whose_numbers_they_are(service: Service) -> None:
    """Of one study, or all of its patient's, as for whatever else shows a study; else of nobody."""
    number = service.add_done()
    for query, told in (
        ({"study": number}, (f"study:{number}", "")),
        ({"patient_of": number}, (f"study:{number}", ", all studies of the patient")),
        ({"study": number, "patient_of": number}, (f"study:{number}", "")),
        ({"search": "silva"}, ("", "")),
    ):
        table(service, **query)
        next(pages(service, **query))
        with service.database.read() as session:
            newest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(2)
            json, csv = ((one.object, one.details) for one in session.scalars(newest))
        assert (json, csv) == ((told[0], f"json{told[1]}"), (told[0], f"csv{told[1]}"))


def test_filters_and_pages(service: Service) -> None:
    """By name, by value, by study, and by whatever the worklist filters."""
    for number in range(3):
        service.add_done(f"1.5.{number}", f"X_1_{number}")
    assert len(table(service)) == 9
    assert {row["name"] for row in table(service, name="SMA_cm2")} == {"SMA_cm2"}
    assert len(table(service, name=["SMA_cm2", "liver_vol_cm3"])) == 6
    assert len(table(service, measured=True)) == 6
    assert len(table(service, study=1)) == 3
    assert table(service, modality="MR") == []
    assert [len(page) for page in pages(service, limit=8)] == [6, 3]
    assert [len(page) for page in pages(service, limit=9)] == [9]
    assert [len(page) for page in pages(service, limit=3)] == [3, 3, 3]
    assert [len(page) for page in pages(service, limit=2)] == [3, 3, 3, 0], "no study is cut"
    assert [len(page) for page in pages(service, limit=2, name="SMA_cm2")] == [2, 1]


def test_earlier_values_of_the_same_patient(service: Service) -> None:
    """For a trend: all studies of whoever this study is of, nobody else's."""
    first, second = service.add_done(), service.add_done("1.5.1", "X_1_1")
    service.add_done("1.5.2", "X_1_2")
    with service.database.write() as session:
        session.get_one(Study, second).patient_fk = session.get_one(Study, first).patient_fk
    rows = table(service, patient_of=first, name="liver_vol_cm3")
    assert {int(row["study_id"]) for row in rows} == {first, second}
    assert table(service, patient_of=999) == []


def test_a_long_export_has_no_gap(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces, every row comes once."""
    monkeypatch.setattr("heimdallr.store.reading.export._PIECE", 2)
    service.add_done()
    service.add_done("1.5.1", "X_1_1")
    rows = table(service)
    assert len(rows) == len({(row["study_id"], row["name"]) for row in rows}) == 6


def test_a_study_that_is_measured_anew_meanwhile_comes_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its old or its new numbers, not with some of each, in pages and in the table."""
    monkeypatch.setattr("heimdallr.store.reading.export._PIECE", 4)
    studies = [service.add_done(f"1.5.{n}", f"X_1_{n}") for n in range(3)]

    def read(page: Iterator[list[dict[str, Any]]]) -> list[tuple[int, str, float | None]]:
        rows = [(row["study_id"], row["name"], row["value"]) for row in next(page)]
        for study in studies[:2]:
            measured_anew(service, study, 999.0)
        return rows + [
            (row["study_id"], row["name"], row["value"]) for rest in page for row in rest
        ]

    rows = read(pages(service, limit=4))
    assert [(study, name) for study, name, _ in rows] == [
        (studies[0], "SMA_cm2"),
        (studies[0], "hemorrhage_alert"),
        (studies[0], "liver_vol_cm3"),
        (studies[1], "liver_vol_cm3"),
        (studies[2], "SMA_cm2"),
        (studies[2], "hemorrhage_alert"),
        (studies[2], "liver_vol_cm3"),
    ]
    assert [value for _, name, value in rows if name == "liver_vol_cm3"] == [1500.5, 999.0, 1500.5]

    table = every_measurement(service.database, Wanted(Cohort()))
    streamed = [next(table)]
    for study in studies:
        measured_anew(service, study, 111.0)
    streamed += table
    assert [(row.study_id, row.value) for row in streamed] == [
        (studies[0], 999.0), (studies[1], 999.0), (studies[2], 111.0),
    ]  # fmt: skip


def test_a_hostile_header_is_no_formula(service: Service) -> None:
    """Text that a spreadsheet would compute begins with an apostrophe."""
    service.add_done()
    with service.database.write() as session:
        row = session.scalars(select(MeasurementRow)).first()
        assert row is not None
        name, row.reason = row.name, '=HYPERLINK("http://evil","click")'
    assert table(service, name=name)[0]["reason"] == '\'=HYPERLINK("http://evil","click")'


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("  =1", "'  =1"), ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"), ("", ""), (None, None), (-5.25, -5.25), (0, 0),
    ],
)  # fmt: skip
def test_cells(cell: str | float | None, shown: str | float | None) -> None:
    """Text is made harmless; numbers, negative ones too, stay numbers."""
    assert harmless(cell) == shown


def test_commas_quotes_and_lines_survive() -> None:
    """RFC 4180: what goes in comes out."""
    rows = [['a,"b"', "two\nlines", "é"]] * 700
    text = b"".join(csv_lines(["x", "y", "z"], rows)).decode()
    assert list(csv.reader(io.StringIO(text)))[1:] == rows


def test_names_that_are_there(service: Service) -> None:
    """For the explorer: what can be plotted; each name once, also without a value."""
    assert service.client.get(f"{URL}/names").json()["names"] == []
    service.add_done()
    service.add_done("1.9", "PereiraJC_20260202_77")
    listed = service.client.get(f"{URL}/names").json()["names"]
    names = [one["name"] for one in listed]
    assert names == sorted(set(names))
    assert {"name": "liver_vol_cm3", "unit": "cm3"} in listed
    assert "SMA_cm2" in names


def test_the_catalogue_is_the_registry(service: Service) -> None:
    """Every output of every analysis, in the words of its module."""
    found = service.client.get(f"{URL}/catalogue").json()
    assert {one["name"] for one in found["analyses"]} == set(ANALYSES)
    outputs = {output.name for analysis in ANALYSES.values() for output in analysis.OUTPUTS}
    assert {one["name"] for one in found["measurements"]} == outputs
    assert all(one["text"] for one in found["analyses"])
