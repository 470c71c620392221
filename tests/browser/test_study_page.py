"""The study page: numbers with their places, findings with who saw them, evidence to take along."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from accessibility import serious_violations
from playwright.sync_api import Page, expect
from received_images import Image, stack
from study_page import open_study, row, study_of
from web_service import zipped

from heimdallr.cli.demonstration.system import USER
from heimdallr.phantom.studies import write_head_ct

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from heimdallr.cli.demonstration.system import DemoSystem

PROCESSED_MS = 300_000.0
LOADED_MS = 120_000.0
OTHER_SEED = 8
NARROW = 390


@pytest.fixture
def trunk(system: DemoSystem) -> int:
    """Number of the trunk CT."""
    return study_of(system, "CT TRUNK")


@pytest.fixture
def head(system: DemoSystem) -> int:
    """Number of the head CT with a haemorrhage."""
    return study_of(system, "CT HEAD")


def received(system: DemoSystem, search: str) -> int:
    """Number of the one study that fits, as soon as the recorder has noted its first image."""
    for _ in range(int(PROCESSED_MS / 100)):
        found = system.client.get("/api/v1/studies", params={"search": search}).json()["studies"]
        if found:
            assert len(found) == 1
            return int(found[0]["id"])
        time.sleep(0.1)
    pytest.fail(f"{search} did not arrive")


def detail_of(system: DemoSystem, study: int) -> dict[str, Any]:
    """A study as the API tells it."""
    found: dict[str, Any] = system.client.get(f"/api/v1/studies/{study}").json()
    return found


def value_of(system: DemoSystem, study: int, name: str) -> float:
    """A measured number of a study."""
    measurements = detail_of(system, study)["results"]["measurements"]
    return float(next(one["value"] for one in measurements if one["name"] == name))


def place(page: Page, name: str) -> Locator:
    """What leads from a measurement to its place in the viewer."""
    return page.locator(f'[data-jump="{name}"]')


def choose(page: Page, action: str) -> None:
    """An entry of the menu of actions."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=action).click()


@pytest.mark.draws
def test_a_number_leads_to_its_place(page: Page, system: DemoSystem, trunk: int) -> None:
    """The muscle area at L3 shows the L3 slice, from wherever the viewer was."""
    open_study(page, trunk)
    slider = page.get_by_role("slider", name="Slice")
    expect(slider).to_be_visible(timeout=LOADED_MS)
    expect(slider).not_to_have_value("")
    before = slider.input_value()
    place(page, "SMA_cm2").click()
    l3 = int(value_of(system, trunk, "slice_L3"))
    assert abs(int(before) - l3) > 5, "or nothing would be seen to change"
    expect(slider).to_have_value(re.compile(rf"^({l3}|{l3 + 1})$"))
    tree = page.get_by_role("checkbox", name="Skeletal muscle")
    expect(tree).to_be_checked()


def test_how_a_number_came_to_be(page: Page, system: DemoSystem, trunk: int) -> None:
    """Beside the value: its limit; on request: parameters, source of the limit, the method."""
    open_study(page, trunk)
    area = row(page, "SMA_cm2")
    expect(area).to_contain_text(f"{value_of(system, trunk, 'SMA_cm2'):.1f} cm²")
    area.get_by_role("button", name="How it was measured").click()
    expect(area).to_contain_text("Attenuation window")
    page.get_by_role("button", name="The method: Muscle at L3").click()
    expect(page.get_by_role("dialog")).to_contain_text("SMA = |m| · |a × b| / 100")
    page.keyboard.press("Escape")
    index = row(page, "SMI_cm2_m2")  # where there is one, the area has no limit of its own
    index.get_by_role("button", name="How it was measured").click()
    expect(index).to_contain_text("Derstine 2018, Sci Rep 8:11369")


def test_nothing_is_left_empty(page: Page, system: DemoSystem, head: int) -> None:
    """What was not measured says why, alone or once for a whole analysis."""
    open_study(page, head)
    contact = row(page, "hemorrhage_ventricle_contact")
    expect(contact).to_contain_text("not assessable")
    expect(contact).to_contain_text("task ventricle_parts was not run")
    page.get_by_role("button", name=re.compile("^Muscle at L3.*not applicable")).click()
    # The summary names the rules that could not be asked for it, folded away.
    reason = page.get_by_text("the abdomen is not covered by this volume")
    expect(reason.filter(visible=True).first).to_be_visible()
    told = {one["name"] for one in detail_of(system, head)["results"]["measurements"]}
    shown = page.locator("[data-measurement]").evaluate_all(
        "all => all.map((one) => one.dataset.measurement)"
    )
    assert set(shown) <= told


def test_measurements_are_searched(page: Page, trunk: int) -> None:
    """With the keyboard alone; the inventory opens where it holds what is looked for."""
    open_study(page, trunk)
    page.keyboard.press("t")
    search = page.get_by_role("searchbox", name="Find a measurement")
    expect(search).to_be_focused()
    page.keyboard.type("aorta")
    expect(row(page, "liver_vol_cm3")).to_have_count(0)
    expect(row(page, "aorta_vol_cm3")).to_be_visible()
    page.keyboard.press("Escape")
    expect(row(page, "liver_vol_cm3")).to_be_visible()


def test_text_for_the_dictated_report(
    open_page: Callable[..., Page], system: DemoSystem, trunk: int
) -> None:
    """It has the numbers and the notice, and names nobody."""
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    open_study(page, trunk)
    page.get_by_role("button", name="Copy as text").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    area = value_of(system, trunk, "SMA_cm2")
    assert f"Skeletal muscle area at L3 (SMA): {area:.1f} cm²" in text
    assert "not for clinical use" in text
    assert "PHANTOM" not in text.upper()


def test_followed_acknowledged_deleted(page: Page, system: DemoSystem, tmp_path: Path) -> None:
    """A study from its first image to its end: live, acknowledged, deleted by a typed word."""
    written = write_head_ct(tmp_path, OTHER_SEED, matrix=192, pixel_mm=1.2, thin_mm=2.0)
    system.send(written.dicom)
    study = received(system, f"PHANTOM-{OTHER_SEED}-2")
    page.goto(f"/studies/{study}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("PHANTOM, ")
    expect(page.get_by_role("heading", level=2)).to_contain_text(
        re.compile("Images are arriving|Waiting|Preparing|Segmenting|Measuring")
    )
    card = page.locator('[data-finding="intracerebral_haemorrhage"]')
    expect(card).to_be_visible(timeout=PROCESSED_MS)  # without a reload
    expect(card).to_contain_text("critical")
    expect(card).to_contain_text("Volume segmented")

    card.get_by_role("button", name="Acknowledge").click()
    card.get_by_label("Note").fill("Told the ward at 10:12.")
    card.get_by_role("button", name="Save").click()
    expect(card).to_contain_text(f"Acknowledged by {USER}")
    page.reload()
    expect(card).to_contain_text("Told the ward at 10:12.")
    expect(card).to_contain_text(re.compile(rf"{USER}, .*\d{{2}}:\d{{2}}"))

    accession = detail_of(system, study)["accession_number"]
    page.goto(f"/?q={accession}")
    chips = page.locator(f'tbody tr[data-study="{study}"]')
    expect(chips.get_by_text("critical, acknowledged")).to_have_count(1)

    open_study(page, study)
    choose(page, "Delete…")
    asked = page.get_by_role("dialog", name="Delete this study for good?")
    expect(asked).to_contain_text("received images")
    expect(asked).to_contain_text("measurements, findings and their acknowledgements")
    delete = asked.get_by_role("button", name="Delete", exact=True)
    expect(delete).to_be_disabled()
    asked.get_by_role("textbox").fill(accession)
    delete.click()
    expect(page).to_have_url(re.compile(r"/$"))
    assert system.client.get(f"/api/v1/studies/{study}").status_code == 404


def test_seen_results_are_read_and_can_be_unread(page: Page, system: DemoSystem, head: int) -> None:
    """Reading is noted once per visit: what is marked as unread again stays so."""
    system.client.put(f"/api/v1/studies/{head}/read", json={"on": False}).raise_for_status()
    open_study(page, head)
    page.get_by_role("button", name="More actions").click()
    unread = page.get_by_role("menuitem", name="Mark as unread")
    expect(unread).to_be_visible()  # it was read meanwhile
    assert not detail_of(system, head)["unread"]
    unread.click()
    expect(page.get_by_text("Marked as unread")).to_be_visible()
    page.get_by_role("tab", name="Timeline").click()
    expect(page.get_by_text("marked as unread").first).to_be_visible()
    assert detail_of(system, head)["unread"]


def test_everything_can_be_taken_along(page: Page, system: DemoSystem, trunk: int) -> None:
    """The ZIP is whole, with or without who it is about; the table can be read."""
    open_study(page, trunk)
    whole = downloaded(page, "Everything (ZIP)")
    with zipfile.ZipFile(whole) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        inside = {name.partition("/")[2] if "/resultados" in name else name for name in names}
        assert any(name.endswith("resultados.json") for name in inside)
        results = json.loads(archive.read(one_named(names, "resultados.json")))
        assert results["SMA_cm2"] == value_of(system, trunk, "SMA_cm2")
        assert archive.read(one_named(names, "total/liver.nii.gz"))[:2] == b"\x1f\x8b"
        assert archive.read(one_named(names, "L3_overlay.png"))[:4] == b"\x89PNG"
        one_named(names, "id.json")

    with zipfile.ZipFile(downloaded(page, "Everything without identity (ZIP)")) as archive:
        assert archive.testzip() is None
        assert not [name for name in archive.namelist() if name.endswith("id.json")]
        assert b"PHANTOM" not in archive.read(one_named(set(archive.namelist()), "labels.json"))

    with zipfile.ZipFile(downloaded(page, "Masks: total (ZIP)")) as archive:
        masks = detail_of(system, trunk)["results"]["masks"]["total"]
        assert len(archive.namelist()) == len(masks)

    table = csv.DictReader(
        io.StringIO(downloaded(page, "Measurements (CSV)").read_text("utf-8-sig"))
    )
    values = {line["name"]: line["value"] for line in table}
    assert float(values["SMA_cm2"]) == value_of(system, trunk, "SMA_cm2")


def downloaded(page: Page, what: str) -> Path:
    """A file of the menu; its name says nothing of the patient."""
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name=what).click()
    download = waiting.value
    assert "PHANTOM" not in download.suggested_filename.upper()
    return Path(download.path())


def one_named(names: set[str], end: str) -> str:
    """The one member of an archive with this end."""
    found = [name for name in names if name == end or name.endswith(f"/{end}")]
    assert len(found) == 1, (end, sorted(names)[:20])
    return found[0]


def test_pictures_series_and_provenance(page: Page, system: DemoSystem, trunk: int) -> None:
    """Pictures open large; every series says why; the networks are named with their checksums."""
    open_study(page, trunk)
    page.get_by_role("button", name="Muscle and fat at L3").click()
    large = page.get_by_role("dialog").get_by_role("img", name="Muscle and fat at L3")
    expect(large).to_have_js_property("complete", value=True)
    assert large.evaluate("one => one.naturalWidth") > 100
    page.keyboard.press("ArrowRight")
    pictures = len(detail_of(system, trunk)["results"]["images"])
    expect(page.get_by_role("dialog")).to_contain_text(f" of {pictures}")
    page.keyboard.press("Escape")

    page.get_by_role("tab", name="Series").click()
    series = detail_of(system, trunk)["series"]
    expect(page.locator("tr[data-series]")).to_have_count(len(series))
    chosen = page.locator("tr[data-series]").filter(has_text="measured")
    expect(chosen).to_have_count(1)
    passed_over = next(one for one in series if one["rank"] == 2)
    expect(page.get_by_text(passed_over["reasons"][0])).to_be_visible()

    page.get_by_role("tab", name="Provenance").click()
    weights = detail_of(system, trunk)["results"]["provenance"]["segmentations"][0]["weights"][0]
    expect(page.get_by_text(weights["sha256"][:12]).first).to_be_visible()
    expect(page.get_by_text("bundled — not for clinical use").first).to_be_visible()


def test_the_report_is_one_page(page: Page, system: DemoSystem, trunk: int) -> None:
    """Of A4: who, the key numbers, the notice, the pictures; without the frame of the dashboard."""
    open_study(page, trunk)
    page.get_by_role("link", name="Report").click()
    sheet = page.get_by_role("article")
    expect(sheet).to_contain_text("PHANTOM, ")
    area = value_of(system, trunk, "SMA_cm2")
    expect(sheet.get_by_role("row", name="Skeletal muscle area at L3")).to_contain_text(
        f"{area:.1f} cm²"
    )
    expect(sheet).to_contain_text("not for clinical use")
    for picture in sheet.locator("img").all():
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.evaluate("one => one.naturalWidth") > 100
    page.emulate_media(media="print")
    expect(page.get_by_role("banner")).to_have_count(0)
    expect(page.get_by_role("button", name="Print")).to_have_count(0)
    expect(sheet).to_be_visible()
    document = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", document)) == 1


def test_what_failed_says_what_to_do(page: Page, system: DemoSystem, tmp_path: Path) -> None:
    """The error, where it happened and the log; retry tries again.

    Five slices of 16 × 16 pixels cannot be measured; without one of their files even that cannot
    be said.
    """
    for number, image in enumerate(stack(study=4712), start=1):
        (tmp_path / f"{number}.dcm").write_bytes(image.encoded())
    system.send(tmp_path)
    study = received(system, "A4712")
    page.goto(f"/studies/{study}")
    state = page.locator("[data-state]")
    expect(state).to_have_attribute(
        "data-state", re.compile("refused|failed"), timeout=PROCESSED_MS
    )
    expect(page.get_by_role("alert")).not_to_be_empty()
    files = system.settings.data_dir / "incoming" / detail_of(system, study)["study_instance_uid"]
    next(files.glob("*.dcm")).unlink()  # without the whole folder its disk would be waited for
    choose(page, "Reprocess from the beginning")
    expect(state).to_have_attribute("data-state", "failed", timeout=PROCESSED_MS)
    expect(page.get_by_role("heading", name="Processing failed")).to_be_visible()
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_label("Log of the run")).to_be_visible()
    expect(page.get_by_text("stopped here")).to_be_visible()
    runs = len(detail_of(system, study)["runs"])
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("The study is queued again")).to_be_visible()
    page.get_by_role("tab", name="Timeline").click()
    expect(page.get_by_text("retried").first).to_be_visible()
    assert len(detail_of(system, study)["runs"]) == runs + 1
    expect(state).to_have_attribute("data-state", "failed", timeout=PROCESSED_MS)
    system.client.delete(f"/api/v1/studies/{study}").raise_for_status()


def test_images_of_two_people_are_asked_about(page: Page, system: DemoSystem) -> None:
    """Who they name, and one answer that is said twice; then each has a study."""
    other: dict[str, object] = {
        "PatientName": "PEREIRA^ANA", "PatientID": "OTHER-9", "PatientBirthDate": "20150101",
    }  # fmt: skip
    images = [*stack(study=4714), *(Image(4714, 2, number, tags=other) for number in range(1, 4))]
    sent = {"file": ("exam.zip", zipped(images))}
    study = int(system.client.post("/upload", files=sent).json()["studies"][0])
    page.goto(f"/studies/{study}")
    expect(page.get_by_role("heading", name="Whose images are these?")).to_be_visible()
    table = page.get_by_role("region", name="Patients that the images name")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table).to_contain_text("PEREIRA, Ana")
    expect(page.get_by_role("heading", level=1)).to_contain_text("PEREIRA, Ana")
    assert serious_violations(page) == []
    page.get_by_role("button", name="Keep apart…").click()
    page.get_by_role("button", name="Keep apart", exact=True).click()
    expect(page.get_by_text("The patients are kept apart")).to_contain_text("PEREIRA, Ana")
    expect(page.get_by_role("heading", name="Whose images are these?")).to_have_count(0)
    page.get_by_role("tab", name="Timeline").click()
    expect(page.get_by_text("Patients kept apart").first).to_be_visible()
    found = system.client.get("/api/v1/studies", params={"search": "pereira"}).json()["studies"]
    assert [one["instance_count"] for one in found] == [3]
    for number in (study, found[0]["id"]):
        system.client.post(f"/api/v1/studies/{number}/cancel")
        for _ in range(int(PROCESSED_MS / 100)):
            if system.client.delete(f"/api/v1/studies/{number}").is_success:
                break
            time.sleep(0.1)


def test_older_results_stay_while_newer_ones_are_made(
    page: Page, system: DemoSystem, head: int
) -> None:
    """And the page says so, until they are replaced."""
    open_study(page, head)
    choose(page, "Reprocess from the beginning")
    expect(page.get_by_text("You see the results of an earlier run")).to_be_visible()
    expect(row(page, "hemorrhage_vol_cm3")).to_be_visible()
    choose(page, "Cancel processing")
    expect(page.locator("[data-state]")).to_have_attribute(
        "data-state", re.compile("cancelled|done"), timeout=PROCESSED_MS
    )
    if detail_of(system, head)["state"] == "cancelled":
        system.client.post(f"/api/v1/studies/{head}/retry").raise_for_status()
    expect(page.locator("[data-state]")).to_have_attribute(
        "data-state", "done", timeout=PROCESSED_MS
    )
    expect(page.get_by_text("You see the results of an earlier run")).to_have_count(0)


def test_in_portuguese(open_page: Callable[..., Page], system: DemoSystem, trunk: int) -> None:
    """Labels, findings, decimal commas, and why a series was passed over."""
    page = open_page(locale="pt-BR")
    open_study(page, trunk)
    area = f"{value_of(system, trunk, 'SMA_cm2'):.1f}".replace(".", ",")
    expect(row(page, "SMA_cm2")).to_contain_text("Área de músculo esquelético em L3 (SMA)")
    expect(row(page, "SMA_cm2")).to_contain_text(f"{area} cm²")
    expect(page.get_by_role("note")).to_contain_text("não usar clinicamente")
    expect(page.locator('[data-finding="liver_steatosis"]')).to_contain_text("esteatose")
    page.get_by_role("tab", name="Séries").click()
    expect(page.get_by_text("preterida pela série").first).to_be_visible()
    page.goto(f"/studies/{trunk}/report")
    expect(page.get_by_role("article")).to_contain_text(f"{area} cm²")


def test_a_viewer_may_look_only(
    open_page: Callable[..., Page], system: DemoSystem, trunk: int
) -> None:
    """Neither acknowledge nor retry nor delete is offered, nor an empty menu of more."""
    made = system.client.post("/api/v1/users", json={"name": "reader", "role": "viewer"}).json()
    page = open_page(signed_in=False)
    session = {"name": "reader", "password": made["password"]}
    token = page.context.request.post("/api/v1/session", data=session).json()["csrf_token"]
    renewed = {"present": made["password"], "new": "lantern by the northern pier"}
    answer = page.context.request.post(
        "/api/v1/session/password", data=renewed, headers={"X-CSRF-Token": token}
    )
    assert answer.ok, answer.text()
    open_study(page, trunk)
    expect(page.locator("[data-finding]").first).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.get_by_role("button", name="More actions")).to_have_count(0)


@pytest.mark.draws
def test_on_a_telephone(open_page: Callable[..., Page], trunk: int) -> None:
    """One column, viewer first, nothing wider than the screen; a number scrolls to the viewer."""
    page = open_page(viewport={"width": NARROW, "height": 844})
    open_study(page, trunk)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    number = place(page, "SMA_cm2")
    expect(number).to_be_visible()
    number.scroll_into_view_if_needed()
    number.click()
    expect(page.locator("canvas").first).to_be_in_viewport()


@pytest.mark.draws
@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, NARROW])
def test_everybody_can_use_it(
    open_page: Callable[..., Page], head: int, scheme: str, width: int
) -> None:
    """No serious violation of WCAG, on the study page and on the report."""
    page = open_page(viewport={"width": width, "height": 900})
    page.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{scheme}')")
    open_study(page, head)
    expect(page.get_by_role("slider", name="Slice")).to_be_visible(timeout=LOADED_MS)
    assert serious_violations(page) == []
    page.get_by_role("button", name=re.compile("^The method:")).first.click()
    expect(page.get_by_role("dialog")).to_have_css("opacity", "1")
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for tab in ("Downloads", "Series", "Timeline", "Provenance"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
        assert serious_violations(page) == []
    page.goto(f"/studies/{head}/report")
    expect(page.get_by_role("article")).to_be_visible()
    assert serious_violations(page) == []


def test_from_study_to_study(page: Page) -> None:
    """In the order of the list one came from, and back to it with its search."""
    page.goto("/?q=phantom")
    rows = page.locator("tbody tr[data-study]")
    expect(rows.nth(1)).to_be_visible()
    first, second = (str(rows.nth(at).get_attribute("data-study")) for at in (0, 1))
    rows.nth(0).get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(f"/studies/{first}$"))
    expect(page.get_by_role("button", name="Previous study")).to_be_disabled()
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile(f"/studies/{second}$"))
    page.get_by_role("button", name="Previous study").click()
    expect(page).to_have_url(re.compile(f"/studies/{first}$"))
    page.get_by_role("link", name="Back to the worklist").click()
    expect(page).to_have_url(re.compile(r"/\?q=phantom$"))
    expect(rows.nth(1)).to_be_visible()


def test_an_unknown_study_says_so(page: Page) -> None:
    """And leads back."""
    page.goto("/studies/999999")
    expect(page.get_by_text("There is no such study")).to_be_visible()
    page.get_by_role("link", name="Back to the worklist").click()
    expect(page).to_have_url(re.compile(r"/$"))
