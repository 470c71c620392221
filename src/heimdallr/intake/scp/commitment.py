"""Reports of storage commitment (PS3.4 section J.3.3): what an archive says it keeps.

We asked for it when we sent; the answer comes here, as N-EVENT-REPORT on an association that the
archive asks for. Only a report that is waited for is taken, and success is said once it is safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from heimdallr.intake.scp.commands import SUCCESS
from heimdallr.store.commitment_reports import report_of

if TYPE_CHECKING:
    from pynetdicom.events import Event

    from heimdallr.store.commitment_reports import CommitmentReports

PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
NO_SUCH_EVENT_TYPE = 0x0113
INVALID_ARGUMENT = 0x0115
NO_SUCH_CLASS = 0x0118
RESOURCE_LIMITATION = 0x0213
"""Statuses of PS3.7 section 10.1.1.1.8."""

_EVENT_TYPES = {1, 2}
"""All are kept, some are not."""


def taken(event: Event, reports: CommitmentReports) -> int:
    """Keep the report that an N-EVENT-REPORT brings; the status to answer with.

    What cannot be decoded raises; pynetdicom answers that with a processing failure.
    """
    request = event.request
    if not isinstance(request, N_EVENT_REPORT):
        return PROCESSING_FAILURE
    wrong = _wrong(request, event.context.abstract_syntax)
    if wrong is not None:
        return wrong
    report = report_of(event.event_information)
    if report is None or not reports.is_expected(report.transaction_uid):
        return INVALID_ARGUMENT
    try:
        reports.keep(report)
    except OSError:
        return RESOURCE_LIMITATION
    return SUCCESS


def _wrong(request: N_EVENT_REPORT, abstract_syntax: str) -> int | None:
    """Status of a message that is no report of storage commitment."""
    if {abstract_syntax, request.AffectedSOPClassUID} != {StorageCommitmentPushModel}:
        return NO_SUCH_CLASS
    if request.AffectedSOPInstanceUID != StorageCommitmentPushModelInstance:
        return NO_SUCH_INSTANCE
    return None if request.EventTypeID in _EVENT_TYPES else NO_SUCH_EVENT_TYPE
