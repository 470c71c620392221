"""A patient's height and weight from the record, over FHIR R4.

``GET Observation?patient.identifier=…&code=8302-2,29463-7`` (LOINC: body height, body weight; the
vital signs profile). What is nearest to the study counts. A number without a UCUM unit, a
preliminary one, one of another patient of the same number: not taken, rather than guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import httpx

from heimdallr.clock import utc_now
from heimdallr.domain.body_size import (
    KILOGRAMS,
    METRES,
    PLAUSIBLE_HEIGHT_M,
    PLAUSIBLE_WEIGHT_KG,
    BodySize,
)
from heimdallr.domain.errors import ArchiveError
from heimdallr.domain.statements import Statement
from heimdallr.retrieval.web_client import check, not_answered, open_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import SecretStr

    from heimdallr.config import Settings
    from heimdallr.delivery.destinations import FhirServer

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
HEIGHT, WEIGHT = "8302-2", "29463-7"
NEAR_DAYS = 365
"""What was measured longer before or after the study is not the patient's height or weight at it.

Chosen, not measured: half of it would lose the yearly check-up, twice lets a child outgrow it.
"""

_FIRM = ("final", "amended", "corrected")
_MOST = 200
_SILENT_S = 30.0


@dataclass(frozen=True, slots=True)
class _Value:
    """One observation that can be used."""

    code: str
    value: float
    day: date


def look_up(
    server: FhirServer,
    secret: SecretStr | None,
    settings: Settings,
    patient_id: str,
    study_date: date,
    *,
    system: str = "",
    now: Callable[[], datetime] = utc_now,
) -> BodySize | Statement:
    """Height and weight nearest to a study, or why there are none.

    Args:
        server: the record.
        secret: password or bearer token.
        settings: time limits.
        patient_id: as the record has it.
        study_date: what was measured nearest to it counts.
        system: namespace of the patient's ID, a URI; empty: any.
        now: the clock.

    Raises:
        ArchiveError: the record cannot be asked, or refuses.
    """
    identifier = f"{system}|{_escaped(patient_id)}" if system else _escaped(patient_id)
    parameters = {
        "patient.identifier": identifier,
        "code": f"{LOINC}|{HEIGHT},{LOINC}|{WEIGHT}",
        "status": ",".join(_FIRM),
        "_sort": "-date",
        "_count": str(_MOST),
    }
    observations = _asked(server, secret, settings, parameters)
    patients = {_reference(one) for one in observations}
    if len(patients) > 1:
        return Statement("record_names_several_patients")
    values = [value for one in observations if (value := _read(one)) is not None]
    height_m, weight_kg = (_nearest(values, code, study_date) for code in (HEIGHT, WEIGHT))
    if height_m is None and weight_kg is None:
        return Statement("record_has_no_body_size", {"days": NEAR_DAYS})
    return BodySize(height_m, weight_kg, "fhir", httpx.URL(server.url).host, now())


def _asked(
    server: FhirServer,
    secret: SecretStr | None,
    settings: Settings,
    parameters: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The observations of the answer's first page, which has the newest."""
    try:
        with open_client(server, secret, settings, silent_s=_SILENT_S) as client:
            answer = client.get(
                "/Observation",
                params=parameters,
                headers={"Accept": "application/fhir+json", "Cache-Control": "no-cache"},
            )
        check(answer)
        bundle = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise not_answered(error, server.url) from None
    except ValueError:
        raise ArchiveError(Statement("archive_answer_unreadable")) from None
    entries = bundle.get("entry", []) if isinstance(bundle, dict) else None
    if not isinstance(entries, list):
        raise ArchiveError(Statement("archive_answer_unreadable"))
    found = (one.get("resource") for one in entries if isinstance(one, dict))
    return [
        one
        for one in found
        if isinstance(one, dict) and one.get("resourceType") == "Observation" and _reference(one)
    ]


def _escaped(text: str) -> str:
    """A value of a token search (FHIR R4, search, 3.1.1.4.6 and 3.1.1.4.2)."""
    for sign in "\\$,|":
        text = text.replace(sign, f"\\{sign}")
    return text


def _reference(observation: Mapping[str, Any]) -> str:
    """Whose it is; the server's address and a version make no difference."""
    subject = observation.get("subject")
    told = subject.get("reference") if isinstance(subject, dict) else None
    return "/".join(str(told or "").partition("/_history/")[0].split("/")[-2:])


def _read(observation: Mapping[str, Any]) -> _Value | None:
    """Code, value in our unit, day; ``None`` where any of them is not certain."""
    quantity, day = observation.get("valueQuantity"), _day(observation)
    if observation.get("status") not in _FIRM or not isinstance(quantity, dict) or day is None:
        return None
    value, unit = quantity.get("value"), quantity.get("code")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if quantity.get("system") != UCUM or quantity.get("comparator") or not is_number:
        return None
    for code, units, (low, high) in (
        (HEIGHT, METRES, PLAUSIBLE_HEIGHT_M),
        (WEIGHT, KILOGRAMS, PLAUSIBLE_WEIGHT_KG),
    ):
        if code in _codes(observation) and unit in units:
            ours = round(float(str(value)) * units[unit], 4)
            return _Value(code, ours, day) if low <= ours <= high else None
    return None


def _codes(observation: Mapping[str, Any]) -> set[str]:
    concept = observation.get("code")
    codings = concept.get("coding") if isinstance(concept, dict) else None
    if not isinstance(codings, list):
        return set()
    return {
        str(one.get("code"))
        for one in codings
        if isinstance(one, dict) and one.get("system") == LOINC
    }


def _day(observation: Mapping[str, Any]) -> date | None:
    """When it was measured; a month or a year alone is no day."""
    period = observation.get("effectivePeriod")
    told = (
        observation.get("effectiveDateTime")
        or observation.get("effectiveInstant")
        or (period.get("start") if isinstance(period, dict) else None)
    )
    try:
        return date.fromisoformat(str(told or "")[:10])
    except ValueError:
        return None


def _nearest(values: Iterable[_Value], code: str, study_date: date) -> float | None:
    """The value of a code that was measured nearest to a day, the later of two."""
    distances = [
        (abs((one.day - study_date).days), -one.day.toordinal(), one.value)
        for one in values
        if one.code == code and abs((one.day - study_date).days) <= NEAR_DAYS
    ]
    return min(distances)[2] if distances else None
