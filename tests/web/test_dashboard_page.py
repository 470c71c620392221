"""The dashboard's page: the same under all its addresses, self-contained, under a strict policy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heimdallr.web.api import pages

if TYPE_CHECKING:
    from web_service import Service

ROUTES = Path(__file__).parents[2] / "frontend" / "src" / "app" / "routes.tsx"
needs_build = pytest.mark.skipif(
    not (pages.STATIC / "index.html").is_file(), reason="the dashboard is not built: run `make`"
)


def test_the_page_and_the_server_know_the_same_addresses() -> None:
    """An address that only one of them knows would break when it is opened anew."""
    own = {"/" + path for path in re.findall(r'path: "([a-zA-Z:/]*[^/"])"', ROUTES.read_text())}
    known = {address.replace("{study_id}", ":studyId") for address in pages.ADDRESSES}
    assert own | {"/"} == known


@needs_build
def test_every_address_is_the_same_page(service: Service) -> None:
    """But for its nonce, which is new each time and stands in the policy."""
    seen = set()
    for address in pages.ADDRESSES:
        answer = service.client.get(address.format(study_id=17))
        assert answer.headers["content-type"].startswith("text/html")
        policy = answer.headers["content-security-policy"]
        (nonce,) = set(re.findall(r"'nonce-([\w-]+)'", policy))
        assert f'nonce="{nonce}"' in answer.text
        assert f"style-src 'self' 'nonce-{nonce}'" in policy
        assert "script-src 'self' 'wasm-unsafe-eval';" in policy
        assert "unsafe-inline" not in policy
        seen.add(nonce)
    assert len(seen) == len(pages.ADDRESSES)


@needs_build
def test_nothing_comes_from_elsewhere(service: Service) -> None:
    """Every part the page names is here, and may be kept for ever under its name."""
    page = service.client.get("/").text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(parts) >= 3
    for part in parts:
        answer = service.client.get(part)
        assert part.startswith("/assets/")
        assert answer.status_code == 200, part
        assert "immutable" in answer.headers["cache-control"]
    assert not re.search(r"<script(?![^>]*src)|<style|\son\w+=|\sstyle=", page)


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [("gzip, deflate, br", "gzip"), ("identity", None), ("gzip;q=0, br", None)],
)
def test_parts_come_compressed_to_whoever_takes_it(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    accepts: str,
    coding: str | None,
) -> None:
    """The same program either way; caches are told that the answer depends on it."""
    program = b"export const page = 1;\n" * 100
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page-1a.js").write_bytes(program)
    (tmp_path / "assets" / "page-1a.js.gz").write_bytes(gzip.compress(program))
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    answer = service.client.get("/assets/page-1a.js", headers={"Accept-Encoding": accepts})
    assert answer.content == program
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]


@needs_build
def test_the_build_compresses_its_programs(service: Service) -> None:
    """The program of the page, as a browser asks for it."""
    part = re.findall(r'src="([^"]+\.js)"', service.client.get("/").text)[0]
    answer = service.client.get(part, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


def test_where_it_is_not_built(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer says what to do."""
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    answer = service.client.get("/")
    assert answer.status_code == 503
    assert "run `make`" in answer.json()["detail"]
