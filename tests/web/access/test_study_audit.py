"""Whatever shows, hands out or changes a study leaves a line in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from test_authorisation_matrix import MATRIX

from heimdallr.store.models import AuditEntry, FindingRow

if TYPE_CHECKING:
    from web_service import Service

CASE = "SilvaMJ_20260201_123456"
BODIES: dict[str, object] = {
    "PUT /api/v1/studies/{study_id}/priority": {"priority": 1},
    "PUT /api/v1/studies/{study_id}/flag": {"on": True},
    "PUT /api/v1/studies/{study_id}/read": {"on": True},
}
STUDY_ROUTES = [route for route in MATRIX if "{case_id}" in route or "{study_id}" in route]


@pytest.mark.parametrize("route", STUDY_ROUTES)
def test_it_is_recorded(service: Service, route: str) -> None:
    """An answer that is no refusal was recorded, by case ID, without the patient's name."""
    study_id = service.add_done(case_id=CASE)
    with service.database.read() as session:
        finding = session.scalars(select(FindingRow.id)).first()
    method, template = route.split(" ")
    folder = service.folders.output / CASE
    picture = next(folder.rglob("*.png")).name
    structure = next((folder / "total").glob("*.nii.gz")).name.removesuffix(".nii.gz")
    path = template.format(
        case_id=CASE, study_id=study_id, folder="total", filename=picture,
        structure=structure, finding_id=finding,
    )  # fmt: skip
    answer = service.client.request(method, path, json=BODIES.get(route, {}))
    with service.database.read() as session:
        trail = session.scalars(select(AuditEntry)).all()
    if answer.status_code < 400:
        assert {entry.object for entry in trail} & {CASE, f"study:{study_id}"}, answer.status_code
        told = " ".join(f"{entry.object} {entry.details}" for entry in trail)
        assert "^" not in told
        assert "MARIA" not in told.upper()
    else:  # it does not fit the state of a finished study, and was not done
        assert answer.status_code in {404, 409}, answer.text
        assert method != "GET" or answer.status_code == 404
