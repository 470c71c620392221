"""A FHIR server that executes transactions: hl7v2-fhir-bridge's, with searches by tag."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def running_record() -> Iterator[Any]:
    """The server (``base_url``, ``store``), which forgets everything at the end."""
    mock = pytest.importorskip(
        "v2fhir.mock_fhir.server", reason="hl7v2-fhir-bridge is not installed"
    )

    class Store(mock.FhirStore):  # type: ignore[misc,name-defined]
        """With searches by tag, which every real server has."""

        def search(
            self, rtype: str, params: list[tuple[str, str]], data: dict[str, Any] | None = None
        ) -> list[str]:
            rest = [one for one in params if one[0] != "_tag"]
            ids: list[str] = super().search(rtype, rest, data)
            versions = (self.data if data is None else data).get(rtype, {})
            for _, value in [one for one in params if one[0] == "_tag"]:
                tags = {one: versions[one][-1].get("meta", {}).get("tag", []) for one in ids}
                code = value.partition("|")[2]
                ids = [one for one in ids if code in {tag["code"] for tag in tags[one]}]
            return ids

    server = mock.MockFhirServer(store=Store()).start()
    try:
        yield server
    finally:
        server.stop()
