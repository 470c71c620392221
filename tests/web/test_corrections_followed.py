"""Corrections over HTTP on a real case folder: every number follows, and every version is kept."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from corrected_cases import LIVER, drawn, files_of, made, smaller_liver
from publishing_cases import trunk_arrays
from sqlalchemy import select
from store_cases import NOW, add_study

from heimdallr.corrections.difference import Difference, Runs, labels_version
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.store.delivery_tables import DeliveryNews
from heimdallr.store.models import AuditEntry, MeasurementRow, StudyState
from heimdallr.store.results import index_results
from heimdallr.store.upkeep.case_jobs import do
from heimdallr.store.upkeep.correcting import offer_corrections
from heimdallr.store.work.states import lock
from heimdallr.web.corrector import Corrector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from web_service import Service

    from heimdallr.store.upkeep.case_builder import Job, Outcome

ORGANS = trunk_arrays()[1]
VOXELS = int((ORGANS == LIVER).sum())


class Desk:
    """A study whose case folder the pipeline has published, and its corrections over HTTP."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.case = made(service.folders.root)
        with service.database.write() as session:
            self.study = add_study(
                session, state=StudyState.DONE, case_id=self.case.name, revision=1, digest="d"
            ).id
        self.index()

    def index(self, *, anew: bool = False) -> None:
        """Let the rows say what the folder says, as a worker does."""
        with self.service.database.write() as session:
            study = lock(session, self.study)
            found = read_results(self.case), read_identity(self.case)
            index_results(session, study, *found, self.case, NOW)
            if anew:
                offer_corrections(session, study, self.case, NOW)

    @property
    def base(self) -> str:
        """Of the label maps as they are."""
        return labels_version(self.case)

    def get(self, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        """An answer below the study."""
        answer = self.service.client.get(f"/api/v1/studies/{self.study}/{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, status: int = 201, **body: object) -> dict[str, Any]:
        """Ask for something with a JSON body."""
        url = f"/api/v1/studies/{self.study}/corrections/{path}"
        answer = self.service.client.post(
            url, json={name.rstrip("_"): value for name, value in body.items()}
        )
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def draw(self, body: bytes, status: int = 201) -> dict[str, Any]:
        """Save changed voxels."""
        url = f"/api/v1/studies/{self.study}/corrections"
        headers = {"if-match": f'"{self.base}"'}
        answer = self.service.client.post(url, content=body, headers=headers)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def label_map(self, version: int) -> bytes:
        """The label map of the organs in a version, unpacked."""
        url = f"/api/v1/studies/{self.study}/versions/{version}/labels/total.nii"
        answer = self.service.client.get(url)
        assert answer.status_code == 200, answer.text
        return answer.content

    def difference(self, number: int) -> Difference:
        """What a correction changed."""
        return self._difference(f"corrections/{number}")

    def difference_since(self, version: int) -> Difference:
        """What differs between a version and the present one."""
        return self._difference(f"versions/{version}")

    def _difference(self, of: str) -> Difference:
        url = f"/api/v1/studies/{self.study}/{of}/difference"
        answer = self.service.client.get(url)
        assert answer.status_code == 200, answer.text
        return Difference.read(answer.content)

    def liver(self) -> float:
        """Its volume in the database."""
        with self.service.database.read() as session:
            value = session.scalars(
                select(MeasurementRow.value).where(MeasurementRow.name == "liver_vol_cm3")
            ).one()
        assert value is not None
        return value


class Here:
    """Does the jobs in this process, which is quicker than to start another."""

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Do a job."""
        return do(job, last_word)

    def close(self) -> None:
        """Nothing is to be ended."""


@pytest.fixture
def desk(service: Service) -> Iterator[Desk]:
    """One study, corrected in this process."""
    context = service.app.state.heimdallr
    corrector = Corrector(service.database, service.folders, context.now, Here())
    service.app.state.heimdallr = replace(context, corrector=corrector)
    yield Desk(service)
    corrector.close()


def test_numbers_follow_a_drawing_and_come_back(service: Service) -> None:
    """Half a liver has half its volume; the networks' version is there to the byte."""
    desk = Desk(service)  # with a process of its own for corrections, as it is in service
    whole, networks = desk.liver(), (desk.case / "labels" / "total.nii.gz").read_bytes()
    before, after = smaller_liver()
    share = int((after == LIVER).sum()) / VOXELS
    saved = desk.draw(drawn("total", before, after).pack())
    assert (saved["state"], saved["version"]) == ("applied", 1)
    (change,) = saved["structures"]
    assert (change["structure"], change["voxels_added"]) == ("liver", 0)
    assert change["voxels_removed"] == VOXELS - int((after == LIVER).sum())
    assert desk.liver() == pytest.approx(whole * share, rel=1e-3)
    detail = desk.get("corrections/1")
    told = {one["name"]: one for one in detail["measurements"]}
    assert len(told) == saved["changed_measurements"]
    assert told["liver_vol_cm3"]["before"] == pytest.approx(whole, rel=1e-3)
    assert (
        desk.get("versions/0/results")["measurements"]
        != desk.get("versions/1/results")["measurements"]
    )
    assert desk.label_map(0) == gzip.decompress(networks)
    assert desk.label_map(1) != desk.label_map(0)
    with desk.service.database.read() as session:
        assert not session.scalars(select(DeliveryNews).where(~DeliveryNews.held)).all()
    back = desk.post("restore", base=desk.base, version=0)
    assert (back["state"], back["version"]) == ("applied", 2)
    assert desk.liver() == whole
    assert (desk.case / "labels" / "total.nii.gz").read_bytes() == networks
    states = [one["state"] for one in desk.get("corrections")["corrections"]]
    assert states == ["applied", "superseded"]
    assert desk.difference(2).pack() == desk.difference(1).reversed.pack()
    again = desk.post("restore", base=desk.base, version=1)
    assert desk.liver() == pytest.approx(whole * share, rel=1e-3)
    states = [one["state"] for one in desk.get("corrections")["corrections"]]
    assert (again["number"], states) == (3, ["applied", "superseded", "applied"])


def test_what_persons_changed_in_all_is_told(desk: Desk) -> None:
    """A drawing and a level: from the networks' version to now, voxels and numbers."""
    before, after = smaller_liver()
    desk.draw(drawn("total", before, after).pack())
    desk.post("level", base=desk.base, vertebra="vertebrae_L3", is_="vertebrae_L2")
    total, level = (desk.difference_since(version).maps["total"] for version in (0, 1))
    assert total.voxels == int((before != after).sum()) + level.voxels
    assert level.voxels == desk.difference(2).maps["total"].voxels
    with desk.service.database.read() as session:
        trail = session.scalars(select(AuditEntry)).all()
    seen = ("study.view", f"study:{desk.study}", "since version 0")
    assert seen in {(one.action, one.object, one.details) for one in trail}
    told = {one["name"]: one for one in desk.get("versions/0/changes")["measurements"]}
    assert told["liver_vol_cm3"]["after"] == pytest.approx(desk.liver(), abs=0.01)
    assert "liver_vol_cm3" not in {
        one["name"] for one in desk.get("versions/1/changes")["measurements"]
    }
    desk.post("restore", base=desk.base, version=0)
    assert desk.get("versions/0/changes") == {
        "measurements": [], "findings_gone": [], "findings_new": []
    }  # fmt: skip
    desk.get("versions/0/difference", 404)


def test_what_was_drawn_is_offered_after_processing_anew(desk: Desk) -> None:
    """Accepted, it is put onto the new label maps."""
    whole = desk.liver()
    before, after = smaller_liver()
    desk.draw(drawn("total", before, after).pack())
    half = desk.liver()

    def otherwise(_hu: object, organs: np.ndarray[Any, Any], _tissues: object) -> None:
        organs[tuple(np.argwhere(organs == 1)[0])] = 0

    made(desk.service.folders.root, otherwise)
    desk.index(anew=True)
    assert desk.liver() == whole
    offered = desk.get("corrections")
    assert (offered["version"], offered["corrections"][0]["state"]) == (0, "offered")
    again = desk.post("1/accept", base=desk.base)
    assert (again["number"], again["origin"], again["state"]) == (2, "offered_again", "applied")
    assert desk.liver() == half


def test_levels_and_rejections_follow(desk: Desk) -> None:
    """A vertebra's name moves the column; what is not believed has no number."""
    said = desk.post("level", base=desk.base, vertebra="vertebrae_L3", is_="vertebrae_L2")
    assert said["state"] == "applied"
    assert "vertebrae_L2" in {one["structure"] for one in said["structures"]}
    moved = desk.difference(1)
    assert moved.maps["total"].voxels == sum(one["voxels_removed"] for one in said["structures"])
    unbelieved = {"kind": "structure", "name": "liver", "reason": "wrong_extent"}
    rejected = desk.post("rejections", reject=[unbelieved])
    assert rejected["state"] == "applied"
    (standing,) = desk.get("corrections")["rejections"]
    assert (standing["name"], standing["by"]) == ("liver", "open")
    measured = {one["name"]: one for one in desk.get("versions/2/results")["measurements"]}
    assert measured["liver_vol_cm3"]["status"] == "not_assessable"
    back = desk.post("rejections", restore=[{"kind": "structure", "name": "liver"}])
    assert back["state"] == "applied"
    assert desk.get("corrections")["rejections"] == []
    assert desk.liver() > 0
    desk.post("level", 422, base=desk.base, vertebra="liver", is_="vertebrae_L2")


def hostile() -> dict[str, bytes]:
    """Differences that are none, or fit another case."""
    before, after = smaller_liver()
    good = drawn("total", before, after)
    runs = good.maps["total"]
    bomb = gzip.compress(b"HDLRDIF1" + bytes(2**28 + 2**20))
    return {
        "nothing": b"",
        "noise": np.random.default_rng(1).bytes(1000),
        "gzip of noise": gzip.compress(np.random.default_rng(1).bytes(1000)),
        "truncated": good.pack()[:-20],
        "two members": good.pack() * 2,
        "a bomb": bomb,
        "another shape": Difference((7, 7, 7), {"total": _one_run(0)}).pack(),
        "another map": Difference(good.shape, {"lungs": runs}).pack(),
        "a path": Difference(good.shape, {"../../id": runs}).pack(),
        "an unknown label": Difference(
            good.shape,
            {"total": Runs(runs.starts, runs.lengths, runs.before, np.full_like(runs.after, 250))},
        ).pack(),
        "beyond the volume": Difference(good.shape, {"total": _one_run(2**31)}).pack(),
        "no change": Difference(good.shape, {}).pack(),
    }


def _one_run(start: int) -> Runs:
    def one(value: int, kind: str) -> np.ndarray[Any, Any]:
        return np.array([value], kind)

    return Runs(one(start, "u4"), one(1, "u4"), one(0, "u1"), one(LIVER, "u1"))


def test_hostile_differences_change_nothing(desk: Desk) -> None:
    """Each is refused with a reason; not a byte of the folder and not a row is another."""
    before = files_of(desk.case)
    for name, body in hostile().items():
        refused = desk.draw(body, 422)
        assert refused["code"].startswith(("difference_", "correction_")), name
    other = drawn("total", np.zeros_like(ORGANS), (ORGANS == LIVER).astype(np.uint8) * LIVER)
    assert desk.draw(other.pack(), 409)["code"] == "other_base"
    assert files_of(desk.case) == before
    assert desk.get("corrections")["corrections"] == []


def test_a_folder_of_an_earlier_version_is_not_corrected(desk: Desk) -> None:
    """It says what to do."""
    (desk.case / "case.json").unlink()
    told = desk.get("corrections")
    assert (told["can_correct"], told["why_not"]["code"]) == (False, "correction_of_old_folder")
    refused = desk.post("restore", 409, base=desk.base, version=0)
    assert "process it again" in refused["detail"]
