"""The explorer: every study once, what is missing is counted and never a number."""

from __future__ import annotations

from statistics import fmean, median, quantiles, stdev
from typing import TYPE_CHECKING, Any

import pytest
from store_cases import add_study
from web_service import service_in

from heimdallr.store.models import MeasurementRow, StudyState
from heimdallr.store.reading import cohort as cohort_module
from heimdallr.web.answers.distribution import distribution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from web_service import Service

VALUES = [1100.0, 1300.0, 1350.0, 1800.0, 1900.0]
"""Liver volumes of studies 1 to 5; studies 6 and 7 have none."""


@pytest.fixture(params=["sqlite", "postgresql"])
def cohort(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """Seven studies on either database; age 20, 30 … in order, the last has none."""
    more = {}
    if request.param == "postgresql":
        more["database_url"] = request.getfixturevalue("postgresql_url")
    service = service_in(tmp_path, **more)
    with service.database.write() as session:
        for number in range(1, 8):
            study = add_study(
                session, f"1.1.{number}", state=StudyState.DONE, study_date=f"20260{number}01",
                sex="F" if number % 2 else "M",
                age_years=number * 10 + 10.5 if number < 7 else None,
                modalities=",CT," if number < 5 else ",MR,",
            )  # fmt: skip
            has = number <= len(VALUES)
            rows: list[tuple[str, str, float | None, str | None]] = [
                ("liver_vol_cm3", "cm3", VALUES[number - 1] if has else None, None),
                ("contrast_phase", "", None, "native" if number < 3 else "venous"),
            ]
            if number in {2, 3, 6}:
                rows.append(("spleen_vol_cm3", "cm3", 100.0 * number, None))
            for name, unit, value, text in rows:
                session.add(
                    MeasurementRow(
                        study_fk=study.id, name=name, value=value, text=text, unit=unit,
                        status="measured" if value is not None or text else "not_assessable",
                    )
                )  # fmt: skip
    yield service
    service.database.close()


def summary(service: Service, name: str = "liver_vol_cm3", **query: Any) -> dict[str, Any]:  # noqa: ANN401
    """Of a measurement."""
    answer = service.client.get(
        "/api/v1/measurements/summary",
        params={"name": name, **query},
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def pairs(service: Service, x: str, y: str, **query: object) -> tuple[list[tuple[float, ...]], int]:
    """Number, x and y of each point; and how many there are."""
    answer = service.client.get(
        "/api/v1/measurements/pairs",
        params={"x": x, "y": y, **query},  # type: ignore[dict-item]
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [(one["study_id"], one["x"], one["y"]) for one in body["points"]], body["total"]


def test_what_describes_numbers() -> None:
    """As the standard library has it; the last bin holds the greatest."""
    found = distribution(VALUES, 2)
    assert found is not None
    assert (found.count, found.min, found.max) == (5, 1100.0, 1900.0)
    assert found.mean == pytest.approx(fmean(VALUES))
    assert found.sd == pytest.approx(stdev(VALUES))
    assert [found.q1, found.median, found.q3] == quantiles(VALUES, n=4, method="inclusive")
    assert found.median == median(VALUES)
    assert (found.edges, found.counts) == ((1100.0, 1500.0, 1900.0), (3, 2))


def test_few_numbers() -> None:
    """None, one, and several that are alike."""
    assert distribution([], 10) is None
    one = distribution([7.0], 10)
    assert one is not None
    assert (one.sd, one.median, one.counts) == (None, 7.0, (1,))
    alike = distribution([7.0, 7.0], 10)
    assert alike is not None
    assert (alike.sd, alike.counts) == (0.0, (2,))


def test_a_summary(cohort: Service) -> None:
    """Two studies without a value are counted as such."""
    body = summary(cohort, bins=2)
    assert (body["name"], body["unit"]) == ("liver_vol_cm3", "cm3")
    assert body["by_status"] == {"measured": 5, "not_assessable": 2}
    assert body["distribution"]["counts"] == [3, 2]
    assert body["by_category"] == {}


def test_a_category(cohort: Service) -> None:
    """No number, but how many of each."""
    body = summary(cohort, "contrast_phase")
    assert body["distribution"] is None
    assert body["by_category"] == {"native": 2, "venous": 5}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 5),
        ({"sex": "F"}, 3),
        ({"sex": "M"}, 2),
        ({"sex": "O"}, 0),
        ({"age_from": 30}, 4),
        ({"age_to": 30}, 2),
        ({"age_from": 31, "age_to": 50}, 2),
        ({"modality": "MR"}, 1),
        ({"date_from": "2026-03-01", "date_to": "2026-04-30"}, 2),
        ({"state": "failed"}, 0),
        ({"sex": "F", "age_from": 40, "modality": "CT"}, 1),
    ],
)
def test_filters(cohort: Service, query: dict[str, Any], count: int) -> None:
    """As the worklist's, and by sex and age; the export has the same."""
    found = summary(cohort, **query)["distribution"]
    assert (found["count"] if found else 0) == count
    wanted = {"name": "liver_vol_cm3", "measured": True, **query}
    rows = cohort.client.get("/api/v1/measurements", params=wanted).json()["measurements"]
    assert len(rows) == count
    assert pairs(cohort, "liver_vol_cm3", "liver_vol_cm3", **query)[1] == count


def test_many_pairs_are_counted_as_far_as_it_matters(
    cohort: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is said that there may be more."""
    asked = {"x": "age_years", "y": "liver_vol_cm3"}
    for counted, told in ((6, (5, False)), (3, (3, True))):
        monkeypatch.setattr(cohort_module, "COUNTED", counted)
        body = cohort.client.get("/api/v1/measurements/pairs", params=asked).json()
        assert (body["total"], body["at_least"]) == told
        assert len(body["points"]) == 5


def test_two_measurements(cohort: Service) -> None:
    """Of studies that have both, the newest first, each with sex and age."""
    assert pairs(cohort, "liver_vol_cm3", "spleen_vol_cm3") == (
        [(3, 1350.0, 300.0), (2, 1300.0, 200.0)],
        2,
    )
    assert pairs(cohort, "liver_vol_cm3", "contrast_phase") == ([], 0)
    assert pairs(cohort, "liver_vol_cm3", "nothing") == ([], 0)
    url = "/api/v1/measurements/pairs?x=age_years&y=spleen_vol_cm3"
    body = cohort.client.get(url).json()
    assert (body["x_unit"], body["y_unit"]) == ("years", "cm3")
    assert body["points"][0] == {
        "study_id": 6, "x": 70.5, "y": 600.0, "sex": "M", "age_years": 70.5,
    }  # fmt: skip


def test_fewer_points_than_studies(cohort: Service) -> None:
    """The newest; the total says that there are more."""
    found, total = pairs(cohort, "age_years", "liver_vol_cm3", limit=2)
    assert ([number for number, _, _ in found], total) == ([5, 4], 5)


@pytest.mark.parametrize(
    "query",
    [
        "summary",
        "summary?name=SILVA%5EMARIA",
        "summary?name=x&bins=0",
        "summary?name=x&sex=female",
        "summary?name=x&age_from=-1",
        "pairs?x=age_years",
        "pairs?x=a&y=b&limit=5001",
    ],
)
def test_malformed_queries_are_refused(cohort: Service, query: str) -> None:
    """422; no patient's name gets into the audit trail."""
    assert cohort.client.get(f"/api/v1/measurements/{query}").status_code == 422
