"""The OpenAPI is complete, and the service keeps to it whatever it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi_checks
from web_service import served, service_in

from heimdallr.clock import utc_now
from heimdallr.store.models import StudyState
from heimdallr.store.people.tokens import create_token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from web_service import Service

METHODS = {"get", "put", "post", "delete", "patch"}


def operations(service: Service) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation of the description."""
    for path, item in service.client.get("/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def test_every_operation_is_described(service: Service) -> None:
    """A summary, a sentence, a tag, and a name that is nobody else's."""
    names = []
    for where, operation in operations(service):
        names.append(operation["operationId"])
        assert operation.get("description"), where
        assert operation["tags"], where
        for parameter in operation.get("parameters", []):
            described = parameter.get("description") or parameter["schema"].get("description")
            assert described or parameter["schema"].get("enum") or parameter["name"], where
    assert len(names) == len(set(names))


def has_example(part: object, schemas: dict[str, Any], above: tuple[str, ...] = ()) -> bool:
    """Whether an example is in a part of the description, or in a schema it names."""
    if isinstance(part, list):
        return any(has_example(one, schemas, above) for one in part)
    if not isinstance(part, dict):
        return False
    if "example" in part or "examples" in part:
        return True
    name = part.get("$ref", "").rpartition("/")[2]
    if name and name not in above and has_example(schemas[name], schemas, (*above, name)):
        return True
    return any(has_example(one, schemas, above) for one in part.values())


def test_every_body_and_answer_has_an_example(service: Service) -> None:
    """What is sent, and the JSON that comes back, errors too."""
    schemas = service.client.get("/openapi.json").json()["components"]["schemas"]
    seen = 0
    for where, operation in operations(service):
        parts = [operation.get("requestBody", {}), *operation["responses"].values()]
        for kind, content in ((k, c) for part in parts for k, c in part.get("content", {}).items()):
            if kind.endswith("json") or kind == "multipart/form-data":
                assert has_example(content, schemas), (where, kind)
                seen += 1
    assert seen > 100


def test_every_error_is_a_problem(service: Service) -> None:
    """All error answers have one media type and one schema."""
    for where, operation in operations(service):
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and not (where == "GET /readyz" and status == "503"):
                assert list(answer["content"]) == ["application/problem+json"], (where, status)


def test_stable_names(service: Service) -> None:
    """Generated clients are made of these."""
    names = {operation["operationId"] for _, operation in operations(service)}
    assert names >= {
        "upload_study", "list_patients", "get_case_results", "get_case_metadata",
        "get_case_nifti", "download_case_folder", "get_case_image", "list_studies", "get_study",
        "list_study_events", "get_study_volume", "get_study_mask", "download_study_masks",
        "get_study_image", "download_study_archive", "get_viewer_manifest", "get_viewer_volume",
        "get_viewer_preview", "get_viewer_label_map", "start_study", "cancel_study", "retry_study",
        "reprocess_study", "set_study_priority", "flag_study", "mark_study_read",
        "acknowledge_finding", "delete_study_and_files", "command_studies",
        "list_measurements", "export_measurements_csv",
        "list_measurement_names", "get_measurement_catalogue", "summarize_measurement",
        "pair_measurements", "get_study_history", "list_workers", "get_worklist_options",
        "follow_changes", "get_queue",
        "list_quarantine", "list_peers", "get_system", "list_settings", "list_system_events",
        "get_health", "get_readiness", "get_metrics",
    }  # fmt: skip


ENDLESS = "/api/v1/changes"
QUICK = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
EXPECTED = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
]


def furnish(service: Service) -> None:
    """A study in each of a few states."""
    service.add_done()
    service.add("1.9", StudyState.FAILED, case_id="X_20260201_1", error="broken")
    service.add("1.8", StudyState.RECEIVING)


def check_every_operation(address: str, headers: dict[str, str]) -> None:
    """Ask everything a few times, in whatever way the description allows."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", headers=headers)
    checked, failures = 0, []
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]
        if operation.path == ENDLESS:
            continue

        @QUICK
        @given(
            case=st.one_of([operation.as_strategy(generation_mode=one) for one in GenerationMode])
        )
        def is_answered_as_described(case: Any) -> None:  # noqa: ANN401
            case.call_and_validate(headers=headers, checks=EXPECTED)

        try:
            is_answered_as_described()
        except FailureGroup as failure:
            failures.append(f"{operation.label}: {failure}")
        checked += 1
    assert checked > 35
    assert not failures, "\n".join(failures)


def test_the_open_service_keeps_to_its_description(service: Service, address: str) -> None:
    """Whatever fits the description is answered as described; nothing is a server error."""
    furnish(service)
    check_every_operation(address, {})


def test_the_guarded_service_keeps_to_its_description(
    tmp_path: Path, quick_passwords: None
) -> None:
    """The same for an administrator's token, where access control is on."""
    del quick_passwords
    service = service_in(tmp_path, auth="on")
    furnish(service)
    secret, _ = create_token(service.database, "fuzz", ("admin",), utc_now(), created_by="test")
    with served(service) as address:
        check_every_operation(address, {"Authorization": f"Bearer {secret}"})
    service.database.close()
