"""What a viewer in a browser is told and sent."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest
from fastapi.testclient import TestClient
from hand_made_corrections import drawn
from publishing_cases import SERIES, segmentation
from pydantic import TypeAdapter
from sqlalchemy import select

from heimdallr.clock import utc_now
from heimdallr.imaging.volume import LabelMap, load_volume, native_grid
from heimdallr.publishing.case_file import CASE_FILE, CaseRecord, TaskRecord
from heimdallr.publishing.correction_records import CORRECTION_FILE, StructureChange
from heimdallr.publishing.label_maps import describe, describe_map
from heimdallr.publishing.masks import write_masks, write_volume
from heimdallr.store.models import AuditEntry, FindingRow, StudyState
from heimdallr.web.api import viewer

if TYPE_CHECKING:
    from pathlib import Path

    from web_service import Service

FILE_AFFINE = np.array(
    [[-0.8, 0.1, 0.2, 90.0], [0.1, 0.8, 0.1, -80.0], [0.2, -0.1, 2.9, 400.0], [0, 0, 0, 1]]
)
"""Oblique, its first axis towards the left, as dcm2niix stores an axial CT."""
NAMES = {5: "liver", 90: "brain"}


@dataclass
class Viewed:
    """A study with a volume and label maps of its own."""

    service: Service
    number: int
    folder: Path

    @property
    def base(self) -> str:
        """Where its viewer loads from."""
        return f"/api/v1/studies/{self.number}/viewer"

    def manifest(self) -> dict[str, Any]:
        """What the viewer is told."""
        answer = self.service.client.get(self.base)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def rewrite_results(self, **changes: object) -> None:
        """Change what `resultados.json` says."""
        path = self.folder / "resultados.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def viewed(service: Service, tmp_path: Path) -> Viewed:
    """A liver of 4×3×5 voxels; its volume knows where it is."""
    number = service.add_done()
    folder = service.folders.output / "SilvaMJ_20260201_123456"
    shutil.rmtree(folder / "labels")
    stored = np.full((16, 14, 20), -100, np.int16)
    stored[9:13, 4:7, 8:13] = 60
    nib.save(nib.Nifti1Image(stored, FILE_AFFINE), tmp_path / "c.nii")
    write_volume(folder / "volume.nii.gz", tmp_path / "c.nii")
    image = load_volume(tmp_path / "c.nii")
    labels = LabelMap((image.data == 60).astype(np.uint8) * 5, image.affine, NAMES)
    (folder / "labels").mkdir()
    grid = native_grid(tmp_path / "c.nii")
    together = folder / "labels" / "total.nii.gz"
    write_masks(folder / "total", labels, grid, together=together)
    told = describe(image, [describe_map("total", "total", labels)])
    (folder / "labels" / "labels.json").write_text(told.model_dump_json())
    made = Viewed(service, number, folder)
    results = json.loads((folder / "resultados.json").read_text())
    results["measurements"][0]["structure"] = "liver"
    made.rewrite_results(measurements=results["measurements"])
    return made


def test_the_manifest_tells_where_everything_is(viewed: Viewed) -> None:
    """Volume, label maps with their structures, and the place of a number, all in one frame."""
    told = viewed.manifest()
    volume = told["volume"]
    results = json.loads((viewed.folder / "resultados.json").read_text())
    assert told["series_instance_uid"] == results["provenance"]["series_instance_uid"] != ""
    assert (volume["shape"], volume["orientation"]) == ([16, 14, 20], "LAS")
    assert (volume["datatype"], volume["plain_bytes"]) == ("int16", 352 + 2 * 16 * 14 * 20)
    assert volume["gzip_bytes"] == (viewed.folder / "volume.nii.gz").stat().st_size
    image = load_volume(viewed.folder / "volume.nii.gz")
    assert np.allclose(volume["affine"], image.affine)
    assert volume["spacing_mm"] == pytest.approx(list(image.spacing_mm))

    assert [one["name"] for one in told["labels"]] == ["total"]
    assert told["labels"][0]["plain_bytes"] == 352 + 16 * 14 * 20
    liver = told["labels"][0]["structures"][0]
    assert (liver["label"], liver["structure"], liver["group"]) == (5, "liver", "organs")
    target = told["targets"]["measurements"]["liver_vol_cm3"]
    assert image.data[tuple(target["position_ijk"])] == 60
    world = image.voxel_to_world(target["position_ijk"])
    assert target["position_ras_mm"] == pytest.approx(list(world), abs=1e-3)
    inside = np.linalg.inv(FILE_AFFINE) @ [*target["position_ras_mm"], 1]
    stored = np.asanyarray(nib.load(viewed.folder / "volume.nii.gz").dataobj)
    assert stored[tuple(np.rint(inside[:3]).astype(int))] == 60
    assert target["shown"] == [{"map": "total", "label": 5, "structure": "liver"}]

    (finding,) = told["targets"]["findings"].values()
    assert finding["slice_index"] == 12
    assert (told["volume_reason"], told["labels_reason"]) == ("", "")
    assert told["modality"] == "CT"


def test_a_finding_that_names_no_structure_leads_to_the_voxel_of_its_number(
    viewed: Viewed,
) -> None:
    """Of a vertebra that is not named, say: not to the middle of the image."""
    with viewed.service.database.write() as session:
        row = session.scalars(select(FindingRow)).one()
        row.structure, row.slice_index = None, 9
        row.evidence = {"vertebral_fractures_suspected": 1}
    count = json.loads((viewed.folder / "resultados.json").read_text())["measurements"][0] | {
        "name": "vertebral_fractures_suspected",
        "structure": None,
        "parameters": {"slice_index": 9, "voxel": "4 5 9"},
    }
    viewed.rewrite_results(measurements=[count])
    targets = viewed.manifest()["targets"]
    (finding,) = targets["findings"].values()
    assert finding["position_ijk"] == [4, 5, 9]
    assert finding == targets["measurements"]["vertebral_fractures_suspected"]


def test_every_address_of_the_manifest_answers(viewed: Viewed) -> None:
    """Unpacked, each is the image it was announced as."""
    told = viewed.manifest()
    for announced in (told["volume"], *told["labels"]):
        answer = viewed.service.client.get(announced["url"])
        assert answer.status_code == 200
        assert len(answer.content) == announced["plain_bytes"]
        assert nib.Nifti1Image.from_bytes(answer.content).shape == (16, 14, 20)


def test_the_stored_bytes_are_sent_and_named_a_coding(viewed: Viewed) -> None:
    """A browser unpacks them itself; nothing is compressed or unpacked here."""
    for name, path in (("volume", "volume.nii.gz"), ("labels/total", "labels/total.nii.gz")):
        with viewed.service.client.stream("GET", f"{viewed.base}/{name}.nii") as answer:
            raw = b"".join(answer.iter_raw())
        assert raw == (viewed.folder / path).read_bytes()
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-length"] == str(len(raw))
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "content-disposition" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("*;q=0.1", True),
        ("br, gzip; q=1.0", True),
        ("identity", False),
        ("", False),
        ("gzip;q=0", False),
        ("*, gzip;q=0.000", False),
        ("br", False),
    ],
)
def test_who_refuses_gzip_gets_it_unpacked(viewed: Viewed, accepted: str, packed: bool) -> None:  # noqa: FBT001
    """The same image either way, under another tag."""
    plain = gzip.decompress((viewed.folder / "volume.nii.gz").read_bytes())
    headers = {"Accept-Encoding": accepted}
    answer = viewed.service.client.get(f"{viewed.base}/volume.nii", headers=headers)
    assert answer.content == plain
    assert ("content-encoding" in answer.headers) == packed
    assert answer.headers["etag"].endswith('-plain"') != packed
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_headers_alone_cost_no_unpacking(viewed: Viewed, coding: str) -> None:
    """HEAD says the same of a file in either coding."""
    url, headers = f"{viewed.base}/labels/total.nii", {"Accept-Encoding": coding}
    got, told = (
        getattr(viewed.service.client, how)(url, headers=headers) for how in ("get", "head")
    )
    assert (told.status_code, told.content) == (200, b"")
    for name in ("etag", "vary", "content-type", "cache-control"):
        assert told.headers[name] == got.headers[name]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_who_has_it_is_told_so(viewed: Viewed, coding: str) -> None:
    """304 for the tag of the same coding, until the study is processed again."""
    headers = {"Accept-Encoding": coding}
    url = f"{viewed.base}/labels/total.nii"
    tag = viewed.service.client.get(url, headers=headers).headers["etag"]
    again = viewed.service.client.get(url, headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    path = viewed.folder / "labels" / "total.nii.gz"
    path.write_bytes(path.read_bytes() + bytes(4))
    newer = viewed.service.client.get(url, headers=headers | {"If-None-Match": tag})
    assert newer.status_code == 200


def test_a_range_is_one_of_the_stored_bytes(viewed: Viewed) -> None:
    """As HTTP has it: ranges count in the coding that is sent."""
    url = f"{viewed.base}/volume.nii"
    with viewed.service.client.stream("GET", url, headers={"Range": "bytes=10-19"}) as answer:
        part = b"".join(answer.iter_raw())
    assert answer.status_code == 206
    assert part == (viewed.folder / "volume.nii.gz").read_bytes()[10:20]


def viewings(service: Service) -> list[tuple[str, str]]:
    """The trail: address and object of each look."""
    with service.database.read() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == "study.view"))
        looks = [row for row in rows if row.details == "viewer"]
    return [(row.address, row.object) for row in looks if row.at <= utc_now()]


def test_a_look_is_one_line_in_the_trail(viewed: Viewed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one per file; but nobody takes a file without a line of their own."""
    service, name = viewed.service, f"study:{viewed.number}"
    with service.database.write() as session:  # of a clock that was wrong: no look of today
        session.add(
            AuditEntry(
                at=service.app.state.heimdallr.now() + timedelta(days=365), actor="open",
                address="127.0.0.9", action="study.view", object=name, details=viewer.VIEWING,
            )
        )  # fmt: skip
    viewed.manifest()
    for file in ("volume", "preview", "labels/total"):
        service.client.get(f"{viewed.base}/{file}.nii")
    assert viewings(service) == [("127.0.0.1", name)]
    other = TestClient(service.app, base_url="http://127.0.0.1", client=("127.0.0.9", 1))
    other.get(f"{viewed.base}/volume.nii")
    other.get(f"{viewed.base}/labels/total.nii")
    assert viewings(service)[1:] == [("127.0.0.9", name)]
    monkeypatch.setattr(viewer, "VISIT", timedelta())
    other.get(f"{viewed.base}/volume.nii")
    assert viewings(service)[2:] == [("127.0.0.9", name)]


def test_an_older_case_folder_says_why_it_has_no_label_maps(viewed: Viewed) -> None:
    """No error: the volume can be viewed, and a slice still be jumped to."""
    shutil.rmtree(viewed.folder / "labels")
    told = viewed.manifest()
    assert told["labels"] is None
    assert told["labels_reason"] == (
        "these results are older than label maps; reprocess the study to see its structures"
    )
    assert told["targets"]["measurements"] == {}
    (finding,) = told["targets"]["findings"].values()
    assert (finding["position_ijk"], finding["shown"]) == ([8, 7, 12], [])


def test_what_a_task_has_not_found_can_be_painted(viewed: Viewed) -> None:
    """By number, name and colour; not in a folder that does not say what its tasks know."""
    assert viewed.manifest()["labels"][0]["absent"] == []
    provenance = segmentation(LabelMap(np.zeros((1, 1, 1), np.uint8), np.eye(4), NAMES)).provenance
    tasks = {
        "cerebral_bleed": TaskRecord({1: "intracerebral_hemorrhage"}, provenance),
        "total": TaskRecord({5: "liver", 6: "stomach"}, provenance),
    }
    record = TypeAdapter(CaseRecord).dump_json(CaseRecord("1.0", SERIES, tasks))
    (viewed.folder / CASE_FILE).write_bytes(record)
    total, bleed = viewed.manifest()["labels"]
    (absent,) = total["absent"]
    assert (absent["label"], absent["structure"], absent["group"]) == (6, "stomach", "organs")
    assert len(absent["colour"]) == 3
    assert (bleed["name"], bleed["task"], bleed["structures"]) == ("bleed", "cerebral_bleed", [])
    assert (bleed["url"], bleed["gzip_bytes"]) == (None, 0)
    assert bleed["plain_bytes"] == total["plain_bytes"]
    assert [(one["label"], one["structure"]) for one in bleed["absent"]] == [
        (1, "intracerebral_hemorrhage")
    ]


def test_a_map_that_persons_changed_was_another_in_earlier_versions(viewed: Viewed) -> None:
    """Where the story cannot be read, any may have been."""
    assert [one["corrected"] for one in viewed.manifest()["labels"]] == [False]
    change = StructureChange(
        task="total", structure="liver", voxels_added=1, voxels_removed=0, dice=0.9,
        volume_before_cm3=1, volume_after_cm3=1,
    )  # fmt: skip
    told = drawn("0" * 32, structures=[change])
    kept = viewed.folder / "corrections" / "0001"
    kept.mkdir(parents=True)
    (kept / CORRECTION_FILE).write_text(told.model_dump_json())
    assert [one["corrected"] for one in viewed.manifest()["labels"]] == [True]
    (kept / CORRECTION_FILE).write_text("{")
    assert [one["corrected"] for one in viewed.manifest()["labels"]] == [True]


def test_what_retention_removed_is_said(viewed: Viewed) -> None:
    """Masks and volume, one after the other; places stay known as long as anything tells them."""
    (viewed.folder / "volume.nii.gz").unlink()
    told = viewed.manifest()
    assert told["volume"] is None
    assert told["volume_reason"] == (
        "the volume was removed by retention; send the study again to see its images"
    )
    assert told["volume_reason_coded"] == {"code": "volume_removed", "parameters": {}}
    assert "liver_vol_cm3" in told["targets"]["measurements"]
    for masks in ("labels", "total"):
        shutil.rmtree(viewed.folder / masks)
    told = viewed.manifest()
    assert told["labels_reason"] == "the masks were removed by retention"
    assert told["targets"] == {"measurements": {}, "findings": {}}


def test_damaged_files_are_said(viewed: Viewed) -> None:
    """The manifest answers; what cannot be read is not announced."""
    (viewed.folder / "volume.nii.gz").write_bytes(b"v" * 1000)
    (viewed.folder / "labels" / "labels.json").write_text("{")
    told = viewed.manifest()
    assert (told["volume"], told["labels"], told["preview"]) == (None, None, None)
    assert told["volume_reason"] == "the volume cannot be read; reprocess the study"
    assert told["labels_reason"] == "the label maps cannot be read; reprocess the study"


def test_a_label_map_that_is_gone_is_not_announced(viewed: Viewed) -> None:
    """Whatever `labels.json` says."""
    (viewed.folder / "labels" / "total.nii.gz").unlink()
    assert viewed.manifest()["labels"] == []


def test_the_preview_is_announced_when_there_is_one(viewed: Viewed) -> None:
    """With its own, coarser voxels."""
    small = nib.Nifti1Image(np.zeros((8, 7, 10), np.int16), np.diag([1.6, 1.6, 5.8, 1]))
    nib.save(small, viewed.folder / "preview.nii.gz")
    told = viewed.manifest()["preview"]
    assert (told["shape"], told["orientation"]) == ([8, 7, 10], "RAS")
    answer = viewed.service.client.get(told["url"])
    assert len(answer.content) == told["plain_bytes"]
    (viewed.folder / "preview.nii.gz").unlink()
    assert viewed.manifest()["preview"] is None
    assert viewed.service.client.get(told["url"]).status_code == 404


@pytest.mark.parametrize(
    ("regions", "begins"),
    [
        (["head"], "brain"),
        (["head", "neck"], "brain"),
        (["head", "neck", "thorax"], "soft_tissue"),
        (["abdomen"], "soft_tissue"),
        ([], "soft_tissue"),
    ],
)
def test_the_first_window_suits_the_region(viewed: Viewed, regions: list[str], begins: str) -> None:
    """Brain for a head, soft tissue for a trunk; all presets are there."""
    viewed.rewrite_results(body_regions=regions)
    windows = [one["name"] for one in viewed.manifest()["windows"]]
    assert windows[0] == begins
    assert set(windows) == {"soft_tissue", "lung", "bone", "brain", "liver", "bleed"}


def test_a_ct_of_unknown_scale_has_no_windows(viewed: Viewed) -> None:
    """Where the header does not say what its values are, they are shown as signal is."""
    provenance = json.loads((viewed.folder / "resultados.json").read_text())["provenance"]
    viewed.rewrite_results(provenance={**provenance, "pixel_values": "unknown"})
    assert viewed.manifest()["windows"] == []


def test_mr_has_no_windows(viewed: Viewed) -> None:
    """Its signal has no unit."""
    viewed.rewrite_results(modality="MR")
    assert viewed.manifest()["windows"] == []


def test_label_maps_are_no_masks(viewed: Viewed) -> None:
    """Neither listed nor sent as masks; the archive holds them."""
    client, base = viewed.service.client, f"/api/v1/studies/{viewed.number}"
    assert list(client.get(base).json()["results"]["masks"]) == ["total"]
    assert client.get(f"{base}/masks/labels").status_code == 404
    assert client.get(f"{base}/masks/labels/total").status_code == 404
    founding = f"/api/patients/{viewed.folder.name}/download/labels"
    assert client.get(founding).json()["code"] == "bad_folder"


@pytest.mark.parametrize("name", ["bleed", "Total", "..%2Fvolume", "..", "%00", "labels.json"])
def test_other_names_are_not_found(viewed: Viewed, name: str) -> None:
    """Nothing but a label map of this case."""
    answer = viewed.service.client.get(f"{viewed.base}/labels/{name}.nii")
    assert answer.status_code == 404


def test_a_link_is_not_followed(viewed: Viewed) -> None:
    """Whoever can write into a case folder cannot read through it."""
    (viewed.folder / "labels" / "other.nii.gz").symlink_to(viewed.folder / "volume.nii.gz")
    assert viewed.service.client.get(f"{viewed.base}/labels/other.nii").status_code == 404


def test_without_results_there_is_nothing_to_view(service: Service) -> None:
    """409 says what the study is waiting for; an unknown number is 404."""
    number = service.add("1.7", StudyState.QUEUED, case_id="X_1_1")
    for file in ("", "/volume.nii", "/preview.nii", "/labels/total.nii"):
        answer = service.client.get(f"/api/v1/studies/{number}/viewer{file}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")
        assert service.client.get(f"/api/v1/studies/999/viewer{file}").status_code == 404
