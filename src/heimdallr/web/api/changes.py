"""Live changes as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from heimdallr.web.access import REFUSALS, Permission, Reader, while_allowed
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import responses

router = APIRouter(prefix="/api/v1", tags=["worklist"], responses=REFUSALS)
CURSOR = r"^[0-9:,]{0,4000}$"
"""What an ``id:`` of the stream looks like; nobody but us makes them."""

_EXAMPLE = """event: study
data: {"id": 17, "state": "segmenting", "progress": 0.42, …}
id: 1042

"""


@router.get(
    "/changes",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`study`: a row of the worklist as it is now; `removed`: the number of "
            "a study that was deleted; `reset`: too much has changed, load the worklist anew; "
            "`ready`: from here on live",
            "content": {"text/event-stream": {"example": _EXAMPLE}},
        },
        **responses(503),
    },
)
async def follow_changes(
    request: Request,
    context: Ctx,
    _who: Reader,
    last_event_id: Annotated[
        str, Header(pattern=CURSOR, description="sent by the browser when it reconnects")
    ] = "",
    after: Annotated[str, Query(pattern=CURSOR, description="the same, for other clients")] = "",
) -> StreamingResponse:
    """Changes of every study, as they happen. The stream ends now and then; come again."""
    context.feed.check_room()
    since = last_event_id or after or None
    return StreamingResponse(
        while_allowed(request, Permission.READ, context.feed.follow(since)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
