"""A person's hand on a study: corrections, proposals, earlier versions."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import unquote_to_bytes

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Request, Response
from starlette.requests import ClientDisconnect

from heimdallr.publishing.correction_records import LevelRecord
from heimdallr.store.corrections import CorrectionState
from heimdallr.web.access import REFUSALS, Operator, Reader, audit
from heimdallr.web.answers import corrections, proposals
from heimdallr.web.answers.cases import study_of, trail_name
from heimdallr.web.answers.corrections import Hand
from heimdallr.web.context import Ctx
from heimdallr.web.http import request_body
from heimdallr.web.http.multipart import FilesOfForm
from heimdallr.web.http.problems import Answers, Problem, responses
from heimdallr.web.schemas.common import MAX_ID, StudyId
from heimdallr.web.schemas.corrections import (
    COMMENT_LENGTH,
    DIFFERENCE,
    AcceptIn,
    CorrectionDetail,
    CorrectionOut,
    CorrectionsOut,
    LevelIn,
    RejectionsIn,
    RestoreIn,
)

router = APIRouter(
    prefix="/api/v1/studies/{study_id}/corrections",
    tags=["corrections"],
    responses={**REFUSALS, **responses(404, 409)},
)

STREAMED = r"/api/v1/studies/\d+/corrections(/proposals)?"
"""Paths whose bodies are large, and looked after here."""
LARGEST_DIFFERENCE_BYTES = 64 * 2**20
"""As sent, packed: many times what a day's drawing takes."""

# Not part of the address, which proxies log.
CommentHeader = Annotated[
    str,
    Header(
        alias="X-Heimdallr-Comment",
        max_length=12 * COMMENT_LENGTH,
        description="the person's own words, UTF-8, percent-encoded",
        examples=["vessel%20beside%20the%20muscle"],
    ),
]
Number = Annotated[int, Path(ge=1, le=MAX_ID, description="number of the correction")]
_KEPT: Answers = {
    202: {
        "model": CorrectionOut,
        "description": "kept; the results follow when no worker has the study any more",
    },
    **responses(428, 503),
}


@router.get("")
def get_corrections(
    request: Request, context: Ctx, who: Reader, study_id: StudyId
) -> CorrectionsOut:
    """Every correction and proposal, newest first, and whether the study can be corrected now."""
    study_of(context, study_id)
    audit(request, who, "study.view", trail_name(study_id), details="corrections")
    return corrections.overview(Hand(request, context, who, study_id))


@router.post(
    "",
    status_code=201,
    responses=_KEPT,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def save_correction(  # noqa: PLR0917 - the request's parts
    request: Request,
    response: Response,
    context: Ctx,
    who: Operator,
    study_id: StudyId,
    if_match: Annotated[
        str | None,
        Header(
            max_length=40,
            description='`"<base>"`: the label maps that were changed; 428 without it',
            examples=['"0f343b0931126a20f133d67c2b018a3b"'],
        ),
    ] = None,
    comment: CommentHeader = "",
) -> CorrectionOut:
    """Save changed voxels; answered when every number has followed.

    The body is a difference as `docs/corrections.md` describes it. It is safe when this is
    answered, and also when it is not: what was kept is gone on with after a restart.
    """
    if if_match is None:
        detail = "send the base the voxels were changed on as If-Match"
        raise Problem(428, detail, code="base_missing")
    base = _base(if_match)
    body = await request_body.whole(request, LARGEST_DIFFERENCE_BYTES)
    hand = Hand(request, context, who, study_id)
    record = hand.record(kind="voxels", base=base, comment=_words(comment))
    saved = await to_thread.run_sync(partial(corrections.save, hand, record, body))
    return _answered(response, saved)


@router.post("/level", status_code=201, responses=_KEPT)
def say_level(  # noqa: PLR0917 - the request's parts
    request: Request,
    response: Response,
    context: Ctx,
    who: Operator,
    study_id: StudyId,
    said: LevelIn,
) -> CorrectionOut:
    """Say which level a vertebra is; its neighbours move with it, and every number follows."""
    hand = Hand(request, context, who, study_id)
    level = LevelRecord(vertebra=said.vertebra, is_=said.is_)
    record = hand.record(kind="levels", base=said.base, comment=said.comment, level=level)
    return _answered(response, corrections.save(hand, record))


@router.post("/rejections", status_code=201, responses=_KEPT)
def reject(  # noqa: PLR0917 - the request's parts
    request: Request,
    response: Response,
    context: Ctx,
    who: Operator,
    study_id: StudyId,
    said: RejectionsIn,
) -> CorrectionOut:
    """Say what is not believed, or is again; what rests on it follows."""
    return _answered(response, corrections.reject(Hand(request, context, who, study_id), said))


@router.post("/restore", status_code=201, responses=_KEPT)
def restore_version(  # noqa: PLR0917 - the request's parts
    request: Request,
    response: Response,
    context: Ctx,
    who: Operator,
    study_id: StudyId,
    said: RestoreIn,
) -> CorrectionOut:
    """Go back to an earlier version, as a further correction: nothing in between is lost."""
    hand = Hand(request, context, who, study_id)
    record = hand.record(
        kind="restore", base=said.base, comment=said.comment, restores_version=said.version
    )
    return _answered(response, corrections.save(hand, record))


@router.post(
    "/proposals",
    status_code=201,
    responses=responses(400, 408, 413, 503, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["files"],
                        "properties": {
                            "files": {
                                "type": "array",
                                "items": {"type": "string", "format": "binary"},
                                "description": "a DICOM segmentation or structure set, or NIfTI "
                                "masks named after structures",
                                "examples": [["liver.nii.gz"]],
                            }
                        },
                    }
                }
            },
        }
    },
)
async def propose_correction(
    request: Request,
    context: Ctx,
    who: Operator,
    study_id: StudyId,
    comment: CommentHeader = "",
) -> CorrectionOut:
    """Hand in what another tool made of the label maps; nothing changes until it is accepted."""
    hand = Hand(request, context, who, study_id)
    words = _words(comment)
    try:
        with proposals.incoming(context) as files:
            content_type = request.headers.get("content-type", "")
            form = FilesOfForm(content_type, "files", files.begin, proposals.MOST_FILES)
            async for piece in request_body.pieces(request):
                await to_thread.run_sync(form.feed, piece)
            form.finish()
            files.close()
            return await to_thread.run_sync(partial(proposals.propose, hand, files, words))
    except ClientDisconnect as gone:
        raise Problem(400, "the sender broke off", code="broken_off") from gone


@router.post("/{number}/accept", status_code=201, responses=_KEPT)
def accept_correction(  # noqa: PLR0917 - the request's parts
    request: Request,
    response: Response,
    context: Ctx,
    who: Operator,
    study_id: StudyId,
    number: Number,
    on: AcceptIn,
) -> CorrectionOut:
    """Make a correction of a proposal, of one that is offered again, or of one that failed.

    What it changes is put onto the label maps of now. What had been applied before the study was
    processed anew gets a new number.
    """
    hand = Hand(request, context, who, study_id)
    return _answered(response, corrections.accept(hand, number, on.base))


@router.post("/{number}/decline")
def decline_correction(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, number: Number
) -> CorrectionOut:
    """Put a proposal, an offered or a failed correction aside; it is kept."""
    return corrections.decline(Hand(request, context, who, study_id), number)


@router.get("/{number}")
def get_correction(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, number: Number
) -> CorrectionDetail:
    """One correction, with every number and finding that differs by it."""
    study_of(context, study_id)
    audit(request, who, "study.view", trail_name(study_id), details=f"correction {number}")
    return corrections.detail(Hand(request, context, who, study_id), number)


@router.get("/{number}/difference", responses=DIFFERENCE, response_class=Response)
def get_correction_difference(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, number: Number
) -> Response:
    """The changed voxels of a correction, with their labels before and after.

    Of one that waits: as it was drawn, which is put onto the label maps of now when it is accepted.
    """
    study_of(context, study_id)
    audit(request, who, "study.view", trail_name(study_id), details=f"correction {number}")
    packed = corrections.difference(Hand(request, context, who, study_id), number)
    return Response(packed, media_type="application/octet-stream")


def _base(if_match: str) -> str:
    """The base out of an entity tag (RFC 9110 section 8.8.3)."""
    base = if_match.strip().removeprefix("W/").strip('"')
    if len(base) != 32 or not set(base) <= set("0123456789abcdef"):  # noqa: PLR2004 - as labels_version
        raise Problem(422, "If-Match names no base: 32 hexadecimal digits", code="invalid")
    return base


def _words(comment: str) -> str:
    """A person's words out of a header, which cannot hold them as they are."""
    try:
        words = unquote_to_bytes(comment).decode()
    except UnicodeError as error:
        detail = "X-Heimdallr-Comment is to be percent-encoded UTF-8"
        raise Problem(422, detail, code="invalid") from error
    if len(words) > COMMENT_LENGTH:
        detail = f"X-Heimdallr-Comment has more than {COMMENT_LENGTH} characters"
        raise Problem(422, detail, code="invalid")
    return words


def _answered(response: Response, saved: CorrectionOut) -> CorrectionOut:
    """201 when it is done with, 202 when it waits for a worker to leave the study."""
    if saved.state is CorrectionState.PENDING:
        response.status_code = 202
    return saved
