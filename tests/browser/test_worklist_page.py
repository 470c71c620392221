"""The worklist: found, filtered, followed live, filled by a drop; with a mouse, keys or a thumb."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from accessibility import serious_violations
from playwright.sync_api import Locator, Page, expect
from received_images import stack

from heimdallr.cli.demonstration.system import USER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Response, Route

    from heimdallr.cli.demonstration.system import DemoSystem

BUDGET_BYTES = 300_000
PROCESSED_MS = 300_000.0
MANY = 100_000


def rows(page: Page) -> Locator:
    """Studies of the table."""
    return page.locator("tbody tr[data-study]")


def row_of(page: Page, accession: str) -> Locator:
    """The study with this accession number."""
    return rows(page).filter(has=page.get_by_text(accession, exact=True))


def open_worklist(page: Page, query: str = "") -> None:
    """Go there, and wait until it is shown."""
    page.goto(f"/{query}")
    expect(rows(page).first).to_be_visible()


def studies_of(system: DemoSystem) -> list[dict[str, object]]:
    """The worklist as the API tells it."""
    found: list[dict[str, object]] = system.client.get("/api/v1/studies").json()["studies"]
    return found


def accession_of(system: DemoSystem, description: str) -> str:
    """The accession number of a study."""
    return next(
        str(one["accession_number"])
        for one in studies_of(system)
        if description in str(one["description"])
    )


def drop(page: Page, *paths: Path, at: tuple[int, int]) -> None:
    """Drop files or folders there, as from a file manager."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "dragOver", "drop"):
        event = {"type": kind, "x": at[0], "y": at[1], "data": data}
        session.send("Input.dispatchDragEvent", event)


def test_little_is_loaded_before_the_list_is_there(page: Page) -> None:
    """All programs of the worklist together stay within the budget; none of the viewer's is one."""
    programs: dict[str, bytes] = {}

    def keep(answer: Response) -> None:
        if answer.url.endswith(".js"):
            programs[answer.url] = answer.body()

    page.on("response", keep)
    open_worklist(page)
    page.wait_for_load_state("networkidle")
    loaded = {url.rpartition("/")[2]: len(gzip.compress(body)) for url, body in programs.items()}
    assert sum(loaded.values()) < BUDGET_BYTES, loaded
    assert "WorklistPage" in "".join(loaded)


def test_a_stranger_finds_the_critical_study(page: Page, system: DemoSystem) -> None:
    """It stands out, one click leaves only such, and the quick look says what was found."""
    open_worklist(page)
    page.get_by_role("button", name="Needs attention").click()
    critical = row_of(page, accession_of(system, "CT HEAD"))
    expect(critical.get_by_text("Intracerebral haemorrhage")).to_be_visible()
    expect(critical.get_by_text("critical")).to_have_count(1)  # in words, not by colour only
    expect(critical).to_have_attribute("data-alarming", "true")
    expect(critical.get_by_role("img", name="not for clinical use")).to_be_visible()
    critical.get_by_role("button", name="Quick look").click()
    look = page.get_by_role("dialog")
    expect(look.get_by_text("Intracerebral haemorrhage, volume")).to_be_visible()
    expect(look.get_by_text("Not for clinical use", exact=True)).to_be_visible()
    picture = look.get_by_role("img", name="Bleed, centre")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("one => one.naturalWidth") > 100
    look.get_by_role("link", name="Open study").click()
    expect(page).to_have_url(re.compile(r"/studies/\d+$"))


def test_search_and_filters_stand_in_the_address(page: Page, system: DemoSystem) -> None:
    """They survive a reload, are told as chips, and go away by one click or the way back."""
    number, head = next(
        (one["id"], str(one["accession_number"]))
        for one in studies_of(system)
        if "CT HEAD" in str(one["description"])
    )
    system.client.put(f"/api/v1/studies/{number}/read", json={"on": False}).raise_for_status()
    open_worklist(page)
    expect(rows(page).nth(1)).to_be_visible()
    page.get_by_role("searchbox").fill(head)
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(f"q={head}"))

    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Body region", exact=True).select_option("head")
    page.get_by_label("Severity", exact=True).select_option("critical")
    page.get_by_role("checkbox", name="Unread").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("region=head"))
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value(head)
    expect(rows(page)).to_have_count(1)
    active = page.get_by_role("group", name="Active filters")
    expect(active.get_by_text("Body region: head")).to_be_visible()
    active.get_by_role("button", name="Remove filter: Unread").click()
    expect(page).not_to_have_url(re.compile("unread"))
    page.go_back()
    expect(page).to_have_url(re.compile("unread=1"))

    page.get_by_role("searchbox").fill("nobody of this name")
    expect(page.get_by_text("No study fits")).to_be_visible()
    page.get_by_role("button", name="Clear search and filters").click()
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(rows(page).nth(1)).to_be_visible()


def test_a_range_of_days(page: Page) -> None:
    """The phantoms' studies are of one day, which is not today."""
    open_worklist(page)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Study date", exact=True).select_option("today")
    expect(page.get_by_text("No study fits")).to_be_visible()
    page.get_by_label("Study date", exact=True).select_option("range")
    page.get_by_label("Study date, from").fill("2026-02-01")
    page.get_by_label("Study date, to").fill("2026-02-01")
    expect(rows(page).first).to_be_visible()
    expect(page).to_have_url(re.compile(r"date=2026-02-01\.\.2026-02-01"))


def test_only_the_keyboard(open_page: Callable[..., Page], system: DemoSystem) -> None:
    """From signing in to a study, and through the list on the way."""
    page = open_page(signed_in=False)
    page.goto("/")
    expect(page.get_by_label("Name")).to_be_visible()
    page.get_by_label("Name").focus()
    page.keyboard.type(USER)
    page.keyboard.press("Tab")
    page.keyboard.type(system.password)
    page.keyboard.press("Enter")
    expect(rows(page).nth(1)).to_be_visible()

    page.keyboard.press("j")
    expect(rows(page).nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows(page).nth(0)).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("toolbar")).to_contain_text("1 selected")
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(accession_of(system, "CT HEAD"))
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(rows(page).first).to_be_focused()
    page.keyboard.press("s")
    expect(rows(page).first.get_by_text("STAT", exact=True)).to_be_visible()
    page.keyboard.press("s")
    expect(rows(page).first.get_by_text("STAT", exact=True)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/studies/\d+$"))


def test_enter_waits_for_what_is_searched(page: Page, system: DemoSystem) -> None:
    """A scanner's number and its returns open the study of that number, however late it is told."""
    number, trunk = next(
        (one["id"], str(one["accession_number"]))
        for one in studies_of(system)
        if "CT TRUNK" in str(one["description"])
    )
    open_worklist(page)
    expect(rows(page).first).not_to_have_attribute("data-study", str(number))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    searched = re.compile(r"/api/v1/studies\?.*search=")
    page.route(searched, hold)
    with page.expect_request(searched):
        page.get_by_role("searchbox").fill(trunk)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"q={trunk}"))
    expect(page.get_by_role("searchbox")).to_be_focused()
    for route in held:
        route.continue_()
    page.unroute(searched, hold)
    expect(row_of(page, trunk)).to_be_focused()
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/studies/{number}$"))


def test_many_studies_at_a_time(page: Page) -> None:
    """Marked as read together; what is refused is told per study, with the reason.

    Another search leaves none of them ticked.
    """
    open_worklist(page, "?q=phantom&state=done")
    count = rows(page).count()
    assert count >= 2
    unread = page.get_by_role("img", name="Not read yet")
    toolbar = page.get_by_role("toolbar")

    def do_all(action: str) -> None:
        page.get_by_role("checkbox", name="Select all on this page").check()
        expect(toolbar).to_contain_text(f"{count} selected")
        if action == "Mark as unread":
            toolbar.get_by_role("button", name="More actions").click()
            page.get_by_role("menuitem", name=action).click()
        else:
            toolbar.get_by_role("button", name=action).click()

    do_all("Mark as read")
    expect(unread).to_have_count(0)
    expect(toolbar).to_have_count(0)
    do_all("Mark as unread")
    expect(unread).to_have_count(count)

    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_role("searchbox").fill("nobody of this name")
    expect(page.get_by_text("No study fits")).to_be_visible()
    expect(toolbar).to_have_count(0)
    page.get_by_role("searchbox").fill("phantom")
    expect(rows(page)).to_have_count(count)

    do_all("Cancel")
    refused = page.get_by_role("dialog", name=f"refused for {count} studies")
    expect(refused.get_by_text("there is nothing to cancel")).to_have_count(count)
    expect(refused.get_by_text("PHANTOM, ").first).to_be_visible()
    refused.get_by_text("Close", exact=True).click()
    expect(refused).to_have_count(0)


def test_acknowledging_in_the_quick_look(page: Page, system: DemoSystem) -> None:
    """Who has seen a finding stands beside it, with their note, and its chip is subdued."""
    trunk = accession_of(system, "CT TRUNK")
    open_worklist(page, f"?q={trunk}")
    row_of(page, trunk).get_by_role("button", name="Quick look").click()
    look = page.get_by_role("dialog")
    look.get_by_role("button", name="Acknowledge").first.click()
    note = look.get_by_label("Note")
    expect(note).to_be_focused()
    page.keyboard.press("Escape")
    expect(note).to_have_count(0)  # the form is gone, the quick look stays
    look.get_by_role("button", name="Acknowledge").first.click()
    page.keyboard.type("Known, just jotted down.")  # j and k are letters here
    page.keyboard.press("Control+Enter")
    expect(look.get_by_text(f"Acknowledged by {USER}").first).to_be_visible()
    expect(look.get_by_text("Known, just jotted down.")).to_be_visible()
    expect(look.get_by_text("significant, acknowledged")).to_have_count(1)
    page.keyboard.press("Escape")
    # In the row it gives its place to those that nobody has seen.
    expect(row_of(page, trunk).get_by_text("acknowledged")).to_have_count(0)


def test_a_study_is_followed_while_it_is_processed(
    page: Page, system: DemoSystem, phantom_studies: Path
) -> None:
    """It appears, its bar moves, it is done: without a reload, and without moving the cursor."""
    open_worklist(page)
    page.keyboard.press("j")
    under = rows(page).first
    focused = under.get_attribute("data-study")
    page.evaluate("window.wasNeverReloaded = true")
    system.send(phantom_studies / "abdomen_mr" / "dicom")

    study = rows(page).filter(has_text="MR ABDOMEN")
    expect(study).to_be_visible()
    bar = study.get_by_role("progressbar")
    expect(bar).to_be_visible(timeout=PROCESSED_MS)
    page.wait_for_function(
        """() => {
            const bar = document.querySelector("tbody [role=progressbar]");
            const now = Number(bar?.getAttribute("aria-valuenow"));
            window.seen = [...new Set([...(window.seen ?? []), ...(bar ? [now] : [])])];
            return window.seen.length > 1;
        }""",
        timeout=PROCESSED_MS,
    )
    expect(study.get_by_text("done", exact=True)).to_be_visible(timeout=PROCESSED_MS)
    expect(study.get_by_role("img", name="Not read yet")).to_be_visible()
    assert page.evaluate("window.wasNeverReloaded")
    expect(page.locator(f'tr[data-study="{focused}"]')).to_have_attribute("aria-current", "true")


def test_dropped_retried_deleted(page: Page, system: DemoSystem, tmp_path: Path) -> None:
    """A folder dropped as STAT is received; what nothing can be made of says why, and comes again.

    Five slices of 16 × 16 pixels are no volume that could be measured.
    """
    folder = tmp_path / "export"
    folder.mkdir()
    for number, image in enumerate(stack(study=4711), start=1):
        (folder / f"IM{number}").write_bytes(image.encoded())
    (folder / ".DS_Store").write_bytes(b"litter")
    open_worklist(page)
    drop(page, folder, at=(1300, 500))  # the right third is for what is urgent

    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("5 new images of 1 study")).to_be_visible()
    study = row_of(page, "A4711")
    expect(study.get_by_text("STAT", exact=True)).to_be_visible()
    expect(study.get_by_text(re.compile("^(refused|failed)$"))).to_be_visible(timeout=PROCESSED_MS)
    uploads.get_by_role("button", name="Close finished uploads").click()
    study.get_by_role("button", name="Quick look").click()
    look = page.get_by_role("dialog")
    expect(look.get_by_role("alert")).to_contain_text("What happened")
    look.get_by_role("button", name="Retry").click()
    study_id = study.get_attribute("data-study")
    expect(page.get_by_text("Done: Retry, 1 study")).to_be_visible()
    runs = system.client.get(f"/api/v1/studies/{study_id}").json()["runs"]
    assert [run["cause"] for run in runs] == ["retry", "received"]
    page.keyboard.press("Escape")
    expect(look).to_have_count(0)
    expect(study.get_by_text(re.compile("^(refused|failed)$"))).to_be_visible(timeout=PROCESSED_MS)

    study.get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    asked = page.get_by_role("dialog", name="Delete 1 study?")
    asked.get_by_role("button", name="Delete 1 study").click()
    expect(study).to_have_count(0)
    assert system.client.get(f"/api/v1/studies/{study_id}").status_code == 404


def test_a_hundred_thousand_studies(page: Page, system: DemoSystem) -> None:
    """Pages and orders are the server's; the page before stays until the next one is there."""
    sample = studies_of(system)[0]
    asked: list[dict[str, list[str]]] = []

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        asked.append(query)
        first, limit = int(query["offset"][0]), int(query["limit"][0])
        studies = [
            sample | {"id": first + place + 1, "accession_number": f"N{first + place + 1}"}
            for place in range(limit)
        ]
        body = {"studies": studies, "total": MANY, "offset": first}
        route.fulfill(json=json.loads(json.dumps(body)))

    page.route(lambda url: urlsplit(url).path == "/api/v1/studies", answer)
    open_worklist(page)
    expect(page.get_by_text("1–50 of 100,000")).to_be_visible()
    page.get_by_label("Rows per page").select_option("200")
    expect(rows(page)).to_have_count(200)
    page.get_by_role("button", name="500", exact=True).click()
    expect(row_of(page, "N100000")).to_be_visible()
    expect(page).to_have_url(re.compile("page=500"))
    page.get_by_role("button", name="Patient", exact=True).click()
    expect(page.get_by_role("columnheader", name="Patient", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(row_of(page, "N1")).to_be_visible()
    last = asked[-1]
    assert (last["sort"], last["order"], last["offset"]) == (["name"], ["ascending"], ["0"])


def test_an_empty_system_says_what_to_do(page: Page) -> None:
    """Connect a PACS, or upload."""
    page.route(
        lambda url: urlsplit(url).path == "/api/v1/studies",
        lambda route: route.fulfill(json={"studies": [], "total": 0, "offset": 0}),
    )
    page.goto("/")
    expect(page.get_by_role("link", name="Connect your PACS")).to_be_visible()
    expect(page.get_by_role("button", name="Upload").last).to_be_visible()


def test_columns_are_remembered(page: Page) -> None:
    """By this browser; what it stores names no patient."""
    open_worklist(page)
    expect(page.get_by_role("columnheader", name="Accession")).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Accession").uncheck()
    expect(page.get_by_role("columnheader", name="Accession")).to_have_count(0)
    page.reload()
    expect(rows(page).first).to_be_visible()
    expect(page.get_by_role("columnheader", name="Accession")).to_have_count(0)
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "PHANTOM" not in stored.upper()


def test_on_a_telephone(open_page: Callable[..., Page], system: DemoSystem) -> None:
    """Cards instead of columns; nothing is wider than the screen, and a tap opens a study."""
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto("/")
    card = page.get_by_role("listitem").filter(has_text=accession_text(system))
    expect(card).to_be_visible()
    expect(card.get_by_text("Intracerebral haemorrhage")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    card.get_by_role("button", name="Quick look").tap()
    expect(page.get_by_role("dialog").get_by_text("Key numbers")).to_be_visible()
    page.keyboard.press("Escape")
    card.tap()
    expect(page).to_have_url(re.compile(r"/studies/\d+$"))


def accession_text(system: DemoSystem) -> str:
    """What a card of the head CT tells."""
    return next(
        str(one["patient_id"]) for one in studies_of(system) if "CT HEAD" in str(one["description"])
    )


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 390])
def test_everybody_can_use_it(open_page: Callable[..., Page], scheme: str, width: int) -> None:
    """No serious violation of WCAG, neither of the list nor of the quick look."""
    page = open_page(viewport={"width": width, "height": 900})
    page.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{scheme}')")
    page.goto("/?state=done")
    expect(page.locator("[data-study]").first).to_be_visible()
    assert serious_violations(page) == []
    page.get_by_role("button", name="Quick look").first.click()
    expect(page.get_by_role("dialog").get_by_text("Key numbers")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_css("opacity", "1")
    assert serious_violations(page) == []
