"""The corpus of malformed files, as one ZIP, through `POST /upload`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from received_images import stack
from sqlalchemy import select
from waiting import peak_memory_mb
from web_service import zipped

from heimdallr.intake.parsing import data_set_digest
from heimdallr.store.models import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from web_service import Service


def contents(folder: Path) -> Counter[str]:
    """Digests of the data sets below a folder, with how many files have each."""
    return Counter(data_set_digest(path) for path in folder.rglob("*") if path.is_file())


def test_hostile_files_in_one_zip(service: Service, real_set: Callable[[str], Path]) -> None:
    """Each is stored, in quarantine with its reason or passed over; the next upload is taken."""
    paths = sorted(real_set("fuzz_pwnlab").rglob("*.dcm"))
    content = zipped((f"disc/{path.name}", path.read_bytes()) for path in paths)
    before = peak_memory_mb()
    answer = service.client.post("/upload", files={"file": ("fuzz.zip", content)})
    assert answer.status_code == 200, answer.text
    assert peak_memory_mb() - before < 128

    body = answer.json()
    with service.database.read() as session:
        quarantined = session.scalars(select(Quarantined)).all()
    assert all(one.reason for one in quarantined)
    kept_aside = contents(service.folders.quarantine)
    assert len(quarantined) == sum(kept_aside.values()) > 0
    passed_over = body["unusable"] - len(quarantined)
    assert body["instances"] + body["duplicates"] + body["unusable"] == len(paths) > 400

    stored = contents(service.folders.incoming)
    gone = [path for path in paths if data_set_digest(path) not in stored | kept_aside]
    assert len(gone) <= passed_over, "files that were taken are nowhere"
    assert not list(service.folders.spool.iterdir())
    assert not list(service.folders.uploads.iterdir())
    for study in body["studies"]:
        assert service.client.get(f"/api/v1/studies/{study}").status_code == 200
    again = service.client.post("/upload", files={"file": ("exam.zip", zipped(stack(count=2)))})
    assert again.status_code == 200
    assert again.json()["instances"] == 2
