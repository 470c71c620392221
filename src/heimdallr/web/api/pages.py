"""The dashboard: one page under many addresses, and its parts, from the package.

`make` builds it from `frontend/` into `static/dashboard`. Nothing is loaded from elsewhere.
"""

import secrets
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse

from heimdallr.web.access import dashboard_policy
from heimdallr.web.answers.files import asset
from heimdallr.web.http.compression import takes_gzip
from heimdallr.web.http.problems import Problem

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parents[1] / "static" / "dashboard"
ADDRESSES = (
    "/",
    "/studies/{study_id}",
    "/studies/{study_id}/report",
    "/explorer",
    "/rules",
    "/system",
    "/destinations",
    "/access",
    "/welcome",
    "/help",
)
"""Where its pages are; `frontend/src/app/routes.tsx` knows the same ones."""
_NONCE = "HEIMDALLR_CSP_NONCE"
"""Stands in the built page for what is new with each answer (`frontend/vite.config.ts`)."""
_FOR_EVER = "public, max-age=31536000, immutable"
"""Names of built parts change with what is in them."""


def get_dashboard() -> HTMLResponse:
    """The page; the style elements that its components insert carry the nonce of this answer."""
    try:
        page = (STATIC / "index.html").read_text()
    except FileNotFoundError:
        detail = "the dashboard is not built; run `make`, or install a wheel, which holds it"
        raise Problem(503, detail, code="not_built") from None
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        page.replace(_NONCE, nonce),
        headers={
            "Content-Security-Policy": dashboard_policy(nonce),
            "Cache-Control": "no-store",
        },
    )


for address in ADDRESSES:
    router.add_api_route(address, get_dashboard, methods=["GET"])


@router.get("/assets/{name}")
def get_asset(request: Request, name: str) -> FileResponse:
    """A program, a style, a picture; compressed where the build brought that and it is taken."""
    path = asset(STATIC / "assets", name)
    headers = {"Cache-Control": _FOR_EVER}
    packed = path.with_name(f"{name}.gz")
    if not packed.is_file():
        return FileResponse(path, headers=headers)
    headers["Vary"] = "Accept-Encoding"
    if not takes_gzip(request.headers):
        return FileResponse(path, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return FileResponse(packed, media_type=guess_type(name)[0], headers=headers)
