"""A browser before the running system: Debian's Chromium, `heimdallr up`, synthetic patients.

Every page is held to the same while it is used: no script error, no broken rule of the content
security policy, no request to another host.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from heimdallr.cli.demonstration.system import USER, DemoSystem, running_system
from heimdallr.config import load_settings
from heimdallr.phantom.studies import WrittenStudy, write_demo_studies
from heimdallr.web.api.pages import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, ConsoleMessage, Request

SEED = 7
_PROCESSED_S = 400.0
_FLAGS = (
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window, drawing WebGL2 on the processor."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(_FLAGS), chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, WrittenStudy]:
    """The demo's synthetic patients as DICOM files, by kind: trunk CT, head CT, abdominal MR."""
    folder = tmp_path_factory.mktemp("phantoms")
    return {study.kind: study for study in write_demo_studies(folder, SEED)}


@pytest.fixture(scope="session")
def system(
    tmp_path_factory: pytest.TempPathFactory, phantoms: dict[str, WrittenStudy]
) -> Iterator[DemoSystem]:
    """The whole system, with the trunk CT and the head CT (a haemorrhage) measured."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the dashboard is not built: run `make`")
    folder = tmp_path_factory.mktemp("system")
    with running_system(folder / "data", load_settings()) as running:
        for kind in ("trunk_ct", "head_ct"):
            running.send(phantoms[kind].dicom)
        seen = running.follow_all(2, lambda _seen: None, _PROCESSED_S)
        assert {study.state for study in seen.values()} == {"done"}, "see system.log"
        yield running


@pytest.fixture
def open_page(chromium: Browser, system: DemoSystem) -> Iterator[Callable[..., Page]]:
    """Opens pages in a context of their own; options are Playwright's (viewport, locale, …)."""
    with pages_of(chromium, system) as make:
        yield make


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A page of an administrator who has signed in; go where you want."""
    return open_page()


@contextmanager
def pages_of(chromium: Browser, system: DemoSystem) -> Iterator[Callable[..., Page]]:
    """Makes pages, and holds them to the rules of every page when they are done."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def told(message: ConsoleMessage) -> None:
        # Chromium tells of refused requests by itself; the pages show those, and tests look there.
        if message.type == "error" and "Failed to load resource" not in message.text:
            broken.append(f"console: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith((system.url, "data:", "blob:" + system.url)):
            broken.append(f"request: {request.url}")

    def make(*, signed_in: bool = True, **options: object) -> Page:
        given = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"} | options
        context = chromium.new_context(base_url=system.url, accept_downloads=True, **given)  # type: ignore[arg-type]
        contexts.append(context)
        if signed_in:
            answer = context.request.post(
                "/api/v1/session", data={"name": USER, "password": system.password}
            )
            assert answer.ok, answer.text()
        page = context.new_page()
        page.on("console", told)
        page.on("pageerror", lambda error: broken.append(f"script: {error}"))
        page.on("request", asked)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not broken
