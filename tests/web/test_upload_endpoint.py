"""`POST /upload`: what is taken, what is refused, and that nothing is left behind."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest
from received_images import Image, stack
from sqlalchemy import func, select
from web_service import Service, service_in, zipped

from heimdallr.store.models import Instance, Run, Study, StudyState
from heimdallr.web.http.multipart import FileOfForm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx2 import Response


def post(service: Service, content: bytes, name: str = "exam.zip", query: str = "") -> Response:
    """Send a file as a browser's form does."""
    return service.client.post(f"/upload{query}", files={"file": (name, content)})


def leftovers(service: Service) -> list[str]:
    """What of uploads and batches is still on the disk."""
    folders = service.folders
    return [path.name for folder in (folders.uploads, folders.spool) for path in folder.iterdir()]


def test_a_study_is_received_completed_and_queued(service: Service) -> None:
    """The answer names the study; its images are in place and its run waits."""
    answer = post(service, zipped(stack(count=5)))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "Accepted"
    assert body["original_file"] == "exam.zip"
    assert body["study_instance_uids"] == [Image().study_uid]
    assert body["instances"] == 5
    study = service.client.get(body["location"]).json()
    assert study["state"] == "queued"
    assert study["instance_count"] == 5
    assert len(list((service.folders.incoming / Image().study_uid).iterdir())) == 5
    assert leftovers(service) == []


def test_several_studies_in_one_zip(service: Service) -> None:
    """Each becomes a study of its own."""
    body = post(service, zipped([*stack(1), *stack(2), *stack(3)])).json()
    assert len(body["study_instance_uids"]) == len(body["studies"]) == 3


def test_sending_again_changes_nothing(service: Service) -> None:
    """A client that got no answer may simply send again."""
    content = zipped(stack(count=3))
    first = post(service, content).json()
    again = post(service, content)
    assert again.status_code == 200
    assert again.json()["instances"] == 0
    assert again.json()["duplicates"] == 3
    assert again.json()["studies"] == first["studies"]
    with service.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 1
        assert session.scalar(select(func.count()).select_from(Instance)) == 3


def test_an_urgent_upload_is_stat(service: Service) -> None:
    """`?priority=stat` moves it to the front."""
    body = post(service, zipped(stack()), query="?priority=stat").json()
    assert service.client.get(body["location"]).json()["stat"] is True
    assert post(service, zipped(stack(2)), query="?priority=now").status_code == 422


def test_what_is_no_dicom_does_not_spoil_the_rest(service: Service) -> None:
    """Other files are counted; what is DICOM, but damaged, is kept where people find it."""
    damaged = ("damaged.dcm", Image(number=9, tags={"Rows": 900}).encoded())
    body = post(service, zipped([*stack(count=2), ("README.txt", b"hello"), damaged])).json()
    assert (body["instances"], body["unusable"]) == (2, 2)
    assert body["passed_over"] == {"not a DICOM file": 1}
    assert len(service.client.get("/api/v1/quarantine").json()["files"]) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip at all",
        b"PK\x03\x04 but nothing more",
        zipped([]),
        zipped([("README.txt", b"hello")]),
        zipped([("../../evil.dcm", b"x" * 100)]),
        zipped([("/etc/cron.d/evil", b"x" * 100)]),
        zipped([("inner.zip", zipped(stack(count=1)))]),
        zipped([("looks-harmless", zipped(stack(count=1)))]),
    ],
    ids=[
        "empty",
        "text",
        "magic",
        "no-members",
        "no-dicom",
        "dots",
        "absolute",
        "nested",
        "hidden",
    ],
)
def test_what_is_no_study_is_refused(service: Service, content: bytes) -> None:
    """400 with a reason, and nothing of it becomes a study or stays behind."""
    answer = post(service, content)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    with service.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Study)) == 0
    assert leftovers(service) == []
    assert not (service.folders.root.parent / "evil.dcm").exists()


def test_a_zip_bomb_is_refused(service: Service) -> None:
    """A megabyte that would unpack to a gigabyte is not unpacked."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(700 * 2**20))
    answer = post(service, stream.getvalue())
    assert answer.status_code == 400
    assert leftovers(service) == []


def test_a_lying_directory_is_refused(service: Service) -> None:
    """A member that is longer than it declares is cut off, and the ZIP refused."""
    content = bytearray(zipped([("a", b"x" * 1000)]))
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<L", 10)
    assert post(service, bytes(content)).status_code == 400


def test_too_many_members(tmp_path: Path) -> None:
    """The number of files in a ZIP is limited by a setting."""
    service = service_in(tmp_path, max_upload_files=3)
    answer = post(service, zipped(stack(count=4)))
    assert answer.status_code == 400
    assert "3 files" in answer.json()["detail"]
    service.database.close()


def test_too_large(tmp_path: Path) -> None:
    """413, whether the length is declared or comes to light on the way."""
    service = service_in(tmp_path, max_upload_gb=0.0001)
    content = b"PK\x03\x04" + bytes(400_000)
    assert post(service, content).status_code == 413
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield form
        yield content

    answer = service.client.post(
        "/upload", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 413
    assert leftovers(service) == []
    service.database.close()


@pytest.mark.parametrize("where", ["preamble", "field", "header", "file header", "epilogue"])
def test_what_surrounds_the_file_is_counted_too(
    service: Service, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Refused wherever somebody puts it, with the first piece that is too much."""
    disposition = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n'
    file = disposition % (b"file", b'; filename="exam.zip"')
    content = zipped(stack(count=1))
    head = {
        "preamble": b"",
        "field": disposition % (b"note", b"") + b"\r\n",
        "header": disposition % (b"note", b"") + b"X-Much: ",
        "file header": file + b"X-Much: ",
        "epilogue": file + b"\r\n" + content + b"\r\n--x--\r\n",
    }[where]
    pieces: list[int] = []
    feed = FileOfForm.feed

    def counted(form: FileOfForm, data: bytes) -> None:
        pieces.append(len(data))
        feed(form, data)

    monkeypatch.setattr(FileOfForm, "feed", counted)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(16):
            yield b"a" * 2**20

    answer = service.client.post(
        "/upload", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    # Of what may stand there the parser itself has an opinion, and of a header's length.
    assert answer.status_code == (413 if where in {"field", "epilogue"} else 400), answer.text
    assert len(pieces) == 1
    assert leftovers(service) == []


def test_a_full_disk_is_507(tmp_path: Path) -> None:
    """Nothing is taken below the reserve."""
    service = service_in(tmp_path, disk_reserve_gb=99_999)
    answer = post(service, zipped(stack()))
    assert answer.status_code == 507
    assert answer.json()["code"] == "disk_low"
    assert leftovers(service) == []
    service.database.close()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/zip", b"PK\x03\x04"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nPK\x03\x04',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nPK\r\n--x--\r\n',
        ),
        (f"multipart/form-data; boundary={'x' * 500}", b""),
    ],
    ids=["raw", "no-boundary", "garbage", "cut-head", "cut-file", "no-filename", "long-boundary"],
)
def test_malformed_forms(service: Service, kind: str, body: bytes) -> None:
    """A body that is no form with a whole file is refused."""
    answer = service.client.post("/upload", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400, answer.text
    assert leftovers(service) == []


def test_two_files_at_once_are_refused(service: Service) -> None:
    """One file a form: which one would the answer be about?"""
    content = zipped(stack(count=1))
    answer = service.client.post(
        "/upload", files=[("file", ("a.zip", content)), ("file", ("b.zip", content))]
    )
    assert answer.status_code == 400
    assert leftovers(service) == []


def test_other_fields_are_passed_over(service: Service) -> None:
    """A form may hold more than the file."""
    answer = service.client.post(
        "/upload", data={"comment": "x" * 5000}, files={"file": ("a.zip", zipped(stack(count=1)))}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd.zip", "passwd.zip"),
        ("C:\\Users\\x\\SILVA.zip", "SILVA.zip"),
        ("a" * 500 + ".zip", "a" * 128),
    ],
)
def test_the_clients_name_is_only_a_label(service: Service, name: str, label: str) -> None:
    """It comes back short and without folders, and is nowhere on the disk."""
    body = post(service, zipped(stack(count=1)), name).json()
    assert body["original_file"] == label
    names = [path.name for path in service.folders.root.rglob("*")]
    assert not any("passwd" in one or "SILVA" in one or "aaaa" in one for one in names)


def test_a_late_image_makes_a_new_revision(service: Service) -> None:
    """More images of a study that was complete are worked on anew."""
    post(service, zipped(stack(count=2)))
    body = post(service, zipped(stack(count=3))).json()
    assert body["instances"] == 1
    study = service.client.get(body["location"]).json()
    assert (study["revision"], study["state"]) == (2, StudyState.QUEUED.value)
