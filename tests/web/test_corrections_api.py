"""Corrections over HTTP: who may, on which base, what is told; folders are made by hand here."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hand_made_corrections import HandMade, add_case, drawn
from sqlalchemy import select
from store_cases import put_in_state

from heimdallr.corrections.difference import labels_version
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.schema import read_results
from heimdallr.store.models import AuditEntry, StudyState
from heimdallr.store.upkeep.case_builder import (
    BuilderDiedError,
    MakeReady,
    Outcome,
    ProposalRead,
    ReadProposal,
    WriteVersion,
)
from heimdallr.store.upkeep.correcting import save
from heimdallr.web import corrector as corrector_module
from heimdallr.web.answers.proposals import IncomingFiles
from heimdallr.web.api import corrections as corrections_api
from heimdallr.web.corrector import Corrector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from httpx2 import Response
    from web_service import Service

    from heimdallr.store.upkeep.case_builder import Job

CHANGED = b"changed voxels"


class Builder(HandMade):
    """One that also reads proposals: what the first file holds."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.end = threading.Event(), threading.Event()

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Build, or read; make ready for as long as the test wants."""
        if isinstance(job, MakeReady):
            self.begun.set()
            assert self.end.wait(20)
            return Outcome()
        if isinstance(job, ReadProposal):
            notes = (Statement("correction_not_kept", {"number": len(job.files)}),)
            content = job.files[0].read_bytes()
            read = ProposalRead(content, labels_version(job.case), "nifti", notes)
            return Outcome(proposal=read)
        if isinstance(job, WriteVersion):
            raise CorrectionError(Statement("difference_of_unknown_map", {"name": job.map_name}))
        return super().__call__(job, last_word)


class Desk:
    """A study, its corrections over HTTP, and short words for them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.study, self.case = add_case(service.database, service.folders)
        self.build = Builder()
        context = service.app.state.heimdallr
        self.corrector = Corrector(service.database, service.folders, context.now, self.build)
        service.app.state.heimdallr = replace(context, corrector=self.corrector)

    @property
    def base(self) -> str:
        """Of the label maps as they are."""
        return labels_version(self.case)

    def get(self, path: str = "", status: int = 200) -> Response:
        """What is answered below the study's corrections."""
        answer = self.service.client.get(f"/api/v1/studies/{self.study}/{path or 'corrections'}")
        assert answer.status_code == status, answer.text
        return answer

    def post(self, path: str, status: int = 201, **body: object) -> dict[str, Any]:
        """Ask for something with a JSON body."""
        url = f"/api/v1/studies/{self.study}/corrections/{path}"
        answer = self.service.client.post(
            url, json={name.rstrip("_"): value for name, value in body.items()}
        )
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def draw(
        self, status: int = 201, body: bytes = CHANGED, base: str | None = "", comment: str = ""
    ) -> dict[str, Any]:
        """Save changed voxels."""
        tag = self.base if base == "" else base
        headers = {"content-type": "application/octet-stream"}
        if tag is not None:
            headers["if-match"] = f'"{tag}"'
        if comment:
            headers["x-heimdallr-comment"] = comment
        url = f"/api/v1/studies/{self.study}/corrections"
        answer = self.service.client.post(url, content=body, headers=headers)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def desk(service: Service) -> Iterator[Desk]:
    """One study, and a builder that makes folders by hand."""
    made = Desk(service)
    yield made
    made.corrector.close()


def test_a_drawing_is_saved_and_told(desk: Desk) -> None:
    """The numbers that changed, the voxels, both versions."""
    before = desk.get().json()
    assert (before["can_correct"], before["why_not"], before["version"]) == (True, None, 0)
    assert before["base"] == desk.base
    saved = desk.draw(comment="vessel")
    assert (saved["number"], saved["state"], saved["version"]) == (1, "applied", 1)
    assert (saved["origin"], saved["by"], saved["comment"]) == ("viewer", "open", "vessel")
    assert saved["changed_measurements"] == 1
    after = desk.get().json()
    assert after["version"] == 1
    assert after["base"] == desk.base != before["base"]
    assert after["corrections"] == [saved]
    detail = desk.get("corrections/1").json()
    (change,) = detail["measurements"]
    assert (change["name"], change["before"], change["after"]) == ("liver_vol_cm3", 1500.5, 1499.5)
    assert desk.get("corrections/1/difference").content == CHANGED
    networks, present = (
        desk.get(f"versions/{number}/results").json()["measurements"][0] for number in (0, 1)
    )
    assert (networks["value"], present["value"], present["corrected"]) == (1500.5, 1499.5, True)
    label_map = desk.get("versions/1/labels/total.nii")
    assert label_map.headers["content-encoding"] == "gzip"
    assert desk.get("versions/0/changes").json()["measurements"] == [change]
    assert desk.get("versions/1/changes").json()["measurements"] == []
    assert desk.get("versions/1/difference", 404).json()["detail"].startswith("no voxel")


def test_who_corrected_is_in_the_trail_and_what_was_said_is_not(desk: Desk) -> None:
    """Kinds and numbers only."""
    desk.draw(comment="Mrs%20Silva's%20vessel")
    with desk.service.database.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
    told = {(one.action, one.object, one.details) for one in entries}
    assert ("study.correct", f"study:{desk.study}", "voxels") in told
    assert "Silva" not in str(told)


def test_what_was_said_travels_in_a_header_in_any_script(desk: Desk) -> None:
    """An address ends up in proxies' logs: words in it are not even read."""
    headers = {"x-heimdallr-comment": quote("veia à esquerda, 100 % 肝"), "if-match": desk.base}
    url = f"/api/v1/studies/{desk.study}/corrections"
    saved = desk.service.client.post(f"{url}?comment=no", content=CHANGED, headers=headers)
    assert saved.json()["comment"] == "veia à esquerda, 100 % 肝", saved.text
    proposed = desk.service.client.post(
        f"{url}/proposals", files=[("files", ("liver.nii.gz", b"nifti"))], headers=headers
    )
    assert proposed.json()["comment"] == "veia à esquerda, 100 % 肝", proposed.text


@pytest.mark.parametrize("comment", ["a" * 501, quote("肝" * 501), "%ff", "x" * 6001])
def test_words_that_cannot_be_kept_are_refused(desk: Desk, comment: str) -> None:
    """Too long, or in no known characters; nothing is kept, and none of it comes back."""
    refused = desk.draw(422, comment=comment)
    assert refused["code"] == "invalid"
    assert comment not in str(refused)
    assert desk.get().json()["corrections"] == []


def test_every_way_to_correct_leaves_its_line(desk: Desk) -> None:
    """And so does looking at a correction; also when it comes to nothing."""
    desk.draw()
    desk.post("level", base=desk.base, vertebra="vertebrae_L2", is_="vertebrae_L3")
    desk.post("rejections", reject=[{"kind": "structure", "name": "liver", "reason": "other"}])
    desk.post("restore", base=desk.base, version=0)
    url = f"/api/v1/studies/{desk.study}/corrections/proposals"
    for _ in range(2):
        desk.service.client.post(url, files=[("files", ("liver.nii.gz", b"nifti"))])
    desk.post("5/accept", base=desk.base)
    desk.post("6/decline", 200)
    desk.post("7/accept", 409, base=desk.base)
    desk.get("corrections/1")
    desk.get("corrections/1/difference")
    with desk.service.database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    told = [one.details for one in entries if one.action == "study.correct"]
    assert told == [
        "voxels", "levels", "rejections", "restore", "proposal", "proposal",
        "accept 5", "decline 6", "accept 7",
    ]  # fmt: skip
    seen = [one.details for one in entries if one.action == "study.view"]
    assert seen == ["correction 1", "correction 1"]
    assert {one.object for one in entries} == {f"study:{desk.study}"}


def test_without_a_base_nothing_is_saved(desk: Desk) -> None:
    """Nor with one that is none, nor on another one."""
    assert desk.draw(428, base=None)["code"] == "base_missing"
    assert desk.draw(422, base="xyz")["code"] == "invalid"
    assert desk.draw(409, base="0" * 32)["code"] == "other_base"
    assert desk.get().json()["corrections"] == []
    assert desk.build.built == []


def test_two_people_at_once_and_one_is_told_of_the_other(desk: Desk) -> None:
    """Neither overwrites the other."""
    base = desk.base
    url = f"/api/v1/studies/{desk.study}/corrections"

    def draw(_: int) -> Response:
        return desk.service.client.post(url, content=CHANGED, headers={"if-match": f'"{base}"'})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(draw, range(4)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]
    refused = [one.json() for one in answers if one.status_code == 409]
    assert all(
        one["code"] == "other_base" and "saved by open on" in one["detail"] for one in refused
    )
    assert {one["why"]["code"] for one in refused} == {"correction_overtaken"}
    assert read_results(desk.case).measurements[0].value == 1499.5


def test_levels_rejections_and_the_way_back(desk: Desk) -> None:
    """Each is a correction of its own kind."""
    said = desk.post("level", base=desk.base, vertebra="vertebrae_L2", is_="vertebrae_L3")
    assert (said["kind"], said["level"]) == (
        "levels", {"vertebra": "vertebrae_L2", "is": "vertebrae_L3"},
    )  # fmt: skip
    unbelieved = {"kind": "structure", "name": "liver", "reason": "wrong_extent"}
    rejected = desk.post("rejections", reject=[unbelieved], comment="cut")
    assert (rejected["kind"], rejected["reject"]) == ("rejections", [unbelieved])
    back = desk.post("restore", base=desk.base, version=0)
    assert (back["kind"], back["restores_version"], back["number"]) == ("restore", 0, 3)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("level", {"vertebra": "vertebrae_L2"}),
        ("level", {"vertebra": "../../etc", "is": "vertebrae_L3"}),
        ("restore", {"version": -1}),
        ("restore", {"version": 0, "case": 7}),
        ("rejections", {"reject": [{"kind": "patient", "name": "x", "reason": "other"}]}),
        ("rejections", {"reject": [{"kind": "finding", "name": "x", "reason": "dislike"}]}),
        ("rejections", {}),
        ("rejections", {"restore": [{"kind": "finding", "name": "never_rejected"}]}),
    ],
)
def test_what_is_not_meant_so_is_refused(desk: Desk, path: str, body: dict[str, object]) -> None:
    """Nothing is kept."""
    on = {} if path == "rejections" else {"base": desk.base}
    desk.post(path, 422, **on, **body)
    assert desk.get().json()["corrections"] == []


def test_what_does_not_fit_the_case_leaves_nothing_behind(desk: Desk) -> None:
    """The builder finds out; whoever saved it is told."""

    def refuse() -> None:
        raise CorrectionError(Statement("difference_of_unknown_map", {"name": "total"}))

    desk.build.before_last_word = refuse
    refused = desk.draw(422)
    assert refused["code"] == "difference_of_unknown_map"
    assert refused["why"] == {"code": "difference_of_unknown_map", "parameters": {"name": "total"}}
    assert desk.get().json()["corrections"] == []


def test_a_body_without_end_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said beforehand, or found out while it comes."""
    monkeypatch.setattr(corrections_api, "LARGEST_DIFFERENCE_BYTES", 1000)
    assert desk.draw(413, b"x" * 1001)["code"] == "too_large"
    headers = {"if-match": f'"{desk.base}"'}
    pieces = (b"x" * 600 for _ in range(2))
    url = f"/api/v1/studies/{desk.study}/corrections"
    answer = desk.service.client.post(url, content=pieces, headers=headers)
    assert answer.status_code == 413
    assert desk.get().json()["corrections"] == []


def test_a_study_that_is_being_processed_is_not_corrected(desk: Desk) -> None:
    """409, and the overview says why."""
    with desk.service.database.write() as session:
        put_in_state(session, desk.study, StudyState.SEGMENTING)
    assert desk.draw(409)["code"] == "correction_while_processed"
    told = desk.get().json()
    assert (told["can_correct"], told["why_not"]["code"]) == (False, "correction_while_processed")


def test_a_worker_that_comes_in_between_is_waited_for(desk: Desk) -> None:
    """202: kept, and applied as soon as the study is free."""

    def take() -> None:
        desk.build.before_last_word = lambda: None
        with desk.service.database.write() as session:
            put_in_state(session, desk.study, StudyState.SEGMENTING)

    desk.build.before_last_word = take
    assert desk.draw(202)["state"] == "pending"
    with desk.service.database.write() as session:
        put_in_state(session, desk.study, StudyState.CANCELLED)
    desk.corrector._follow()
    assert desk.get().json()["corrections"][0]["state"] == "applied"


def test_a_builder_that_dies_is_told_and_it_can_be_tried_again(desk: Desk) -> None:
    """What was drawn is kept."""

    def die() -> None:
        raise BuilderDiedError("killed")  # noqa: EM101 - as it comes

    desk.build.before_last_word = die
    failed = desk.draw()
    assert (failed["state"], failed["error"]["code"]) == ("failed", "correction_builder_died")
    desk.build.before_last_word = lambda: None
    assert desk.post("1/accept", base=desk.base)["state"] == "applied"
    assert desk.get("corrections/1/difference").content == CHANGED


def test_other_tools_propose_and_a_person_decides(desk: Desk) -> None:
    """Files in, a proposal out; it changes nothing until it is accepted."""
    url = f"/api/v1/studies/{desk.study}/corrections/proposals"
    files = [("files", (name, b"nifti")) for name in ("liver.nii.gz", "../../spleen.nii.gz")]
    answer = desk.service.client.post(url, files=files)
    assert answer.status_code == 201, answer.text
    proposed = answer.json()
    assert (proposed["state"], proposed["origin"]) == ("proposed", "nifti")
    assert proposed["notes"][0]["parameters"] == {"number": 2}
    assert read_results(desk.case).measurements[0].value == 1500.5
    assert list(desk.service.folders.uploads.iterdir()) == []
    assert desk.post("1/accept", base=desk.base)["state"] == "applied"
    assert read_results(desk.case).measurements[0].value == 1499.5
    desk.post("1/accept", 409, base=desk.base)
    desk.post("1/decline", 409)
    assert desk.service.client.post(url, files=files).json()["number"] == 2
    assert desk.post("2/decline", 200)["state"] == "declined"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("fígado.nii.gz", "figado.nii.gz"),
        ("fi\N{COMBINING ACUTE ACCENT}gado.nii.gz", "figado.nii.gz"),
        ("liver (1).nii.gz", "liver _1_.nii.gz"),
        ("肝.nii", "_.nii"),
        (f"{'ã' * 115}.nii.gz", f"{'a' * 113}.nii.gz"),
        ("..", "file"),
    ],
)
def test_a_file_keeps_its_name_in_a_safe_alphabet(tmp_path: Path, label: str, name: str) -> None:
    """A NIfTI file's name says which structure it is; accents do not count."""
    files = IncomingFiles(tmp_path, 0)
    files.begin(label)(b"nifti")
    files.close()
    assert [one.name for one in files.paths] == [name]


@pytest.mark.parametrize("content", [b"", b"no form"])
def test_a_proposal_that_is_no_form_is_refused(desk: Desk, content: bytes) -> None:
    """Nothing is kept."""
    url = f"/api/v1/studies/{desk.study}/corrections/proposals"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = desk.service.client.post(url, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")
    answer = desk.service.client.post(url, json={})
    assert answer.status_code == 400
    assert desk.get().json()["corrections"] == []


def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    """Corrections, differences, versions, maps, studies."""
    for path in (
        "corrections/1", "corrections/1/difference", "versions/3/results",
        "versions/3/changes", "versions/3/difference",
        "versions/0/labels/nothing.nii", "versions/3/labels/total.nii",
    ):  # fmt: skip
        desk.get(path, 404)
    missing = desk.study + 7
    for path in ("corrections", "corrections/1", "versions/0/results"):
        assert desk.service.client.get(f"/api/v1/studies/{missing}/{path}").status_code == 404
    unbelieved = desk.post("rejections", reject=[
        {"kind": "structure", "name": "liver", "reason": "other"}
    ])  # fmt: skip
    desk.get(f"corrections/{unbelieved['number']}/difference", 404)


def test_what_is_kept_while_too_many_wait_is_pending(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202, as it is kept; applied as soon as there is time."""
    monkeypatch.setattr(corrector_module, "MOST_WAITING", 1)
    applied = threading.Event()
    desk.build.after_rename = applied.set
    with ThreadPoolExecutor(2) as readers:
        readers.submit(desk.corrector.do, MakeReady())
        assert desk.build.begun.wait(20)
        readers.submit(desk.corrector.do, MakeReady())
        while desk.corrector._turns.empty():
            time.sleep(0.01)
        assert desk.draw(202)["state"] == "pending"
        desk.build.end.set()
    assert applied.wait(20)
    desk.corrector.close()
    assert desk.get().json()["corrections"][0]["state"] == "applied"


def test_whoever_reads_leaves_room_for_who_saves(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many who look at old versions are asked to come back; a correction takes its turn."""
    monkeypatch.setattr(desk.corrector, "_reading", threading.BoundedSemaphore(1))
    with ThreadPoolExecutor(2) as others:
        others.submit(desk.corrector.do, MakeReady())
        assert desk.build.begun.wait(20)
        refused = desk.get("versions/0/labels/other.nii", 503)
        saved = others.submit(desk.draw, 201)
        desk.build.end.set()
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("busy", "10")
    assert saved.result()["state"] == "applied"
    desk.get("versions/0/labels/other.nii", 404)


def test_a_service_that_starts_goes_on_with_what_is_pending(desk: Desk) -> None:
    """Its thread looks before it does anything else."""
    done = threading.Event()
    desk.build.after_rename = done.set
    save(desk.service.database, desk.service.folders, desk.study, drawn(desk.base), CHANGED)
    desk.corrector.start()
    assert done.wait(20)
    desk.corrector.close()
    assert desk.get().json()["corrections"][0]["state"] == "applied"
