"""`POST /upload`: a ZIP of DICOM, streamed to the disk, taken in, and queued."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect

from heimdallr.domain.errors import DiskLowError, InputRefusedError
from heimdallr.intake.spool import Origin
from heimdallr.intake.uploads import (
    IncomingZip,
    TakenIn,
    UploadTooLargeError,
    largest_upload,
    reserve_bytes,
    take_in,
    upload_folder,
)
from heimdallr.web.access import REFUSALS, Uploader, audit
from heimdallr.web.context import Context, Ctx
from heimdallr.web.http.multipart import FORM_BYTES, FileOfForm
from heimdallr.web.http.problems import Problem, responses
from heimdallr.web.http.request_body import pieces
from heimdallr.web.schemas.founding import UploadAccepted

router = APIRouter(tags=["upload"], responses=REFUSALS)

PATH = "/upload"
MAX_UPLOADS = 8
"""Received at a time; more are asked to come back."""
MAX_UNPACKING = 2
"""Unpacked and recorded at a time; the others wait."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "ZIP of DICOM files, of one study or several",
            "examples": ["exam.zip"],
        }
    },
}


@dataclass(slots=True)
class Gate:
    """How many uploads are under way."""

    receiving: int = 0
    unpacking: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_UNPACKING))


@router.post(
    PATH,
    responses=responses(400, 408, 409, 413, 503, 507),
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    },
)
async def upload_study(
    request: Request,
    context: Ctx,
    who: Uploader,
    priority: Annotated[
        Literal["routine", "stat"], Query(description="stat: overtakes what waits")
    ] = "routine",
) -> UploadAccepted:
    """Hand in a ZIP of DICOM. Answered when every image is safe and the study is queued.

    Sending the same images again changes nothing.
    """
    gate: Gate = request.app.state.uploads
    if gate.receiving >= MAX_UPLOADS:
        detail = "too many uploads at this moment; try again"
        raise Problem(503, detail, code="busy", headers={"Retry-After": "10"})
    gate.receiving += 1
    context.telemetry.uploads.inc()
    try:
        _check_length(request, context)
        await to_thread.run_sync(audit, request, who, "study.upload")
        with _told_as_problems(), upload_folder(context.folders) as folder:
            archive = folder / "upload.zip"
            label = await _receive(request, context, archive)
            origin = Origin(
                source="upload",
                began_at=context.now(),
                address=request.client.host if request.client else "",
                label=label,
                pid=os.getpid(),
                stat=priority == "stat",
            )
            # Its client may be gone by now; what has come whole is taken in all the same.
            with anyio.CancelScope(shield=True):
                taken = await to_thread.run_sync(
                    partial(
                        take_in,
                        context.settings,
                        context.database,
                        context.folders,
                        archive,
                        origin,
                        now=context.now,
                    ),
                    limiter=gate.unpacking,
                )
    finally:
        gate.receiving -= 1
        context.telemetry.uploads.dec()
    return _answer(taken, label)


@contextmanager
def _told_as_problems() -> Iterator[None]:
    """What may go wrong with an upload, as it is answered."""
    try:
        yield
    except ClientDisconnect as gone:
        raise Problem(400, "the sender broke off", code="broken_off") from gone
    except UploadTooLargeError as error:
        raise Problem(413, str(error)) from error
    except InputRefusedError as error:
        raise Problem(400, str(error), code="refused") from error
    except DiskLowError as error:
        raise Problem(507, str(error)) from error
    except OSError as error:
        if error.errno in _FULL:
            raise Problem(507, "the disk is full; nothing of the upload was kept") from error
        raise


def _check_length(request: Request, context: Context) -> None:
    """Refuse at once what says that it is too large."""
    length = request.headers.get("content-length", "")
    limit = largest_upload(context.settings)
    if length.isdigit() and int(length) > limit + FORM_BYTES:
        raise Problem(413, f"the upload is larger than {limit / 1e9:g} GB")


async def _receive(request: Request, context: Context, archive: Path) -> str:
    """Bring the file of the form to the disk; returns the client's name for it."""
    settings = context.settings
    sink = IncomingZip(archive, largest_upload(settings), reserve_bytes(settings))
    try:
        form = FileOfForm(request.headers.get("content-type", ""), sink.write)
        async for piece in pieces(request):
            await to_thread.run_sync(form.feed, piece)
    finally:
        sink.close()
    form.finish()
    sink.check()
    return form.label


def _answer(taken: TakenIn, label: str) -> UploadAccepted:
    recorded, count = taken.recorded, len(taken.studies)
    new = recorded.recorded + recorded.replaced
    images = f"{new} image{'' if new == 1 else 's'}"
    studies = f"{count} stud{'y' if count == 1 else 'ies'}"
    message = f"{images} of {studies} received"
    if not new:
        message = f"{studies} received before; nothing is new"
    return UploadAccepted(
        status="Accepted",
        message=message,
        original_file=label,
        study_instance_uids=[one.study_instance_uid or one.key for one in taken.studies],
        location=f"/api/v1/studies/{taken.studies[0].id}",
        studies=[one.id for one in taken.studies],
        instances=new,
        duplicates=recorded.identical,
        unusable=sum(recorded.quarantined.values()) + sum(recorded.passed_over.values()),
        passed_over=dict(recorded.passed_over),
    )
