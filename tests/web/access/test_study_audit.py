"""Whatever shows, hands out or changes a study leaves a line in the audit trail."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from deliveries import add_destination
from PIL import Image
from sqlalchemy import select
from store_cases import NOW
from test_authorisation_matrix import MATRIX, PUBLIC

from heimdallr.store.models import AuditEntry, FindingRow, StudyState
from heimdallr.store.work import lifecycle, states

if TYPE_CHECKING:
    from web_service import Service

CASE = "SilvaMJ_20260201_123456"
BODIES: dict[str, object] = {
    "PUT /api/v1/studies/{study_id}/priority": {"priority": 1},
    "PUT /api/v1/studies/{study_id}/flag": {"on": True},
    "PUT /api/v1/studies/{study_id}/read": {"on": True},
    "POST /api/v1/studies/{study_id}/patients": {"meant": "one", "patients": 2},
    "POST /api/v1/studies/{study_id}/deliveries": {"destination": "share"},
    "PUT /api/v1/studies/{study_id}/verification": {"verified": True},
}
QUERIES = {"PUT /api/v1/studies/{study_id}/editing": {"session": "window-of-anna"}}
UNTOLD = {
    "POST /api/v1/studies/{study_id}/corrections",
    "DELETE /api/v1/studies/{study_id}/editing",
}
STUDY_ROUTES = [
    route
    for route, rule in MATRIX.items()
    if ("{case_id}" in route or "{study_id}" in route)
    and rule != PUBLIC
    and "/corrections" not in route.removesuffix("/corrections")
    and route not in UNTOLD
    and "/difference" not in route
]
"""The dashboard's page is the same under every study's address and shows nothing by itself; what
corrects a study needs label maps of its own, and its lines stand in ``test_corrections_api`` and
``test_corrections_followed``; the
end of editing has no line beside that of its beginning."""


def bring_into_state(service: Service, study_id: int, command: str) -> None:
    """Let a finished study be one that a command fits; most fit it as it is."""
    if command == "deliveries":
        add_destination(service.database, "share")
    with service.database.write() as session:
        if command == "start":
            lifecycle.reopen(session, states.lock(session, study_id), NOW)
        elif command == "cancel":
            lifecycle.retry(session, study_id, NOW, "")
        elif command == "patients":
            study = states.lock(session, study_id)
            study.state, study.patients = StudyState.HELD, 2


@pytest.mark.parametrize("route", STUDY_ROUTES)
def test_it_is_recorded(service: Service, route: str) -> None:
    """It is done, and recorded, by the study's number; a case ID begins with a surname."""
    study_id = service.add_done(case_id=CASE)
    with service.database.read() as session:
        finding = session.scalars(select(FindingRow.id)).first()
    method, template = route.split(" ")
    folder = service.folders.output / CASE
    (folder / "volume.nii.gz").write_bytes(gzip.compress(b"v" * 1000))
    picture = next(folder.rglob("*.png")).name
    Image.new("L", (8, 8)).save(folder / picture)
    structure = next((folder / "total").glob("*.nii.gz")).name.removesuffix(".nii.gz")
    path = template.format(
        case_id=CASE, study_id=study_id, folder="total", filename=picture,
        structure=structure, finding_id=finding, version=0,
    )  # fmt: skip
    bring_into_state(service, study_id, template.rpartition("/")[2])
    answer = service.client.request(
        method, path, json=BODIES.get(route, {}), params=QUERIES.get(route)
    )
    assert answer.status_code < 400, answer.text
    with service.database.read() as session:
        trail = session.scalars(select(AuditEntry)).all()
    assert {entry.object for entry in trail} == {f"study:{study_id}"}, answer.status_code
    told = " ".join(f"{entry.object} {entry.details}" for entry in trail)
    assert "^" not in told
    assert "MARIA" not in told.upper()
    assert "SILVA" not in told.upper()
