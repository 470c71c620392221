"""Malformed data sets through C-STORE: each ends stored or in quarantine, and others are served."""

from __future__ import annotations

import re
from collections import Counter
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless
from scp_peers import CT, RawPeer, data_set_of, kept, write_series
from sqlalchemy import func, select
from waiting import peak_memory_mb

from heimdallr.config import Settings
from heimdallr.intake.recorder import record_batch
from heimdallr.intake.scp.commands import SUCCESS
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Instance, Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.intake.scp.server import Scp
    from heimdallr.store.database import Database

ACCEPTED = 2
EVERY = 5
"""One in so many files of the corpus; its categories have more than that each."""
_SOP_INSTANCE_UID = re.compile(rb"\x08\x00\x18\x00UI..([0-9.]{1,64})", re.DOTALL)


def _data_set(content: bytes) -> bytes:
    """What follows the file meta group where its length says so, else what follows the prefix."""
    if content[128:132] != b"DICM":
        return content
    end = 144 + int.from_bytes(content[140:144], "little")
    return content[end:] if end < len(content) else content[132:]


def _announced(data_set: bytes, number: int) -> str:
    """The SOPInstanceUID a sender would announce: the data set's own, where it has one."""
    found = _SOP_INSTANCE_UID.search(data_set)
    return found[1].decode() if found else f"1.2.840.99.{number}"


def test_hostile_objects_are_stored_or_quarantined(
    start_scp: Callable[..., Scp],
    database: Database,
    tmp_path: Path,
    real_set: Callable[[str], Path],
) -> None:
    """One association takes them all; none is lost, costs memory or keeps the next from coming."""
    paths = sorted(real_set("fuzz_pwnlab").rglob("*.dcm"))[::EVERY]
    # A file may be cut off behind its prefix; a C-STORE request without data is another matter.
    data_sets = [one for path in paths if (one := _data_set(path.read_bytes()))]
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    scp = start_scp(folders.spool)
    before = peak_memory_mb()

    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        statuses = Counter(
            peer.store(_announced(data_set, number), data_set)
            for number, data_set in enumerate(data_sets)
        )
        assert peer.release() == 6
    assert statuses == {SUCCESS: len(data_sets)}
    assert len(data_sets) > 100

    (batch,) = folders.spool.iterdir()
    whole = [path.read_bytes() for path in sorted(batch.glob("*.dcm"))]
    assert [_data_set(content) for content in whole] == data_sets, "not as they were sent"
    done = record_batch(database, folders, batch)
    assert not kept(folders.spool)
    assert done.passed_over == {}, "what came over DICOM is never passed over"
    assert done.files == len(data_sets)
    assert done.recorded
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == done.recorded
        quarantined = session.scalars(select(Quarantined)).all()
    assert Counter(one.reason for one in quarantined) == done.quarantined
    assert all(one.reason and (folders.quarantine / one.path).is_file() for one in quarantined)
    assert peak_memory_mb() - before < 64

    (good,) = write_series(tmp_path / "good", 1)
    with RawPeer(scp) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.store("1.2.3", data_set_of(good)) == SUCCESS


@pytest.mark.parametrize(
    ("announced", "encoded"),
    [
        (ImplicitVRLittleEndian, ExplicitVRLittleEndian),
        (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
        (JPEG2000Lossless, ExplicitVRLittleEndian),
    ],
    ids=["implicit announced", "explicit announced", "compression announced"],
)
def test_a_data_set_that_is_not_encoded_as_announced_is_received(
    start_scp: Callable[..., Scp], tmp_path: Path, database: Database, announced: str, encoded: str
) -> None:
    """Its sender negotiated one transfer syntax and sends another; the image is good."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    scp = start_scp(folders.spool)
    (file,) = write_series(tmp_path / "sent", 1)
    image, stream = dcmread(file), BytesIO()
    bare = Dataset({element.tag: element for element in image})
    dcmwrite(stream, bare, implicit_vr=encoded == ImplicitVRLittleEndian, little_endian=True)
    with RawPeer(scp, contexts={1: (CT, [announced])}) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.store(str(image.SOPInstanceUID), stream.getvalue()) == SUCCESS
        peer.release()
    (batch,) = folders.spool.iterdir()
    done = record_batch(database, folders, batch)
    assert (done.recorded, done.quarantined) == (1, {})
    with database.read() as session:
        assert session.scalars(select(Instance)).one().transfer_syntax_uid == encoded
