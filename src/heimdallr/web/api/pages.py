"""The start page and its parts, from the package; nothing is loaded from elsewhere."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from heimdallr.web.files import asset

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parents[1] / "static"


@router.get("/")
def get_start_page() -> FileResponse:
    """The page."""
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/assets/{name}")
def get_asset(name: str) -> FileResponse:
    """Its program, its style, its pictures."""
    return FileResponse(asset(STATIC / "assets", name), headers={"Cache-Control": "no-cache"})
