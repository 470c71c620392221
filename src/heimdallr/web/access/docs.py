"""``/docs``: the API's description as a page that loads nothing from elsewhere.

FastAPI's own page fetches its program from the internet, which a hospital's network does not
reach and the content security policy does not allow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).parents[1] / "static" / "docs"


@router.get("/docs")
def page() -> FileResponse:
    """The page."""
    return FileResponse(_FOLDER / "docs.html")


@router.get("/docs/{name}")
def part(name: Annotated[Literal["docs.js", "docs.css"], PathParameter()]) -> FileResponse:
    """Its program or its style."""
    return FileResponse(_FOLDER / name)
