"""A browser before the running system: Debian's Chromium, `heimdallr up`, synthetic patients.

Every page is held to the same while it is used: no script error, no broken rule of the content
security policy, no request to another host.

Drawing on the processor costs six times what all else of a study's page does, so only tests marked
`draws` have a browser with WebGL2; before others, the study's page stands without its images.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from made_once import made_once
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import delete

from heimdallr.cli.demonstration.system import (
    USER,
    DemoSystem,
    running_system,
    scratch_settings,
    started_system,
)
from heimdallr.config import load_settings
from heimdallr.store.database import open_database
from heimdallr.store.models import ApiToken, User
from heimdallr.web.api.pages import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, ConsoleMessage, Request

    from heimdallr.config import Settings

_PROCESSED_S = 400.0
_QUIET = ("--disable-background-networking", "--disable-component-update", "--no-first-run")
_DRAWS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
_DRAWS_NOT = ("--disable-gpu", "--disable-3d-apis")
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[tuple[str, ...]], Browser]]:
    """Starts Debian's Chromium, without a window, with more options."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:

        def make(options: tuple[str, ...]) -> Browser:
            return playwright.chromium.launch(
                executable_path=program, args=[*_QUIET, *options], chromium_sandbox=False
            )

        yield make


@pytest.fixture(scope="session")
def chromium(launch: Callable[[tuple[str, ...]], Browser]) -> Iterator[Browser]:
    """A browser that draws WebGL2, on the processor."""
    with launch(_DRAWS) as browser:
        yield browser


@pytest.fixture(scope="session")
def chromium_without_webgl(
    launch: Callable[[tuple[str, ...]], Browser],
) -> Iterator[Browser]:
    """A browser whose pages stand at once."""
    with launch(_DRAWS_NOT) as browser:
        yield browser


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, phantom_studies: Path) -> Iterator[DemoSystem]:
    """The whole system, with the trunk CT and the head CT (a haemorrhage) measured."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the dashboard is not built: run `make`")

    def measure(folder: Path) -> None:
        with running_system(folder / "data", load_settings()) as running:
            for kind in ("trunk_ct", "head_ct"):
                running.send(phantom_studies / kind / "dicom")
            seen = running.follow_all(2, lambda _seen: None, _PROCESSED_S)
            assert {study.state for study in seen.values()} == {"done"}, "see system.log"
        _forget_people(running.settings)

    measured = made_once(tmp_path_factory, "measured_system", measure) / "data"
    settings = scratch_settings(tmp_path_factory.mktemp("system") / "data", load_settings())
    shutil.copytree(measured, settings.data_dir, dirs_exist_ok=True)
    with started_system(settings) as running:
        yield running


def _forget_people(settings: Settings) -> None:
    """Of a system that has ended: each that begins with its data makes its own."""
    database = open_database(settings)
    with database.write() as session:
        for table in (ApiToken, User):
            session.execute(delete(table).where(table.name == USER))
    database.close()


@pytest.fixture
def open_page(request: pytest.FixtureRequest, system: DemoSystem) -> Iterator[Callable[..., Page]]:
    """Opens pages in a context of their own; options are Playwright's (viewport, locale, …)."""
    draws = request.node.get_closest_marker("draws") is not None
    browser = request.getfixturevalue("chromium" if draws else "chromium_without_webgl")
    with pages_of(browser, system) as make:
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
